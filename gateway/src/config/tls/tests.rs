use super::super::{Config, ConfigError};

const SAMPLE: &str = include_str!("../../../../config/gateway.yaml");
const FILES: &str = "certificate: /etc/fhir-mcp-gateway/tls/tls.crt
        key: /etc/fhir-mcp-gateway/tls/tls.key";

/// The sample with another `tls` of its first listener, or another section `core`.
fn parse(tls: &str, core: &str) -> Result<Config, ConfigError> {
    let yaml = SAMPLE
        .replace("{ file: /etc/fhir-mcp-gateway/keys/ring-k1 }", "{ env: RING }")
        .replace("{ file: /etc/fhir-mcp-gateway/keys/hop }", "{ env: HOP }")
        .replace(FILES, tls)
        .replace("  address: \"127.0.0.1:8402\"", core);
    Config::parse(&yaml, &|name| {
        let text = match name {
            "RING" => "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=",
            "HOP" => "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=",
            _ => "canary-client-secret",
        };
        Some(text.to_owned())
    })
}

fn mistakes(tls: &str, core: &str) -> Vec<String> {
    match parse(tls, core) {
        Err(ConfigError::Mistakes(mistakes)) => {
            mistakes.into_iter().map(|mistake| mistake.field).collect()
        }
        other => panic!("expected mistakes, got {other:?}"),
    }
}

const CORE: &str = "  address: \"127.0.0.1:8402\"";

#[test]
fn one_certificate_or_several_and_each_knows_its_field() {
    let fields = |tls: &str| -> Vec<String> {
        let config = parse(tls, CORE).unwrap();
        let listener = config.server.listeners.into_iter().next().unwrap();
        listener.tls.unwrap().certificates.into_iter().map(|files| files.field).collect()
    };
    assert_eq!(fields("{ certificate: /a, key: /b }"), ["server.listeners[0].tls"]);
    assert_eq!(
        fields("{ certificates: [{ certificate: /a, key: /b }, { certificate: /c, key: /d }] }"),
        ["server.listeners[0].tls.certificates[0]", "server.listeners[0].tls.certificates[1]"]
    );
}

#[test]
fn every_mistake_about_tls_is_named() {
    for (tls, field) in [
        ("{}", "certificates"),
        ("{ certificate: /a }", "key"),
        ("{ key: /a }", "certificate"),
        (
            "{ certificate: /a, key: /b, certificates: [{ certificate: /a, key: /b }] }",
            "certificates",
        ),
        ("{ certificates: [{ certificate: /a }] }", "certificates[0].key"),
        ("{ certificate: /a, key: /b, minimum_version: \"1.1\" }", "minimum_version"),
        ("{ certificate: /a, key: /b, client_certificates: {} }", "client_certificates.authority"),
        ("{ certificate: /a, key: /b, client_certificates: off }", "client_certificates"),
        ("{ certificate: /a, key: /b, ciphers: ALL }", "ciphers"),
    ] {
        let found = mistakes(tls, CORE);
        assert!(found.contains(&format!("server.listeners[0].tls.{field}")), "{tls}: {found:?}");
    }
}

/// An empty name would be checked against nothing.
#[test]
fn core_over_tls_always_has_a_name() {
    let name = |core: &str| parse(FILES, core).unwrap().core.tls.unwrap().name;
    assert_eq!(name("  address: \"fhir-mcp-core:8402\"\n  tls: {}"), "fhir-mcp-core");
    assert_eq!(name("  address: \"[::1]:8402\"\n  tls: {}"), "::1");
    assert_eq!(name("  address: \"10.0.0.1:1\"\n  tls: { name: core.test }"), "core.test");
    for core in [
        "  address: \"[]:8402\"\n  tls: {}",
        "  address: \"core:8402\"\n  tls: { name: \"\" }",
        "  address: \"core:8402\"\n  tls: { name: \"a b\" }",
    ] {
        assert_eq!(mistakes(FILES, core), ["core.tls.name"], "{core}");
    }
}

#[test]
fn an_authority_is_a_file_with_certificates() {
    for file in ["/nowhere/at/all", "/dev/null"] {
        let core = format!("{CORE}\n  tls: {{ authority: {file} }}");
        assert_eq!(mistakes(FILES, &core), ["core.tls.authority"], "{file}");
    }
}
