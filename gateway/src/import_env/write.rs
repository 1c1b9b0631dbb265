//! The plan as text: two configuration files, and what to do with them. Whatever came from a variable
//! is written as a JSON string, which YAML reads as it stands.

use std::fmt::Write as _;

use serde_json::Value;
use url::Url;

use super::TLS;
use super::plan::Plan;
use crate::config::SecretReference;

/// The hosted clients that are known, as in the sample configuration.
const HOSTS: &[&str] = &[
    "claude.ai",
    "claude.com",
    "chatgpt.com",
    "vscode.dev",
    "insiders.vscode.dev",
    "www.cursor.com",
];
/// Cursor comes back to a private-use scheme.
const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

/// `gateway.yaml`.
pub(super) fn gateway(plan: &Plan) -> String {
    let sections = [server(plan), keys(plan), backend(plan), clients(plan)];
    let start = "# Configuration of fhir-mcp-gateway, made from the environment of jhe_mcp by `fhir-mcp-gateway import-env`.\n\
        # What does not stand here has its default; config/gateway.yaml of the distribution explains every key.\n\
        # Secrets never stand here: they are references, {file: path} or {env: NAME}.\n";
    format!("{start}\n{}", sections.join("\n"))
}

fn server(plan: &Plan) -> String {
    let public = quoted_url(&plan.public_url);
    let (address, admin) = (plan.listener.address, plan.admin);
    let tls = if plan.listener.tls {
        let port = address.port();
        format!(
            "    # Plain HTTP is refused off loopback. A proxy on this very machine that speaks TLS for you may be\n    \
             # served without: address 127.0.0.1:{port}, and no tls.\n    \
             - address: \"{address}\"\n      tls:\n        certificate: {TLS}/tls.crt   # PEM, leaf first\n        \
             key: {TLS}/tls.key\n"
        )
    } else {
        format!("    - address: \"{address}\"\n")
    };
    format!(
        "server:\n  # Clients use this with /mcp. The callback at the Exchange is this with /oauth/callback.\n  \
         public_url: {public}\n  listeners:\n{tls}  # /metrics, /live, /ready and /status: probes go here. On \
         Kubernetes: \"0.0.0.0:{}\", for the pod network alone.\n  admin: \"{admin}\"\n",
        admin.port()
    )
}

fn keys(plan: &Plan) -> String {
    format!(
        "keys:\n  # Two new keys: `fhir-mcp-gateway keygen` prints one. The broker key of jhe_mcp is none of them.\n  \
         ring:\n    - {{ id: k1, state: active, key: {} }}\n  # mcp-core has the same one.\n  hop: {}\n\n\
         core:\n  # Where mcp-core listens; off loopback, the name of its service.\n  address: \"{}\"\n",
        reference(&plan.ring),
        reference(&plan.hop),
        plan.core
    )
}

fn backend(plan: &Plan) -> String {
    let backend = &plan.backend;
    let mut text =
        String::from("backend:\n  name: jhe\n  profile: jhe\n  # As the two programs reach it.\n");
    let mut line = |line: String| {
        text.push_str("  ");
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("base_url: {}", quoted_url(&backend.base_url)));
    match &backend.public_url {
        Some(url) => {
            line("# As browsers reach it.".to_owned());
            line(format!("public_url: {}", quoted_url(url)));
        }
        None => line("# public_url: as browsers reach it, if that is another URL".to_owned()),
    }
    if backend.plain_http {
        line(
            "# Health data and tokens travel in plain: for a network that nobody else reads."
                .to_owned(),
        );
        line("allow_plain_http: true".to_owned());
    }
    line(
        "# A confidential application: authorization code, redirect <public_url>/oauth/callback."
            .to_owned(),
    );
    line(format!("client_id: {}", quoted(&backend.client_id)));
    line(format!("client_secret: {}", reference(&backend.client_secret)));
    line("scope: openid email".to_owned());
    if !backend.endpoints.is_empty() {
        line("endpoints:".to_owned());
        for (name, url) in &backend.endpoints {
            line(format!("  {name}: {}", quoted(url.as_str())));
        }
    }
    line("# Only tokens that the Exchange says were issued to client_id. Some such rule always holds.".to_owned());
    line("audience: { own_client: true }".to_owned());
    text
}

fn clients(plan: &Plan) -> String {
    let mut text = String::from(
        "clients:\n  # Where a login may return to, beside loopback: https URLs on these hosts,\n  \
         allowed_redirect_hosts:\n",
    );
    for host in HOSTS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    - {host}");
    }
    text.push_str("  # and these URIs exactly.\n  allowed_redirect_uris:\n");
    let named = plan.redirect_uris.iter().map(String::as_str).filter(|uri| *uri != CURSOR);
    for uri in std::iter::once(CURSOR).chain(named) {
        let _ = writeln!(text, "    - {}", quoted(uri));
    }
    text
}

/// `mcp-core.yaml`.
pub(super) fn core(plan: &Plan) -> String {
    format!(
        "# Configuration of fhir-mcp-core, made by `fhir-mcp-gateway import-env --core`. What does not stand here has\n\
         # its default; config/mcp-core.yaml of the distribution explains every key. The backend is named in\n\
         # gateway.yaml alone.\n\n\
         listen: \"{}\"      # the gateway's core.address\n\
         admin: \"127.0.0.1:9102\"       # /live, /ready, /status, /metrics\n\n\
         # The same key as the gateway's keys.hop; mcp-core must be able to read it.\n\
         hop_key: {}\n",
        plan.core,
        reference(&plan.hop)
    )
}

/// What to do once the files are written.
pub(super) fn steps(plan: &Plan) -> Vec<String> {
    let mut steps: Vec<String> = [&plan.ring, &plan.hop]
        .into_iter()
        .map(|key| format!("`(umask 077; fhir-mcp-gateway keygen > {})`", place(key)))
        .collect();
    if let SecretReference::File(path) = &plan.backend.client_secret {
        steps.push(format!(
            "the client secret in {}, readable by the gateway alone",
            path.display()
        ));
    }
    if plan.listener.tls {
        steps.push(format!("certificate and key in {TLS}/tls.crt and {TLS}/tls.key"));
    }
    steps.push("the same command with --core, into mcp-core.yaml".to_owned());
    steps.push(
        "`fhir-mcp-gateway check gateway.yaml`, `fhir-mcp-core check mcp-core.yaml`, start both, then \
         `fhir-mcp-gateway doctor --config gateway.yaml`"
            .to_owned(),
    );
    steps
}

fn place(reference: &SecretReference) -> String {
    match reference {
        SecretReference::File(path) => path.display().to_string(),
        SecretReference::Env(name) => format!("${name}"),
    }
}

fn reference(reference: &SecretReference) -> String {
    match reference {
        SecretReference::File(path) => format!("{{ file: {} }}", quoted(&path.to_string_lossy())),
        SecretReference::Env(name) => format!("{{ env: {name} }}"),
    }
}

/// A URL as people write it: no slash after a bare origin.
fn quoted_url(url: &Url) -> String {
    quoted(url.as_str().trim_end_matches('/'))
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
