//! The table. What it does not name cannot be invoked: nothing that stores (`$expunge`, `$meta-add`,
//! `$submit`, `$closure`, `$match` and `$validate` with their bodies, `$document` with `persist`), that
//! starts work which goes on (`$export`), or that takes a query of its own (GraphQL, `$graph`).

use super::{Gives, Kind, Level, Parameter, Row};

const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, is_required: false }
}

const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, is_required: true }
}

/// Everything about one resource (FHIR R5 §3.2.0.9). On the type it would be about everybody, so that is
/// not in the table.
const fn everything(on: &'static str, parameters: &'static [Parameter]) -> Row {
    let levels = &[Level::Instance];
    Row { name: "everything", on: Some(on), levels, parameters, fixed: &[], gives: Gives::Pages }
}

const CARE_DATES: &[Parameter] = &[
    optional("start", Kind::Date),
    optional("end", Kind::Date),
    optional("_since", Kind::Instant),
    optional("_type", Kind::Types),
];
const SINCE_AND_TYPE: &[Parameter] =
    &[optional("_since", Kind::Instant), optional("_type", Kind::Types)];

/// The operations that `fhir_operation` runs.
pub static GENERAL: &[Row] = &[
    everything("Patient", CARE_DATES),
    everything("Group", CARE_DATES),
    everything("Encounter", SINCE_AND_TYPE),
    everything("EpisodeOfCare", SINCE_AND_TYPE),
    Row {
        name: "lastn",
        on: Some("Observation"),
        levels: &[Level::Type],
        parameters: &[
            required("patient", Kind::Patient),
            optional("code", Kind::Tokens),
            optional("category", Kind::Tokens),
            optional("max", Kind::Few),
        ],
        fixed: &[],
        gives: Gives::Set,
    },
    // International Patient Summary, STU 2: made anew for each question, and not stored.
    Row {
        name: "summary",
        on: Some("Patient"),
        levels: &[Level::Instance],
        parameters: &[optional("profile", Kind::Canonical)],
        fixed: &[],
        gives: Gives::Document,
    },
    // Without `persist` the server decides whether it stores the document, so it is told not to.
    Row {
        name: "document",
        on: Some("Composition"),
        levels: &[Level::Instance],
        parameters: &[],
        fixed: &[("persist", "false")],
        gives: Gives::Document,
    },
    Row {
        name: "meta",
        on: None,
        levels: &[Level::Instance, Level::Type, Level::Server],
        parameters: &[],
        fixed: &[],
        gives: Gives::One("Parameters"),
    },
    Row {
        name: "find",
        on: Some("List"),
        levels: &[Level::Type],
        parameters: &[required("patient", Kind::Patient), required("name", Kind::Code)],
        fixed: &[],
        gives: Gives::One("List"),
    },
    Row {
        name: "subsumes",
        on: Some("CodeSystem"),
        levels: &[Level::Type],
        parameters: &[
            required("system", Kind::Uri),
            optional("version", Kind::Version),
            required("codeA", Kind::Code),
            required("codeB", Kind::Code),
        ],
        fixed: &[],
        gives: Gives::One("Parameters"),
    },
];

const fn of_terms(name: &'static str, on: &'static str, parameters: &'static [Parameter]) -> Row {
    let gives = Gives::One("Parameters");
    Row { name, on: Some(on), levels: &[Level::Type], parameters, fixed: &[], gives }
}

/// What a code means (FHIR R5 §4.8.13).
pub static LOOKUP: Row = of_terms(
    "lookup",
    "CodeSystem",
    &[
        required("code", Kind::Code),
        required("system", Kind::Uri),
        optional("version", Kind::Version),
        optional("displayLanguage", Kind::Language),
        optional("property", Kind::Codes),
    ],
);

/// The codes of a value set (FHIR R5 §4.9.11). Where a page begins stands beside the invocation.
pub static EXPAND: Row = Row {
    name: "expand",
    on: Some("ValueSet"),
    levels: &[Level::Type],
    parameters: &[
        required("url", Kind::Uri),
        optional("valueSetVersion", Kind::Version),
        optional("filter", Kind::Words),
        optional("activeOnly", Kind::Flag),
        optional("includeDesignations", Kind::Flag),
        optional("displayLanguage", Kind::Language),
    ],
    fixed: &[],
    gives: Gives::One("ValueSet"),
};

/// Whether a code is in a value set (FHIR R5 §4.9.12).
pub static VALIDATE_IN_SET: Row = of_terms(
    "validate-code",
    "ValueSet",
    &[
        required("url", Kind::Uri),
        optional("valueSetVersion", Kind::Version),
        required("code", Kind::Code),
        required("system", Kind::Uri),
        optional("systemVersion", Kind::Version),
        optional("display", Kind::Words),
        optional("displayLanguage", Kind::Language),
    ],
);

/// Whether a code is in its system, which is called `url` here (FHIR R5 §4.8.15).
pub static VALIDATE_IN_SYSTEM: Row = of_terms(
    "validate-code",
    "CodeSystem",
    &[
        required("url", Kind::Uri),
        optional("version", Kind::Version),
        required("code", Kind::Code),
        optional("display", Kind::Words),
        optional("displayLanguage", Kind::Language),
    ],
);

/// What a code is in another system, as FHIR R4 names the parameters (FHIR R4 §4.10.16).
pub static TRANSLATE_R4: Row = of_terms(
    "translate",
    "ConceptMap",
    &[
        required("code", Kind::Code),
        required("system", Kind::Uri),
        optional("version", Kind::Version),
        optional("targetsystem", Kind::Uri),
        optional("url", Kind::Uri),
        optional("conceptMapVersion", Kind::Version),
    ],
);

/// The same as FHIR R5 names them (FHIR R5 §4.10.15).
pub static TRANSLATE_R5: Row = of_terms(
    "translate",
    "ConceptMap",
    &[
        required("sourceCode", Kind::Code),
        required("system", Kind::Uri),
        optional("version", Kind::Version),
        optional("targetSystem", Kind::Uri),
        optional("url", Kind::Uri),
        optional("conceptMapVersion", Kind::Version),
    ],
);
