//! Every sample configuration loads, given the secrets that it refers to.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use base64::Engine as _;

/// A key, another for each `seed`.
fn key(seed: u8) -> String {
    let bytes: [u8; 32] =
        std::array::from_fn(|at| u8::try_from(at).unwrap().wrapping_mul(7).wrapping_add(seed));
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_yaml_file_under_config_is_loaded_by_a_test_here() -> Result<()> {
    let mut files: Vec<String> = Vec::new();
    for folder in ["config", "config/profiles"] {
        for entry in std::fs::read_dir(root().join(folder))? {
            let path = entry?.path();
            if path.is_file() {
                files.push(format!("{folder}/{}", path.file_name().context("a name")?.display()));
            }
        }
    }
    files.sort();
    let profiles = ["fhir-r4", "fhir-r5", "helios", "jhe", "medplum"];
    let profiles = profiles.map(|name| format!("config/profiles/{name}.yaml"));
    let programs = ["config/gateway.yaml", "config/mcp-core.yaml"].map(str::to_owned);
    assert_eq!(files, [&programs[..], &profiles[..]].concat());
    Ok(())
}

#[test]
fn gateway_yaml_loads() -> Result<()> {
    let text = std::fs::read_to_string(root().join("config/gateway.yaml"))?;
    fhir_mcp_gateway::config::Config::parse(&with_secret_files(&text)?, &|_| Some(key(0)))?;
    Ok(())
}

#[test]
fn mcp_core_yaml_and_the_profiles_load() -> Result<()> {
    let text = std::fs::read_to_string(root().join("config/mcp-core.yaml"))?;
    fhir_mcp_core::config::Config::parse(&with_secret_files(&text)?)
        .map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    let check = fhir_mcp_core::tools::served::mistakes;
    fhir_mcp_core::backend::profile::Profiles::load(Some(&root().join("config/profiles")), check)?;
    Ok(())
}

/// A connection that core closes unused is then one on which no call can come.
#[test]
fn usually_the_gateway_gives_an_idle_connection_up_before_core_would_close_it() -> Result<()> {
    let gateway = std::fs::read_to_string(root().join("config/gateway.yaml"))?;
    assert!(!gateway.lines().any(|line| line.trim_start().starts_with("core_idle")));
    let gateway = with_secret_files(&gateway)?;
    let gateway = fhir_mcp_gateway::config::Config::parse(&gateway, &|_| Some(key(0)))?;
    let core = "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nhop_key: { file: hop }\n";
    let core = fhir_mcp_core::config::Config::parse(&with_secret_files(core)?)
        .map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    assert!(gateway.server.deadlines.core_idle < core.close_delay);
    Ok(())
}

#[test]
fn the_configurations_for_docker_and_for_fly_load_in_both_programs() -> Result<()> {
    for (gateway, core) in [
        ("deploy/compose/gateway/gateway.yaml", "deploy/compose/core/mcp-core.yaml"),
        ("deploy/fly/gateway.yaml", "deploy/fly/mcp-core.yaml"),
    ] {
        let gateway = std::fs::read_to_string(root().join(gateway))?;
        for text in [gateway.clone(), with_what_is_in_comments(&gateway)] {
            let secrets = |name: &str| name.bytes().next().map(key);
            fhir_mcp_gateway::config::Config::parse(&with_secret_files(&text)?, &secrets)?;
        }
        let core = std::fs::read_to_string(root().join(core))?;
        // Core reads its environment itself, and ours is not to be changed.
        let core = core.replace("{ env: HOP_KEY }", "{ file: HOP_KEY }");
        fhir_mcp_core::config::Config::parse(&with_secret_files(&core)?)
            .map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    }
    Ok(())
}

/// The same with every field that a comment shows, in place of nothing.
fn with_what_is_in_comments(text: &str) -> String {
    let is_field = |line: &str| {
        let bare = line.trim_start().strip_prefix("# ").unwrap_or_default().trim_start();
        let name = bare.split(':').next().unwrap_or_default();
        bare.contains(':') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let shown =
        |line: &str| if is_field(line) { line.replacen("# ", "", 1) } else { line.to_owned() };
    text.lines().map(|line| shown(line) + "\n").collect()
}

#[test]
fn what_import_env_writes_loads_in_both_programs_and_is_the_same_hop() -> Result<()> {
    use fhir_mcp_gateway::import_env;
    let environment = [
        ("MCP_RESOURCE_URL", "https://mcp.example.org"),
        ("JHE_BASE_URL", "https://jhe.example.org"),
        ("JHE_CLIENT_ID", "mcp-broker"),
        ("JHE_CLIENT_SECRET", "a secret of some length"),
    ];
    let named = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let import = import_env::decide(&named.into_iter().collect(), None, Vec::new());
    let gateway = import.gateway_yaml().context("gateway.yaml")?;
    let core = import.core_yaml().context("mcp-core.yaml")?;
    let hop = r#"{ file: "/etc/fhir-mcp-gateway/keys/hop" }"#;
    assert!(gateway.contains(hop) && core.contains(hop), "{core}");
    let gateway = with_secret_files(&gateway)?;
    let gateway = fhir_mcp_gateway::config::Config::parse(&gateway, &|_| Some(key(0)))?;
    let core = fhir_mcp_core::config::Config::parse(&with_secret_files(&core)?)
        .map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    assert_eq!(core.listen.to_string(), gateway.core.address);
    Ok(())
}

/// Points every `{file: …}` secret at a file that is there, each with a key of its own.
fn with_secret_files(text: &str) -> Result<String> {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut pointed = String::new();
    for (at, part) in text.split("{ file: ").enumerate() {
        if at == 0 {
            pointed.push_str(part);
            continue;
        }
        let path = folder.join(format!("sample-key-{at}"));
        std::fs::write(&path, key(u8::try_from(at)?))?;
        let (_, rest) = part.split_once('}').context("a closing brace")?;
        write!(pointed, "{{ file: \"{}\" }}{rest}", path.display())?;
    }
    Ok(pointed)
}

#[test]
fn the_documented_tools_and_scopes_are_those_of_the_programs() {
    let documented: std::collections::BTreeMap<&str, &str> = include_str!("../../../docs/tools.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter(|(name, _)| fhir_mcp_core::tools::find(name).is_some())
        .map(|(name, rest)| (name, rest.split(" | ").next().unwrap_or_default().trim_matches('`')))
        .collect();
    let policy = authz::policy::Policy::builtin();
    let scopes: std::collections::BTreeMap<&str, String> =
        policy.rows().map(|(tool, scope)| (tool, scope.to_string())).collect();
    assert_eq!(documented.len(), fhir_mcp_core::tools::catalogue().len());
    for (tool, scope) in documented {
        let needed = if scopes[tool].is_empty() { "–" } else { scopes[tool].as_str() };
        assert_eq!(scope, needed, "{tool}");
    }
}

#[test]
fn the_documented_prompts_and_their_arguments_are_those_of_the_program() {
    let document = include_str!("../../../docs/tools.md");
    for question in fhir_mcp_core::prompts::QUESTIONS {
        let argument = |argument: &fhir_mcp_core::prompts::argument::Argument| {
            let name = format!("`{}`", argument.name);
            if argument.otherwise.is_some() { format!("[{name}]") } else { name }
        };
        let arguments: Vec<String> = question.arguments.iter().map(argument).collect();
        let arguments = if arguments.is_empty() { "–".to_owned() } else { arguments.join(", ") };
        let row = format!("| `{}` | {arguments} |", question.name);
        assert!(document.lines().any(|line| line == row), "{row}");
    }
}

#[test]
fn the_documents_that_are_listed_and_their_templates_are_documented() -> Result<()> {
    let document = include_str!("../../../docs/tools.md");
    let listed = serde_json::to_value(fhir_mcp_core::resources::list())?;
    let templates = serde_json::to_value(fhir_mcp_core::resources::templates())?;
    let uris = |list: &serde_json::Value, name: &str| -> Vec<String> {
        let uris = list.as_array().into_iter().flatten().filter_map(|one| one[name].as_str());
        uris.map(str::to_owned).collect()
    };
    let own = uris(&listed["resources"], "uri");
    let own = own.into_iter().filter(|uri| !uri.starts_with("omh://schema/"));
    for uri in own.chain(uris(&templates["resourceTemplates"], "uriTemplate")) {
        assert!(document.contains(&format!("| `{uri}` |")), "{uri}");
    }
    Ok(())
}
