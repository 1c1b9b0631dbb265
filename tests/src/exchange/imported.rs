//! Records that came from elsewhere and are kept as they came: answers to questionnaires, and meals.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::observations::mixed;
use super::omh;
use super::people::{Person, patient_by_id};
use super::studies::{Code, FOOD};
use super::wire::Pairs;

const STORE: &str = "https://jupyterhealth.org/fhir/fhir-source/";

/// One imported answer to the weekly symptom questionnaire, or one meal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Imported {
    number: u32,
    pub(super) patient: u32,
    source: u32,
    authored: &'static str,
    answers: (u32, u32, u32),
    /// What an observation is of; answers to questionnaires have none.
    pub(super) code: Option<Code>,
}

const fn imported(
    number: u32,
    patient: u32,
    source: u32,
    authored: &'static str,
    answers: (u32, u32, u32),
) -> Imported {
    Imported { number, patient, source, authored, answers, code: None }
}

const fn meal(number: u32, at: &'static str, kilocalories: u32) -> Imported {
    let answers = (kilocalories, 0, 0);
    Imported { number, patient: 40001, source: 90003, authored: at, answers, code: Some(FOOD) }
}

/// Meals of patient 40001, which are there once an operator added their code. As text, the second comes
/// after the tenth of November; as an instant, it does not.
const MEALS: [Imported; 3] = [
    meal(101, "2026-11-10T12:00:00Z", 640),
    meal(102, "2026-11-11T00:30:00+02:00", 410),
    meal(103, "2026-11-20T18:00:00Z", 700),
];

/// Every imported answer, oldest first.
const ANSWERS: [Imported; 7] = [
    imported(1, 40001, 90001, "2025-09-19", (15, 20, 35)),
    imported(2, 40001, 90001, "2025-09-26", (25, 20, 30)),
    imported(3, 40001, 90001, "2025-10-03", (10, 15, 20)),
    imported(4, 40002, 90002, "2025-10-03", (40, 30, 65)),
    imported(5, 40002, 90002, "2025-10-10", (45, 35, 60)),
    imported(6, 40002, 90002, "2025-10-17", (30, 20, 45)),
    imported(7, 40002, 90002, "2025-10-24", (65, 50, 85)),
];

/// Which part of the store a search reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The server's own records.
    Native,
    /// Everything imported.
    Imported,
    /// One import.
    One(u32),
    /// A source that does not exist: an empty answer.
    Nowhere,
}

impl Source {
    /// What `_source` and `_source:below` ask for; `native` says what the type is by itself.
    pub(super) fn of(query: &Pairs, native: bool) -> Self {
        if let Some(below) = query.filled("_source:below") {
            return if below == STORE { Self::Imported } else { Self::Nowhere };
        }
        match query.filled("_source") {
            None | Some("https://jupyterhealth.org/jhe") if native => Self::Native,
            None => Self::Imported,
            Some(source) => source
                .strip_prefix(STORE)
                .and_then(|id| id.parse().ok())
                .map_or(Self::Nowhere, Self::One),
        }
    }
}

impl Imported {
    pub(super) fn id(&self) -> String {
        let bits = u128::from(mixed(u64::from(self.number), 12)) << 64
            | u128::from(mixed(u64::from(self.number), 13));
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }

    /// When it was written, for the order by date: its day, as these rows have no other order.
    pub(super) fn day(&self) -> Option<jiff::civil::Date> {
        self.authored.get(..10)?.parse().ok()
    }

    pub(super) fn updated(&self, anchor: i64) -> i64 {
        anchor + i64::from(self.number)
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn resource(&self) -> Value {
        let Some(code) = self.code else { return self.response() };
        json!({
            "resourceType": "Observation",
            "id": self.id(),
            "meta": { "source": format!("{STORE}{}", self.source) },
            "status": "final",
            "code": { "coding": [{ "system": code.system, "code": code.value, "display": code.text }] },
            "subject": { "reference": format!("Patient/ext{:08x}", self.patient) },
            "effectiveDateTime": self.authored,
            "extension": self.extensions(),
            "valueAttachment": {
                "contentType": "application/json",
                "data": STANDARD.encode(omh::meal(self.authored, self.answers.0)),
            },
        })
    }

    /// Whose record it is, as the server says it.
    fn extensions(&self) -> Value {
        let url = |name: &str| format!("https://jupyterhealth.org/fhir/StructureDefinition/{name}");
        let full_name = patient_by_id(self.patient)
            .map(|patient| format!("{} {}", patient.given, patient.family))
            .unwrap_or_default();
        json!([
            { "url": url("patient-id"), "valueInteger": self.patient },
            { "url": url("patient-full-name"), "valueString": full_name },
        ])
    }

    fn response(&self) -> Value {
        let answer = |link: &str, value: u32| json!({ "linkId": link, "answer": [{ "valueInteger": value }] });
        let (cough, dyspnea, fatigue) = self.answers;
        json!({
            "resourceType": "QuestionnaireResponse",
            "id": self.id(),
            "meta": { "source": format!("{STORE}{}", self.source) },
            "status": "completed",
            "questionnaire": QUESTIONNAIRE,
            // The id that the patient has where the record came from.
            "subject": { "reference": format!("Patient/ext{:08x}", self.patient) },
            "authored": self.authored,
            "extension": self.extensions(),
            "item": [
                answer("cough-severity", cough),
                answer("dyspnea-severity", dyspnea),
                answer("fatigue-severity", fatigue),
            ],
        })
    }
}

const QUESTIONNAIRE: &str = "Questionnaire/weekly-symptoms";

/// The imported records of a type that `caller` may read and that meet its own parameters.
pub(super) fn matching(
    (kind, is_grown): (&str, bool),
    source: Source,
    visible: &[&'static Person],
    query: &Pairs,
) -> Vec<&'static Imported> {
    let of_source =
        |row: &Imported| source == Source::Imported || source == Source::One(row.source);
    let visible = |row: &Imported| visible.iter().any(|patient| patient.resource_id == row.patient);
    let rows = match kind {
        "QuestionnaireResponse" => ANSWERS.as_slice(),
        "Observation" if is_grown => MEALS.as_slice(),
        _ => &[],
    };
    rows.iter()
        .filter(|row| of_source(row) && visible(row))
        .filter(|row| match row.code {
            Some(code) => {
                let coding = format!("{}|{}", code.system, code.value);
                query.all("date").all(|asked| as_text(asked, row.authored))
                    && query
                        .filled("code")
                        .is_none_or(|asked| asked == coding || asked == code.value)
            }
            None => {
                query.all("authored").all(|asked| as_text(asked, row.authored))
                    && any_of(query, "status", &["completed"])
                    && any_of(query, "questionnaire", &[QUESTIONNAIRE, "weekly-symptoms"])
            }
        })
        .collect()
}

/// A list of values means any of them; repeats must all hold; an empty value is no condition.
fn any_of(query: &Pairs, name: &str, known: &[&str]) -> bool {
    let values = query.all(name).filter(|value| !value.is_empty());
    let bare = |value: &str| value.rsplit('|').next().is_some_and(|code| known.contains(&code));
    values.into_iter().all(|list| list.split(',').any(bare))
}

/// Dates of imported records are compared as text.
fn as_text(asked: &str, stored: &str) -> bool {
    match (asked.get(..2), asked.get(2..)) {
        (Some("ge"), Some(bound)) => stored >= bound,
        (Some("le"), Some(bound)) => stored <= bound,
        (Some("gt"), Some(bound)) => stored > bound,
        (Some("lt"), Some(bound)) => stored < bound,
        _ => asked.is_empty() || stored == asked,
    }
}
