//! The section `telemetry`: which OpenTelemetry collector is told of each tool call.

use url::Url;

use super::Authority;
use super::section::Field;

/// A collector that takes OTLP over HTTP.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Where it is, and what it wants to see.
    pub settings: spans::Settings,
    /// Who signs its certificate; without it, whom the system trusts.
    pub authority: Option<Authority>,
}

impl Collector {
    /// As YAML, for a person to check; the headers are secrets, and hidden.
    pub(super) fn describe(&self) -> String {
        let authority = self.authority.as_ref().map_or_else(String::new, |authority| {
            format!("    authority: {}\n", super::quoted(authority.file().display()))
        });
        let endpoint = super::quoted(self.settings.endpoint());
        format!("telemetry:\n  otlp:\n    endpoint: {endpoint}\n{authority}")
    }
}

impl Field {
    /// The section `telemetry`.
    pub(super) fn collector(self, mistakes: &mut Vec<String>) -> Option<Collector> {
        let mut section = self.section(mistakes);
        let otlp = section.take("otlp").optional_section(mistakes);
        section.refuse_the_rest(mistakes);
        let mut otlp = otlp?;
        let endpoint = otlp.take("endpoint").url(mistakes);
        let authority = otlp.take("authority").authority(mistakes);
        let mut headers = Vec::new();
        for mut header in otlp.take("headers").sections(mistakes) {
            let name = header.take("name").required("name a header", |_| true, mistakes);
            let value = header.take("value").secret(mistakes);
            header.refuse_the_rest(mistakes);
            headers.extend(name.zip(value));
        }
        otlp.refuse_the_rest(mistakes);
        let shown = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        match spans::Settings::new(endpoint?, shown) {
            Ok(settings) => Some(Collector { settings, authority }),
            Err(unfit) => {
                let (field, why) = unfit.told();
                mistakes.push(format!("telemetry.otlp.{field}: {why}"));
                None
            }
        }
    }

    fn url(&self, mistakes: &mut Vec<String>) -> Option<Url> {
        let right = "write a URL such as http://collector:4318/v1/traces";
        let text = self.required(right, |text| Url::parse(text).is_ok(), mistakes)?;
        Url::parse(&text).ok()
    }
}
