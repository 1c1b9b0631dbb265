//! The codes of a value set, page by page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Given, needs, room};
use crate::backend::cursor::Place;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::{End, digest};
use crate::backend::surface::{Call, Part};
use crate::fhir::expansion::{Contained, Expansion};
use crate::fhir::json::{elements, text};
use crate::fhir::operation::EXPAND;
use crate::fhir::outcome::Issue;
use crate::fhir::search::Position;
use crate::fhir::terms::{Canonical, Language};
use crate::tools::Tool;
use crate::tools::arguments::{Limit, words};
use crate::tools::envelope::{Envelope, TotalSource, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::fhir::search::{go_on, stale};
use crate::tools::listing::Listing;
use crate::tools::served::{Family, Need};
use crate::tools::text::{clean, clean_option};

const TEXT: &[&str] = &["codes[].display", "codes[].designations"];

/// `terminology_expand`
#[derive(Debug)]
pub struct TerminologyExpand;

/// Which value set, and which of its codes.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpandInput {
    /// The value set, by canonical URL; `|version` may follow.
    value_set: Canonical,
    /// Only codes whose names match these words.
    #[serde(default)]
    filter: Option<String>,
    /// Without codes that are no longer used.
    #[serde(default)]
    active_only: bool,
    /// Other names of each code, too.
    #[serde(default)]
    designations: bool,
    /// The language of the names, as in `de`.
    #[serde(default)]
    language: Option<Language>,
    /// How many codes are wanted at most.
    #[serde(default)]
    #[serde(skip_serializing)]
    limit: Limit,
    /// From an earlier answer to the same question: goes on where that one ended.
    #[serde(default)]
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// Its codes.
#[derive(Serialize, JsonSchema)]
pub struct ExpandAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    listing: Listing,
    /// Whether the backend knows the value set.
    found: bool,
    /// The version that was expanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// When it was expanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    /// The codes, each before those under it.
    codes: Vec<CodeShown>,
}

/// One code.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CodeShown {
    /// The code; a heading may have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Its system.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    /// Other names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    designations: Vec<String>,
    /// How many codes above it it stands under.
    #[serde(skip_serializing_if = "is_zero")]
    depth: usize,
    /// `abstract`: not for records; `inactive`: no longer used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<&'static str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(depth: &usize) -> bool {
    *depth == 0
}

impl Tool for TerminologyExpand {
    const NAME: &'static str = "terminology_expand";
    const TITLE: &'static str = "The codes of a value set";
    const DESCRIPTION: &'static str = "Lists the codes of a value set, by its canonical URL. Give a filter for large ones; `cursor` \
         leads on. Holds no patient data.";
    const FAMILY: Family = Family::Terminology;
    const NEEDS: &'static [Need] = &[Need::Operation(&["expand"])];
    type Input = ExpandInput;
    type Output = ExpandAnswer;

    async fn run(inquiry: &Inquiry, input: ExpandInput) -> Result<ExpandAnswer, ToolError> {
        let filter = words("filter", input.filter.as_deref())?;
        let flag = |is_set: bool| is_set.then_some("true");
        let given = Given::default()
            .canonical(("url", "valueSetVersion"), &input.value_set)
            .maybe("filter", filter.as_deref())
            .maybe("activeOnly", flag(input.active_only))
            .maybe("includeDesignations", flag(input.designations))
            .language(input.language.as_ref());
        let invocation = given.of(&EXPAND)?;
        needs(inquiry, &EXPAND).await?;
        let question = serde_json::to_string(&input).map_err(|_| ToolError::Internal)?;
        let place = match &input.cursor {
            Some(cursor) => inquiry.open_cursor(Self::NAME, &question, cursor).ok_or_else(stale)?,
            None => first(input.limit),
        };
        let (count, offset) = (place.count, offset(&place)?);
        let call = Call::Operation { invocation, part: Part::Codes { count, offset } };
        let found = match inquiry.ask(&call).await {
            Ok(body) => Expansion::read(body).ok_or(Fault::Malformed)?,
            Err(Fault::Declined(Issue::NotFound | Issue::InvalidCode)) => return Ok(unknown()),
            Err(fault) => return Err(fault.into()),
        };
        // The answer to another question is none.
        if found.url.as_deref().is_some_and(|url| url != input.value_set.url()) {
            return Err(Fault::Malformed.into());
        }
        let mut envelope = Envelope::with_text(TEXT);
        if let Some(filter) = &filter {
            doubt(filter, &found, &mut envelope);
        }
        answer(inquiry, (&question, input.active_only), (found, place), envelope)
    }
}

/// Where an expansion begins: it is always counted by rows.
fn first(limit: Limit) -> Place {
    let position = Position::Offset(0);
    Place { position, count: limit.number(), skip: 0, before: 0, seen: Vec::new(), part: 0 }
}

fn offset(place: &Place) -> Result<u64, ToolError> {
    match place.position {
        Position::Offset(offset) => Ok(offset),
        Position::Page(_) | Position::Link(_) => Err(stale()),
    }
}

/// The backend does not know the value set, which is not the same as one without codes.
fn unknown() -> ExpandAnswer {
    let mut envelope = Envelope::default();
    envelope.unknown("The backend does not know this value set, so that its codes are not known.");
    let listing = Listing::new(0, None, None);
    let (version, timestamp) = (None, None);
    ExpandAnswer { envelope, listing, found: false, version, timestamp, codes: Vec::new() }
}

/// Whether the filter was applied: the server says so, or each name shows it.
fn doubt(filter: &str, found: &Expansion, envelope: &mut Envelope) {
    let is_said = found.applied.iter().any(|name| name == "filter");
    let first_words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let shows = |one: &Contained| {
        let names = [text(&one.row, "/display"), text(&one.row, "/code")];
        let names = names.map(|name| name.unwrap_or_default().to_lowercase()).concat();
        first_words.iter().all(|word| names.contains(word))
    };
    if !is_said && !found.codes.iter().all(shows) {
        envelope.doubt(Vec::new(), &["filter".to_owned()]);
    }
}

/// Whether there is more. Without a total, a server that gives more than it was asked for gives all.
fn end(found: &Expansion, place: &Place, offset: u64) -> Result<End, Fault> {
    if offset > 0 && found.offset.is_some_and(|told| told != offset) {
        return Err(Fault::Malformed);
    }
    let given = u64::try_from(found.codes.len()).unwrap_or(u64::MAX);
    let (reached, asked) = (offset + given, u64::from(place.count));
    Ok(match found.total {
        Some(total) if reached == total => End::Complete,
        Some(total) if reached > total || given == 0 => End::Cut,
        Some(_) => End::More(Position::Offset(reached)),
        None if given == asked => End::More(Position::Offset(reached)),
        None => End::Complete,
    })
}

fn answer(
    inquiry: &Inquiry,
    (question, active_only): (&str, bool),
    (found, mut place): (Expansion, Place),
    mut envelope: Envelope,
) -> Result<ExpandAnswer, ToolError> {
    let end = end(&found, &place, offset(&place)?)?;
    // A server that begins anew on each page goes in a circle, which only its rows show.
    let sign = digest(&sign(&found));
    if place.skip == 0 && !found.codes.is_empty() && place.seen.contains(&sign) {
        return Err(Fault::Malformed.into());
    }
    place.seen.push(sign);
    if found.is_open || found.is_cut {
        envelope.truncate(
            TruncatedBy::Backend,
            "The backend says that this list is not all: the value set has no end, or is too large.",
        );
    }
    if active_only && found.codes.iter().any(|one| is_so(&one.row, "inactive")) {
        envelope.doubt(vec!["active_only".to_owned()], &[]);
    }
    let given = found.codes.len();
    let skip = usize::try_from(place.skip).unwrap_or(usize::MAX).min(given);
    let mut left = room(inquiry);
    let mut codes = Vec::new();
    for one in found.codes.into_iter().skip(skip) {
        let shown = CodeShown::of(&one);
        let bytes = serde_json::to_vec(&shown).map_or(usize::MAX, |written| written.len() + 1);
        if bytes > left && !codes.is_empty() {
            break;
        }
        left = left.saturating_sub(bytes);
        codes.push(shown);
    }
    let next = go_on(place, (skip + codes.len(), given), end, &mut envelope);
    let cursor = next.map(|next| inquiry.seal_cursor(TerminologyExpand::NAME, question, next));
    let mut listing = Listing::new(codes.len(), found.total, cursor);
    if !envelope.ignored_parameters.is_empty() {
        listing.total_source = TotalSource::Unknown;
    }
    let (version, timestamp) = (found.version.as_deref(), found.timestamp.as_deref());
    Ok(ExpandAnswer {
        listing,
        found: true,
        version: clean_option(version),
        timestamp: clean_option(timestamp),
        codes,
        envelope,
    })
}

/// By what a page is known again: its first code.
fn sign(found: &Expansion) -> Position {
    let of = |name: &str, pointer| {
        let first = found.codes.first().and_then(|one| text(&one.row, pointer));
        (name.to_owned(), first.unwrap_or_default().to_owned())
    };
    Position::Link(vec![of("system", "/system"), of("code", "/code")])
}

fn is_so(row: &Value, name: &str) -> bool {
    row.get(name).and_then(Value::as_bool) == Some(true)
}

impl CodeShown {
    fn of(one: &Contained) -> Self {
        let of = |pointer| clean_option(text(&one.row, pointer));
        let marks = ["abstract", "inactive"].into_iter().filter(|mark| is_so(&one.row, mark));
        let other = elements(&one.row, "/designation").filter_map(|name| text(name, "/value"));
        Self {
            code: of("/code"),
            system: of("/system"),
            display: of("/display"),
            designations: other.take(10).map(clean).collect(),
            depth: one.depth,
            marks: marks.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
