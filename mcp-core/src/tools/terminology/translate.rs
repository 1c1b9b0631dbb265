//! What a code is in another system.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Given, ask, kept, needs, room};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::operation::{TRANSLATE_R4, TRANSLATE_R5};
use crate::fhir::outcome::Issue;
use crate::fhir::parameters::{Coding, Parameters, coding};
use crate::fhir::specification::FhirVersion;
use crate::fhir::terms::{Canonical, Code};
use crate::tools::Tool;
use crate::tools::envelope::Envelope;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};
use crate::tools::text::{clean_option, long};

const TEXT: &[&str] = &["message", "matches[].display"];

/// `terminology_translate`
#[derive(Debug)]
pub struct TerminologyTranslate;

/// Which code, into what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranslateInput {
    /// The code alone.
    code: Code,
    /// Its system, as in `http://loinc.org`; `|version` may follow.
    system: Canonical,
    /// The system to translate into.
    #[serde(default)]
    target_system: Option<Canonical>,
    /// The map to use, by canonical URL; `|version` may follow.
    #[serde(default)]
    concept_map: Option<Canonical>,
}

/// What it is there.
#[derive(Default, Serialize, JsonSchema)]
pub struct TranslateAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whether there is a translation; null when the backend could not say.
    result: Option<bool>,
    /// What else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The translations. Those that are not related are named, too.
    matches: Vec<Match>,
}

/// One translation.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Match {
    /// FHIR R5: how the source relates to it, as in `source-is-narrower-than-target`.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<String>,
    /// FHIR R4: what it is to the source, as in `wider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    equivalence: Option<String>,
    /// The code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Its system.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    /// The map that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    concept_map: Option<String>,
}

impl Tool for TerminologyTranslate {
    const NAME: &'static str = "terminology_translate";
    const TITLE: &'static str = "Translate a code";
    const DESCRIPTION: &'static str = "The codes of another system that a code is mapped to, and how they relate. Holds no patient \
         data.";
    const FAMILY: Family = Family::Terminology;
    const NEEDS: &'static [Need] = &[Need::Operation(&["translate"])];
    type Input = TranslateInput;
    type Output = TranslateAnswer;

    async fn run(inquiry: &Inquiry, input: TranslateInput) -> Result<TranslateAnswer, ToolError> {
        // Each release has its own names; a server of the other one would ignore them.
        let (row, code, target) = match inquiry.profile.fhir.version {
            FhirVersion::R4 => (&TRANSLATE_R4, "code", "targetsystem"),
            FhirVersion::R5 => (&TRANSLATE_R5, "sourceCode", "targetSystem"),
        };
        let mut given = Given::default()
            .with(code, input.code.as_str())
            .canonical(("system", "version"), &input.system);
        if let Some(system) = &input.target_system {
            if system.version().is_some() {
                let rule = "target_system: leave |version out, the operation takes none";
                return Err(ToolError::Argument(rule.to_owned()));
            }
            given = given.with(target, system.url());
        }
        if let Some(map) = &input.concept_map {
            given = given.canonical(("url", "conceptMapVersion"), map);
        }
        let invocation = given.of(row)?;
        needs(inquiry, row).await?;
        let mut answer =
            TranslateAnswer { envelope: Envelope::with_text(TEXT), ..TranslateAnswer::default() };
        match ask(inquiry, invocation).await {
            Ok(body) => {
                let target = input.target_system.as_ref().map(Canonical::url);
                answer.read(&body, target, room(inquiry)).ok_or(Fault::Malformed)?;
            }
            Err(Fault::Declined(Issue::InvalidCode)) => answer.result = Some(false),
            Err(Fault::Declined(Issue::NotFound)) => answer.envelope.unknown(
                "The backend does not know the code, its system or the map, so that it cannot say.",
            ),
            Err(fault) => return Err(fault.into()),
        }
        Ok(answer)
    }
}

impl TranslateAnswer {
    /// Only a JSON boolean is a result, and "yes" has at least one match.
    fn read(&mut self, body: &Value, target: Option<&str>, mut room: usize) -> Option<()> {
        let said = Parameters::of(body)?;
        let result = said.truth("result")?;
        self.message = said.text("message").map(|text| long(&text));
        let matches: Vec<Match> = said.all("match").map(Match::read).collect();
        (!result || !matches.is_empty()).then_some(())?;
        let is_elsewhere = |one: &Match| match (one.system.as_deref(), target) {
            (Some(system), Some(target)) => system != target,
            _ => false,
        };
        if matches.iter().any(is_elsewhere) {
            self.envelope.doubt(vec!["target_system".to_owned()], &[]);
        }
        self.result = Some(result);
        self.matches = kept(matches, "matches", &mut room, &mut self.envelope);
        Some(())
    }
}

impl Match {
    fn read(found: &Value) -> Self {
        let said = Parameters::parts(found);
        let Coding { system, code, display } =
            said.first("concept").and_then(coding).unwrap_or_default();
        let of = |name| clean_option(said.text(name).as_deref());
        Self {
            relationship: of("relationship"),
            equivalence: of("equivalence"),
            code: clean_option(code),
            system: clean_option(system),
            display: clean_option(display),
            concept_map: of("originMap").or_else(|| of("source")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(parameters: &Value, target: Option<&str>) -> Option<TranslateAnswer> {
        let mut answer = TranslateAnswer::default();
        let body = json!({"resourceType": "Parameters", "parameter": parameters});
        answer.read(&body, target, 10_000).map(|()| answer)
    }

    fn found(relation: &str, code: &str, map: &str) -> Value {
        json!([{"name": "result", "valueBoolean": true}, {"name": "match", "part": [
            {"name": relation, "valueCode": code}, {"name": map, "valueUri": "http://x.test/map"},
            {"name": "concept", "valueCoding": {"system": "http://t.test", "code": "c"}}]}])
    }

    #[test]
    fn both_releases_are_read_by_their_own_names() {
        let r4 = read(&found("equivalence", "wider", "source"), None).unwrap();
        assert_eq!(r4.matches[0].equivalence.as_deref(), Some("wider"));
        let r5 = read(&found("relationship", "equivalent", "originMap"), None).unwrap();
        assert_eq!(r5.matches[0].relationship.as_deref(), Some("equivalent"));
        for answer in [r4, r5] {
            assert_eq!(answer.matches[0].concept_map.as_deref(), Some("http://x.test/map"));
            assert_eq!(answer.matches[0].code.as_deref(), Some("c"));
        }
    }

    #[test]
    fn a_yes_without_a_match_is_no_answer_and_a_no_is_one() {
        assert!(read(&json!([{"name": "result", "valueBoolean": true}]), None).is_none());
        assert!(read(&json!([{"name": "result", "valueString": "true"}]), None).is_none());
        assert!(read(&json!([]), None).is_none());
        let no = read(&json!([{"name": "result", "valueBoolean": false}]), None).unwrap();
        assert_eq!((no.result, no.matches.len()), (Some(false), 0));
    }

    #[test]
    fn a_match_in_another_system_shows_that_the_target_was_ignored() {
        let of = |target| {
            let answer = read(&found("equivalence", "equal", "source"), Some(target)).unwrap();
            answer.envelope.ignored_parameters
        };
        assert!(of("http://t.test").is_empty());
        assert_eq!(of("http://other.test"), ["target_system"]);
    }
}
