//! F06, F07, F14: a killed program leaves a trail that holds, and no core file.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use futures::future::join_all;
use serde_json::json;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::programs::Programs;

use super::programs;

/// What `verify-audit` says about the trail, and its exit code.
fn verified(programs: &Programs, file: &str) -> Result<(Option<i32>, String)> {
    let output = programs.run(&["verify-audit", "--key", "audit-key", file])?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Calls from several clients at once until nobody answers any more; how many were answered.
async fn load(programs: &Programs, token: &str, ended: &AtomicBool) -> usize {
    let origin = programs.origin();
    let one = async || {
        let mcp = Mcp::at(format!("{origin}/mcp"), reqwest::Client::new(), Era::Modern);
        let mut answered = 0;
        while !ended.load(Ordering::SeqCst)
            && mcp.call(token, "get_omh_schema", json!({})).await.is_ok()
        {
            answered += 1;
        }
        answered
    };
    join_all((0..8).map(|_| one())).await.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs: make test-records"]
async fn the_trail_of_a_killed_gateway_holds_and_shows_that_it_was_killed() -> Result<()> {
    let mut programs = programs("killed").await?;
    let token = Login::register_at(&programs.origin()).await?.log_in("manager_mary").await?.access;
    let mut answered = 0;
    for _ in 0..3 {
        let ended = AtomicBool::new(false);
        let [pid, _] = programs.pids();
        let kill = async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
            ended.store(true, Ordering::SeqCst);
            killed
        };
        let (count, killed) = tokio::join!(load(&programs, &token, &ended), kill);
        assert!(killed?.success());
        answered += count;
        programs.signal("0")?;
        programs.restart().await?;
    }
    assert!(answered > 100, "{answered}");
    assert!(programs.signal("TERM")?.success());
    let (code, said) = verified(&programs, "audit.jsonl")?;
    assert_eq!(code, Some(4), "{said}");
    assert_eq!(said.matches("did not end properly").count(), 3, "{said}");
    let text = programs.text("audit.jsonl")?;
    assert!(text.lines().count() > 100 && text.lines().last().unwrap().contains("\"closed\""));
    let altered = text.replacen("\"10002\"", "\"10003\"", 1);
    fs::write(programs.folder.join("altered.jsonl"), altered)?;
    assert_eq!(verified(&programs, "altered.jsonl")?.0, Some(3));
    let without_the_key = programs.run(&["verify-audit", "audit.jsonl"])?;
    assert_eq!(without_the_key.status.code(), Some(3));
    assert_eq!(verified(&programs, "no-such-file")?.0, Some(1));
    Ok(())
}

#[tokio::test]
#[ignore = "real programs: make test-records"]
async fn no_secret_stands_where_another_program_may_look_and_no_core_file_is_left() -> Result<()> {
    let mut programs = programs("secluded").await?;
    let secrets = ["ring", "hop", "audit-key", "client-secret"].map(|file| programs.text(file));
    let secrets: Vec<String> = secrets.into_iter().collect::<Result<_>>()?;
    for pid in programs.pids() {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits"))?;
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
        for place in ["cmdline", "environ"] {
            // Whoever is not root cannot even read the environment.
            let bytes = fs::read(format!("/proc/{pid}/{place}")).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(secrets.iter().all(|secret| !text.contains(secret)), "{place}");
        }
    }
    let shown = programs.run(&["check", "gateway.yaml"])?;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("audit-key"), "{shown}");
    assert!(secrets.iter().all(|secret| !shown.contains(secret)));
    let ended = programs.signal("ABRT")?;
    assert!(ended.signal().is_some() && !ended.core_dumped(), "{ended}");
    for file in fs::read_dir(&programs.folder)? {
        let name = file?.file_name();
        assert!(!name.to_string_lossy().starts_with("core"), "{}", name.display());
    }
    Ok(())
}
