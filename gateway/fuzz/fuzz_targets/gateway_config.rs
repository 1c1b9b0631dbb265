//! A configuration that is accepted is printed as a configuration, and as the same one; one that is refused is
//! refused with the place of each mistake; and no secret is ever printed, by either.
#![no_main]

use fhir_mcp_gateway::config::{Config, ConfigError};
use libfuzzer_sys::fuzz_target;

const RING: &str = "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=";
const HOP: &str = "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=";
const SECRET: &str = "canary-6f1d0b7e-of-whatever-else";

/// Keys of the sample by name; everything else is a secret, but for what is not set.
fn environment(name: &str) -> Option<String> {
    let value = match name {
        "RING" => RING,
        "HOP" => HOP,
        name if name.starts_with("NO_") => return None,
        _ => SECRET,
    };
    Some(value.to_owned())
}

fuzz_target!(|text: &str| {
    let hidden = |shown: &str| {
        for secret in [RING, HOP, SECRET] {
            assert!(!shown.contains(secret) || text.contains(secret), "a secret is printed");
        }
    };
    let config = match Config::parse(text, &environment) {
        Ok(config) => config,
        Err(refused) => {
            hidden(&refused.to_string());
            hidden(&format!("{refused:?}"));
            if let ConfigError::Mistakes(mistakes) = refused {
                assert!(!mistakes.is_empty());
                assert!(mistakes.iter().all(|mistake| !mistake.text.is_empty()));
            }
            return;
        }
    };
    let printed = yaml_serde::to_string(&config).expect("can be printed");
    hidden(&printed);
    hidden(&format!("{config:?}"));
    let again = Config::parse(&printed, &environment).expect("what is printed is a configuration");
    assert_eq!(yaml_serde::to_string(&again).expect("can be printed"), printed);
    assert_eq!(again.fingerprint(), config.fingerprint());
});
