//! What the list of tools costs: every conversation carries the whole of it.

use fhir_mcp_core::tools;
use serde_json::Value;

/// What a model may be asked to read before the first question.
const MOST_TOKENS: usize = 12_000;
/// How many tenths of a byte a token has, at least. Public tokenizers were run over this list: it has 4.15
/// bytes a token by `@anthropic-ai/tokenizer` 0.0.4, 4.25 by `o200k_base` and 4.35 by `cl100k_base`. A
/// twelfth is taken off for tokenizers that are not public.
const TENTHS_OF_A_BYTE: usize = 38;

fn tokens(bytes: usize) -> usize {
    (bytes * 10).div_ceil(TENTHS_OF_A_BYTE)
}

fn bytes(value: &impl serde::Serialize) -> usize {
    serde_json::to_string(value).unwrap().len()
}

#[test]
fn the_list_of_all_tools_stays_under_twelve_thousand_tokens() {
    let mut tools: Vec<(usize, &str)> =
        tools::catalogue().iter().map(|tool| (bytes(&tool.listed()), tool.name)).collect();
    let total = tokens(tools.iter().map(|(bytes, _)| bytes + 1).sum());
    tools.sort_unstable_by(|one, other| other.cmp(one));
    assert!(total <= MOST_TOKENS, "{total} tokens; the dearest tools, in bytes: {tools:?}");
}

#[test]
fn what_every_answer_may_have_is_described_once_and_not_in_the_list() {
    for tool in tools::catalogue() {
        let listed = serde_json::to_value(tool.listed()).unwrap();
        let answer = &listed["outputSchema"];
        assert_eq!(answer["properties"]["status"]["enum"][1], "partial", "{}", tool.name);
        assert_eq!(answer["properties"].get("left_out"), None, "{}", tool.name);
        assert!(!has_words(answer), "{}: {answer}", tool.name);
        assert_eq!(tool.output_schema["properties"]["left_out"]["type"], "array", "{}", tool.name);
    }
}

/// Whether anything is described in a schema; a member may be called so.
fn has_words(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(name, member)| {
            (name == "description" && member.is_string()) || has_words(member)
        }),
        Value::Array(items) => items.iter().any(has_words),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
