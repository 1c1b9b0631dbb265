//! The configuration file: read whole, checked whole, and reported with every mistake at once.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use authz::keyring::SecretKey;
use yaml_serde::Value;

use crate::tls::CertificateFiles;

mod authority;
mod collector;
mod reading;
mod section;

pub use authority::Authority;
pub use collector::Collector;

pub(crate) use section::{Field, Section};

/// A configuration that nothing needs to check again.
#[derive(Debug)]
pub struct Config {
    /// Where the gateway reaches us; loopback or the pod network.
    pub listen: SocketAddr,
    /// What the listener shows the gateway; without it, it is plain.
    pub listen_tls: Option<CertificateFiles>,
    /// Where probes and Prometheus reach us.
    pub admin: SocketAddr,
    /// The key that only the two programs hold.
    pub hop_key: SecretKey,
    /// A folder of profiles beside the built-in ones.
    pub profiles: Option<PathBuf>,
    /// How hard the backend may be asked.
    pub backend: BackendLimits,
    /// Between "not ready" and the end of accepting, on SIGTERM.
    pub close_delay: Duration,
    /// Who signs the backend's certificate; without it, whom the system trusts.
    pub authority: Option<Authority>,
    /// Which OpenTelemetry collector is told of each tool call.
    pub collector: Option<Collector>,
}

/// Limits on what we ask of the backend, and on what we answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackendLimits {
    /// For a whole tool call, however many requests it needs.
    pub deadline: Duration,
    /// For a connection to be made.
    pub connect_timeout: Duration,
    /// Requests under way at the same time, for all callers together.
    pub concurrency: usize,
    /// Requests under way at the same time for one caller.
    pub concurrency_per_subject: usize,
    /// The largest answer of the backend that is read, in bytes.
    pub max_response_bytes: usize,
    /// The largest answer of a tool, in bytes of JSON.
    pub answer_bytes: usize,
    /// Figures about fewer participants of a study than this are suppressed; 1 suppresses nothing.
    pub smallest_cell: usize,
}

impl Default for BackendLimits {
    fn default() -> Self {
        Self {
            // Below the half minute after which common clients give a tool call up.
            deadline: Duration::from_secs(25),
            connect_timeout: Duration::from_secs(5),
            // Two workers serve everybody at the Exchange.
            concurrency: 8,
            // One caller's fan-out leaves room for another's single question.
            concurrency_per_subject: 6,
            // A page of a thousand observations is 1.4 MB.
            max_response_bytes: 16 << 20,
            // About 15,000 tokens.
            answer_bytes: 60_000,
            // The least that is usual for tables that leave an institution.
            smallest_cell: 5,
        }
    }
}

/// Every mistake of a file, each as `section.field: what is wrong, what would be right`.
#[derive(Debug)]
pub struct Mistakes(pub(crate) Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// All the mistakes in it.
    pub fn load(path: &Path) -> Result<Self, Mistakes> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Mistakes(vec![format!("{}: {error}", path.display())]))?;
        Self::parse(&text)
    }

    /// Checks the text of a file, reading the secrets that it refers to.
    ///
    /// # Errors
    /// All the mistakes in it.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        let file: Value =
            yaml_serde::from_str(text).map_err(|error| Mistakes(vec![error.to_string()]))?;
        let mut mistakes = Vec::new();
        let mut root = Section::new("", Some(file), &mut mistakes);
        let listen = root.take("listen").address(&mut mistakes);
        let admin = root.take("admin").address(&mut mistakes);
        let hop_key = root.take("hop_key").hop_key(&mut mistakes);
        let profiles = root.take("profiles").folder(&mut mistakes);
        let listen_tls = root.take("listen_tls").certificate(&mut mistakes);
        let (mut backend, authority) = root.take("backend").backend(&mut mistakes);
        root.take("answers").answers(&mut backend, &mut mistakes);
        let collector = root.take("telemetry").collector(&mut mistakes);
        let close_delay = root.take("close_delay").close_delay(&mut mistakes);
        root.refuse_the_rest(&mut mistakes);
        match (listen, admin, hop_key) {
            (Some(listen), Some(admin), Some(hop_key)) if mistakes.is_empty() => Ok(Self {
                listen,
                listen_tls,
                admin,
                hop_key,
                profiles,
                backend,
                close_delay,
                authority,
                collector,
            }),
            _ => Err(Mistakes(mistakes)),
        }
    }

    /// The effective configuration as YAML, for a person to check; secrets are hidden.
    pub fn describe(&self) -> String {
        let Self { listen, listen_tls, admin, profiles, backend, close_delay, .. } = self;
        let (authority, collector) = (self.authority.as_ref(), self.collector.as_ref());
        let collector = collector.map_or_else(String::new, Collector::describe);
        let profiles = profiles
            .as_ref()
            .map_or_else(String::new, |folder| format!("profiles: {}\n", quoted(folder.display())));
        let listen_tls = listen_tls.as_ref().map_or_else(String::new, |files| {
            let (certificate, key) =
                (quoted(files.certificate.display()), quoted(files.key.display()));
            format!("listen_tls:\n  certificate: {certificate}\n  key: {key}\n")
        });
        let authority = authority.map_or_else(String::new, |authority| {
            format!("  authority: {}\n", quoted(authority.file().display()))
        });
        let (listen, admin) = (quoted(listen), quoted(admin));
        format!(
            "listen: {listen}\n{listen_tls}admin: {admin}\nhop_key: [hidden]\n{profiles}backend:\n  \
             deadline: {:?}\n  connect_timeout: {:?}\n  concurrency: {}\n  \
             concurrency_per_subject: {}\n  max_response_bytes: {}\n{authority}answers:\n  \
             max_bytes: {}\n  smallest_cell: {}\nclose_delay: {close_delay:?}\n{collector}",
            backend.deadline,
            backend.connect_timeout,
            backend.concurrency,
            backend.concurrency_per_subject,
            backend.max_response_bytes,
            backend.answer_bytes,
            backend.smallest_cell,
        )
    }
}

/// Text as YAML has it whatever stands in it: JSON's text is one of its forms (YAML 1.2 §7.3.1).
fn quoted(shown: impl fmt::Display) -> String {
    serde_json::Value::from(shown.to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let found = mistakes(
            "listen: here\nlisen: 1\nhop_key: {env: NO_SUCH_VARIABLE_FOR_THIS_TEST}\n\
             profiles: /nowhere/at/all\nbackend: {deadline: soon, connect_timeout: 5, concurrency: 0,\
             max_response_bytes: many, retries: 3, concurrency_per_subject: 0}\n\
             answers: {max_bytes: 1, words: 2, smallest_cell: 2}\nclose_delay: soon\n\
             telemetry: {otlp: {endpoint: here, retries: 1, headers: [{name: a, value: b}]}}\n",
        );
        let fields = [
            "listen: ",
            "lisen: ",
            "admin: ",
            "hop_key: ",
            "profiles: ",
            "backend.deadline: ",
            "backend.connect_timeout: ",
            "backend.retries: ",
            "backend.concurrency: ",
            "backend.concurrency_per_subject: ",
            "backend.max_response_bytes: ",
            "answers.max_bytes: ",
            "answers.words: ",
            "answers.smallest_cell: ",
            "telemetry.otlp.endpoint: ",
            "telemetry.otlp.headers[0].value: ",
            "telemetry.otlp.retries: ",
            "close_delay: ",
        ];
        for field in fields {
            assert!(found.lines().any(|line| line.starts_with(field)), "{field} in {found}");
        }
    }

    #[test]
    fn a_file_that_is_no_mapping_is_refused_in_words() {
        for bad in ["[]", "text", "5"] {
            assert!(mistakes(bad).starts_with("the file: must be a mapping"), "{bad}");
        }
    }

    #[test]
    fn a_secret_stands_in_a_file_or_a_variable_never_in_the_configuration() {
        assert!(mistakes("hop_key: c2VjcmV0").contains("hop_key"));
        assert!(mistakes("hop_key: {file: a, env: B}").contains("hop_key: write either"));
    }

    #[test]
    fn what_check_prints_is_itself_a_configuration_and_the_same_one() {
        let file = std::env::temp_dir().join(format!("core-config-{}", std::process::id()));
        std::fs::write(&file, "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=").unwrap();
        let key = format!("{{ file: {} }}", file.display());
        let text = format!(
            "listen: \"[::1]:1\"\nadmin: \"[::1]:2\"\nhop_key: {key}\n\
             listen_tls: {{ certificate: \"a: #b\", key: c }}\n\
             telemetry: {{ otlp: {{ endpoint: \"http://collector:1/a:\" }} }}\n"
        );
        let printed = Config::parse(&text).unwrap().describe();
        let again = Config::parse(&printed.replacen("[hidden]", &key, 1)).unwrap();
        assert_eq!(again.describe(), printed);
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn the_sample_file_needs_nothing_but_its_key() {
        let sample = include_str!("../../config/mcp-core.yaml");
        let found = mistakes(sample);
        assert!(found.lines().count() == 1 && found.starts_with("hop_key: "), "{found}");
    }
}
