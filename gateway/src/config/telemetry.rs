//! The section `telemetry`: which OpenTelemetry collector is told of each request.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use url::Url;

use super::authority::{self, Authority};
use super::files::Environment;
use super::secret::{self, Secret};
use super::section::Section;
use super::values;

/// The section `telemetry`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Telemetry {
    /// Where spans go; without it none are made.
    pub otlp: Option<Otlp>,
}

/// A collector that takes OTLP over HTTP.
#[derive(Clone, Debug, Serialize)]
pub struct Otlp {
    /// Its address for traces.
    pub endpoint: Url,
    /// Who signs its certificate; without it, whom the system trusts.
    pub authority: Option<Authority>,
    /// What it wants to see beside the spans.
    pub headers: Vec<OtlpHeader>,
    #[serde(skip)]
    settings: spans::Settings,
}

/// One header for the collector.
#[derive(Clone, Debug, Serialize)]
pub struct OtlpHeader {
    /// Its name.
    pub name: String,
    value: Secret<SecretString>,
}

impl Otlp {
    /// For the sender.
    pub(crate) const fn settings(&self) -> &spans::Settings {
        &self.settings
    }
}

impl Telemetry {
    /// Whether `other` is configured alike, down to the secrets.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.otlp, &other.otlp) {
            (Some(one), Some(other)) => {
                one.authority == other.authority && one.settings.is_same(&other.settings)
            }
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

pub(super) fn read(mut section: Section<'_>, environment: Environment<'_>) -> Option<Telemetry> {
    let Some(value) = section.take("otlp") else { return Some(Telemetry::default()) };
    let otlp = otlp(Section::new(section.name("otlp"), value, section.mistakes()), environment)?;
    Some(Telemetry { otlp: Some(otlp) })
}

fn otlp(mut section: Section<'_>, environment: Environment<'_>) -> Option<Otlp> {
    let endpoint = section.required("endpoint", values::url);
    let authority = section.optional("authority", authority::read(environment));
    let headers: Option<Vec<OtlpHeader>> = section
        .sections("headers")?
        .into_iter()
        .map(|mut header| {
            let name = header.required("name", values::text);
            let value = header.required("value", secret::text(environment));
            Some(OtlpHeader { name: name?, value: value? })
        })
        .collect();
    let (endpoint, authority, headers) = (endpoint?, authority?, headers?);
    let shown = headers.iter().map(|header| {
        let OtlpHeader { name, value } = header;
        (name.as_str(), value.expose().expose_secret())
    });
    let settings = spans::Settings::new(endpoint.clone(), shown);
    let settings = settings.map_err(|unfit| {
        let (field, why) = unfit.told();
        section.wrong(field, why);
    });
    Some(Otlp { endpoint, authority, headers, settings: settings.ok()? })
}
