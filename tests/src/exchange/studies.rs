//! Studies, the codes they ask for, the data sources, and who is enrolled and consented.

use super::people::Person;

/// A code that a study may request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) id: u32,
    pub(super) system: &'static str,
    pub(super) value: &'static str,
    pub(super) text: &'static str,
}

const OMH: &str = "https://w3id.org/openmhealth";

const fn code(id: u32, system: &'static str, value: &'static str, text: &'static str) -> Code {
    Code { id, system, value, text }
}

pub(super) const GLUCOSE: Code = code(50001, OMH, "omh:blood-glucose:4.0", "Blood glucose");
pub(super) const PRESSURE: Code = code(50002, OMH, "omh:blood-pressure:4.0", "Blood pressure");
pub(super) const TEMPERATURE: Code =
    code(50003, OMH, "omh:body-temperature:4.0", "Body temperature");
pub(super) const HEART_RATE: Code = code(50004, OMH, "omh:heart-rate:2.0", "Heart Rate");
pub(super) const OXYGEN: Code = code(50005, OMH, "omh:oxygen-saturation:2.0", "Oxygen saturation");
pub(super) const RESPIRATION: Code =
    code(50006, OMH, "omh:respiratory-rate:2.0", "Respiratory rate");
const RR_INTERVAL: Code = code(50007, OMH, "omh:rr-interval:1.0", "RR Interval");
const WEIGHT: Code = code(50008, OMH, "omh:body-weight:3.0", "Body weight");
const FEV1: Code = code(
    50009,
    OMH,
    "omh:forced-expiratory-volume-1-second:1.0",
    "Forced expiratory volume 1 second",
);
const FVC: Code = code(50010, OMH, "omh:forced-vital-capacity:1.0", "Forced vital capacity");
pub(super) const QUESTIONNAIRE: Code = code(
    50011,
    "http://hl7.org/fhir/resource-types",
    "QuestionnaireResponse",
    "FHIR QuestionnaireResponse",
);
pub(super) const ACTIVITY: Code =
    code(50012, OMH, "omh:physical-activity:1.2", "Physical activity");
pub(super) const STEPS: Code = code(50013, OMH, "omh:step-count:3.0", "Step count");
pub(super) const SLEEP_STAGES: Code =
    code(50014, "https://w3id.org/ieee1752", "ieee:sleep-stage-summary:1.0", "Sleep stage summary");
pub(super) const SLEEP_EPISODE: Code = code(50015, OMH, "omh:sleep-episode:1.1", "Sleep episode");
pub(super) const SLEEP_DURATION: Code =
    code(50016, OMH, "omh:sleep-duration:2.0", "Sleep duration");

/// Every code there is.
pub(super) const CODES: [Code; 16] = [
    GLUCOSE,
    PRESSURE,
    TEMPERATURE,
    HEART_RATE,
    OXYGEN,
    RESPIRATION,
    RR_INTERVAL,
    WEIGHT,
    FEV1,
    FVC,
    QUESTIONNAIRE,
    ACTIVITY,
    STEPS,
    SLEEP_STAGES,
    SLEEP_EPISODE,
    SLEEP_DURATION,
];

/// Codes that an operator adds later. A body of the first is one quantity, one of the second has none.
pub(super) const FOOD: Code =
    code(50017, "https://w3id.org/ieee1752", "ieee:food-entry:0.1", "Food entry");
pub(super) const MOOD: Code = code(50018, "https://codes.example", "local:mood:0.1", "Mood");

/// A code that comes with records that a lane tells.
pub(super) const IEEE_ACTIVITY: Code =
    code(50019, "https://w3id.org/ieee1752", "ieee:physical-activity:1.0", "Physical activity");

/// The eight that a wearable reports each day, in the order of its rows.
pub(super) const DAILY: [Code; 8] =
    [ACTIVITY, STEPS, SLEEP_STAGES, SLEEP_EPISODE, SLEEP_DURATION, HEART_RATE, RESPIRATION, OXYGEN];

/// Where records come from. Only a `personal_device` is a FHIR Device.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataSource {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) codes: &'static [Code],
}

const fn source(
    id: u32,
    name: &'static str,
    kind: &'static str,
    codes: &'static [Code],
) -> DataSource {
    DataSource { id, name, kind, codes }
}

pub(super) const DEVICE_KIND: &str = "personal_device";

pub(super) const SOURCES: [DataSource; 5] = [
    source(70001, "CareX", DEVICE_KIND, &[PRESSURE, HEART_RATE]),
    source(70002, "Dexcom", DEVICE_KIND, &[GLUCOSE]),
    source(70003, "iHealth", DEVICE_KIND, &[GLUCOSE, PRESSURE, TEMPERATURE, OXYGEN]),
    source(70004, "Oura", DEVICE_KIND, &DAILY),
    source(70005, "Questionnaire", "patient_app", &[QUESTIONNAIRE]),
];

/// A study, whom it enrolled, and what it asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Study {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) organization: u32,
    pub(super) codes: &'static [Code],
    pub(super) sources: &'static [u32],
    /// First and last patient enrolled.
    patients: (u32, u32),
    /// Whether its patients have still to consent.
    pub(super) pending: bool,
}

impl Study {
    pub(super) fn enrolls(&self, patient: u32) -> bool {
        (self.patients.0..=self.patients.1).contains(&patient)
    }

    pub(super) fn requests(&self, code: Code) -> bool {
        self.codes.contains(&code)
    }

    /// Practitioners see the studies of their own organizations; patients those they are in.
    pub(super) fn visible_to(&self, caller: &Person) -> bool {
        if caller.is_patient() {
            self.enrolls(caller.resource_id)
        } else {
            caller.organizations.contains(&self.organization)
        }
    }
}

const DEMO_CODES: [Code; 9] = [
    GLUCOSE,
    HEART_RATE,
    OXYGEN,
    RESPIRATION,
    ACTIVITY,
    STEPS,
    SLEEP_STAGES,
    SLEEP_EPISODE,
    SLEEP_DURATION,
];

/// Every study, by id.
pub(super) const STUDIES: [Study; 6] = [
    Study {
        id: 30001,
        name: "Lifespan Study on BP & HR",
        description: "Blood Pressure & Heart Rate",
        organization: 20003,
        codes: &[PRESSURE, HEART_RATE, QUESTIONNAIRE],
        sources: &[70001, 70005],
        patients: (40001, 40002),
        pending: false,
    },
    Study {
        id: 30002,
        name: "Lifespan Study on BP",
        description: "Blood Pressure",
        organization: 20003,
        codes: &[PRESSURE, QUESTIONNAIRE],
        sources: &[70001, 70005],
        patients: (40001, 40002),
        pending: true,
    },
    Study {
        id: 30003,
        name: "Cardiology Div Study on BGL",
        description: "Blood Glucose",
        organization: 20006,
        codes: &[GLUCOSE],
        sources: &[70003],
        patients: (40005, 40005),
        pending: false,
    },
    Study {
        id: 30004,
        name: "Nep Pulse Lab Study on BT",
        description: "Body Temperature",
        organization: 20007,
        codes: &[TEMPERATURE],
        sources: &[70003],
        patients: (40003, 40003),
        pending: false,
    },
    Study {
        id: 30005,
        name: "Cosmic Cardio Lab Study on O2",
        description: "Oxygen Saturation",
        organization: 20008,
        codes: &[OXYGEN],
        sources: &[70003],
        patients: (40004, 40005),
        pending: false,
    },
    Study {
        id: 30006,
        name: "CGM & Wearables Demo",
        description: "Synthetic glucose and wearable readings.",
        organization: 20001,
        codes: &DEMO_CODES,
        sources: &[70002, 70004],
        patients: (40006, 40025),
        pending: false,
    },
];

/// The study with this id.
pub(super) fn study_by_id(id: u32) -> Option<&'static Study> {
    STUDIES.iter().find(|study| study.id == id)
}

/// The studies `caller` sees, by name.
pub(super) fn studies_visible_to(caller: &Person) -> Vec<&'static Study> {
    let mut seen: Vec<_> = STUDIES.iter().filter(|study| study.visible_to(caller)).collect();
    seen.sort_by_key(|study| study.name);
    seen
}
