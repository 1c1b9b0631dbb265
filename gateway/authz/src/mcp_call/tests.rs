use super::*;

fn action(body: &str) -> Result<Action, MalformedCall> {
    McpCall::parse(body.as_bytes()).map(|call| call.action().clone())
}

#[test]
fn a_tool_call_names_its_tool() {
    let body = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call",
            "params":{"name":"list_studies","arguments":{"name":"other"}}}"#;
    let call = McpCall::parse(body.as_bytes()).unwrap();
    assert_eq!(call.tool().map(ToolName::as_str), Some("list_studies"));
    assert_eq!(call.id(), Some(&CallId::Text("a".to_owned())));
}

#[test]
fn escapes_in_keys_and_values_are_read_as_json_says() {
    let body = r#"{"jsonrpc":"2.0","id":1,"m\u0065thod":"tools\/call",
            "params":{"n\u0061me":"list\u005fstudies"}}"#;
    assert_eq!(action(body), Ok(Action::CallTool(ToolName("list_studies".to_owned()))));
}

#[test]
fn a_repeated_key_is_refused_and_another_case_is_another_key() {
    for bad in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
                "params":{"name":"a","arguments":{},"arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"Method":"ping"}"#,
    ] {
        assert_eq!(action(bad), Err(MalformedCall), "{bad}");
    }
    let shadow = r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/list"}"#;
    assert_eq!(action(shadow), Ok(Action::Open(OpenMethod::Ping)));
}

#[test]
fn batches_arrays_for_objects_and_responses_are_refused() {
    for bad in [
        "",
        "null",
        "[]",
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        r#"["2.0",1,"ping",{}]"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["list_studies"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a b"}}"#,
    ] {
        assert_eq!(action(bad), Err(MalformedCall), "{bad}");
    }
}

#[test]
fn an_object_that_core_would_read_as_something_else_is_refused() {
    let call = |argument: &str| {
        action(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call",
                "params":{{"name":"a","arguments":{{"patient_id":{argument}}}}}}}"#
        ))
    };
    assert!(call(r#"{"$ref":"40001"}"#).is_ok());
    for disguised in [
        r#"{"$serde_json::private::RawValue":"\"40001\""}"#,
        r#"{"$serde_json::private::Number":"40001"}"#,
        r#"[{"\u0024serde_json::private::RawValue":"40001"}]"#,
    ] {
        assert_eq!(call(disguised), Err(MalformedCall), "{disguised}");
    }
}

#[test]
fn a_bomb_of_nesting_is_refused_without_a_panic() {
    let deep = "[".repeat(100_000);
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{deep}"#);
    assert_eq!(action(&body), Err(MalformedCall));
}

#[test]
fn a_balanced_bomb_is_refused_wherever_it_stands() {
    for levels in [63, 30_000] {
        let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for body in [
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"a","arguments":{deep}}}}}"#
            ),
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{deep}}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"other":{deep}}}}}"#),
        ] {
            assert_eq!(action(&body), Err(MalformedCall), "{levels}");
        }
    }
    let deep = format!("{}{}", "[".repeat(62), "]".repeat(62));
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{deep}}}}}"#);
    assert_eq!(action(&body), Ok(Action::Open(OpenMethod::Ping)), "64 levels in all");
}

#[test]
fn a_method_nobody_knows_is_well_formed_and_unknown() {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel"}"#;
    assert_eq!(action(body), Ok(Action::Unknown));
}

#[test]
fn prompts_and_suggestions_go_as_far_as_the_tools_that_the_caller_may_call() {
    use crate::ids::{BackendName, RequestId};
    for method in ["tools/list", "prompts/list", "prompts/get", "completion/complete"] {
        assert!(Action::of(method, None).unwrap().depends_on_tools(), "{method}");
    }
    for method in ["resources/list", "resources/read", "server/discover", "ping"] {
        assert!(!Action::of(method, None).unwrap().depends_on_tools(), "{method}");
    }
    let told = |scope: &str| {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{}}"#;
        let call = McpCall::parse(body.as_bytes()).unwrap();
        let principal = crate::principal::tests::principal(scope);
        let permit = crate::policy::Policy::builtin().decide(call, principal).unwrap();
        let backend = crate::hop::HopBackend {
            name: BackendName::parse("jhe").unwrap(),
            profile: "jhe".to_owned(),
            base_url: "https://exchange.example".parse().unwrap(),
        };
        let tools = permit.into_hop(backend, RequestId::from_random([7; 16])).tools;
        tools.unwrap().contains(&"list_studies".to_owned())
    };
    assert!(told("user/Group.rs"));
    assert!(!told("user/Patient.rs"));
}
