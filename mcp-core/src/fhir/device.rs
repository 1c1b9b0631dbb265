//! What the tools read of a `Device` (FHIR R4 §8.11, R5 §8.11).

use serde_json::Value;

use super::json::{elements, identifier, text};

/// Something that measures, or passes measurements on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The logical id.
    pub id: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What kind of thing it is.
    pub kind: Option<String>,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Whether it is in use.
    pub status: Option<String>,
}

impl Device {
    /// Reads a resource; another resource type is none of ours.
    pub fn read(resource: &Value) -> Option<Self> {
        (text(resource, "/resourceType") == Some("Device")).then_some(())?;
        let first = |pointers: &[&str]| {
            pointers.iter().find_map(|pointer| text(resource, pointer)).map(str::to_owned)
        };
        let names = || {
            let mut names = elements(resource, "/name").chain(elements(resource, "/deviceName"));
            names.find_map(|name| text(name, "/value").or_else(|| text(name, "/name")))
        };
        Some(Self {
            id: identifier(resource, "/id"),
            // R4 and R5 have lists of names, the Exchange has one text.
            name: first(&["/name", "/displayName"]).or_else(|| names().map(str::to_owned)),
            // R4 has one type, R5 a list.
            kind: first(&[
                "/type/text",
                "/type/coding/0/display",
                "/type/coding/0/code",
                "/type/0/text",
                "/type/0/coding/0/display",
                "/type/0/coding/0/code",
            ]),
            manufacturer: first(&["/manufacturer"]),
            model: first(&["/modelNumber"]),
            status: first(&["/status"]),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(device: &Value) -> (Option<String>, Option<String>) {
        let device = Device::read(device).unwrap();
        (device.name, device.kind)
    }

    #[test]
    fn a_device_is_named_in_each_version_and_at_the_exchange() {
        let expected = (Some("Cuff".to_owned()), Some("monitor".to_owned()));
        let kind = json!({"coding": [{"code": "monitor"}]});
        for device in [
            json!({"resourceType": "Device", "name": "Cuff", "type": kind}),
            json!({"resourceType": "Device", "deviceName": [{"name": "Cuff"}], "type": kind}),
            json!({"resourceType": "Device", "name": [{"value": "Cuff"}], "type": [kind]}),
        ] {
            assert_eq!(named(&device), expected, "{device}");
        }
        assert_eq!(Device::read(&json!({"resourceType": "Group"})), None);
    }
}
