//! The section `policy`: which scope each tool needs, and what it weighs in the limits.

use std::collections::BTreeMap;

use authz::mcp_call::ToolName;
use authz::policy::Policy;
use authz::scope::Scope;
use serde::{Serialize, Serializer};
use yaml_serde::Value;

use super::section::Section;
use super::values;

/// Open to every principal, whatever the grant.
const ANY: &str = "any";

/// The policy that is in force: the file's table, or the built-in one.
#[derive(Clone, Debug)]
pub struct PolicyTable(pub(super) Policy);

impl PolicyTable {
    /// The policy itself.
    pub const fn policy(&self) -> &Policy {
        &self.0
    }
}

impl Serialize for PolicyTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = |scope: &Scope| {
            if scope.is_empty() { ANY.to_owned() } else { scope.to_string() }
        };
        let tools = self.0.rows().map(|(tool, scope)| (tool, shown(scope))).collect();
        Shown { tools, weights: self.0.weights().collect() }.serialize(serializer)
    }
}

/// The policy as it stands in the file.
#[derive(Serialize)]
struct Shown<'p> {
    tools: BTreeMap<&'p str, String>,
    weights: BTreeMap<&'p str, u32>,
}

/// The heaviest tool.
const HEAVIEST: u32 = 1000;

pub(super) fn read(mut section: Section<'_>) -> Option<PolicyTable> {
    let policy = tools(&mut section);
    let weights = section.take("weights");
    let policy = policy?;
    let Some(weights) = weights else { return Some(PolicyTable(policy)) };
    let mut weights = Section::new(section.name("weights"), weights, section.mistakes());
    let rows = weights.take_all();
    let weigh = |(tool, value): (String, Value)| {
        weight(&policy, &tool, &value).map_err(|text| weights.wrong(&tool, text)).ok()
    };
    let read: Vec<Option<_>> = rows.into_iter().map(weigh).collect();
    let read = read.into_iter().collect::<Option<Vec<_>>>()?;
    Some(PolicyTable(policy.weighing(read)))
}

fn weight(policy: &Policy, tool: &str, value: &Value) -> Result<(ToolName, u32), String> {
    if !policy.rows().any(|(known, _)| known == tool) {
        return Err("is no tool of the policy".to_owned());
    }
    let name = ToolName::parse(tool).ok_or("is not a tool name")?;
    Ok((name, values::count_within(1, HEAVIEST)(value)?))
}

fn tools(section: &mut Section<'_>) -> Option<Policy> {
    let Some(table) = section.take("tools") else {
        return Some(Policy::builtin());
    };
    let mut table = Section::new(section.name("tools"), table, section.mistakes());
    let rows: Vec<_> = table.take_all();
    if rows.is_empty() {
        section.wrong("tools", "is empty; leave it out for the built-in table");
        return None;
    }
    let read: Vec<Option<_>> = rows
        .into_iter()
        .map(|(tool, scope)| row(&tool, &scope).map_err(|text| table.wrong(&tool, text)).ok())
        .collect();
    read.into_iter().collect::<Option<Vec<_>>>().map(Policy::new)
}

fn row(tool: &str, scope: &Value) -> Result<(ToolName, Scope), String> {
    let tool = ToolName::parse(tool).ok_or("is not a tool name")?;
    let text = scope.as_str().ok_or("must be a scope such as user/Group.rs, or any")?;
    let scope = if text == ANY {
        Scope::default()
    } else {
        let scope: Scope =
            text.parse().map_err(|why: authz::scope::InvalidScope| why.to_string())?;
        if scope.is_empty() {
            return Err("is empty; write any for a tool that is open to every principal".to_owned());
        }
        scope
    };
    Ok((tool, scope))
}
