//! F06, F07, F14: a killed program leaves a trail that holds, and no core file.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use futures::future::join_all;
use serde_json::{Value, json};
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
            let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
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

/// Lifts the limit on core files of a process from outside, as root may.
fn lift(pid: u32) -> Result<bool> {
    let pid = pid.to_string();
    let lifted = Command::new("prlimit").args(["--core=unlimited", "--pid", &pid]).output()?;
    Ok(lifted.status.success())
}

/// Besides having no core files, a program is not dumpable (`prctl(2)`): what is in its `/proc` is
/// root's. To root everything is; then the kernel leaves no core file though the limit is lifted, as
/// it does of a program that is dumpable.
fn cannot_be_looked_into(programs: &Programs) -> Result<()> {
    let own = fs::metadata("/proc/self")?.uid();
    for pid in programs.pids() {
        assert_eq!(fs::metadata(format!("/proc/{pid}"))?.uid(), 0, "{pid}");
    }
    let [gateway, _] = programs.pids();
    let mut other = Command::new("sleep").arg("600").current_dir(&programs.folder).spawn()?;
    // In a container even root may not, and then no core file was ever possible.
    if own == 0 && lift(other.id())? && lift(gateway)? {
        Command::new("kill").args(["-s", "ABRT", &other.id().to_string()]).status()?;
        assert!(other.wait()?.core_dumped(), "where no core is written this proves nothing");
        for core in fs::read_dir(&programs.folder)? {
            let path = core?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")) {
                fs::remove_file(path)?;
            }
        }
    } else {
        other.kill()?;
        other.wait()?;
    }
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
    cannot_be_looked_into(&programs)?;
    let ended = programs.signal("ABRT")?;
    assert!(ended.signal().is_some() && !ended.core_dumped(), "{ended}");
    for file in fs::read_dir(&programs.folder)? {
        let name = file?.file_name();
        assert!(!name.to_string_lossy().starts_with("core"), "{}", name.display());
    }
    Ok(())
}

#[tokio::test]
#[ignore = "real programs: make test-records"]
async fn told_by_sighup_the_gateway_reads_its_files_and_goes_on_in_new_trails() -> Result<()> {
    let mut programs = programs("hung-up").await?;
    let token = Login::register_at(&programs.origin()).await?.log_in("manager_mary").await?.access;
    let mcp = Mcp::at(format!("{}/mcp", programs.origin()), reqwest::Client::new(), Era::Modern);
    assert_eq!(mcp.call(&token, "list_studies", json!({})).await?.status, 200);
    let of = |generation: u64| move |status: &Value| status["config"]["generation"] == generation;
    programs.status(of(1)).await?;
    for trail in ["audit.jsonl", "audit.ndjson"] {
        fs::rename(programs.folder.join(trail), programs.folder.join(format!("{trail}.1")))?;
    }
    let edited = format!("{}deny: {{subjects: [\"10002\"]}}\n", programs.text("gateway.yaml")?);
    fs::write(programs.folder.join("gateway.yaml"), edited)?;
    programs.tell("HUP")?;
    programs.status(of(2)).await?;
    assert_eq!(mcp.call(&token, "list_studies", json!({})).await?.status, 401);
    assert!(programs.signal("TERM")?.success());
    assert!(programs.text("audit.ndjson")?.contains("\"outcomeDesc\":\"denied\""));
    let second = programs.text("audit.jsonl")?;
    assert!(second.lines().next().unwrap().contains("\"reopened\""), "{second}");
    let verify = |files: &[&str]| -> Result<Option<i32>> {
        let command = [&["verify-audit", "--key", "audit-key"], files].concat();
        Ok(programs.run(&command)?.status.code())
    };
    assert_eq!(verify(&["audit.jsonl.1", "audit.jsonl"])?, Some(0));
    assert_eq!(verify(&["audit.jsonl"])?, Some(4), "it begins in the middle");
    assert_eq!(verify(&["audit.jsonl", "audit.jsonl.1"])?, Some(4), "the other way round");
    Ok(())
}

#[tokio::test]
#[ignore = "real programs: make test-records"]
async fn a_flood_of_strangers_leaves_a_trail_that_holds_and_says_how_many_there_were() -> Result<()>
{
    let mut programs = programs("flooded").await?;
    let http = reqwest::Client::new();
    for _ in 0..300 {
        let url = format!("{}/no-such-page", programs.origin());
        assert_eq!(http.get(url).send().await?.status(), 404);
    }
    let token = Login::register_at(&programs.origin()).await?.log_in("manager_mary").await?.access;
    let mcp = Mcp::at(format!("{}/mcp", programs.origin()), http, Era::Modern);
    assert_eq!(mcp.call(&token, "list_studies", json!({})).await?.status, 200);
    assert!(programs.signal("TERM")?.success());
    let (code, said) = verified(&programs, "audit.jsonl")?;
    assert_eq!(code, Some(0), "{said}");
    let counted = said
        .lines()
        .find_map(|line| line.strip_suffix(" events of strangers were counted and not written"));
    let counted: usize = counted.unwrap().parse()?;
    let trail = programs.text("audit.jsonl")?;
    let written = trail.matches("\"route\":\"none\"").count();
    // The steps of the login before its end are a stranger's too.
    assert!((300..310).contains(&(counted + written)), "{counted} and {written}");
    assert!(written <= 150 && trail.contains("\"mcp.tool\":\"list_studies\""), "{written}");
    Ok(())
}
