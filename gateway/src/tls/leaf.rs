//! What a certificate says of itself: its names, and when it holds (RFC 5280 §4.1.2.5, §4.2.1.6).

use authz::time::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

/// The leaf of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Where its files stand in the configuration.
    pub field: String,
    /// The DNS names that it is for, in lower case; the leftmost label may be `*`.
    pub names: Vec<String>,
    /// It does not hold before.
    pub not_before: Timestamp,
    /// It does not hold after.
    pub not_after: Timestamp,
}

/// Whether a certificate holds at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// Not yet.
    Early,
    /// Now.
    Fit,
    /// No longer.
    Expired,
}

impl Leaf {
    /// Reads the leaf; `None` if it is no X.509 certificate.
    pub(super) fn read(field: &str, certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let validity = parsed.validity();
        Some(Self {
            field: field.to_owned(),
            names: names(&parsed),
            not_before: timestamp(validity.not_before),
            not_after: timestamp(validity.not_after),
        })
    }

    /// Whether it holds at `now`.
    pub fn at(&self, now: Timestamp) -> Fitness {
        if now < self.not_before {
            Fitness::Early
        } else if now > self.not_after {
            Fitness::Expired
        } else {
            Fitness::Fit
        }
    }

    /// Names and end, for a person.
    pub fn describe(&self, now: Timestamp) -> String {
        let names =
            if self.names.is_empty() { "no names".to_owned() } else { self.names.join(", ") };
        let end = date(self.not_after);
        match self.at(now) {
            Fitness::Fit => {
                let days = now.until(self.not_after).as_secs() / 86_400;
                format!("{names}; expires {end}, in {days} days")
            }
            Fitness::Early => format!("{names}; DOES NOT HOLD before {}", date(self.not_before)),
            Fitness::Expired => format!("{names}; EXPIRED {end}"),
        }
    }

    /// Seconds from `now` until it ends; below zero when it has ended.
    pub fn seconds_left(&self, now: Timestamp) -> i64 {
        let seconds = |at: Timestamp| i64::try_from(at.unix_seconds()).unwrap_or(i64::MAX);
        seconds(self.not_after).saturating_sub(seconds(now))
    }
}

/// The subject's common name is no name any more (RFC 9525 §2).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names = extension.iter().flat_map(|extension| &extension.value.general_names);
    let dns = names.filter_map(|name| {
        let GeneralName::DNSName(name) = name else { return None };
        Some(name.to_ascii_lowercase())
    });
    dns.collect()
}

fn date(at: Timestamp) -> String {
    let seconds = i64::try_from(at.unix_seconds()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

fn timestamp(time: ASN1Time) -> Timestamp {
    Timestamp::from_unix_seconds(u64::try_from(time.timestamp()).unwrap_or(0))
}
