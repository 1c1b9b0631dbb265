//! The policy table: which scope each tool needs, and how much of a caller's allowance it takes.
//! What it does not name, it denies.

use std::collections::BTreeMap;

use crate::hop::{HopBackend, HopClaims};
use crate::ids::RequestId;
use crate::mcp_call::{Action, CallId, McpCall, ToolName};
use crate::principal::Principal;
use crate::scope::Scope;

/// The table that stands in when `gateway.yaml` has none: each tool with the FHIR types that it
/// reads; a tool that reads any type needs the scope for all. An empty scope means that every
/// principal may.
const BUILTIN: &[(&str, &str)] = &[
    ("activity_report", "user/Observation.rs"),
    ("blood_pressure_report", "user/Observation.rs"),
    ("cohort_stats", "user/Group.rs user/Observation.rs user/Patient.rs"),
    ("compare_patients", "user/Observation.rs"),
    ("count_patient_observations", "user/Observation.rs"),
    ("count_study_observations", "user/Group.rs user/Observation.rs user/Patient.rs"),
    ("data_coverage", "user/Observation.rs"),
    ("fhir_capabilities", ""),
    ("fhir_history", "user/*.rs"),
    ("fhir_operation", "user/*.rs"),
    ("fhir_read", "user/*.rs"),
    ("fhir_schema", ""),
    ("fhir_search", "user/*.rs"),
    ("find_patient", "user/Patient.rs"),
    ("get_omh_schema", ""),
    ("get_patient_consents", "user/Consent.rs"),
    ("get_patient_date_range", "user/Observation.rs"),
    ("get_patient_demographics", "user/Patient.rs"),
    ("get_patient_observations", "user/Observation.rs"),
    ("get_server_capabilities", ""),
    ("get_study_count", "user/Group.rs"),
    ("get_study_metadata", "user/Group.rs"),
    ("glucose_report", "user/Observation.rs"),
    ("heart_rate_report", "user/Observation.rs"),
    ("list_data_sources", "user/Consent.rs user/Device.rs user/Group.rs"),
    ("list_data_types", ""),
    ("list_studies", "user/Group.rs"),
    ("list_study_patients", "user/Group.rs user/Patient.rs"),
    ("observation_count", "user/Group.rs user/Observation.rs user/Patient.rs"),
    ("observation_latest", "user/Observation.rs"),
    ("observation_stats", "user/Observation.rs"),
    ("observation_trend", "user/Observation.rs"),
    ("patient_overview", "user/*.rs"),
    ("record_grep", "user/*.rs"),
    ("search_patients", "user/Patient.rs"),
    ("sleep_report", "user/Observation.rs"),
    ("study_members", "user/Group.rs user/Patient.rs"),
    ("summarize_patient_observations", "user/Observation.rs"),
    ("terminology_expand", ""),
    ("terminology_lookup", ""),
    ("terminology_translate", ""),
    ("terminology_validate_code", ""),
    (WHO_AM_I, ""),
];

/// The tool that tells a person what they may do; it is told, too, which tools are open to them.
const WHO_AM_I: &str = "who_am_i";

/// The tools that cost the backend many requests or large ones; any other call weighs 1.
const BUILTIN_WEIGHTS: &[(&str, u32)] = &[
    ("activity_report", 5),
    ("blood_pressure_report", 5),
    ("cohort_stats", 20),
    ("compare_patients", 10),
    ("count_study_observations", 5),
    ("data_coverage", 5),
    ("fhir_operation", 5),
    ("get_patient_observations", 2),
    ("glucose_report", 5),
    ("heart_rate_report", 5),
    ("list_study_patients", 2),
    ("observation_count", 5),
    ("observation_latest", 5),
    ("observation_stats", 5),
    ("observation_trend", 5),
    ("patient_overview", 10),
    ("record_grep", 10),
    ("sleep_report", 5),
    ("summarize_patient_observations", 5),
    ("terminology_expand", 2),
];

/// Which scope each tool needs, and what it weighs in the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    tools: BTreeMap<ToolName, Scope>,
    weights: BTreeMap<ToolName, u32>,
}

/// Why a principal may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The table does not name the tool: denied to everybody, so no further scope would help.
    UnlistedTool,
    /// No method of this name is open to anybody.
    UnknownMethod,
    /// The grant lacks something.
    InsufficientScope {
        /// All that this call needs, so that one step-up is enough.
        required: Scope,
    },
}

/// Proof that [`Policy::decide`] said yes; forwarding asks for one.
#[derive(Debug)]
pub struct Permit {
    call: McpCall,
    principal: Principal,
    tools: Option<Vec<String>>,
    weight: u32,
}

impl Policy {
    /// A policy of these rows, with the built-in weights of the tools that it names.
    pub fn new(rows: impl IntoIterator<Item = (ToolName, Scope)>) -> Self {
        let tools: BTreeMap<ToolName, Scope> = rows.into_iter().collect();
        let known = BUILTIN_WEIGHTS
            .iter()
            .filter_map(|(tool, weight)| Some((ToolName::parse(tool)?, *weight)));
        let weights = known.filter(|(tool, _)| tools.contains_key(tool)).collect();
        Self { tools, weights }
    }

    /// The same policy, in which these tools weigh otherwise.
    #[must_use]
    pub fn weighing(mut self, weights: impl IntoIterator<Item = (ToolName, u32)>) -> Self {
        self.weights.extend(weights);
        self
    }

    /// The tools that weigh something else than 1, by name.
    pub fn weights(&self) -> impl Iterator<Item = (&str, u32)> {
        self.weights.iter().map(|(tool, weight)| (tool.as_str(), *weight))
    }

    /// The built-in table.
    pub fn builtin() -> Self {
        let parsed = BUILTIN
            .iter()
            .filter_map(|(tool, scope)| Some((ToolName::parse(tool)?, scope.parse().ok()?)));
        Self::new(parsed)
    }

    /// The rows, by tool name.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Scope)> {
        self.tools.iter().map(|(tool, scope)| (tool.as_str(), scope))
    }

    /// Permits `call` to `principal`, or says what stands in the way. A denied call comes back, so
    /// that the refusal can name its id and its tool.
    pub fn decide(&self, call: McpCall, principal: Principal) -> Result<Permit, (Denial, McpCall)> {
        let denial = match call.action() {
            Action::Open(_) | Action::ListTools => None,
            Action::Unknown => Some(Denial::UnknownMethod),
            Action::CallTool(tool) => self.refusal(tool, &principal),
        };
        if let Some(denial) = denial {
            return Err((denial, call));
        }
        let is_who_am_i =
            matches!(call.action(), Action::CallTool(tool) if tool.as_str() == WHO_AM_I);
        let is_told = is_who_am_i || call.action().depends_on_tools();
        let tools = is_told.then(|| self.open_to(principal.scope()));
        let weight = self.weight(call.action());
        Ok(Permit { call, principal, tools, weight })
    }

    fn weight(&self, action: &Action) -> u32 {
        match action {
            Action::CallTool(tool) => self.weights.get(tool).copied().unwrap_or(1),
            Action::ListTools | Action::Open(_) | Action::Unknown => 1,
        }
    }

    fn refusal(&self, tool: &ToolName, principal: &Principal) -> Option<Denial> {
        match self.tools.get(tool) {
            None => Some(Denial::UnlistedTool),
            Some(required) if principal.scope().covers(required) => None,
            Some(required) => Some(Denial::InsufficientScope { required: required.clone() }),
        }
    }

    /// The tools that a grant of `scope` may call.
    fn open_to(&self, scope: &Scope) -> Vec<String> {
        self.rows()
            .filter(|(_, required)| scope.covers(required))
            .map(|(tool, _)| tool.to_owned())
            .collect()
    }
}

impl Permit {
    /// The call that was permitted.
    pub const fn call(&self) -> &McpCall {
        &self.call
    }

    /// To whom.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How many units of the caller's allowance the call takes, at least 1.
    pub fn weight(&self) -> u32 {
        self.weight.max(1)
    }

    /// The id to echo in an error.
    pub const fn id(&self) -> Option<&CallId> {
        self.call.id()
    }

    /// What core is told about the caller. Nothing else makes hop claims, so nothing is forwarded
    /// without a permit.
    pub fn into_hop(self, backend: HopBackend, request_id: RequestId) -> HopClaims {
        let (subject, client, scope, _, backend_token) = self.principal.into_parts();
        HopClaims { subject, client, scope, backend, backend_token, request_id, tools: self.tools }
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
