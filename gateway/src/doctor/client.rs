//! Our client at the backend: whether its secret is accepted, whether it may ask about tokens, and
//! what a question costs. Asked by the gateway's own code, about tokens that nobody has.

use std::time::Duration;

use authz::introspection::Introspection;
use authz::secret::{BackendCode, BackendToken, CodeVerifier};

use super::finding::{Check, Finding};
use super::wire::{Wire, unheard_of};
use crate::config::Backend;
use crate::fault::Fault;
use crate::introspector::{HttpIntrospector, TokenIntrospector as _};
use crate::upstream_oauth::{NoTokens, UpstreamOAuth};

/// How many questions the price is taken from.
const QUESTIONS: usize = 5;
/// Above it, a question costs the backend a slow hash and not a look into a table.
const DEAR: Duration = Duration::from_millis(150);
/// The share of the backend's time that questions about tokens may take.
const SHARE: f64 = 0.3;

/// Secret, introspection and its price.
pub(super) async fn examine(
    wire: &Wire,
    upstream: &UpstreamOAuth,
    backend: &Backend,
) -> Vec<Finding> {
    let code = BackendCode::new(unheard_of());
    let redeemed = upstream.redeem(&code, &CodeVerifier::new(unheard_of())).await;
    let secret = judge_secret(redeemed.err().as_ref(), backend);
    let introspector = HttpIntrospector::new(wire.http.clone(), backend);
    let answer = introspector.introspect(&BackendToken::new(unheard_of())).await;
    let introspection = judge_introspection(&answer, backend);
    let answers = answer.is_ok();
    let cost = if answers {
        let prices = prices(wire, &introspector).await;
        judge_cost(prices, plain_price(wire, backend).await, backend.introspection.lifetime)
    } else {
        let advice = "Mend introspection first.";
        Finding::skipped(Check::IntrospectionCost, "the backend does not answer", advice)
    };
    vec![secret, introspection, cost]
}

/// Whether an unknown token is revoked without complaint (RFC 7009 §2.2).
pub(super) async fn revocation(upstream: &UpstreamOAuth) -> Finding {
    judge_revocation(upstream.revoke(&unheard_of(), "refresh_token").await.err().as_ref())
}

/// A client whose secret is right is told that its code is not; any other is told that it is not
/// the client.
fn judge_secret(no_tokens: Option<&NoTokens>, backend: &Backend) -> Finding {
    let check = Check::ClientSecret;
    let public = backend.client_secret.is_none();
    match no_tokens {
        Some(NoTokens::InvalidGrant) if public => {
            Finding::ok(check, "the client is accepted, without a secret")
        }
        Some(NoTokens::InvalidGrant) => Finding::ok(check, "client and secret are accepted"),
        Some(NoTokens::Fault(Fault::BackendRefusedUs)) => Finding::fail(
            check,
            "the backend refuses our client_id and client_secret",
            "Compare backend.client_id and backend.client_secret with the application at the \
             backend: a confidential client with the grant `authorization code`. If the secret is \
             lost, set a new one on both sides; a line break at its end is ignored here.",
        ),
        Some(NoTokens::Fault(fault)) => broken(check, "the token endpoint", fault, "token"),
        None => Finding::fail(
            check,
            "the token endpoint gave tokens for a code that nobody issued",
            "This is no authorization server to rely on. Correct backend.endpoints.token.",
        ),
    }
}

fn judge_introspection(answer: &Result<Introspection, Fault>, backend: &Backend) -> Finding {
    let check = Check::Introspection;
    match answer {
        Ok(Introspection::Inactive) => {
            Finding::ok(check, "our client may ask; an unknown token is not active")
        }
        Ok(Introspection::Active(_)) => Finding::fail(
            check,
            "the endpoint calls a token active that nobody issued",
            "Whoever answers there vouches for everything. Correct backend.endpoints.introspect.",
        ),
        Err(Fault::BackendRefusedUs) => Finding::fail(
            check,
            "our client may not ask about tokens: every call is answered 503",
            "If `client_secret` fails too, mend that. Else allow this client to introspect: at \
             django-oauth-toolkit a confidential client may, by its secret.",
        ),
        Err(Fault::BackendLate) => Finding::fail(
            check,
            format!(
                "no answer within {} ms: every call is answered 503",
                backend.introspection.deadline.as_millis()
            ),
            "See `introspection_cost`. Until it is mended, raise backend.introspection.deadline.",
        ),
        Err(fault) => broken(check, "the introspection endpoint", fault, "introspect"),
    }
}

fn judge_revocation(fault: Option<&Fault>) -> Finding {
    let check = Check::Revocation;
    match fault {
        None => Finding::ok(check, "tokens can be ended"),
        Some(Fault::BackendRefusedUs) => Finding::fail(
            check,
            "our client may not end tokens: a logout ends at the gateway alone",
            "See `client_secret`.",
        ),
        Some(fault) => broken(check, "the revocation endpoint", fault, "revoke"),
    }
}

/// An endpoint that answers neither yes nor no.
fn broken(check: Check, what: &str, fault: &Fault, field: &str) -> Finding {
    let seen = format!("{what}: {fault}");
    let advice = format!(
        "Correct backend.endpoints.{field}: the path to the letter, the slash at its end included. \
         If it is right, the backend's own log says more."
    );
    Finding::fail(check, seen, advice)
}

/// How long each of several questions took, one after the other.
async fn prices(wire: &Wire, introspector: &HttpIntrospector) -> Vec<Duration> {
    let mut prices = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let begun = wire.clock.monotonic();
        if introspector.introspect(&BackendToken::new(unheard_of())).await.is_ok() {
            prices.push(wire.clock.monotonic().saturating_sub(begun));
        }
    }
    prices
}

/// What the backend needs to turn an unknown bearer away: the same way and a look into the same
/// table, without our secret.
async fn plain_price(wire: &Wire, backend: &Backend) -> Duration {
    let begun = wire.clock.monotonic();
    let request = wire.http.get(backend.endpoints.userinfo.clone()).timeout(backend.deadline);
    let _refused = wire.ask(request.bearer_auth(unheard_of())).await;
    wire.clock.monotonic().saturating_sub(begun)
}

fn judge_cost(mut prices: Vec<Duration>, plain: Duration, lifetime: Duration) -> Finding {
    let check = Check::IntrospectionCost;
    prices.sort_unstable();
    let Some(median) = prices.get(prices.len() / 2).copied() else {
        return Finding::warn(
            check,
            "the backend answered once, and then no more",
            "Is it overloaded, or does it limit how often it is asked?",
        );
    };
    let tokens = sustainable(median, lifetime);
    let seen = format!(
        "median {} ms of {}; one backend worker carries about {tokens} active logins in one replica \
         (a {:.0} % share of its time, each asked about every {} s)",
        median.as_millis(),
        prices.len(),
        SHARE * 100.0,
        lifetime.as_secs(),
    );
    if median <= DEAR {
        return Finding::ok(check, seen);
    }
    let cause = if median > plain * 5 {
        format!(
            "A call without our secret takes {} ms, so the time goes into comparing the secret: the \
             backend stores it under a slow hash. Store it unhashed for this one application \
             (django-oauth-toolkit: `hash_client_secret` off; a random secret of 64 characters or more \
             needs no slow hash).",
            plain.as_millis()
        )
    } else {
        format!(
            "A call without our secret takes {} ms, too: the backend, or the way to it, is slow.",
            plain.as_millis()
        )
    };
    let advice = format!(
        "{cause} More backend workers carry more logins; with several replicas of the gateway, \
         divide by their number."
    );
    Finding::warn(check, seen, advice)
}

/// Active tokens = rate × share × lifetime.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes an integer by saturating, and is not negative"
)]
fn sustainable(median: Duration, lifetime: Duration) -> u64 {
    let rate = 1.0 / median.as_secs_f64().max(0.001);
    (rate * SHARE * lifetime.as_secs_f64()) as u64
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;
    use crate::bench;

    const MINUTE: Duration = Duration::from_secs(60);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn backend() -> Backend {
        bench::backend("http://127.0.0.1:8000")
    }

    #[test]
    fn a_backend_that_knows_the_client_complains_about_the_code_alone() {
        let judged = |why| judge_secret(Some(&why), &backend()).outcome;
        assert_eq!(judged(NoTokens::InvalidGrant), Outcome::Ok);
        assert_eq!(judged(Fault::BackendRefusedUs.into()), Outcome::Fail);
        assert_eq!(judged(Fault::BackendAnswer("status").into()), Outcome::Fail);
        assert_eq!(judge_secret(None, &backend()).outcome, Outcome::Fail);
    }

    #[test]
    fn only_an_inactive_answer_about_a_made_up_token_is_well() {
        let judged = |answer| judge_introspection(&answer, &backend());
        assert_eq!(judged(Ok(Introspection::Inactive)).outcome, Outcome::Ok);
        let vouching = Introspection::read(200, br#"{"active":true}"#).unwrap();
        assert_eq!(judged(Ok(vouching)).outcome, Outcome::Fail);
        assert!(judged(Err(Fault::BackendRefusedUs)).seen.contains("may not ask"));
        assert!(judged(Err(Fault::BackendLate)).seen.contains("2000 ms"));
    }

    #[test]
    fn the_figures_of_a_hashed_and_of_an_unhashed_secret() {
        // A worker that needs 278 ms answers 3.6 a second.
        assert_eq!(sustainable(ms(278), MINUTE), 64);
        assert_eq!(sustainable(ms(33), MINUTE), 545);
        assert_eq!(sustainable(ms(0), MINUTE), 18_000);
    }

    #[test]
    fn a_dear_question_is_traced_to_the_secret_or_to_the_way() {
        let prices = |millis: u64| vec![ms(millis), ms(1), ms(millis), ms(9999), ms(millis)];
        assert_eq!(judge_cost(prices(150), ms(10), MINUTE).outcome, Outcome::Ok);
        let hashed = judge_cost(prices(240), ms(10), MINUTE);
        assert_eq!(hashed.outcome, Outcome::Warn);
        assert!(hashed.seen.starts_with("median 240 ms of 5"), "{hashed:?}");
        assert!(hashed.advice.unwrap().contains("unhashed"));
        let slow = judge_cost(prices(240), ms(200), MINUTE);
        assert!(slow.advice.unwrap().contains("is slow"));
        assert_eq!(judge_cost(Vec::new(), ms(1), MINUTE).outcome, Outcome::Warn);
    }
}
