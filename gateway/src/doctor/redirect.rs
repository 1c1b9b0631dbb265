//! Whether the backend sends logins back to us, learnt without a login.
//!
//! The probe is our own authorize request with `prompt=none login`. OpenID Connect Core §3.1.2.1
//! makes that an error, and an error may only be sent to a redirect URI that is registered
//! (RFC 6749 §4.1.2.1): a backend that knows ours redirects there, one that does not answers itself.

use authz::broker::consent::Approval;
use authz::ids::ClientId;
use authz::metadata::PublicUrls;
use authz::secret::CodeVerifier;
use url::Url;

use super::finding::{Check, Finding};
use super::wire::{Answer, Got, Wire, unheard_of};
use crate::config::Backend;
use crate::upstream_oauth::UpstreamOAuth;

/// What a backend does with one authorize request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    /// Redirects to the very URI, with the OAuth error that was provoked, or as if nobody were
    /// logged in.
    Returns,
    /// Redirects there with another error: our request itself is wrong.
    Objects(Objection),
    /// Answers itself, with an error.
    Refuses,
    /// Shows its login first, or something else that tells nothing.
    Silent,
    /// Breaks.
    Breaks(u16),
    /// Does not answer.
    Away,
}

/// What the backend dislikes about our request, as RFC 6749 §4.1.2.1 names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Objection {
    Scope,
    Client,
    Other,
}

/// Asks for ours, and for one that nobody registered.
pub(super) async fn examine(
    wire: &Wire,
    upstream: &UpstreamOAuth,
    backend: &Backend,
    urls: &PublicUrls,
) -> Finding {
    let ours = urls.callback();
    let Some(authorize) = authorize_url(upstream) else {
        return Finding::fail(
            Check::RedirectUri,
            "the authorize URL is longer than the backend's login page keeps (2,048 characters)",
            "Shorten backend.scope or backend.endpoints.authorize.",
        );
    };
    let reaction = react(wire, backend, &authorize, &ours).await;
    let control = if reaction == Reaction::Refuses {
        Reaction::Refuses
    } else {
        let nobodys = urls.at(&format!("/oauth/{}", unheard_of()));
        react(wire, backend, &with_redirect(&authorize, &nobodys), &nobodys).await
    };
    judge(reaction, control, &ours, backend)
}

/// As a login would open it.
fn authorize_url(upstream: &UpstreamOAuth) -> Option<Url> {
    let approval = Approval {
        state: unheard_of(),
        cookie: String::new(),
        verifier: CodeVerifier::new(unheard_of()),
        nonce: unheard_of(),
        client: ClientId::parse("doctor").ok()?.fingerprint(),
    };
    let mut url = upstream.authorize_url(&approval).ok()?;
    url.query_pairs_mut().append_pair("prompt", "none login");
    Some(url)
}

fn with_redirect(url: &Url, redirect: &str) -> Url {
    let mut other = url.clone();
    let pairs: Vec<_> = url.query_pairs().filter(|(name, _)| name != "redirect_uri").collect();
    other.query_pairs_mut().clear().extend_pairs(pairs).append_pair("redirect_uri", redirect);
    other
}

async fn react(wire: &Wire, backend: &Backend, url: &Url, redirect: &str) -> Reaction {
    match wire.get(url.clone(), backend.deadline).await {
        Answer::Got(got) => reaction(&got, redirect),
        Answer::None(_) => Reaction::Away,
    }
}

fn reaction(got: &Got, redirect: &str) -> Reaction {
    match (got.status, &got.location) {
        (300..=399, Some(location)) => returned(location, redirect),
        (400..=499, _) => Reaction::Refuses,
        (500.., _) => Reaction::Breaks(got.status),
        _ => Reaction::Silent,
    }
}

fn returned(location: &str, redirect: &str) -> Reaction {
    let Ok(mut url) = Url::parse(location) else { return Reaction::Silent };
    let error = url.query_pairs().find(|(name, _)| name == "error").map(|(_, value)| value);
    let error = error.map(std::borrow::Cow::into_owned);
    url.set_query(None);
    url.set_fragment(None);
    if url.as_str() != redirect {
        return Reaction::Silent;
    }
    match error.as_deref() {
        Some("invalid_request" | "login_required" | "interaction_required") => Reaction::Returns,
        Some("invalid_scope") => Reaction::Objects(Objection::Scope),
        Some("unauthorized_client" | "unsupported_response_type") => {
            Reaction::Objects(Objection::Client)
        }
        _ => Reaction::Objects(Objection::Other),
    }
}

fn judge(reaction: Reaction, control: Reaction, ours: &str, backend: &Backend) -> Finding {
    let check = Check::RedirectUri;
    let by_hand = format!(
        "Log in once through the gateway. If the backend shows an error instead of its login, or \
         right after it, register exactly {ours} there."
    );
    match (reaction, control) {
        (Reaction::Away, _) => Finding::skipped(
            check,
            "the authorize endpoint cannot be reached from here (browsers may reach it)",
            by_hand,
        ),
        (Reaction::Refuses, _) => Finding::fail(
            check,
            format!("the backend does not send logins back to {ours}"),
            format!(
                "Register exactly that, to the letter, as a redirect URI of the application {} at \
                 the backend. If `client_secret` fails too, mend the client id first.",
                backend.client_id
            ),
        ),
        (Reaction::Objects(objection), _) => objected(objection, ours),
        (Reaction::Returns, Reaction::Returns) => Finding::warn(
            check,
            "the backend redirects to any URI, registered or not",
            "Update the backend: whoever can name a redirect URI can send its users anywhere.",
        ),
        (Reaction::Returns, _) => Finding::ok(check, format!("logins come back to {ours}")),
        (_, Reaction::Refuses) => {
            Finding::ok(check, format!("logins come back to {ours}; another URI is refused"))
        }
        (Reaction::Silent | Reaction::Breaks(_), _) => {
            Finding::skipped(check, "the backend does not tell before somebody logs in", by_hand)
        }
    }
}

fn objected(objection: Objection, ours: &str) -> Finding {
    let (seen, advice) = match objection {
        Objection::Scope => (
            "backend.scope asks for what this application may not have",
            "Correct backend.scope, or allow those scopes for the application at the backend.",
        ),
        Objection::Client => (
            "the application may not use the authorization code grant",
            "Set the grant type of the application at the backend to `authorization code`.",
        ),
        Objection::Other => (
            "the backend objects to our authorize request",
            "Compare backend.scope and the application at the backend; its own log says more.",
        ),
    };
    let seen = format!("logins would come back to {ours}, but {seen}");
    Finding::fail(Check::RedirectUri, seen, advice)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;
    use crate::bench;

    const OURS: &str = "https://gateway.example/oauth/callback";

    fn redirect(location: &str) -> Reaction {
        let location = Some(location.to_owned());
        reaction(&Got { status: 302, location, ..Got::default() }, OURS)
    }

    fn status(status: u16) -> Reaction {
        reaction(&Got { status, ..Got::default() }, OURS)
    }

    #[test]
    fn an_error_at_our_own_uri_means_that_it_is_registered() {
        let at_ours = |query: &str| redirect(&format!("{OURS}?{query}"));
        for error in ["invalid_request", "login_required"] {
            assert_eq!(at_ours(&format!("error={error}&state=x")), Reaction::Returns);
        }
        assert_eq!(at_ours("error=invalid_scope"), Reaction::Objects(Objection::Scope));
        assert_eq!(at_ours("error=unauthorized_client"), Reaction::Objects(Objection::Client));
        assert_eq!(at_ours("error=server_error"), Reaction::Objects(Objection::Other));
        for elsewhere in
            ["/accounts/login/?next=x", "https://gateway.example/oauth/callback/?error=x"]
        {
            assert_eq!(redirect(elsewhere), Reaction::Silent, "{elsewhere}");
        }
        assert_eq!(status(400), Reaction::Refuses);
        assert_eq!(status(200), Reaction::Silent);
        assert_eq!(status(500), Reaction::Breaks(500));
    }

    #[test]
    fn what_cannot_be_told_apart_is_not_called_well() {
        use Reaction::{Away, Breaks, Objects, Refuses, Returns, Silent};
        let judged = |ours, control| {
            judge(ours, control, OURS, &bench::backend("http://127.0.0.1:8000")).outcome
        };
        for (ours, control, outcome) in [
            (Returns, Refuses, Outcome::Ok),
            (Returns, Silent, Outcome::Ok),
            // A login page for one, an error page for the other.
            (Silent, Refuses, Outcome::Ok),
            (Breaks(500), Refuses, Outcome::Ok),
            (Refuses, Refuses, Outcome::Fail),
            (Objects(Objection::Scope), Refuses, Outcome::Fail),
            (Returns, Returns, Outcome::Warn),
            (Silent, Silent, Outcome::Skipped),
            (Breaks(500), Breaks(500), Outcome::Skipped),
            (Away, Away, Outcome::Skipped),
        ] {
            assert_eq!(judged(ours, control), outcome, "{ours:?} {control:?}");
        }
    }

    #[test]
    fn the_control_differs_in_its_redirect_alone() {
        let url: Url = "https://b.example/a?client_id=x&redirect_uri=https%3A%2F%2Fours%2F&state=y"
            .parse()
            .unwrap();
        let other = with_redirect(&url, "https://other/");
        let pairs: Vec<_> = other.query_pairs().into_owned().collect();
        assert_eq!(
            pairs,
            [("client_id", "x"), ("state", "y"), ("redirect_uri", "https://other/")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
