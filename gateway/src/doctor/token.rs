//! What a person's token is worth: who stands behind it, for how long, and whether it is for us.
//! Without a token only the endpoints are tried, with one that nobody has.

use authz::ids::{ClientId, Subject};
use authz::introspection::Introspection;
use authz::principal::{Principal, Unestablished};
use authz::secret::BackendToken;
use authz::time::Timestamp;
use authz::token::{AccessClaims, Grant};

use super::finding::{Check, Finding};
use super::wire::{Answer, Got, Wire, unheard_of};
use crate::config::Backend;
use crate::fault::Fault;
use crate::introspector::{HttpIntrospector, TokenIntrospector as _};

/// A token that lives longer than this outlives many a stolen notebook.
const LONG_SECONDS: u64 = 3600;

const HOW: &str =
    "Log in at the backend, put its access token into a file, and run with --token FILE.";

/// Userinfo, and the token if there is one.
pub(super) async fn examine(
    wire: &Wire,
    backend: &Backend,
    token: Option<&BackendToken>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (userinfo, subject) = match token {
        None => (judge_unknown(&userinfo(wire, backend, &unheard_of()).await), None),
        Some(token) => judge_userinfo(&userinfo(wire, backend, token.expose()).await),
    };
    findings.push(userinfo);
    let Some(token) = token else {
        let seen = "no backend token was given";
        findings.push(Finding::skipped(Check::Token, seen, HOW));
        findings.push(Finding::skipped(Check::TokenLifetime, seen, HOW));
        return findings;
    };
    let answer = HttpIntrospector::new(wire.http.clone(), backend).introspect(token).await;
    let now = wire.clock.now();
    findings.push(judge_token(&answer, subject.as_ref(), backend, now));
    findings.push(judge_lifetime(&answer, now));
    findings
}

async fn userinfo(wire: &Wire, backend: &Backend, token: &str) -> Answer {
    let request = wire.http.get(backend.endpoints.userinfo.clone()).timeout(backend.deadline);
    wire.ask(request.bearer_auth(token)).await
}

/// A bearer that nobody issued is refused (RFC 6750 §3.1).
fn judge_unknown(answer: &Answer) -> Finding {
    let check = Check::Userinfo;
    match answer {
        Answer::Got(Got { status: 401, .. }) => {
            Finding::ok(check, "it refuses a token that nobody issued")
        }
        Answer::Got(Got { status: 200, .. }) => Finding::fail(
            check,
            "it accepts a token that nobody issued",
            "Whoever answers there vouches for everybody. Correct backend.endpoints.userinfo.",
        ),
        Answer::Got(got) => wrong_place(got.status),
        Answer::None(why) => {
            super::discovery::silent(check, "userinfo", *why, "backend.endpoints.userinfo")
        }
    }
}

fn judge_userinfo(answer: &Answer) -> (Finding, Option<Subject>) {
    let check = Check::Userinfo;
    let got = match answer {
        Answer::Got(got) => got,
        Answer::None(_) => return (judge_unknown(answer), None),
    };
    let subject = got.json().filter(|_| got.status == 200);
    let subject = subject.as_ref().and_then(|json| Subject::parse(json.get("sub")?.as_str()?).ok());
    let finding = match (&subject, got.status) {
        (Some(_), _) => Finding::ok(check, "it names the person behind the token"),
        (None, 200) => Finding::fail(
            check,
            "it names nobody: `sub` is missing, or no plain identifier",
            "The login needs the scope openid, in backend.scope and at the backend.",
        ),
        (None, 401) => Finding::fail(
            check,
            "it refuses the given token",
            "See `token`. A token without the scope openid, or bound to a resource (RFC 8707), is \
             refused here too.",
        ),
        (None, status) => wrong_place(status),
    };
    (finding, subject)
}

fn wrong_place(status: u16) -> Finding {
    Finding::fail(
        Check::Userinfo,
        format!("userinfo answers with status {status}"),
        "Correct backend.endpoints.userinfo: the path to the letter, the slash at its end included.",
    )
}

/// Decided by the same rule as every call, over a grant that nobody holds.
fn judge_token(
    answer: &Result<Introspection, Fault>,
    subject: Option<&Subject>,
    backend: &Backend,
    now: Timestamp,
) -> Finding {
    let check = Check::Token;
    let Ok(answer) = answer else {
        return Finding::skipped(
            check,
            "the backend said nothing about it",
            "See `introspection`.",
        );
    };
    // Where userinfo named nobody, whoever introspection names is as good.
    let named = match answer {
        Introspection::Active(claims) => claims.subject.as_deref().unwrap_or("nobody"),
        Introspection::Inactive => "nobody",
    };
    let subject = subject.cloned().or_else(|| Subject::parse(named).ok());
    let (Some(subject), Ok(client)) = (subject, ClientId::parse("doctor")) else {
        return Finding::skipped(check, "nobody stands behind it", "See `userinfo`.");
    };
    let claims = AccessClaims {
        grant: Grant {
            subject,
            client: client.fingerprint(),
            scope: authz::scope::Scope::default(),
            resource: String::new(),
            backend: backend.name.clone(),
            authenticated_at: now,
        },
        backend_token: BackendToken::new(""),
        issued_at: now,
        expires_at: now,
    };
    match Principal::establish(claims, answer, backend.audience(), now) {
        Ok(_) => Finding::ok(check, "live, a person's, and meant for us by backend.audience"),
        Err(why) => not_ours(why),
    }
}

fn not_ours(why: Unestablished) -> Finding {
    let advice = match why {
        Unestablished::Inactive | Unestablished::Expired => "Log in anew; this token has ended.",
        Unestablished::WrongAudience => {
            "Was it issued to backend.client_id? If tokens of another application shall count, name \
             it in backend.audience.allowed_clients; a required scope or audience must be in the \
             token."
        }
        Unestablished::NoPerson => "It is a service account's; the gateway serves persons.",
        Unestablished::OtherSubject => {
            "Userinfo and introspection name different persons: ask the backend's operator."
        }
        Unestablished::CannotKnow => {
            "The backend's introspection names no client_id: use required_scope or \
             required_audience in backend.audience."
        }
    };
    Finding::fail(Check::Token, format!("it would not be let in: {why}"), advice)
}

fn judge_lifetime(answer: &Result<Introspection, Fault>, now: Timestamp) -> Finding {
    let check = Check::TokenLifetime;
    let Ok(Introspection::Active(claims)) = answer else {
        return Finding::skipped(check, "the token is not active", HOW);
    };
    let Some(end) = claims.expires_at else {
        return Finding::warn(
            check,
            "the backend does not say when the token ends",
            "Make sure that it does end. The gateway's own tokens last an hour at most, and the \
             session as long as sessions.absolute_lifetime.",
        );
    };
    let left = now.until(end).as_secs();
    if left <= LONG_SECONDS {
        return Finding::ok(check, format!("it ends in {left} s"));
    }
    Finding::warn(
        check,
        format!("it lives for {} h more", left / 3600),
        "The gateway never hands it out, but a shorter life limits what a leak elsewhere is worth. \
         At django-oauth-toolkit: ACCESS_TOKEN_EXPIRE_SECONDS at most 3600, and a finite \
         REFRESH_TOKEN_EXPIRE_SECONDS.",
    )
}

/// No probe can see it without ending somebody's login.
pub(super) fn refresh_grace() -> Finding {
    Finding::skipped(
        Check::RefreshGrace,
        "it cannot be seen from outside without ending a login",
        "Let the backend accept a refresh token once more for some seconds after its use, so that a \
         lost answer does not end the login. At django-oauth-toolkit: \
         REFRESH_TOKEN_GRACE_PERIOD_SECONDS 10 to 30.",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::finding::Outcome;
    use super::*;
    use crate::bench;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn got(status: u16, body: &'static str) -> Answer {
        Answer::Got(Got { status, body: body.into(), ..Got::default() })
    }

    fn active(more: &str) -> Introspection {
        let body = format!(r#"{{"active":true,"client_id":"gateway","username":"x"{more}}}"#);
        Introspection::read(200, body.as_bytes()).unwrap()
    }

    fn token(answer: &Result<Introspection, Fault>) -> Finding {
        let subject = Subject::parse("10003").ok();
        judge_token(answer, subject.as_ref(), &bench::backend("http://127.0.0.1:8000"), NOW)
    }

    #[test]
    fn a_token_is_judged_by_the_rule_of_every_call() {
        assert_eq!(token(&Ok(active(""))).outcome, Outcome::Ok);
        assert_eq!(token(&Ok(active(r#","exp":1"#))).outcome, Outcome::Fail);
        assert_eq!(token(&Ok(active(r#","sub":"10002""#))).outcome, Outcome::Fail);
        assert_eq!(token(&Ok(Introspection::Inactive)).outcome, Outcome::Fail);
        assert_eq!(token(&Err(Fault::BackendLate)).outcome, Outcome::Skipped);
        let foreign = Introspection::read(200, br#"{"active":true,"client_id":"x"}"#).unwrap();
        assert!(token(&Ok(foreign)).advice.unwrap().contains("allowed_clients"));
    }

    #[test]
    fn a_token_of_more_than_an_hour_is_a_warning() {
        let until = |seconds| {
            let end = NOW.plus(Duration::from_secs(seconds)).unix_seconds();
            judge_lifetime(&Ok(active(&format!(r#","exp":{end}"#))), NOW)
        };
        assert_eq!(until(3600).outcome, Outcome::Ok);
        assert_eq!(until(1_209_600).seen, "it lives for 336 h more");
        assert_eq!(judge_lifetime(&Ok(active("")), NOW).outcome, Outcome::Warn);
    }

    #[test]
    fn userinfo_must_refuse_what_nobody_issued_and_name_who_logged_in() {
        assert_eq!(judge_unknown(&got(401, "")).outcome, Outcome::Ok);
        for status in [200, 301, 404, 500] {
            assert_eq!(judge_unknown(&got(status, "")).outcome, Outcome::Fail, "{status}");
        }
        let (named, subject) = judge_userinfo(&got(200, r#"{"sub":"10002","email":"canary"}"#));
        assert_eq!(subject.unwrap().as_str(), "10002");
        assert!(!format!("{named:?}").contains("canary"));
        assert_eq!(judge_userinfo(&got(200, "{}")).0.outcome, Outcome::Fail);
        assert_eq!(judge_userinfo(&got(401, "")).0.outcome, Outcome::Fail);
    }
}
