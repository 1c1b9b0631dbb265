//! Asks a live server how it behaves, and says where its profile tells otherwise. It only reads, and
//! prints nothing of what it reads.

mod findings;

use std::sync::Arc;
use std::time::Duration;

use authz::ids::Subject;
use authz::secret::BackendToken;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

pub use self::findings::{Finding, Verdict};
use crate::backend::client::{Client, Outgoing};
use crate::backend::fault::Fault;
use crate::backend::profile::{Canary, PagingBy, Profile, SelfLink, Total, UnknownParameters};
use crate::backend::surface::Call;
use crate::fhir::bundle::Searchset;
use crate::fhir::json::identifier;
use crate::fhir::parameter::{Parameter, ParameterKind};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Position, Search, Sort};
use crate::fhir::specification::FhirVersion;
use crate::fhir::statement::Statement;

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// Types that a server is likely to have records of.
const LIKELY: [&str; 5] = ["Observation", "Patient", "Condition", "Encounter", "Organization"];
/// A parameter that no server has.
const NONSENSE: &str = "fhir-mcp-no-such-parameter";
/// Rows on a page: few, so that there is a second one.
const ROWS: u32 = 2;

/// A server, and the profile that is said to describe it.
#[derive(Debug)]
pub struct Probe {
    client: Client,
    profile: Arc<Profile>,
    base_url: Url,
    token: Option<BackendToken>,
    subject: Subject,
}

impl Probe {
    /// A probe of the server at `base_url`.
    ///
    /// # Errors
    /// The probe has no name, which does not happen.
    pub fn new(
        client: Client,
        profile: Arc<Profile>,
        base_url: Url,
        token: Option<BackendToken>,
    ) -> anyhow::Result<Self> {
        let subject = Subject::parse("probe")?;
        Ok(Self { client, profile, base_url, token, subject })
    }

    /// Asks everything, and compares.
    pub async fn run(&self) -> Vec<Finding> {
        let mut findings = self.statement().await;
        let Some((resource_type, first)) = self.populated().await else {
            findings.push(Finding::unclear(
                "search",
                "no likely type has records that this token may see; nothing more can be compared",
            ));
            return findings;
        };
        findings.push(self.ids(&first));
        findings.push(self.total(&resource_type).await);
        findings.extend(self.unknown(&resource_type, &first).await);
        findings.push(self.canary(&resource_type).await);
        findings.push(self.paging(&resource_type, &first).await);
        findings
    }

    async fn ask(&self, call: &Call, profile: &Profile, is_strict: bool) -> Result<Value, Fault> {
        let url = call.url(&self.base_url, profile).ok_or(Fault::Unavailable)?;
        let outgoing = Outgoing {
            url,
            token: self.token.as_ref().filter(|_| call.is_authorized()),
            interaction: call.interaction(),
            is_strict,
            hears_issues: call.hears_issues(),
            words: vec![NONSENSE],
            subject: &self.subject,
            deadline: Instant::now() + DEADLINE,
        };
        self.client.fetch(&outgoing).await
    }

    async fn found(&self, search: &Search, profile: &Profile) -> Result<Searchset, Fault> {
        let kind = search.resource_type.as_str().to_owned();
        let body = self.ask(&Call::Search(search.clone()), profile, false).await?;
        Searchset::read(body, &kind).ok_or(Fault::Malformed)
    }

    async fn statement(&self) -> Vec<Finding> {
        let says = self.profile.fhir.has_statement;
        let answer = self.ask(&Call::Metadata, &self.profile, false).await;
        let statement = answer.as_ref().ok().and_then(Statement::read);
        // Only an answer tells that there is none.
        let is_there = match &answer {
            Ok(_) | Err(Fault::Missing | Fault::Forbidden | Fault::Rejected) => {
                Some(statement.is_some())
            }
            Err(_) => None,
        };
        let mut findings = vec![Finding::of("fhir.statement", says, is_there)];
        if let Some(version) = statement.and_then(|statement| statement.fhir_version) {
            let (profile, server) = (self.profile.fhir.version, FhirVersion::of(&version));
            findings.push(Finding::of(
                "fhir.version",
                profile.as_str(),
                Some(server.map_or("another", FhirVersion::as_str)),
            ));
        }
        findings
    }

    /// The first type with records, and its first page.
    async fn populated(&self) -> Option<(ResourceType, Searchset)> {
        for name in LIKELY {
            let resource_type = ResourceType::parse(name)?;
            let found = self.found(&page(&resource_type, Vec::new()), &self.profile).await;
            if let Some(found) = found.ok().filter(|found| !found.matches.is_empty()) {
                return Some((resource_type, found));
            }
        }
        None
    }

    fn ids(&self, first: &Searchset) -> Finding {
        let rule = self.profile.fhir.ids;
        let admitted = |id: Option<String>| id.is_some_and(|id| rule.admits(&id));
        let is_so = first.matches.iter().all(|one| admitted(identifier(one, "/id")));
        let server = if is_so { rule.words() } else { "something else" };
        Finding::of("fhir.ids", rule.words(), Some(server))
    }

    async fn total(&self, resource_type: &ResourceType) -> Finding {
        let with = async |total: Total| {
            let mut profile = (*self.profile).clone();
            profile.search.total = total;
            self.found(&page(resource_type, Vec::new()), &profile).await
        };
        let says = &self.profile.search.total;
        let ask = match says {
            Total::OnRequest(name, value) => Total::OnRequest(name.clone(), value.clone()),
            Total::Always | Total::Never => {
                Total::OnRequest("_total".to_owned(), "accurate".to_owned())
            }
        };
        let server = match (with(Total::Never).await, with(ask).await) {
            (Ok(found), _) if found.total.is_some() => Some("always"),
            (Ok(_), Ok(found)) if found.total.is_some() => Some("on_request"),
            (Ok(_), _) => Some("never"),
            (Err(_), _) => None,
        };
        let says = match says {
            Total::Always => "always",
            Total::OnRequest(..) => "on_request",
            Total::Never => "never",
        };
        Finding::of("search.total.given", says, server)
    }

    /// A parameter that no server has: what becomes of it, in a search and when strict.
    async fn unknown(&self, resource_type: &ResourceType, first: &Searchset) -> Vec<Finding> {
        let Some(filter) = token(NONSENSE, "x") else { return Vec::new() };
        let search = page(resource_type, vec![filter]);
        let found = self.found(&search, &self.profile).await;
        let unknown = match &found {
            Err(Fault::Rejected | Fault::Unsupported(_)) => Some("refused"),
            Err(_) => None,
            Ok(found) if found.matches.is_empty() && !first.matches.is_empty() => {
                Some("matches_nothing")
            }
            Ok(_) => Some("ignored"),
        };
        let strict = self.ask(&Call::Search(search), &self.profile, true).await;
        let strict = match strict {
            Err(Fault::Rejected | Fault::Unsupported(_)) => Some(true),
            Ok(_) => Some(false),
            Err(_) => None,
        };
        let link = found.as_ref().ok().map(|found| match found.applied() {
            None => "absent",
            Some(names) if names.iter().any(|name| name == NONSENSE) => "echoed",
            Some(_) => "applied",
        });
        let habits = &self.profile.search;
        let says = match habits.unknown_parameters {
            UnknownParameters::Ignored => "ignored",
            UnknownParameters::MatchesNothing => "matches_nothing",
            UnknownParameters::Refused => "refused",
        };
        let link_says = match habits.self_link {
            SelfLink::Applied => "applied",
            SelfLink::Echoed => "echoed",
            SelfLink::Absent => "absent",
        };
        vec![
            Finding::of("search.unknown_parameters", says, unknown),
            Finding::of("search.refuses_when_strict", habits.refuses_when_strict, strict),
            Finding::of("search.self_link", link_says, link),
        ]
    }

    /// A count with an impossible value must be nothing, or proofs by one prove nothing.
    async fn canary(&self, resource_type: &ResourceType) -> Finding {
        let impossible = token("_id", ParameterKind::Token.impossible());
        let search = Search::count(resource_type.clone(), impossible.into_iter().collect());
        let proves = match self.found(&search, &self.profile).await {
            Ok(found) => found.total.map(|total| total == 0),
            Err(Fault::Rejected | Fault::Unsupported(_) | Fault::Missing) => Some(true),
            Err(_) => None,
        };
        // Where unknown parameters match nothing, nothing is proven by finding nothing.
        let says = self.profile.search.canary != Canary::Never;
        let server = proves.map(|proves| if says { proves } else { says });
        Finding::of("search.canary", says, server)
    }

    async fn paging(&self, resource_type: &ResourceType, first: &Searchset) -> Finding {
        let habits = &self.profile.search.paging;
        let says = match habits.by {
            PagingBy::Page => "page",
            PagingBy::Offset => "offset",
            PagingBy::Link => "link",
        };
        let ids = |found: &Searchset| {
            found.matches.iter().filter_map(|one| identifier(one, "/id")).collect::<Vec<_>>()
        };
        if first.matches.len() < 2 {
            return Finding::of("search.paging.by", says, None::<&str>);
        }
        let at = if habits.by == PagingBy::Link {
            let link = first.next.as_deref().and_then(|next| self.base_url.join(next).ok());
            let named = link.iter().flat_map(Url::query_pairs);
            let named = named.filter(|(name, _)| habits.parameters.iter().any(|p| p == name));
            Position::Link(named.map(|(n, v)| (n.into_owned(), v.into_owned())).collect())
        } else {
            Position::Page(2)
        };
        if at == Position::Link(Vec::new()) {
            let server = first.next.as_ref().map_or("no next link", |_| "links by another name");
            return Finding::of("search.paging.by", says, Some(server));
        }
        let second = self.found(&page(resource_type, Vec::new()).at(at), &self.profile).await;
        let server = match second {
            Ok(second) if ids(&second) != ids(first) => says,
            Ok(_) => "the same page again",
            Err(_) => "no second page",
        };
        Finding::of("search.paging.by", says, Some(server))
    }
}

fn page(resource_type: &ResourceType, filters: Vec<Filter>) -> Search {
    Search::page(resource_type.clone(), filters, ROWS, 1, Sort::Updated)
}

fn token(name: &str, value: &str) -> Option<Filter> {
    let values = [value.to_owned()];
    Parameter::new(name, None, &values, ParameterKind::Token).ok().map(Filter::Parameter)
}
