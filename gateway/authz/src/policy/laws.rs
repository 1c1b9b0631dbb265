//! What holds of the policy whatever its table, the grant and the call are.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::tests::{call, method};
use super::*;
use crate::hop::HopBackend;
use crate::ids::{BackendName, RequestId};
use crate::principal::tests::{grant, principal};
use crate::token::{Admission, NotAdmitted};

const TOOLS: [&str; 6] = ["a", "a.b", "b", "list_studies", "who_am_i", "write_x"];

/// Scopes over a few types, so that two of them often overlap.
fn scopes(letters: &'static str) -> impl Strategy<Value = Scope> {
    let kinds = select(vec!["*", "Patient", "Observation", "Group"]);
    let letters: Vec<char> = letters.chars().collect();
    let most = letters.len();
    let interactions = subsequence(letters, 1..=most).prop_map(String::from_iter);
    let token = (kinds, interactions).prop_map(|(kind, letters)| format!("user/{kind}.{letters}"));
    prop::collection::vec(token, 0..4).prop_map(|tokens| tokens.join(" ").parse().unwrap())
}

/// Tables of some of the tools.
fn tables() -> impl Strategy<Value = Vec<(&'static str, Scope)>> {
    let tools = subsequence(TOOLS.to_vec(), 0..=TOOLS.len());
    let needs = prop::collection::vec(scopes("cruds"), TOOLS.len());
    (tools, needs).prop_map(|(tools, needs)| tools.into_iter().zip(needs).collect())
}

fn policy(rows: &[(&str, Scope)]) -> Policy {
    Policy::new(rows.iter().map(|(tool, scope)| (ToolName::parse(tool).unwrap(), scope.clone())))
}

fn decide(policy: &Policy, tool: &str, scope: &Scope) -> Result<Permit, Denial> {
    let decided = policy.decide(call(tool), principal(&scope.to_string()));
    decided.map_err(|(denial, refused)| {
        assert_eq!(refused, call(tool), "a denied call comes back");
        denial
    })
}

/// What core is told after `call`.
fn told(policy: &Policy, call: McpCall, scope: &Scope) -> Option<Vec<String>> {
    let backend = HopBackend {
        name: BackendName::parse("jhe").unwrap(),
        profile: "jhe".to_owned(),
        base_url: "https://exchange.example".parse().unwrap(),
    };
    let permit = policy.decide(call, principal(&scope.to_string())).ok()?;
    permit.into_hop(backend, RequestId::from_random([7; 16])).tools
}

proptest! {
    #[test]
    fn a_tool_is_permitted_exactly_if_the_table_names_it_and_the_grant_covers_it(
        rows in tables(),
        scope in scopes("cruds"),
        tool in select(TOOLS.to_vec()),
    ) {
        let decided = decide(&policy(&rows), tool, &scope);
        let expected = match rows.iter().find(|(name, _)| *name == tool) {
            None => Err(Denial::UnlistedTool),
            Some((_, required)) if scope.covers(required) => Ok(()),
            Some((_, required)) => Err(Denial::InsufficientScope { required: required.clone() }),
        };
        prop_assert_eq!(decided.map(|_| ()), expected);
    }

    #[test]
    fn more_scope_never_permits_less(
        rows in tables(),
        scope in scopes("cruds"),
        more in scopes("cruds"),
    ) {
        let (policy, wider) = (policy(&rows), scope.union(&more));
        for tool in TOOLS {
            let (before, after) = (decide(&policy, tool, &scope), decide(&policy, tool, &wider));
            prop_assert!(before.is_err() || after.is_ok(), "{tool}");
        }
        let listed = |scope| told(&policy, method("tools/list"), scope).unwrap();
        let after = listed(&wider);
        prop_assert!(listed(&scope).iter().all(|tool| after.contains(tool)));
    }

    #[test]
    fn what_is_listed_may_be_called_and_what_may_be_called_is_listed(
        rows in tables(),
        scope in scopes("cruds"),
    ) {
        let policy = policy(&rows);
        let listed = told(&policy, method("tools/list"), &scope).unwrap();
        for tool in TOOLS {
            let is_listed = listed.iter().any(|known| known == tool);
            prop_assert_eq!(is_listed, decide(&policy, tool, &scope).is_ok(), "{}", tool);
        }
        for name in ["prompts/list", "prompts/get", "completion/complete"] {
            let told = told(&policy, method(name), &scope);
            prop_assert_eq!(told.as_ref(), Some(&listed), "{}", name);
        }
    }

    #[test]
    fn one_step_up_by_what_a_denial_names_is_enough(
        rows in tables(),
        scope in scopes("cruds"),
        tool in select(TOOLS.to_vec()),
    ) {
        let policy = policy(&rows);
        if let Err(Denial::InsufficientScope { required }) = decide(&policy, tool, &scope) {
            prop_assert!(decide(&policy, tool, &scope.union(&required)).is_ok());
        }
    }

    #[test]
    fn a_grant_to_read_never_permits_a_tool_that_writes(
        rows in tables(),
        reads in scopes("rs"),
        writes in scopes("cud"),
    ) {
        prop_assume!(!writes.is_empty());
        let with_a_write = |(tool, scope): &(&'static str, Scope)| (*tool, scope.union(&writes));
        let rows: Vec<_> = rows.iter().map(with_a_write).collect();
        for (tool, _) in &rows {
            prop_assert!(decide(&policy(&rows), tool, &reads).is_err(), "{tool}");
        }
    }

    #[test]
    fn a_tool_that_no_row_names_is_denied_to_every_grant(
        rows in tables(),
        scope in scopes("cruds"),
        tool in "[A-Za-z0-9_.-]{1,128}",
    ) {
        prop_assume!(!rows.iter().any(|(known, _)| *known == tool));
        let everything = scope.union(&"user/*.cruds".parse().unwrap());
        let denial = decide(&policy(&rows), &tool, &everything).err();
        prop_assert_eq!(denial, Some(Denial::UnlistedTool));
    }

    #[test]
    fn a_permitted_call_weighs_something_whatever_the_operator_wrote(
        rows in tables(),
        weights in prop::collection::vec(0_u32..9, TOOLS.len()),
    ) {
        let written = TOOLS.iter().zip(&weights);
        let written = written.map(|(tool, weight)| (ToolName::parse(tool).unwrap(), *weight));
        let policy = policy(&rows).weighing(written);
        let everything = "user/*.cruds".parse().unwrap();
        for (tool, weight) in TOOLS.iter().zip(&weights) {
            if let Ok(permit) = decide(&policy, tool, &everything) {
                prop_assert_eq!(permit.weight(), (*weight).max(1));
            }
        }
    }

    #[test]
    fn a_denial_wins_over_every_grant(
        scope in scopes("cruds"),
        is_subject: bool,
        is_client: bool,
        is_elsewhere: bool,
    ) {
        let granted = grant(&scope.to_string());
        let resource = if is_elsewhere { "https://b.example/mcp" } else { &granted.resource };
        let admission = Admission {
            resource: resource.to_owned(),
            backend: granted.backend.clone(),
            denied_subjects: BTreeSet::from_iter(is_subject.then(|| granted.subject.clone())),
            denied_clients: BTreeSet::from_iter(is_client.then(|| granted.client.clone())),
        };
        let expected = match (is_elsewhere, is_subject || is_client) {
            (true, _) => Err(NotAdmitted::BoundElsewhere),
            (false, true) => Err(NotAdmitted::Denied),
            (false, false) => Ok(()),
        };
        prop_assert_eq!(admission.admits(&granted), expected);
    }
}
