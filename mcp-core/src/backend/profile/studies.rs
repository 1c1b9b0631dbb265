//! What a backend keeps its studies as.

use crate::fhir::resource_type::ResourceType;

/// What a study is to a FHIR server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StudyKind {
    /// A `Group` that names its members (FHIR R5 §8.5).
    Group,
    /// A `ResearchStudy`, whose members are `ResearchSubject`s (FHIR R5 §8.24, §8.25).
    ResearchStudy,
}

impl StudyKind {
    /// The resource type of one.
    pub const fn resource_type(self) -> ResourceType {
        match self {
            Self::Group => ResourceType::GROUP,
            Self::ResearchStudy => ResourceType::RESEARCH_STUDY,
        }
    }
}
