//! Which parameters a backend did not apply. A server may ignore what it does not know, and its
//! answer is then wider than the question; so each answer is looked through for evidence.

use std::time::Duration;

use futures::StreamExt as _;
use moka::sync::Cache;

use super::fault::Fault;
use super::inquiry::Inquiry;
use super::profile::{Canary, SelfLink};
use super::surface::Call;
use crate::fhir::bundle::Searchset;
use crate::fhir::outcome;
use crate::fhir::parameter::Parameter;
use crate::fhir::search::{Filter, Search, Slice};

/// How long it is believed that a backend applies a parameter.
const KEPT: Duration = Duration::from_secs(300);
/// Parameters remembered, of all backends and types.
const PARAMETERS: u64 = 10_000;
/// Modifiers with which an impossible value matches everything, or means something else.
const UNPROVABLE: [&str; 3] = ["not", "not-in", "missing"];

/// Which parameters backends have been seen to apply, or not to. It holds nothing of any user.
#[derive(Clone, Debug)]
pub struct Proven(Cache<String, bool>);

impl Default for Proven {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(PARAMETERS).time_to_live(KEPT).build())
    }
}

/// What the evidence says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Parameters that were not applied, as they stood in the query.
    pub ignored: Vec<String>,
    /// Parameters of which it could not be found out.
    pub unproven: Vec<String>,
}

enum Verdict {
    Applied,
    Ignored,
    Unproven,
}

impl Inquiry {
    /// Looks an answer through, and asks with impossible values where the profile says so; `doubtful`
    /// are the filters that nobody vouches for.
    ///
    /// # Errors
    /// The backend refused the token meanwhile.
    pub(super) async fn evidence(
        &self,
        search: &Search,
        found: &Searchset,
        doubtful: &[String],
    ) -> Result<Evidence, Fault> {
        let mut evidence =
            Evidence { ignored: self.confessed(search, found), ..Evidence::default() };
        // An answer that is empty is not wider than the question.
        if found.matches.is_empty() && found.total.unwrap_or_default() == 0 {
            return Ok(evidence);
        }
        let suspects = self.suspects(search, doubtful, &evidence.ignored);
        let verdicts: Vec<(String, Result<Verdict, Fault>)> = futures::stream::iter(suspects)
            .map(|at| async move { self.tried(search, at).await })
            .buffered(self.profile.bounds.fan_out)
            .collect()
            .await;
        for (key, verdict) in verdicts {
            match verdict {
                Ok(Verdict::Applied) => {}
                Ok(Verdict::Ignored) => evidence.ignored.push(key),
                Err(Fault::TokenRefused) => return Err(Fault::TokenRefused),
                Ok(Verdict::Unproven) | Err(_) => evidence.unproven.push(key),
            }
        }
        Ok(evidence)
    }

    /// What the answer itself admits: missing from the self link, or remarked upon.
    fn confessed(&self, search: &Search, found: &Searchset) -> Vec<String> {
        let dialect = &self.profile.search.dialect;
        let keys: Vec<&str> = search.filters.iter().map(|filter| filter.key(dialect)).collect();
        let applied =
            found.applied().filter(|_| self.profile.search.self_link == SelfLink::Applied);
        let plain = |key: &str| key.split(':').next().unwrap_or(key).to_owned();
        let unlinked = |key: &str| {
            let is_there = |name: &String| name == key || *name == plain(key);
            applied.as_ref().is_some_and(|names| !names.iter().any(is_there))
        };
        let remarks: String = found.outcomes.iter().map(ToString::to_string).collect();
        let named = outcome::named(&remarks, keys.iter().copied());
        let is_ignored = |key: &&str| unlinked(key) || named.iter().any(|name| name == key);
        let mut ignored: Vec<String> =
            keys.iter().copied().filter(is_ignored).map(str::to_owned).collect();
        ignored.dedup();
        ignored
    }

    /// The places of those filters that have to be proven.
    fn suspects(&self, search: &Search, doubtful: &[String], known: &[String]) -> Vec<usize> {
        let is_count = search.slice == Slice::Count;
        let all = match self.profile.search.canary {
            Canary::Never => return Vec::new(),
            Canary::Undeclared => false,
            Canary::Counts => is_count,
            Canary::Always => true,
        };
        let dialect = &self.profile.search.dialect;
        let is_suspect = |filter: &Filter| {
            let key = filter.key(dialect);
            let is_provable = !UNPROVABLE.iter().any(|word| key.ends_with(&format!(":{word}")));
            let is_known = known.iter().any(|name| name == key);
            is_provable && !is_known && (all || doubtful.iter().any(|name| name == key))
        };
        let places = search.filters.iter().enumerate();
        places.filter(|(_, filter)| is_suspect(filter)).map(|(at, _)| at).collect()
    }

    /// The same search with an impossible value in one place must find nothing.
    async fn tried(&self, search: &Search, at: usize) -> (String, Result<Verdict, Fault>) {
        let dialect = &self.profile.search.dialect;
        let Some(filter) = search.filters.get(at) else {
            return (String::new(), Ok(Verdict::Unproven));
        };
        let key = filter.key(dialect).to_owned();
        let place = format!("{} {} {key}", self.key(), search.resource_type);
        match self.means.proven.0.get(&place) {
            Some(true) => return (key, Ok(Verdict::Applied)),
            Some(false) => return (key, Ok(Verdict::Ignored)),
            None => {}
        }
        let verdict = self.try_impossible(search, at, filter).await;
        match verdict {
            Ok(Verdict::Applied) => self.means.proven.0.insert(place, true),
            Ok(Verdict::Ignored) => self.means.proven.0.insert(place, false),
            Ok(Verdict::Unproven) | Err(_) => {}
        }
        (key, verdict)
    }

    async fn try_impossible(
        &self,
        search: &Search,
        at: usize,
        filter: &Filter,
    ) -> Result<Verdict, Fault> {
        let dialect = &self.profile.search.dialect;
        let (name, key) = (filter.name(dialect), filter.key(dialect));
        let modifier = key.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
        let kind = filter.kind();
        let Ok(impossible) = Parameter::new(name, modifier, &[kind.impossible().to_owned()], kind)
        else {
            return Ok(Verdict::Unproven);
        };
        let mut asked = search.counted();
        if let Some(filter) = asked.filters.get_mut(at) {
            *filter = Filter::Parameter(impossible);
        }
        let kind = search.resource_type.as_str();
        match self.ask(&Call::Search(asked)).await {
            Ok(body) => Ok(match Searchset::read(body, kind).and_then(|found| found.total) {
                Some(0) => Verdict::Applied,
                Some(_) => Verdict::Ignored,
                None => Verdict::Unproven,
            }),
            // Whoever refuses a value has looked at it.
            Err(Fault::Forbidden | Fault::Missing | Fault::Rejected | Fault::Unsupported(_)) => {
                Ok(Verdict::Applied)
            }
            Err(fault) => Err(fault),
        }
    }
}
