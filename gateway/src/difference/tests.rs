//! Two configurations that differ in one thing, and what is said about it.

use super::*;

const YAML: &str = "server:
  public_url: https://gateway.example.org
  listeners: [{address: \"127.0.0.1:8400\"}]
  admin: \"127.0.0.1:9100\"
keys:
  ring:
    - {id: 1, state: active, key: {env: A}}
    - {id: 2, state: verify, key: {env: B}}
  hop: {env: C}
core: {address: \"127.0.0.1:8402\"}
backend:
  name: jhe
  base_url: https://jhe.example.org
  client_id: gateway
  client_secret: {env: SECRET}
  audience: {own_client: true}
clients: {allowed_redirect_hosts: [claude.ai, vscode.dev]}
sessions: {absolute_lifetime: 7d}
policy: {tools: {list_studies: user/Group.rs, get_study_count: user/Group.rs}}
limits: {burst: 60}
deny: {subjects: [\"10002\"]}
";

fn config(yaml: &str) -> Config {
    let environment = |name: &str| {
        let text = match name {
            "A" => "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=",
            "B" => "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=",
            "C" => "Zs0Ip8Lo3AvQq8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf0=",
            "D" => "u9Rm4Ec6Hf1Ts0Ip8Lo3AvQq8Zl0xGd3nVt5Yb7Kw2I=",
            "OTHER" => "canary-of-another",
            _ => "canary-of-the-client",
        };
        Some(text.to_owned())
    };
    Config::parse(yaml, &environment).unwrap()
}

/// What is said about a configuration with `from` replaced by `to`.
fn edited(from: &str, to: &str) -> Difference {
    assert!(YAML.contains(from), "{from}");
    Difference::between(&config(YAML), &config(&YAML.replace(from, to)))
}

fn fields(difference: &Difference) -> Vec<&str> {
    difference.changes().iter().map(|change| change.field.as_str()).collect()
}

/// There is a consequence of this kind that says this.
#[track_caller]
fn assert_follows(difference: &Difference, kind: Kind, text: &str) {
    let says = |one: &Consequence| one.kind == kind && one.text.contains(text);
    assert!(difference.consequences().iter().any(says), "{difference}");
}

#[test]
fn the_order_of_keys_and_lists_and_written_defaults_are_no_difference() {
    let reordered = YAML.replace("[claude.ai, vscode.dev]", "[vscode.dev, claude.ai]");
    let difference = Difference::between(&config(YAML), &config(&reordered));
    assert_eq!(fields(&difference), Vec::<&str>::new());
    let spelt_out = edited("limits: {burst: 60}", "limits: {calls_per_minute: 300, burst: 60}");
    assert_eq!(spelt_out.exit_code(), 0);
    assert_eq!(spelt_out.to_string(), "No difference.\n");
}

#[test]
fn a_secret_is_compared_by_what_it_is_and_never_shown() {
    let other = edited("{env: SECRET}", "{env: OTHER}");
    assert_eq!(other.changes()[0].what, What::OtherSecret);
    let moved = edited("{env: SECRET}", "{env: ELSEWHERE}");
    assert_eq!(moved.changes()[0].what, What::SameSecretElsewhere);
    for difference in [other, moved] {
        let all = format!("{difference}{difference:?}{}", difference.to_json());
        assert!(!all.contains("canary"), "{all}");
        assert_eq!(fields(&difference), ["backend.client_secret"]);
    }
}

#[test]
fn every_added_removed_and_changed_key_is_named() {
    let difference = edited("burst: 60", "burst: 30");
    let changed = What::Changed { old: "60".to_owned(), new: "30".to_owned() };
    assert_eq!(difference.changes()[0].what, changed);
    let difference = edited("[\"10002\"]", "[\"10003\"]");
    assert_eq!(fields(&difference), ["deny.subjects[10002]", "deny.subjects[10003]"]);
    assert_eq!(difference.changes()[0].what, What::Removed(None));
    assert_eq!(difference.changes()[1].what, What::Added(None));
    assert_eq!(difference.exit_code(), 1);
}

#[test]
fn another_backend_and_another_public_name_end_every_login() {
    let text = "everybody logs in anew";
    for (from, to) in [
        ("name: jhe", "name: other"),
        ("https://jhe.example.org", "https://other.example.org"),
        ("client_id: gateway", "client_id: another"),
    ] {
        assert_follows(&edited(from, to), Kind::Logins, text);
    }
    let difference = edited("https://gateway.example.org", "https://new.example.org");
    assert_follows(&difference, Kind::Logins, text);
    assert_follows(&difference, Kind::Elsewhere, "https://new.example.org/oauth/callback");
    let spared = "client_id: another\n  audience: {allowed_clients: [gateway]}";
    let difference = edited("client_id: gateway", "client_id: another");
    assert_follows(&difference, Kind::Logins, "allowed_clients");
    let yaml = YAML.replace("  audience: {own_client: true}\n", "");
    let new = config(&yaml.replace("client_id: gateway", spared));
    let difference = Difference::between(&config(YAML), &new);
    assert!(difference.consequences().iter().all(|one| one.kind != Kind::Logins), "{difference}");
}

#[test]
fn a_key_that_no_longer_opens_ends_the_logins_that_it_sealed() {
    let rotated = YAML.replace("id: 1, state: active", "id: 1, state: verify");
    let rotated = rotated.replace("id: 2, state: verify", "id: 2, state: active");
    let difference = Difference::between(&config(YAML), &config(&rotated));
    assert_eq!(difference.consequences(), [], "a rotation in order ends nothing");
    let retired = rotated.replace("id: 1, state: verify", "id: 1, state: retired");
    let difference = Difference::between(&config(&rotated), &config(&retired));
    assert_follows(&difference, Kind::Logins, "under key 1");
    assert_follows(&edited("key: {env: B}", "key: {env: D}"), Kind::Logins, "under key 2");
    let unknown = YAML.replace("id: 1, state: active", "id: 1, state: verify");
    let unknown = unknown.replace("id: 2, state: verify", "id: 3, state: active");
    let difference = Difference::between(&config(YAML), &config(&unknown));
    assert_follows(&difference, Kind::Elsewhere, "key 3 seals at once");
}

#[test]
fn what_a_reload_refuses_is_named_first() {
    let admin = edited("127.0.0.1:9100", "127.0.0.1:9101");
    assert_follows(&admin, Kind::Restart, "server.admin: needs a restart");
    assert_eq!(admin.consequences().first().map(|one| one.kind), Some(Kind::Restart));
}

#[test]
fn another_hop_key_must_reach_core() {
    let difference = edited("hop: {env: C}", "hop: {env: D}");
    assert_follows(&difference, Kind::Elsewhere, "the same hop key");
}

#[test]
fn who_may_less_and_who_may_more_is_said_in_words() {
    let study_count = "get_study_count: user/Group.rs";
    let removed = edited(&format!(", {study_count}"), "");
    assert_follows(&removed, Kind::Narrower, "get_study_count is denied to everybody");
    let open = edited(study_count, "get_study_count: any");
    assert_follows(&open, Kind::Weaker, "needs any login instead of user/Group.rs");
    let more = edited(study_count, "get_study_count: user/Group.rs user/Patient.rs");
    assert_follows(&more, Kind::Narrower, "get_study_count needs user/Group.rs user/Patient.rs");
    let denied = edited("[\"10002\"]", "[\"10002\", \"10003\"]");
    assert_follows(&denied, Kind::Narrower, "subject 10003 is cut off at once");
    assert_follows(&edited("[\"10002\"]", "[]"), Kind::Weaker, "subject 10002 is let in again");
    let host = edited("vscode.dev]", "vscode.dev, x.example]");
    assert_follows(&host, Kind::Weaker, "logins may return to x.example");
    let rules = edited("{own_client: true}", "{own_client: true, allowed_clients: [notebooks]}");
    assert_follows(&rules, Kind::Weaker, "backend.audience");
}

#[test]
fn what_gives_way_and_what_tightens_is_told_apart() {
    assert_follows(&edited("burst: 60", "burst: 61"), Kind::Weaker, "60 → 61");
    assert_follows(&edited("burst: 60", "burst: 59"), Kind::Tighter, "60 → 59");
    let shadow = edited("burst: 60", "burst: 60, mode: shadow");
    assert_follows(&shadow, Kind::Weaker, "refuse nobody");
    let caps = |text: &str| edited("  admin:", &format!("  {text}\n  admin:"));
    let slower = caps("caps: {body_bytes_per_second: 1}");
    assert_follows(&slower, Kind::Weaker, "body_bytes_per_second");
    let longer = caps("deadlines: {header: 60s}");
    assert_follows(&longer, Kind::Weaker, "server.deadlines.header");
    assert_eq!(caps("deadlines: {drain: 90s}").consequences(), []);
    assert_follows(&edited("7d", "1d"), Kind::Logins, "absolute_lifetime is shorter");
    assert_follows(&edited("7d", "30d"), Kind::Weaker, "absolute_lifetime is longer");
    let plain = "http://127.0.0.1:8000";
    assert_follows(&edited("https://jhe.example.org", plain), Kind::Weaker, "plain HTTP");
}
