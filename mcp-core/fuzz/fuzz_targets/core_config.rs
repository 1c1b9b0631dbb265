//! The same for the configuration of core: printed as it was understood, refused by the places of its mistakes,
//! and without a secret.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use fhir_mcp_core::config::Config;
use libfuzzer_sys::fuzz_target;

const KEY: &str = "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=";

/// Where the text says `KEY_FILE`, this file is meant.
static KEY_FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("core-config-fuzz-{}", std::process::id()));
    std::fs::write(&path, KEY).expect("a key in a file");
    path
});

fuzz_target!(|text: &str| {
    let file = KEY_FILE.display().to_string();
    let hidden =
        |shown: &str| assert!(!shown.contains(KEY) || text.contains(KEY), "a secret is printed");
    let config = match Config::parse(&text.replace("KEY_FILE", &file)) {
        Ok(config) => config,
        Err(refused) => {
            let refused = refused.to_string();
            assert!(!refused.is_empty());
            return hidden(&refused);
        }
    };
    hidden(&format!("{config:?}"));
    let printed = config.describe();
    hidden(&printed);
    let readable =
        printed.replacen("hop_key: [hidden]", &format!("hop_key: {{ file: {file} }}"), 1);
    let again = Config::parse(&readable).expect("what is printed is a configuration");
    assert_eq!(again.describe(), printed);
});
