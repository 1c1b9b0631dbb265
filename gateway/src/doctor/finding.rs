//! What a check found: the words, the findings, and what they add up to.

use serde::Serialize;
use serde_json::{Value, json};

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// One thing that is looked at. Each has its row in `docs/operations.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Check {
            $($(#[$doc])* $name),*
        }

        impl Check {
            /// Every one of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word in the table.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

checks! {
    /// The file is readable, and everything in it is right.
    Configuration = "configuration";
    /// Nobody but us can read the files with secrets.
    SecretFiles = "secret_files";
    /// Our own certificates can be shown, name us, and have time left.
    Certificates = "certificates";
    /// The backend's name has an address.
    BackendDns = "backend_dns";
    /// Somebody listens there.
    BackendConnect = "backend_connect";
    /// The backend shows a certificate that we believe.
    BackendTls = "backend_tls";
    /// What the backend says it is.
    BackendVersion = "backend_version";
    /// Its own description agrees with our configuration.
    Discovery = "discovery";
    /// Its keys verify id tokens.
    Jwks = "jwks";
    /// It knows our client and accepts our secret.
    ClientSecret = "client_secret";
    /// It answers our questions about tokens.
    Introspection = "introspection";
    /// How dear such a question is.
    IntrospectionCost = "introspection_cost";
    /// It sends logins back to us.
    RedirectUri = "redirect_uri";
    /// It says who stands behind a token.
    Userinfo = "userinfo";
    /// It ends tokens when asked to.
    Revocation = "revocation";
    /// Its clock and ours agree.
    Clock = "clock";
    /// It describes what FHIR it speaks.
    FhirMetadata = "fhir_metadata";
    /// A given backend token is live, and meant for us.
    Token = "token";
    /// How long such a token lasts.
    TokenLifetime = "token_lifetime";
    /// A lost answer to a refresh does not end the login.
    RefreshGrace = "refresh_grace";
    /// Somebody listens where mcp-core should be.
    CoreConnect = "core_connect";
    /// mcp-core holds the same hop key, and the same time.
    CoreHop = "core_hop";
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing to do.
    Ok,
    /// It could not be looked at; the advice says how it could.
    Skipped,
    /// It works, and should not stay so.
    Warn,
    /// Logins or calls will fail.
    Fail,
}

impl Outcome {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What one check found. Both texts are ours: nothing that a server wrote stands in them, but
/// numbers and versions that were parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen.
    pub seen: String,
    /// What to do about it; nothing where all is well.
    pub advice: Option<String>,
}

impl Finding {
    /// All is well.
    pub(super) fn ok(check: Check, seen: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Ok, seen: seen.into(), advice: None }
    }

    /// It could not be looked at.
    pub(super) fn skipped(check: Check, seen: &str, advice: impl Into<String>) -> Self {
        Self::with_advice(check, Outcome::Skipped, seen, advice)
    }

    /// It works, and should not stay so.
    pub(super) fn warn(check: Check, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::with_advice(check, Outcome::Warn, seen, advice)
    }

    /// It does not work.
    pub(super) fn fail(check: Check, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::with_advice(check, Outcome::Fail, seen, advice)
    }

    fn with_advice(
        check: Check,
        outcome: Outcome,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { check, outcome, seen: seen.into(), advice: Some(advice.into()) }
    }
}

/// The findings of one examination, in the order of [`Check::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// A report of these findings.
    pub(super) fn of(findings: Vec<Finding>) -> Self {
        Self { findings }
    }

    /// What was found.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What one check found.
    pub fn of_check(&self, check: Check) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }

    /// How many checks ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.findings.iter().filter(|finding| finding.outcome == outcome).count()
    }

    /// What the program exits with: 0 all is well, 1 something fails, 2 the configuration cannot be
    /// used (nothing else was looked at), 3 warnings alone.
    pub fn exit_code(&self) -> u8 {
        let failed = |finding: &&Finding| finding.outcome == Outcome::Fail;
        match self.findings.iter().find(failed) {
            Some(finding) if finding.check == Check::Configuration => 2,
            Some(_) => 1,
            None if self.count(Outcome::Warn) > 0 => 3,
            None => 0,
        }
    }

    /// For machines.
    pub fn to_json(&self) -> Value {
        let checks: Vec<Value> = self
            .findings
            .iter()
            .map(|finding| {
                json!({
                    "check": finding.check.as_str(),
                    "result": finding.outcome,
                    "finding": finding.seen,
                    "advice": finding.advice,
                })
            })
            .collect();
        json!({ "exit": self.exit_code(), "checks": checks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: &[(Check, Outcome)]) -> Report {
        let finding = |(check, outcome): &(Check, Outcome)| Finding {
            check: *check,
            outcome: *outcome,
            seen: "seen".to_owned(),
            advice: None,
        };
        Report::of(outcomes.iter().map(finding).collect())
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst_finding() {
        let ok = (Check::Configuration, Outcome::Ok);
        for (other, code) in [
            ((Check::Jwks, Outcome::Ok), 0),
            ((Check::Jwks, Outcome::Skipped), 0),
            ((Check::Jwks, Outcome::Fail), 1),
            ((Check::Jwks, Outcome::Warn), 3),
        ] {
            assert_eq!(report(&[ok, other]).exit_code(), code, "{other:?}");
        }
        let both = [(Check::Clock, Outcome::Warn), (Check::Jwks, Outcome::Fail)];
        assert_eq!(report(&both).exit_code(), 1);
        assert_eq!(report(&[(Check::Configuration, Outcome::Fail)]).exit_code(), 2);
    }

    #[test]
    fn machines_read_the_same_words() {
        let shown = report(&[(Check::RedirectUri, Outcome::Skipped)]).to_json();
        assert_eq!(shown["checks"][0]["check"], "redirect_uri");
        assert_eq!(shown["checks"][0]["result"], "skipped");
        assert_eq!(shown["exit"], 0);
    }
}
