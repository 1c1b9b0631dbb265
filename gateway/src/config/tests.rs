use super::*;

const SAMPLE: &str = include_str!("../../../config/gateway.yaml");

/// The sample with its files replaced by variables, which a test can answer.
fn sample() -> String {
    SAMPLE
        .replace("{ file: /etc/fhir-mcp-gateway/keys/ring-k1 }", "{ env: RING }")
        .replace("{ file: /etc/fhir-mcp-gateway/keys/hop }", "{ env: HOP }")
}

fn environment(name: &str) -> Option<String> {
    let text = match name {
        "RING" => "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=",
        "HOP" => "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=",
        "JHE_CLIENT_SECRET" => "canary-client-secret",
        _ => return None,
    };
    Some(text.to_owned())
}

fn mistakes(yaml: &str) -> Vec<String> {
    match Config::parse(yaml, &environment) {
        Err(ConfigError::Mistakes(mistakes)) => mistakes.iter().map(ToString::to_string).collect(),
        other => panic!("expected mistakes, got {other:?}"),
    }
}

#[test]
fn the_sample_loads_and_shows_no_secret() {
    let config = Config::parse(&sample(), &environment).unwrap();
    let shown = yaml_serde::to_string(&config).unwrap();
    for secret in ["canary", "FjSPwC", "q8Zl0x"] {
        assert!(!shown.contains(secret) && !format!("{config:?}").contains(secret), "{shown}");
    }
    assert!(shown.contains("JHE_CLIENT_SECRET"));
}

#[test]
fn what_check_prints_is_itself_a_configuration_and_the_same_one() {
    let shown =
        |yaml: &str| yaml_serde::to_string(&Config::parse(yaml, &environment).unwrap()).unwrap();
    assert_eq!(shown(&shown(&sample())), shown(&sample()));
}

#[test]
fn the_policy_of_the_sample_is_the_built_in_one() {
    let config = Config::parse(&sample(), &environment).unwrap();
    assert_eq!(*config.policy.policy(), authz::policy::Policy::builtin());
}

#[test]
fn a_gateway_that_ends_waits_longer_than_any_call_may_take() {
    let with = |deadlines: &str| {
        let deadlines = format!("server:\n  deadlines: {{{deadlines}}}");
        sample().replacen("server:", &deadlines, 1)
    };
    for wrong in ["drain: 64s", "call: 61s", "call: 20s, drain: 24s"] {
        let found = mistakes(&with(wrong));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("server.deadlines.drain: must be "), "{found:?}");
    }
    for right in ["drain: 65s", "call: 20s, drain: 25s", "call: 10s"] {
        assert!(Config::parse(&with(right), &environment).is_ok(), "{right}");
    }
}

#[test]
fn every_mistake_of_an_empty_file_is_named() {
    let fields: Vec<String> = mistakes("{}")
        .iter()
        .filter_map(|mistake| mistake.split_once(": ").map(|(field, _)| field.to_owned()))
        .collect();
    for field in [
        "server.public_url",
        "server.listeners",
        "server.admin",
        "keys.hop",
        "keys.ring",
        "core.address",
        "backend.name",
        "backend.base_url",
        "backend.client_id",
    ] {
        assert!(fields.iter().any(|known| known == field), "{field} in {fields:?}");
    }
}

#[test]
fn a_plain_listener_off_loopback_is_refused() {
    let yaml = sample().replace("127.0.0.1:8400", "0.0.0.0:8400");
    assert_eq!(
        mistakes(&yaml),
        ["server.listeners[1].tls: is missing; a listener off loopback needs certificate and key"]
    );
}

#[test]
fn an_audience_without_a_rule_is_refused() {
    let yaml = sample().replace("own_client: true", "own_client: false");
    assert!(mistakes(&yaml).iter().any(|m| m.starts_with("backend.audience: at least one")));
}

#[test]
fn a_misspelt_key_and_a_body_beyond_the_replay_are_refused_together() {
    let caps = "  caps: { body_bytes: 65537, conections: 3 }\n  admin:";
    let found = mistakes(&sample().replace("  admin:", caps));
    assert!(found.iter().any(|m| m.starts_with("server.caps.body_bytes: ")), "{found:?}");
    assert!(found.iter().any(|m| m.starts_with("server.caps.conections: ")), "{found:?}");
}

#[test]
fn the_hop_key_is_none_of_the_ring() {
    let found = mistakes(&sample().replace("{ env: HOP }", "{ env: RING }"));
    assert_eq!(found, ["keys.hop: is a key of the ring too; it needs one of its own"]);
}

#[test]
fn whom_to_deny_is_named_as_the_records_name_them() {
    let deny =
        "deny:\n  subjects: [\"10002\", \"a b\"]\n  clients: [D2l7BdCuVF3nm6YpjZFzcQ, claude]";
    let found = mistakes(&sample().replace("deny:\n  subjects: []\n  clients: []", deny));
    let fields: Vec<_> = found.iter().filter_map(|m| m.split_once(": ")).map(|(f, _)| f).collect();
    assert_eq!(fields, ["deny.subjects[1]", "deny.clients[1]"]);
}

#[test]
fn the_operators_clients_are_checked_and_every_mistake_is_named() {
    let sample = sample();
    let (start, rest) = sample.split_once("  registered: []").unwrap();
    let (_, end) = rest.split_once("sessions:").unwrap();
    let clients = |text: &str| format!("{start}{text}\nsessions:{end}");
    let good = clients(
        "  registered:
    - { id: ours, name: Ours, redirect_uris: [\"https://intranet.example/cb\", \"http://[::1]/\"] }
  document_hosts: [claude.ai]\n",
    );
    let known = Config::parse(&good, &environment).unwrap().clients.known();
    assert_eq!(known.registered.len(), 1);
    assert!(known.read_documents());
    let bad = clients(
        "  registered:
    - { id: \"https://claude.ai/x\", redirect_uris: [] }
    - { id: a, name: A, redirect_uris: [\"http://a.example/\", \"javascript:x\", \"/cb\"], secret: x }
  document_hosts: [\"claude.ai:443\", localhost, 127.0.0.1]
  document_pins:
    - { url: \"https://claude.ai/\", file: /nowhere }
    - { url: \"https://claude.ai/x\", file: /nowhere/at-all }\n",
    );
    let found = mistakes(&bad);
    let fields: Vec<_> = found.iter().filter_map(|m| m.split_once(": ")).map(|(f, _)| f).collect();
    assert_eq!(
        fields,
        [
            "clients.registered[0].id",
            "clients.registered[0].name",
            "clients.registered[0].redirect_uris",
            "clients.registered[1].redirect_uris[0]",
            "clients.registered[1].redirect_uris[1]",
            "clients.registered[1].redirect_uris[2]",
            "clients.registered[1].secret",
            "clients.document_hosts[0]",
            "clients.document_hosts[1]",
            "clients.document_hosts[2]",
            "clients.document_pins[0].url",
            "clients.document_pins[1].file",
        ]
    );
}

#[test]
fn a_redirect_uri_with_a_user_name_is_refused_wherever_it_stands() {
    let uri = "https://user:canary@vs.example/cb";
    let allowed =
        sample().replace("allowed_redirect_uris:", &format!("allowed_redirect_uris:\n    - {uri}"));
    let named = sample().replace(
        "registered: []",
        &format!("registered: [{{ id: a, name: A, redirect_uris: [\"{uri}\"] }}]"),
    );
    for (yaml, field) in [
        (allowed, "clients.allowed_redirect_uris[0]"),
        (named, "clients.registered[0].redirect_uris[0]"),
    ] {
        let text = "must be an absolute URI without credentials and fragment";
        assert_eq!(mistakes(&yaml), [format!("{field}: {text}")]);
    }
}

#[test]
fn two_clients_with_one_id_are_refused_and_none_is_known_by_default() {
    let twice = "registered:
    - { id: a, name: A, redirect_uris: [\"http://127.0.0.1/\"] }
    - { id: a, name: B, redirect_uris: [\"http://127.0.0.1/\"] }\n";
    let found = mistakes(&sample().replace("registered: []\n", twice));
    assert_eq!(found, ["clients.registered[1].id: is there twice"]);
    let known = Config::parse(&sample(), &environment).unwrap().clients.known();
    assert!(known.registered.is_empty() && !known.read_documents());
}
