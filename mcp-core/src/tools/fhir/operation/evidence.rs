//! Whether an operation's answer is one to what was asked: about whom, and which parameters it shows
//! to be ignored.

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use crate::backend::profile::{Profile, SelfLink};
use crate::fhir::collected::Collected;
use crate::fhir::json::{elements, text};
use crate::fhir::operation::Invocation;
use crate::tools::envelope::Envelope;

/// What an answer shows of the parameters that were sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    ignored: Vec<String>,
    unproven: Vec<String>,
    is_one_each: bool,
}

impl Verdict {
    /// Says it, and whether the answer is exactly what was asked for.
    pub(super) fn tell(self, envelope: &mut Envelope) -> bool {
        let is_exact = self.ignored.is_empty() && self.unproven.is_empty();
        if self.is_one_each {
            envelope.hint(
                "There is one reading of each code: either there are no more, or the backend does \
                 not look at max.",
            );
        }
        envelope.doubt(self.ignored, &self.unproven);
        is_exact
    }
}

/// Weighs an answer; none when it is about somebody else.
pub(super) fn weigh(
    profile: &Profile,
    invocation: &Invocation,
    given: &[(&str, Vec<String>)],
    found: &Collected,
) -> Option<Verdict> {
    is_about(invocation, found).then_some(())?;
    let applied = (profile.search.self_link == SelfLink::Applied).then(|| applied(found)).flatten();
    let mut verdict = Verdict::default();
    for (name, values) in given {
        let proof = proof(name, values, found);
        let is_named = applied.as_ref().map(|names| names.iter().any(|known| known == name));
        let place = match (is_named, proof) {
            (Some(false), _) | (_, Proof::Ignored) => &mut verdict.ignored,
            (_, Proof::Applied) | (Some(true), Proof::Unclear) => continue,
            (None, Proof::Unclear) => &mut verdict.unproven,
        };
        place.push((*name).to_owned());
    }
    verdict.is_one_each = is_one_each(invocation, found);
    Some(verdict)
}

/// What the rows show of one parameter.
enum Proof {
    Applied,
    Ignored,
    Unclear,
}

impl Proof {
    const fn of(is_applied: bool) -> Self {
        if is_applied { Self::Applied } else { Self::Ignored }
    }
}

fn proof(name: &str, values: &[String], found: &Collected) -> Proof {
    let mut rows = found.rows.iter().map(|row| &row.resource);
    match name {
        "_type" => Proof::of(rows.all(|row| {
            // Whoever is asked about may come along.
            let kind = text(row, "/resourceType").unwrap_or_default();
            kind == "Patient" || values.iter().any(|value| value.trim() == kind)
        })),
        "_since" => since(values, rows),
        "code" => Proof::of(rows.all(|row| carries(row.get("code"), values))),
        "category" => Proof::of(
            rows.all(|row| elements(row, "/category").any(|one| carries(Some(one), values))),
        ),
        // Checked with the subject, with the answer's type, or by a hint.
        "patient" | "max" => Proof::Applied,
        _ if found.rows.is_empty() => Proof::Applied,
        _ => Proof::Unclear,
    }
}

fn since<'a>(values: &[String], mut rows: impl Iterator<Item = &'a Value>) -> Proof {
    let since = values.first().and_then(|value| value.trim().parse::<Timestamp>().ok());
    let Some(since) = since else { return Proof::Unclear };
    let mut is_clear = true;
    let is_older = |row: &Value| {
        let at = text(row, "/meta/lastUpdated").and_then(|at| at.parse::<Timestamp>().ok());
        is_clear &= at.is_some();
        at.is_some_and(|at| at < since)
    };
    if rows.any(is_older) {
        return Proof::Ignored;
    }
    if is_clear { Proof::Applied } else { Proof::Unclear }
}

/// Whether a concept has one of these codes; each is `system|code`, `|code` or `code`.
fn carries(concept: Option<&Value>, wanted: &[String]) -> bool {
    let Some(concept) = concept else { return false };
    elements(concept, "/coding").any(|coding| {
        let (system, code) = (text(coding, "/system"), text(coding, "/code"));
        wanted.iter().any(|wanted| match wanted.trim().split_once('|') {
            Some((of, word)) => system.unwrap_or_default() == of && code == Some(word),
            None => code == Some(wanted.trim()),
        })
    })
}

/// The names that the self link repeats, where there is one.
fn applied(found: &Collected) -> Option<Vec<String>> {
    // A relative link is resolved against a host that is never contacted.
    let nowhere = Url::parse("https://self.invalid/").ok()?;
    let link = nowhere.join(found.own.as_deref()?).ok()?;
    Some(link.query_pairs().map(|(name, _)| name.into_owned()).collect())
}

/// Whether an answer is about the patient who was asked about. Of last readings, each is; of everything
/// about somebody, relatives may be part, but not relatives alone. A document has ids of its own.
fn is_about(invocation: &Invocation, found: &Collected) -> bool {
    let patients = || found.rows.iter().filter_map(|row| patient_of(&row.resource));
    let (name, asked) = (invocation.row().name, super::subject(invocation));
    match (name, asked) {
        ("lastn", Some(asked)) => patients().all(|patient| patient == asked),
        ("everything", Some(asked)) => {
            patients().next().is_none() || patients().any(|patient| patient == asked)
        }
        ("document", _) => {
            let first = found.rows.first().map(|row| &row.resource);
            let id = first.and_then(|composition| text(composition, "/id"));
            invocation.id().is_none_or(|asked| id.is_none_or(|id| id == asked.as_str()))
        }
        _ => true,
    }
}

/// The id of the patient whom a resource is about, where it names one of a FHIR server.
pub(super) fn patient_of(resource: &Value) -> Option<&str> {
    if text(resource, "/resourceType") == Some("Patient") {
        return text(resource, "/id");
    }
    let reference =
        text(resource, "/subject/reference").or_else(|| text(resource, "/patient/reference"))?;
    let mut parts = reference.split('/').skip_while(|part| *part != "Patient");
    parts.nth(1)
}

/// Several readings of each code were wanted, and there is one of each.
fn is_one_each(invocation: &Invocation, found: &Collected) -> bool {
    let several = invocation.value("max").is_some_and(|max| max != "1");
    let codes = || found.rows.iter().map(|row| row.resource.get("code"));
    let is_alone = |code: Option<&Value>| codes().filter(|other| *other == code).count() == 1;
    several && !found.rows.is_empty() && codes().all(is_alone)
}

#[cfg(test)]
mod tests;
