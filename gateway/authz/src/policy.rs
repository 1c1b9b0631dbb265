//! The policy table: which scope each tool needs. What it does not name, it denies.

use std::collections::BTreeMap;

use crate::hop::{HopBackend, HopClaims};
use crate::ids::RequestId;
use crate::mcp_call::{Action, CallId, McpCall, ToolName};
use crate::principal::Principal;
use crate::scope::Scope;

/// The table that stands in when `gateway.yaml` has none: the tools for the first backend, each
/// with the FHIR types that it reads. An empty scope means that every principal may.
const BUILTIN: &[(&str, &str)] = &[
    ("count_patient_observations", "user/Observation.rs"),
    ("count_study_observations", "user/Group.rs user/Observation.rs user/Patient.rs"),
    ("get_omh_schema", ""),
    ("get_patient_date_range", "user/Observation.rs"),
    ("get_patient_demographics", "user/Patient.rs"),
    ("get_patient_observations", "user/Observation.rs"),
    ("get_server_capabilities", ""),
    ("get_study_count", "user/Group.rs"),
    ("get_study_metadata", "user/Group.rs"),
    ("list_studies", "user/Group.rs"),
    ("list_study_patients", "user/Group.rs user/Patient.rs"),
    ("search_patients", "user/Patient.rs"),
    ("summarize_patient_observations", "user/Observation.rs"),
];

/// Which scope each tool needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    tools: BTreeMap<ToolName, Scope>,
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
}

impl Policy {
    /// A policy of these rows.
    pub fn new(rows: impl IntoIterator<Item = (ToolName, Scope)>) -> Self {
        Self { tools: rows.into_iter().collect() }
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
        let tools =
            matches!(call.action(), Action::ListTools).then(|| self.open_to(principal.scope()));
        Ok(Permit { call, principal, tools })
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
mod tests {
    use super::*;
    use crate::principal::tests::principal;

    fn call(tool: &str) -> McpCall {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#
        );
        McpCall::parse(body.as_bytes()).unwrap()
    }

    fn method(name: &str) -> McpCall {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{name}"}}"#);
        McpCall::parse(body.as_bytes()).unwrap()
    }

    fn denial(call: McpCall, scope: &str) -> Denial {
        Policy::builtin().decide(call, principal(scope)).unwrap_err().0
    }

    #[test]
    fn the_built_in_table_parses_whole() {
        assert_eq!(Policy::builtin().rows().count(), BUILTIN.len());
    }

    #[test]
    fn a_principal_without_the_scope_is_told_all_that_the_tool_needs() {
        let required = "user/Group.rs user/Patient.rs".parse().unwrap();
        assert_eq!(
            denial(call("list_study_patients"), "user/Group.rs"),
            Denial::InsufficientScope { required }
        );
    }

    #[test]
    fn a_tool_that_the_table_does_not_name_is_denied_even_to_the_broadest_grant() {
        assert_eq!(denial(call("drop_everything"), "user/*.cruds"), Denial::UnlistedTool);
    }

    #[test]
    fn an_unknown_method_is_open_to_nobody() {
        assert_eq!(denial(method("logging/setLevel"), "user/*.cruds"), Denial::UnknownMethod);
    }

    #[test]
    fn every_open_method_is_open_to_a_principal_without_scope() {
        for open in crate::mcp_call::OpenMethod::ALL {
            let permitted = Policy::builtin().decide(method(open.as_str()), principal(""));
            assert!(permitted.is_ok(), "{}", open.as_str());
        }
    }

    #[test]
    fn a_list_of_tools_names_what_the_caller_may_call_and_nothing_else() {
        let permit = Policy::builtin().decide(method("tools/list"), principal("user/Group.rs"));
        assert_eq!(
            permit.unwrap().tools.unwrap(),
            [
                "get_omh_schema",
                "get_server_capabilities",
                "get_study_count",
                "get_study_metadata",
                "list_studies"
            ]
        );
    }

    #[test]
    fn more_scope_never_turns_a_yes_into_a_no() {
        let grants =
            ["", "user/Group.rs", "user/Group.rs user/Patient.rs", "user/*.rs", "user/*.cruds"];
        for (tool, _) in BUILTIN {
            let answers =
                grants.map(|grant| Policy::builtin().decide(call(tool), principal(grant)).is_ok());
            assert!(answers.is_sorted(), "{tool}: {answers:?}");
        }
    }
}
