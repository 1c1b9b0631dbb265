use super::*;
use crate::principal::tests::principal;

pub(super) fn call(tool: &str) -> McpCall {
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#);
    McpCall::parse(body.as_bytes()).unwrap()
}

pub(super) fn method(name: &str) -> McpCall {
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
fn a_dear_tool_weighs_more_and_the_operator_may_say_otherwise() {
    let weight = |policy: &Policy, call| {
        policy.decide(call, principal("user/*.rs")).map(|permit| permit.weight()).unwrap()
    };
    let builtin = Policy::builtin();
    assert_eq!(builtin.weights().count(), BUILTIN_WEIGHTS.len(), "each names a tool");
    assert_eq!(weight(&builtin, call("summarize_patient_observations")), 5);
    assert_eq!(weight(&builtin, call("list_studies")), 1);
    assert_eq!(weight(&builtin, method("tools/list")), 1);
    let said = ToolName::parse("list_studies").map(|tool| (tool, 9));
    let policy = builtin.weighing(said);
    assert_eq!(weight(&policy, call("list_studies")), 9);
    assert_eq!(weight(&policy, call("summarize_patient_observations")), 5);
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
fn a_permit_names_the_call_and_the_person_that_it_was_given_for() {
    let permit = Policy::builtin().decide(call("list_studies"), principal("user/*.rs")).unwrap();
    assert_eq!(permit.call(), &call("list_studies"));
    assert_eq!(permit.id(), Some(&CallId::Number(1)));
    assert_eq!(permit.principal().subject(), principal("user/*.rs").subject());
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
            "fhir_capabilities",
            "fhir_schema",
            "get_omh_schema",
            "get_server_capabilities",
            "get_study_count",
            "get_study_metadata",
            "list_data_types",
            "list_studies",
            "terminology_expand",
            "terminology_lookup",
            "terminology_translate",
            "terminology_validate_code",
            "who_am_i"
        ]
    );
}

#[test]
fn core_learns_the_open_tools_for_a_list_and_for_who_am_i_and_for_nothing_else() {
    let told = |call| Policy::builtin().decide(call, principal("user/Group.rs")).unwrap().tools;
    assert_eq!(told(call("who_am_i")), told(method("tools/list")));
    assert_eq!(told(call("list_studies")), None);
    assert_eq!(told(method("ping")), None);
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
