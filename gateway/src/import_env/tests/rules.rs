//! Rule by rule.

use super::*;

#[test]
fn plain_http_to_the_exchange_is_a_decision_inside_and_becomes_https_outside() {
    for (base, written, plain) in [
        ("http://jhe:8000", "http://jhe:8000/", true),
        ("http://jhe.internal", "http://jhe.internal/", true),
        ("http://10.0.0.7:80", "http://10.0.0.7/", true),
        ("http://jhe.example.org", "https://jhe.example.org/", false),
        ("http://203.0.113.7:8000/app/", "https://203.0.113.7:8000/app", false),
    ] {
        let import = with(&format!("JHE_BASE_URL={base}"));
        assert_eq!(verdicts(&import, "JHE_BASE_URL"), ["decide", "taken"], "{base}");
        assert_eq!(import.report().exit_code(), 1);
        assert_eq!(accepted("plain", &import).backend.base_url.as_str(), written);
        let allowed = import.gateway_yaml().unwrap().contains("allow_plain_http: true");
        assert_eq!(allowed, plain, "{base}");
        // Browsers reach what is outside, and need another URL for what is inside.
        assert_eq!(verdicts(&import, "JHE_AUTHORIZE_ENDPOINT") == ["decide"], plain, "{base}");
    }
}

#[test]
fn the_public_url_becomes_an_https_origin_and_what_was_changed_is_said() {
    for (url, said) in [
        ("https://mcp.example.org/", &["taken"][..]),
        ("https://mcp.example.org/mcp/", &["taken"]),
        ("https://mcp.example.org/jhe/mcp", &["decide", "taken"]),
        ("http://mcp.example.org", &["decide", "taken"]),
    ] {
        let import = with(&format!("MCP_RESOURCE_URL={url}"));
        assert_eq!(verdicts(&import, "MCP_RESOURCE_URL"), said, "{url}");
        let public_url = accepted("origin", &import).server.public_url;
        assert_eq!(public_url.as_str(), "https://mcp.example.org/", "{url}");
    }
}

#[test]
fn an_endpoint_that_is_not_where_it_usually_is_stands_in_the_configuration() {
    let import = with(
        "JHE_AUTHORIZE_ENDPOINT=https://login.example.org/start
JHE_TOKEN_ENDPOINT=https://jhe.example.org/o/token
JHE_USERINFO_ENDPOINT=https://jhe.example.org/me/",
    );
    let endpoints = accepted("endpoints", &import).backend.endpoints;
    assert_eq!(endpoints.authorize.as_str(), "https://login.example.org/start");
    assert_eq!(endpoints.token.as_str(), "https://jhe.example.org/o/token/");
    assert_eq!(endpoints.userinfo.as_str(), "https://jhe.example.org/me/");
    assert_eq!(verdicts(&import, "JHE_AUTHORIZE_ENDPOINT"), ["decide"]);
}

#[test]
fn the_audience_check_has_no_switch_and_whoever_had_it_off_is_told_so() {
    for (value, said) in [("true", "taken"), ("YES", "taken"), ("1", "taken"), ("false", "decide")]
    {
        let import = with(&format!("MCP_REQUIRE_AUDIENCE={value}"));
        assert_eq!(verdicts(&import, "MCP_REQUIRE_AUDIENCE"), [said], "{value}");
        assert!(import.gateway_yaml().unwrap().contains("audience: { own_client: true }"));
    }
}

#[test]
fn a_redirect_that_would_be_refused_is_left_out_and_counted_not_shown() {
    let import = with(
        "MCP_ALLOWED_REDIRECTS=https://a.example/cb,http://canary.example/cb,\
        https://canary:pw@b.example/,javascript:canary,https://a.example/cb,cursor://x/cb",
    );
    let said = verdicts(&import, "MCP_ALLOWED_REDIRECTS");
    assert_eq!(said, ["decide", "decide", "decide", "taken", "stricter"]);
    let clients = accepted("redirects", &import).clients;
    assert_eq!(clients.allowed_redirect_uris[1..], ["https://a.example/cb", "cursor://x/cb"]);
}

#[test]
fn a_client_without_a_good_secret_is_a_decision() {
    for lines in ["JHE_CLIENT_SECRET=", "JHE_CLIENT_SECRET=changeme-now", "JHE_CLIENT_SECRET=short"]
    {
        let import = with(lines);
        assert_eq!(verdicts(&import, "JHE_CLIENT_SECRET"), ["decide"], "{lines}");
        accepted("secretless", &import);
    }
}

#[test]
fn a_file_of_a_variable_is_read_for_settings_and_referred_to_for_secrets() {
    let folder = folder("forms");
    std::fs::write(folder.join("id"), "client-of-a-file\n").unwrap();
    let shown = folder.display();
    let import = with(&format!(
        "JHE_CLIENT_ID_FILE={shown}/id\nJHE_CLIENT_SECRET_FILE={shown}/JHE_CLIENT_SECRET"
    ));
    assert_eq!(accepted("forms-read", &import).backend.client_id, "client-of-a-file");
    let yaml = import.gateway_yaml().unwrap();
    assert!(yaml.contains(&format!("client_secret: {{ file: \"{shown}/JHE_CLIENT_SECRET\" }}")));
    assert_eq!(verdicts(&import, "JHE_CLIENT_ID_FILE"), ["taken"]);
    assert_eq!(verdicts(&import, "JHE_CLIENT_SECRET_FILE"), ["taken"]);
    std::fs::remove_dir_all(folder).unwrap();
    // It is not read, and need not be there yet.
    let referred = with("JHE_CLIENT_SECRET_FILE=/no/such/secret");
    assert_eq!(referred.report().exit_code(), 0, "{}", referred.report());
    assert!(referred.gateway_yaml().unwrap().contains("{ file: \"/no/such/secret\" }"));
    let both = super::import(
        &format!("{MINIMAL}JHE_CLIENT_SECRET_FILE=/x\nMCP_HTTP_PORT_FILE=/no/such/file"),
        None,
    );
    assert_eq!(verdicts(&both, "MCP_HTTP_PORT_FILE")[0], "unusable");
    assert_eq!(verdicts(&both, "JHE_CLIENT_SECRET_FILE")[0], "unusable");
    assert_eq!(both.gateway_yaml(), None);
}

#[test]
fn what_is_missing_or_no_value_at_all_is_named_all_at_once_and_nothing_is_written() {
    let import = import("MCP_HTTP_PORT=0\nJHE_TOKEN_ENDPOINT=canary", None);
    let unusable = import.report().rows().iter().filter(|row| row.verdict == Verdict::Unusable);
    let names: Vec<&str> = unusable.map(|row| row.variable.as_str()).collect();
    let required = ["MCP_RESOURCE_URL", "MCP_HTTP_PORT", "JHE_BASE_URL", "JHE_CLIENT_ID"];
    assert_eq!(names, [&required[..], &["JHE_TOKEN_ENDPOINT"]].concat());
    assert_eq!((import.gateway_yaml(), import.core_yaml()), (None, None));
    assert_eq!(import.report().exit_code(), 2);
    for bad in [
        "MCP_RESOURCE_URL=https://*.example.org",
        "MCP_RESOURCE_URL=mcp.example.org",
        "JHE_BASE_URL=https://user:canary@jhe.example.org",
        "JHE_BASE_URL=https://jhe.example.org/?canary",
        "JHE_CLIENT_ID='<client id>'",
        "MCP_HTTP_PORT=canary",
    ] {
        let import = with(bad);
        assert_eq!((import.report().exit_code(), import.gateway_yaml()), (2, None), "{bad}");
        assert!(!import.report().to_string().contains("canary"), "{bad}");
    }
}

#[test]
fn an_unknown_variable_is_named_with_the_one_that_may_be_meant() {
    let import = with("JHE_CLIENT_SECRETT=canary\nMCP_COLOUR=canary\nDB_PASSWORD=canary");
    assert_eq!(verdicts(&import, "JHE_CLIENT_SECRETT"), ["unknown"]);
    assert_eq!(verdicts(&import, "MCP_COLOUR"), ["unknown"]);
    assert_eq!(verdicts(&import, "DB_PASSWORD"), ["not needed"]);
    let shown = import.report().to_string();
    assert!(shown.contains("is JHE_CLIENT_SECRET meant?") && !shown.contains("canary"), "{shown}");
    assert_eq!(import.report().exit_code(), 1);
}

#[test]
fn a_value_cannot_become_another_key_of_the_file() {
    let id = "a\": x # { } ' \\ é";
    let import =
        with(&format!("JHE_CLIENT_ID=\"{}\"", id.replace('\\', "\\\\").replace('"', "\\\"")));
    assert_eq!(accepted("quoting", &import).backend.client_id, id);
    assert_eq!(with("JHE_CLIENT_ID=\"a\\nb\"").report().exit_code(), 2);
}

#[test]
fn no_listener_takes_the_port_of_another() {
    for port in [9100, 8402] {
        let import = with(&format!("MCP_HTTP_PORT={port}"));
        let config = accepted("ports", &import);
        assert_ne!(config.server.admin.port(), port);
        assert!(!config.core.address.ends_with(&port.to_string()));
        let core = import.core_yaml().unwrap();
        assert!(core.contains(&format!("listen: \"{}\"", config.core.address)), "{core}");
    }
}
