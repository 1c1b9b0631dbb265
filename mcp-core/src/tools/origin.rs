//! Where a record comes from, as an answer shows it.

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::Timestamped;
use super::text::clean_option;
use crate::fhir::observation::Observation;
use crate::omh::provenance::{self, Provenance};

/// Datasheets shown of one record; the rest is in its header.
const MOST_DATASHEETS: usize = 10;

/// Where a record comes from, as its header says.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Origin {
    /// `sensed` by a device, or `self-reported` by the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    modality: Option<&'static str>,
    /// The device, application or service that produced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// When that source made it, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_created_at: Option<Timestamped>,
    /// What describes device, software or study.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    datasheets: Vec<String>,
}

impl Origin {
    /// Reads the header of a record.
    pub fn of(point: &Observation) -> Self {
        let header = point.header.as_ref();
        let Provenance { modality, source, created, datasheets } =
            header.map(provenance::read).unwrap_or_default();
        let datasheets = datasheets.iter().filter_map(|sheet| clean_option(Some(sheet)));
        Self {
            modality,
            source: clean_option(source.as_deref()),
            source_created_at: created.map(Timestamped::from),
            datasheets: datasheets.take(MOST_DATASHEETS).collect(),
        }
    }
}
