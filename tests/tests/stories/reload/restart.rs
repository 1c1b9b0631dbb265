//! What a running gateway cannot take over is refused by name, and nothing of the edit is applied.

use anyhow::Result;
use fhir_mcp_gateway::{ReloadError, Reloaded};
use testbed::TestBed;
use testbed::bed::random_key;
use testbed::reload::Mount;

#[tokio::test]
async fn what_needs_a_restart_is_refused_by_name_and_never_ignored() -> Result<()> {
    let bed = TestBed::start().await?;
    let mount = Mount::new("restart")?;
    mount.swap(&[("hop".to_owned(), random_key())])?;
    let (hop, trail) = (mount.file("hop"), mount.file("trail"));
    let address = format!("\"{}\"", bed.gateway()?.public[0]);
    let hop = format!("hop: {{file: {}}}", hop.display());
    let trail = format!("audit: {{file: {}}}\nlimits:", trail.display());
    let edits: [(&str, &str, &str); 7] = [
        ("server.admin", "admin: \"127.0.0.1:1\"", "admin: \"127.0.0.1:2\""),
        ("server.listeners[0].address", &address, "\"127.0.0.1:3\""),
        ("server.listeners", "listeners: [", "listeners: [{address: \"127.0.0.1:4\"}, "),
        ("server.caps.header_bytes", "caps: {", "caps: {header_bytes: 8192, "),
        ("server.deadlines.idle", "deadlines: {}", "deadlines: {idle: 7s}"),
        ("keys.hop", "hop: {env: HOP_KEY}", &hop),
        ("audit", "limits:", &trail),
    ];
    for (field, from, to) in edits {
        let edit = |yaml: String| yaml.replacen(from, to, 1);
        let with_denial = |yaml| format!("{}deny: {{subjects: [\"10002\"]}}\n", edit(yaml));
        match bed.reload_edited(with_denial).await? {
            Err(ReloadError::NeedsRestart(mistakes)) => {
                let named = mistakes.iter().find(|mistake| mistake.field == field);
                let named = named.unwrap_or_else(|| panic!("{field}: {mistakes:?}"));
                assert!(named.text.starts_with("needs a restart"), "{named}");
            }
            other => panic!("{field}: {other:?}"),
        }
    }
    let metrics = bed.metrics().await?;
    assert!(metrics.contains("gateway_config_reloads_total{outcome=\"needs_restart\"} 7"));
    assert!(metrics.contains("gateway_config_generation 1"), "nothing of it was applied");
    Ok(())
}

#[tokio::test]
async fn a_core_that_cannot_be_found_is_not_taken_over() -> Result<()> {
    let bed = TestBed::start().await?;
    let core = bed.core_address().to_string();
    let lost = |yaml: String| yaml.replace(&core, "no-such-core.invalid:1");
    assert!(matches!(bed.reload_edited(lost).await?, Err(ReloadError::CoreUnresolved)));
    let by_name = core.replace("127.0.0.1", "localhost");
    let found = |yaml: String| yaml.replace(&core, &by_name);
    assert_eq!(bed.reload_edited(found).await??, Reloaded::Applied(2));
    Ok(())
}
