//! The URL that sends a browser to the backend's login (RFC 6749 §4.1.1, RFC 7636 §4.3). What the
//! client asked of us is not passed on: scope and callback are ours.

use authz::broker::consent::Approval;
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope};
use url::Url;

use super::wire::BackendClient;
use crate::fault::Fault;

/// JHE drops a longer target from its login page and strands the person there without an error.
const LONGEST_TARGET: usize = 2048;

const TOO_LONG: Fault = Fault::Internal(
    "the backend's authorize URL is too long; shorten backend.scope or backend.endpoints.authorize",
);

/// The URL for one approved login.
pub(super) fn build(
    client: &BackendClient,
    scope: &str,
    approval: &Approval,
) -> Result<Url, Fault> {
    let verifier = PkceCodeVerifier::new(approval.verifier.expose().to_owned());
    let (url, _) = client
        .authorize_url(|| CsrfToken::new(approval.state.clone()))
        .add_scopes(scope.split(' ').map(|token| Scope::new(token.to_owned())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .add_extra_param("nonce", approval.nonce.as_str())
        .url();
    bounded(url)
}

/// Path and query count, as they stand in the request line.
fn bounded(url: Url) -> Result<Url, Fault> {
    let target = url.path().len() + url.query().map_or(0, |query| query.len() + 1);
    if target > LONGEST_TARGET { Err(TOO_LONG) } else { Ok(url) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(target_bytes: usize) -> Url {
        let start = "/o/authorize/?scope=";
        let padding = "x".repeat(target_bytes - start.len());
        format!("https://jhe.example{start}{padding}").parse().unwrap()
    }

    #[test]
    fn a_target_of_2048_characters_is_sent_and_one_of_2049_is_not() {
        assert!(bounded(url(2048)).is_ok());
        assert!(bounded(url(2049)).is_err());
    }
}
