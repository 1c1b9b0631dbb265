//! The guide to the tools, written out of the catalogue, so that it says what the program does.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::tools::envelope::Envelope;
use crate::tools::{self, Entry, Object, schema};

/// The guide, as Markdown.
pub static TEXT: LazyLock<String> = LazyLock::new(written);

const HEAD: &str = "# Guide to the tools\n\nA tool that is not in your list is not offered by this backend, \
    or not permitted to you. Ids are text and come from other answers. The whole schemas of a tool are at \
    `guide://tools/{tool}`.\n\n## What every answer may say about itself\n\nOnly `status` is always there. \
    A list that is empty is left out.\n\n";

/// The whole schemas of one tool, as JSON.
pub fn schemas(tool: &str) -> Option<String> {
    let entry = tools::find(tool)?;
    let whole = json!({
        "name": entry.name,
        "title": entry.title,
        "description": entry.description,
        "inputSchema": entry.input_schema,
        "outputSchema": entry.output_schema,
    });
    serde_json::to_string_pretty(&whole).ok()
}

fn written() -> String {
    let envelope = schema::of_output::<Envelope>();
    let shared = members(&envelope);
    let mut guide = HEAD.to_owned();
    for (name, member) in &shared {
        line(&mut guide, name, member, "");
    }
    for entry in tools::catalogue() {
        section(&mut guide, entry, &shared);
    }
    guide
}

fn section(guide: &mut String, entry: &Entry, shared: &[(&String, &Value)]) {
    let Entry { name, title, description, .. } = entry;
    // Writing to a text does not fail.
    let _written = write!(guide, "\n## {title}: `{name}`\n\n{description}\n\n");
    let parameters = members(&entry.input_schema);
    let required = entry.input_schema.get("required").and_then(Value::as_array);
    let is_needed = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    if parameters.is_empty() {
        guide.push_str("Takes nothing.\n");
    }
    for (name, member) in parameters {
        line(guide, name, member, if is_needed(name) { ", needed" } else { "" });
    }
    guide.push_str("\nAnswers:\n\n");
    let answer = members(&entry.output_schema);
    let is_shared = |name: &String| shared.iter().any(|(known, _)| *known == name);
    for (name, member) in answer.into_iter().filter(|(name, _)| !is_shared(name)) {
        line(guide, name, member, "");
        for (inner, member) in rows(member) {
            line(guide, &format!("{name}[].{inner}"), member, "");
        }
    }
}

/// The members of the rows of a list, of whichever kind these are.
fn rows(member: &Value) -> Vec<(&String, &Value)> {
    let items = &member["items"];
    let choices = items["anyOf"].as_array().into_iter().flatten();
    let kinds = std::iter::once(items).chain(choices);
    let mut rows: Vec<(&String, &Value)> =
        kinds.filter_map(Value::as_object).flat_map(members).collect();
    rows.sort_by_key(|(name, _)| *name);
    rows.dedup_by_key(|(name, _)| *name);
    rows
}

fn members(schema: &Object) -> Vec<(&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten().collect()
}

fn line(guide: &mut String, name: &str, member: &Value, more: &str) {
    let words = member["description"].as_str().unwrap_or_default();
    let kind = kind(member);
    let choice = words_of(member);
    let usual =
        member.get("default").map_or_else(String::new, |usual| format!(", usually {usual}"));
    let _written = writeln!(guide, "- `{name}` ({kind}{more}{usual}): {words}{choice}");
}

/// A member's type in one word.
fn kind(member: &Value) -> &str {
    let choices = member["anyOf"].as_array().into_iter().flatten();
    let kinds = std::iter::once(member).chain(choices).filter_map(|one| one["type"].as_str());
    kinds.into_iter().find(|kind| *kind != "null").unwrap_or("any")
}

/// The words that a member may have, of those of a list too.
fn words_of(member: &Value) -> String {
    let lists = [member.pointer("/enum"), member.pointer("/items/enum")];
    let words = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    if words.is_empty() { String::new() } else { format!(" One of: {}.", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_tells_of_every_tool_every_parameter_and_every_member_of_an_answer() {
        let guide = &*TEXT;
        for entry in tools::catalogue() {
            let heading = format!("## {}: `{}`", entry.title, entry.name);
            let section = guide.split_once(&heading).unwrap().1;
            let section = section.split("\n## ").next().unwrap();
            assert!(section.contains(entry.description), "{}", entry.name);
            for (name, _) in members(&entry.input_schema) {
                assert!(section.contains(&format!("- `{name}` (")), "{}.{name}", entry.name);
            }
            for (name, _) in members(&entry.output_schema) {
                assert!(guide.contains(&format!("- `{name}` (")), "{}.{name}", entry.name);
            }
        }
    }

    #[test]
    fn every_member_of_the_envelope_is_explained_once() {
        let guide = &*TEXT;
        for name in ["status", "left_out", "ignored_parameters", "untrusted_text", "sources"] {
            let entries = guide.matches(&format!("\n- `{name}` (")).count();
            assert_eq!(entries, 1, "{name}");
        }
        assert!(!guide.contains("): \n"), "a member without words");
    }

    #[test]
    fn rows_of_several_kinds_are_told_together() {
        let guide = &*TEXT;
        assert!(guide.contains("- `observations[].measures` (array)"), "{guide}");
        assert!(guide.contains("- `observations[].omh_body` ("), "{guide}");
    }
}
