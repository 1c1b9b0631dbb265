//! The scalar values of the configuration: each parser says what would be right.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serializer;
use url::{Host, Url};
use yaml_serde::Value;

/// Non-empty text without control characters.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value.as_str() {
        Some(text) if !text.is_empty() && !text.chars().any(char::is_control) => {
            Ok(text.to_owned())
        }
        _ => Err("must be text in quotes".to_owned()),
    }
}

/// `true` or `false`.
pub(super) fn switch(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "must be true or false".to_owned())
}

/// A whole number of at least one.
pub(super) fn count(value: &Value) -> Result<u32, String> {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| "must be a whole number of at least 1".to_owned())
}

/// A path in the file system.
pub(super) fn path(value: &Value) -> Result<PathBuf, String> {
    text(value).map(PathBuf::from)
}

/// An address to listen on: numeric, with a port.
pub(super) fn listen_address(value: &Value) -> Result<SocketAddr, String> {
    let wrong = || "must be an address and a port such as \"127.0.0.1:8400\"".to_owned();
    text(value)?.parse().map_err(|_| wrong())
}

/// A peer: host name or address, and a port.
pub(super) fn peer_address(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    let wrong = || "must be a host and a port such as \"fhir-mcp-core:8402\"".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let named = !host.is_empty() && !host.contains(['/', '@', ' ']);
    match port.parse::<u16>() {
        Ok(port) if port > 0 && named => Ok(text),
        _ => Err(wrong()),
    }
}

/// A duration such as `500ms`, `25s`, `10m`, `1h` or `7d`.
pub(super) fn duration(value: &Value) -> Result<Duration, String> {
    let wrong = || "must be a duration such as 500ms, 25s, 10m, 1h or 7d".to_owned();
    let text = value.as_str().ok_or_else(wrong)?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = number.checked_mul(millis).filter(|millis| *millis > 0).ok_or_else(wrong)?;
    Ok(Duration::from_millis(millis))
}

/// A duration between two bounds.
pub(super) fn duration_within(
    least: Duration,
    most: Duration,
) -> impl Fn(&Value) -> Result<Duration, String> {
    move |value| {
        let read = duration(value)?;
        if (least..=most).contains(&read) {
            return Ok(read);
        }
        Err(format!("must lie between {} and {}", show(least), show(most)))
    }
}

/// A whole number between two bounds.
pub(super) fn count_within(least: u32, most: u32) -> impl Fn(&Value) -> Result<u32, String> {
    move |value| {
        count(value)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("must be a whole number between {least} and {most}"))
    }
}

/// An absolute http or https URL without credentials, query and fragment.
pub(crate) fn url(value: &Value) -> Result<Url, String> {
    let wrong = || "must be a URL such as https://jhe.example.org".to_owned();
    let url = Url::parse(&text(value)?).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && url.host().is_some() && plain && bare {
        Ok(url)
    } else {
        Err("must be an http or https URL without credentials, query and fragment".to_owned())
    }
}

/// An origin: https, or http on loopback; no path.
pub(super) fn origin(value: &Value) -> Result<Url, String> {
    let url = url(value)?;
    if url.path() != "/" {
        return Err("must be an origin, without a path".to_owned());
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err("must name one host; no wildcard".to_owned());
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("must be https; http is for loopback only".to_owned());
    }
    Ok(url)
}

/// Whether a URL points at this very machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A host name, or host and port, as it stands in a `Host` header.
pub(super) fn authority(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
    if text.bytes().all(allowed) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("must be a host name, with a port if it is not the usual one; no wildcard".to_owned())
    }
}

/// A duration as it is written in the file.
pub(super) fn show(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let fitting =
        units.into_iter().find(|(unit, _)| millis >= *unit && millis.is_multiple_of(*unit));
    fitting.map_or_else(|| format!("{millis}ms"), |(unit, name)| format!("{}{name}", millis / unit))
}

/// Serialises a duration as it is written in the file.
pub(super) fn serialize_duration<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&show(*duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn a_duration_needs_its_unit_and_reads_back_as_written() {
        for text in ["500ms", "25s", "10m", "1h", "7d"] {
            assert_eq!(show(duration(&value(text)).unwrap()), text);
        }
        for bad in ["", "5", "s", "0s", "-1s", "1.5h", "1w", "99999999999999999999d"] {
            assert!(duration(&value(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_https_or_on_loopback() {
        for good in ["https://gateway.example.org", "http://127.0.0.1:8400", "http://localhost:1"] {
            assert!(origin(&value(good)).is_ok(), "{good}");
        }
        for bad in [
            "http://gateway.example.org",
            "https://g.example.org/mcp",
            "ftp://g.example.org",
            "https://u:p@g.example.org",
            "https://g.example.org?x",
            "https://*.example.org",
            "gateway",
        ] {
            assert!(origin(&value(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_has_no_wildcard() {
        assert!(authority(&value("*.example.org")).is_err());
        assert_eq!(authority(&value("Gateway.example.org")).unwrap(), "gateway.example.org");
    }

    #[test]
    fn a_peer_has_a_host_and_a_port() {
        assert!(peer_address(&value("fhir-mcp-core:8402")).is_ok());
        for bad in ["core", "core:", ":8402", "core:0", "http://core:1"] {
            assert!(peer_address(&value(bad)).is_err(), "{bad}");
        }
    }
}
