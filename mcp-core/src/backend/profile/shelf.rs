//! All profiles by name: the built-in ones, and those of a folder that may change while we serve.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tracing::{error, info};

use super::Profile;
use crate::config::Mistakes;
use crate::metrics::Metrics;

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// The profiles that come with the program.
const BUILT_IN: [(&str, &str); 5] = [
    ("jhe.yaml", include_str!("../../../../config/profiles/jhe.yaml")),
    ("fhir-r4.yaml", include_str!("../../../../config/profiles/fhir-r4.yaml")),
    ("fhir-r5.yaml", include_str!("../../../../config/profiles/fhir-r5.yaml")),
    ("medplum.yaml", include_str!("../../../../config/profiles/medplum.yaml")),
    ("helios.yaml", include_str!("../../../../config/profiles/helios.yaml")),
];

/// Says what is wrong with a profile that its own module cannot know, such as an alias of no tool.
type Check = fn(&Profile) -> Vec<String>;

/// All profiles by name.
#[derive(Clone, Debug, Default)]
pub struct Profiles(BTreeMap<String, Arc<Profile>>);

impl Profiles {
    /// The built-in profiles and those of `folder`; a file there replaces a built-in one of the same
    /// name.
    ///
    /// # Errors
    /// A folder or file that cannot be read, and all mistakes of all files, by file name.
    pub fn load(folder: Option<&Path>, check: Check) -> Result<Self, Mistakes> {
        let mut files: Vec<(String, String)> =
            BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut mistakes = Vec::new();
        if let Some(folder) = folder {
            files.extend(read_folder(folder, &mut mistakes));
        }
        let mut profiles = BTreeMap::new();
        for (file, text) in &files {
            match Profile::parse(text).map(|profile| (check(&profile), profile)) {
                Ok((wrong, profile)) => {
                    mistakes.extend(wrong.into_iter().map(|mistake| format!("{file}: {mistake}")));
                    profiles.insert(profile.name.clone(), Arc::new(profile));
                }
                Err(Mistakes(wrong)) => {
                    mistakes.extend(wrong.into_iter().map(|mistake| format!("{file}: {mistake}")));
                }
            }
        }
        if mistakes.is_empty() { Ok(Self(profiles)) } else { Err(Mistakes(mistakes)) }
    }

    /// The profile of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<Profile>> {
        self.0.get(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The YAML files of a folder with their names, sorted.
fn read_folder(folder: &Path, mistakes: &mut Vec<String>) -> Vec<(String, String)> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            mistakes.push(format!("{}: cannot be read: {}", folder.display(), error.kind()));
            return Vec::new();
        }
    };
    let is_profile = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_profile).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push((name, text)),
            Err(error) => mistakes.push(format!("{name}: cannot be read: {}", error.kind())),
        }
    }
    files
}

/// What came of looking at the folder again.
#[derive(Debug, PartialEq, Eq)]
pub enum Reload {
    /// Nothing has changed.
    Unchanged,
    /// The profiles were replaced; this is their generation.
    Swapped(u64),
    /// The files have mistakes, so that the profiles stay as they were.
    Refused(String),
}

/// The profiles in force, and what to say about them.
#[derive(Debug)]
pub struct LiveProfiles {
    folder: Option<PathBuf>,
    check: Check,
    in_force: ArcSwap<Profiles>,
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    generation: u64,
    seen: Vec<(String, String)>,
    last_error: Option<String>,
}

/// What a person may want to know about the profiles.
#[derive(Debug, serde::Serialize)]
pub struct ProfilesStatus {
    /// Counts from 1, and up with every replacement.
    generation: u64,
    /// The names of the profiles in force.
    names: Vec<String>,
    /// What is wrong with the files as they are now; then the profiles are older than the files.
    last_error: Option<String>,
}

impl LiveProfiles {
    /// Loads all profiles for the first time.
    ///
    /// # Errors
    /// As [`Profiles::load`].
    pub fn load(folder: Option<PathBuf>, check: Check) -> Result<Self, Mistakes> {
        let profiles = Profiles::load(folder.as_deref(), check)?;
        let seen = folder.as_deref().map(|folder| read_folder(folder, &mut Vec::new()));
        let state = State { generation: 1, seen: seen.unwrap_or_default(), last_error: None };
        let in_force = ArcSwap::from_pointee(profiles);
        Ok(Self { folder, check, in_force, state: Mutex::new(state) })
    }

    /// The profiles in force; a request takes them once and keeps them to its end.
    pub fn snapshot(&self) -> Arc<Profiles> {
        self.in_force.load_full()
    }

    /// Looks at the folder; if a file has changed, all are read, checked, and taken or left together.
    pub fn refresh(&self) -> Reload {
        let Some(folder) = &self.folder else { return Reload::Unchanged };
        let mut unreadable = Vec::new();
        let files = read_folder(folder, &mut unreadable);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if files == state.seen && unreadable.is_empty() {
            return Reload::Unchanged;
        }
        state.seen = files;
        match Profiles::load(Some(folder), self.check) {
            Ok(profiles) => {
                self.in_force.store(Arc::new(profiles));
                state.generation += 1;
                state.last_error = None;
                Reload::Swapped(state.generation)
            }
            Err(mistakes) => {
                let mistakes = mistakes.to_string();
                if state.last_error.as_ref() == Some(&mistakes) {
                    return Reload::Unchanged;
                }
                state.last_error = Some(mistakes.clone());
                Reload::Refused(mistakes)
            }
        }
    }

    /// Looks at the folder every two seconds, for ever, and says what came of it.
    pub async fn keep_fresh(self: Arc<Self>, metrics: Metrics) {
        if self.folder.is_none() {
            return;
        }
        loop {
            tokio::time::sleep(EVERY).await;
            match self.refresh() {
                Reload::Unchanged => {}
                Reload::Swapped(generation) => {
                    metrics.profiles_taken();
                    info!(generation, "took changed profiles");
                }
                Reload::Refused(mistakes) => {
                    metrics.profiles_refused();
                    error!(
                        reason = "profiles_invalid",
                        mistakes, "left changed profiles; those before stay in force"
                    );
                }
            }
        }
    }

    /// What is in force, and what is wrong.
    pub fn status(&self) -> ProfilesStatus {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let names = self.snapshot().names().map(str::to_owned).collect();
        ProfilesStatus { generation: state.generation, names, last_error: state.last_error }
    }
}
