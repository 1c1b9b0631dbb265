//! Thirty broken configurations: each mistake is named, and the one before serves on.

use anyhow::Result;
use fhir_mcp_gateway::ReloadError;
use serde_json::json;
use testbed::certificates::Authority;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::reload::Mount;
use testbed::{Setup, TestBed};

/// A text of the generated `gateway.yaml`, what an operator makes of it, and the place that is named.
const EDITS: [(&str, &str, &str); 30] = [
    // No YAML, or no configuration.
    ("server:", "server: [", "the file is not YAML"),
    ("server:", "\tserver:", "the file is not YAML"),
    ("limits:", "core: {address: \"127.0.0.1:1\"}\nlimits:", "the file is not YAML"),
    ("server:", "- server:", "the file is not YAML"),
    ("backend:", "back_end:", "back_end: is not a key here"),
    ("  admin:", "  adnim:", "server.adnim: is not a key here"),
    // Something is missing.
    ("  public_url: http", "  # public_url: http", "server.public_url: is missing"),
    ("  hop: {env: HOP_KEY}", "", "keys.hop: is missing"),
    ("core: {address:", "core: {addres:", "core.address: is missing"),
    ("  name: jhe", "", "backend.name: is missing"),
    ("  client_id:", "  # client_id:", "backend.client_id: is missing"),
    ("listeners: [{", "listeners: []\n  unused: [{", "server.listeners: is missing or empty"),
    // Something is no value of its kind.
    ("admin: \"127.0.0.1:1\"", "admin: here", "server.admin: must be an address and a port"),
    ("connections_per_address: 10000", "connections_per_address: -1", "server.caps.connections_"),
    ("deadlines: {}", "deadlines: {call: 5}", "server.deadlines.call: must be a duration"),
    ("deadlines: {}", "deadlines: {call: 1h}", "server.deadlines.call: must lie between"),
    ("keys:", "  reload: {poll: never}\nkeys:", "server.reload.poll: must be a duration"),
    ("calls_per_minute: 60000, b", "calls_per_minute: many, b", "limits.calls_per_minute: must be"),
    ("  name: jhe", "  name: \"J H E\"", "backend.name: must be made of a-z"),
    (
        "limits:",
        "policy: {tools: {list_studies: everyone}}\nlimits:",
        "policy.tools.list_studies: ",
    ),
    ("limits:", "policy: {tools: {}}\nlimits:", "policy.tools: is empty"),
    ("limits:", "deny: {subjects: [\"a b\"]}\nlimits:", "deny.subjects[0]: must be a subject"),
    // Something is not safe.
    ("state: active", "state: verify", "keys.ring: "),
    ("hop: {env: HOP_KEY}", "hop: {env: RING_KEY_1}", "keys.hop: is a key of the ring too"),
    ("hop: {env: HOP_KEY}", "hop: \"c2VjcmV0\"", "keys.hop: must be {file: path} or {env: NAME}"),
    ("{env: CLIENT_SECRET}", "{file: /no/such/file}", "backend.client_secret: cannot read"),
    ("own_client: true", "own_client: false", "backend.audience: at least one"),
    (
        "  base_url: http://127.0.0.1",
        "  base_url: http://192.0.2.1",
        "backend.base_url: must be https",
    ),
    (
        "listeners: [{address: \"127.0.0.1",
        "listeners: [{address: \"0.0.0.0",
        "server.listeners[0].tls",
    ),
    (
        "  caps:",
        "  allowed_hosts: [\"*\"]\n  caps:",
        "server.allowed_hosts[0]: must be a host name",
    ),
];

#[tokio::test]
async fn thirty_broken_configurations_name_their_mistakes_and_the_old_one_serves_on() -> Result<()>
{
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    for (from, to, place) in EDITS {
        let edit = |yaml: String| {
            assert!(yaml.contains(from), "{from} is there to be edited in {yaml}");
            yaml.replacen(from, to, 1)
        };
        match bed.reload_edited(edit).await? {
            Err(why @ ReloadError::Invalid(_)) => {
                let mistakes = why.mistakes();
                let named = mistakes.iter().any(|mistake| mistake.starts_with(place));
                assert!(named, "{to}: {place} in {mistakes:?}");
            }
            other => panic!("{to}: {other:?}"),
        }
        let served = mcp.call(&held.access, "get_study_count", json!({})).await?;
        assert_eq!(served.content()?["count"], 3, "{to}");
    }
    let metrics = bed.metrics().await?;
    for line in [
        "gateway_config_generation 1",
        "gateway_config_last_reload_failed 1",
        "gateway_config_reloads_total{outcome=\"invalid\"} 30",
    ] {
        assert!(metrics.contains(line), "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_with_the_key_of_another_is_named_and_the_old_one_is_shown() -> Result<()> {
    let (mount, authority) = (Mount::new("pairs")?, Authority::new("pairs")?);
    let shown = authority.issue(&["localhost"])?.write(mount.folder(), "shown")?;
    let [_, foreign] = authority.issue(&["localhost"])?.write(mount.folder(), "foreign")?;
    let own = shown[1].display().to_string();
    let bed = TestBed::start_with(Setup { tls: Some(shown), ..Setup::default() }).await?;
    let mixed = |yaml: String| yaml.replace(&own, &foreign.display().to_string());
    let why = bed.reload_edited(mixed).await?.expect_err("the key belongs to another");
    assert!(matches!(why, ReloadError::Unusable(_)), "{why:?}");
    let mistakes = why.mistakes();
    let place = "server.listeners[0].tls";
    assert!(mistakes.iter().any(|mistake| mistake.contains(place)), "{mistakes:?}");
    let trusting = reqwest::Client::builder().tls_certs_only([authority.root()?]).build()?;
    assert_eq!(trusting.get(bed.at("/health")).send().await?.status(), 200);
    assert!(bed.metrics().await?.contains("gateway_config_reloads_total{outcome=\"unusable\"} 1"));
    Ok(())
}

#[tokio::test]
async fn several_mistakes_are_named_together_and_no_secret_with_them() -> Result<()> {
    let bed = TestBed::start().await?;
    let edit = |yaml: String| {
        yaml.replace("state: active", "state: canary-state")
            .replace("hop: {env: HOP_KEY}", "hop: canary-in-clear")
            .replace("admin:", "canary_key: canary-value\n  admin:")
            .replace("own_client: true", "own_client: canary-text")
    };
    let why = bed.reload_edited(edit).await?.expect_err("it is wrong in four places");
    let mistakes = why.mistakes();
    for field in ["keys.ring[0].state", "keys.hop", "server.canary_key", "backend.audience"] {
        assert!(mistakes.iter().any(|mistake| mistake.starts_with(field)), "{field}: {mistakes:?}");
    }
    let shown = mistakes.join("\n").replace("canary_key", "");
    assert!(!shown.contains("canary"), "values are never repeated: {shown}");
    Ok(())
}
