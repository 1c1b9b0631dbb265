//! Whether a code is in a value set, or in its own system.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Given, ask, needs};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::operation::{VALIDATE_IN_SET, VALIDATE_IN_SYSTEM};
use crate::fhir::outcome::Issue;
use crate::fhir::parameters::Parameters;
use crate::fhir::terms::{Canonical, Code, Language};
use crate::tools::Tool;
use crate::tools::arguments::words;
use crate::tools::envelope::Envelope;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};
use crate::tools::text::{clean_option, long};

const TEXT: &[&str] = &["message", "display"];

/// `terminology_validate_code`
#[derive(Debug)]
pub struct TerminologyValidateCode;

/// Which code, in what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidateInput {
    /// The code alone.
    code: Code,
    /// Its system, as in `http://loinc.org`; `|version` may follow.
    system: Canonical,
    /// The value set, by canonical URL; without it the system itself is looked at.
    #[serde(default)]
    value_set: Option<Canonical>,
    /// A name, to be checked too.
    #[serde(default)]
    display: Option<String>,
    /// The language of the answer, as in `de`.
    #[serde(default)]
    language: Option<Language>,
}

/// Whether it is.
#[derive(Default, Serialize, JsonSchema)]
pub struct ValidateAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whether the code is valid there; null when the backend could not say.
    result: Option<bool>,
    /// Why not, or what else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The code's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    /// The version of the system that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl Tool for TerminologyValidateCode {
    const NAME: &'static str = "terminology_validate_code";
    const TITLE: &'static str = "Check a code";
    const DESCRIPTION: &'static str = "Whether a code is in a value set, or in its system, and whether a name fits it. Holds no \
         patient data.";
    const FAMILY: Family = Family::Terminology;
    const NEEDS: &'static [Need] = &[Need::Operation(&["validate-code"])];
    type Input = ValidateInput;
    type Output = ValidateAnswer;

    async fn run(inquiry: &Inquiry, input: ValidateInput) -> Result<ValidateAnswer, ToolError> {
        let display = words("display", input.display.as_deref())?;
        let given = Given::default()
            .with("code", input.code.as_str())
            .maybe("display", display.as_deref())
            .language(input.language.as_ref());
        let (row, given) = match &input.value_set {
            Some(set) => (
                &VALIDATE_IN_SET,
                given
                    .canonical(("url", "valueSetVersion"), set)
                    .canonical(("system", "systemVersion"), &input.system),
            ),
            // On a code system, that is what is called `url`.
            None => (&VALIDATE_IN_SYSTEM, given.canonical(("url", "version"), &input.system)),
        };
        let invocation = given.of(row)?;
        needs(inquiry, row).await?;
        let mut answer =
            ValidateAnswer { envelope: Envelope::with_text(TEXT), ..ValidateAnswer::default() };
        match ask(inquiry, invocation).await {
            Ok(body) => answer.read(&body, input.code.as_str()).ok_or(Fault::Malformed)?,
            Err(Fault::Declined(Issue::InvalidCode)) => answer.result = Some(false),
            Err(Fault::Declined(Issue::NotFound)) => answer.envelope.unknown(
                "The backend does not know the value set or the system, so that it cannot say.",
            ),
            Err(fault) => return Err(fault.into()),
        }
        Ok(answer)
    }
}

impl ValidateAnswer {
    /// Only a JSON boolean is a result, and an answer about another code is none.
    fn read(&mut self, body: &Value, asked: &str) -> Option<()> {
        let said = Parameters::of(body)?;
        let is_it = said.text("code").is_none_or(|told| told.eq_ignore_ascii_case(asked));
        is_it.then_some(())?;
        self.result = Some(said.truth("result")?);
        self.message = said.text("message").map(|text| long(&text));
        self.display = clean_option(said.text("display").as_deref());
        self.version = clean_option(said.text("version").as_deref());
        Some(())
    }
}
