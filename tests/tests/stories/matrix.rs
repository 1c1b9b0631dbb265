//! The policy as a table: every tool against every kind of grant. `make matrix` accepts a change.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;
use testbed::TestBed;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

use crate::tools::NOT_SERVED;

const GRANTS: [&str; 6] = [
    "user/*.rs",
    "user/Observation.rs",
    "user/Patient.rs",
    "user/Group.rs",
    "user/Group.rs user/Patient.rs",
    "user/Patient.s",
];

#[tokio::test]
async fn the_policy_matrix_is_the_one_that_was_read_and_accepted() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let mut tools: Vec<&str> = fhir_mcp_core::tools::catalogue().iter().map(|t| t.name).collect();
    tools.sort_unstable();
    let mut lines = vec![format!("{:32} {}", "", GRANTS.join(" | "))];
    let mut rows: Vec<String> = tools.iter().map(|tool| format!("{tool:32}")).collect();
    for grant in GRANTS {
        let held = login.log_in_for("manager_mary", grant).await?;
        let listed = mcp.tools(&held.access).await?;
        for (tool, row) in tools.iter().zip(&mut rows) {
            // Empty arguments: what is permitted gets as far as core, which may then refuse them.
            let answer = mcp.call(&held.access, tool, json!({})).await?;
            let permitted = answer.status == 200;
            assert!(permitted || answer.status == 403, "{tool}: {}", answer.status);
            let is_served = !NOT_SERVED.contains(tool);
            let is_listed = listed.iter().any(|l| l["name"] == *tool);
            assert_eq!(permitted && is_served, is_listed, "{tool} is listed");
            let word = if permitted { "yes" } else { "-" };
            write!(row, " {word:^width$}  ", width = grant.len())?;
        }
    }
    lines.extend(rows.into_iter().map(|row| row.trim_end().to_owned()));
    insta::assert_snapshot!("policy_matrix", lines.join("\n"));
    Ok(())
}
