//! A backend's habits, from a YAML file: paths, parameter names, bounds.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// The profile of JupyterHealth Exchange, built in.
const JHE: &str = include_str!("../../../config/profiles/jhe.yaml");

/// How one kind of backend is spoken to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that `gateway.yaml` refers to.
    pub name: String,
    /// The FHIR side.
    pub fhir: FhirProfile,
    /// The REST side.
    pub rest: RestProfile,
    /// Path of the health document that names the version, if there is one.
    pub health_path: Option<String>,
    /// How much one tool call may ask for.
    pub bounds: Bounds,
}

/// The FHIR side of a profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FhirProfile {
    /// Path under the base URL, without slashes at its ends.
    pub path: String,
    /// The parameter that selects a page.
    pub page_parameter: String,
    /// The parameter that narrows to one study.
    pub study_parameter: String,
    /// Search parameters that work although the server does not announce them.
    pub undeclared_parameters: Vec<String>,
    /// The IANA name of the zone in which the server counts days.
    pub time_zone: String,
}

/// The REST side of a profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestProfile {
    /// Path under the base URL, without slashes at its ends.
    pub path: String,
}

/// Bounds on what one tool call may ask of the backend.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The largest page that the backend gives, in rows.
    pub page_size: u32,
    /// Pages in one walk through a list.
    pub walk_pages: u32,
    /// Pages read to learn the times of records without an effective time.
    pub undated_pages: u32,
    /// Requests of one tool call that may be under way at the same time.
    pub fan_out: usize,
}

/// All profiles by name.
#[derive(Clone, Debug)]
pub struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    /// The built-in profiles and those of `folder`; a file there replaces a built-in one of the same
    /// name.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or a file that is no profile.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut profiles = BTreeMap::new();
        let built_in = parse(JHE).context("the built-in profile jhe")?;
        profiles.insert(built_in.name.clone(), built_in);
        for profile in folder.map(read_folder).transpose()?.into_iter().flatten() {
            profiles.insert(profile.name.clone(), profile);
        }
        Ok(Self(profiles))
    }

    /// The profile of this name.
    pub fn find(&self, name: &str) -> Option<&Profile> {
        self.0.get(name)
    }
}

fn read_folder(folder: &Path) -> anyhow::Result<Vec<Profile>> {
    let place = || format!("profiles: the folder {}", folder.display());
    let mut read = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(place)? {
        let path = entry.with_context(place)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let file = || format!("profiles: the file {}", path.display());
            let text = std::fs::read_to_string(&path).with_context(file)?;
            read.push(parse(&text).with_context(file)?);
        }
    }
    Ok(read)
}

fn parse(text: &str) -> anyhow::Result<Profile> {
    let profile: Profile = yaml_serde::from_str(text)?;
    for (field, path) in [("fhir.path", &profile.fhir.path), ("rest.path", &profile.rest.path)] {
        if path.is_empty() || path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            bail!("{field}: {path:?} is no path; write segments with single slashes between them");
        }
    }
    let bounds = &profile.bounds;
    if bounds.page_size == 0 || bounds.walk_pages == 0 || bounds.fan_out == 0 {
        bail!("bounds: page_size, walk_pages and fan_out must be at least 1");
    }
    profile.fhir.zone()?;
    Ok(profile)
}

impl FhirProfile {
    /// The zone in which the server counts days.
    ///
    /// # Errors
    /// A name that is no zone; profiles with one are refused when they are loaded.
    pub fn zone(&self) -> anyhow::Result<jiff::tz::TimeZone> {
        jiff::tz::TimeZone::get(&self.time_zone)
            .with_context(|| format!("fhir.time_zone: {:?} is no zone", self.time_zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_profile_loads() {
        let profiles = Profiles::load(None).unwrap();
        let jhe = profiles.find("jhe").unwrap();
        assert_eq!(jhe.fhir.path, "FHIR/R5");
        assert!(profiles.find("unheard-of").is_none());
    }

    #[test]
    fn a_profile_that_would_leave_its_path_is_refused() {
        for path in ["", "/FHIR", "FHIR/", "FHIR//R5", "FHIR/../o"] {
            let text = JHE.replace("path: FHIR/R5", &format!("path: \"{path}\""));
            assert!(parse(&text).is_err(), "{path:?}");
        }
    }

    #[test]
    fn an_unknown_key_or_zone_is_refused() {
        assert!(parse(&format!("{JHE}\nsurprise: 1\n")).is_err());
        assert!(parse(&JHE.replace("time_zone: UTC", "time_zone: Mars/Olympus")).is_err());
    }
}
