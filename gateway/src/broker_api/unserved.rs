//! How a request is answered that was meant for the broker and never reached it: over a limit, shed,
//! malformed, or met by something broken. A person gets a page, an OAuth client gets OAuth's JSON
//! (RFC 6749 §5.2); anybody else a problem document, which is not written here.

use authz::ids::RequestId;
use authz::rejection::{Rejection, RejectionCode};
use axum::body::Body;
use http::Response;
use serde_json::json;

use super::pages;
use crate::fault::{Fault, RETRY_AFTER};
use crate::respond::{document, retry_after};
use crate::route::Route;

/// What a person is told when something broke.
const BROKEN: &str = "Something behind this gateway is not working. Try again in a moment from your \
                      LLM client.";

/// Who reads the answers of a route.
enum Reader {
    Person,
    OAuthClient,
}

const fn reader(route: Route) -> Option<Reader> {
    match route {
        Route::Authorize | Route::Callback | Route::Home => Some(Reader::Person),
        Route::Token | Route::Register | Route::Revoke => Some(Reader::OAuthClient),
        Route::Mcp | Route::ProtectedResource | Route::AuthorizationServer | Route::Health => None,
    }
}

/// The answer to a refused request, if its route has readers of its own.
pub(crate) fn refusal(
    route: Route,
    rejection: &Rejection,
    id: &RequestId,
) -> Option<Response<Body>> {
    let code = rejection.code();
    // Such headers come many at a time, over streams that nobody reads: no body must wait there.
    let reader = reader(route).filter(|_| code != RejectionCode::HeadersTooLarge)?;
    let mut response = match reader {
        Reader::Person => pages::failure(code.status(), code.text(), id),
        Reader::OAuthClient => oauth(code.status(), code.text(), id),
    };
    if let Some(wait) = rejection.retry_after() {
        retry_after(response.headers_mut(), wait);
    }
    Some(response)
}

/// The same where something broke.
pub(crate) fn fault(route: Route, fault: &Fault, id: &RequestId) -> Option<Response<Body>> {
    let mut response = match reader(route)? {
        Reader::Person => pages::failure(fault.status(), BROKEN, id),
        Reader::OAuthClient => {
            oauth(fault.status(), "Try again shortly; the login is not lost.", id)
        }
    };
    retry_after(response.headers_mut(), RETRY_AFTER);
    Some(response)
}

/// Whoever may come back is told so in OAuth's word for it; a client that cannot read a refusal takes
/// its login for lost.
fn oauth(status: u16, text: &str, id: &RequestId) -> Response<Body> {
    let comes_back = status == 429 || status >= 500;
    let error = if comes_back { "temporarily_unavailable" } else { "invalid_request" };
    let description = format!("{text} (reference {})", id.short());
    let body = json!({ "error": error, "error_description": description });
    document(status, "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt as _;

    use super::*;

    async fn read(response: Response<Body>) -> (String, String) {
        let media = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (media, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_person_gets_a_page_and_an_oauth_client_oauths_json() {
        let id = RequestId::from_random([0xab; 16]);
        let over = Rejection::later(RejectionCode::RateLimited, Duration::from_secs(7));
        for route in [Route::Authorize, Route::Callback] {
            let response = refusal(route, &over, &id).unwrap();
            assert_eq!(
                (response.status().as_u16(), &response.headers()["retry-after"]),
                (429, &7.into())
            );
            let (media, body) = read(response).await;
            assert!(media.starts_with("text/html") && body.contains("ababababab<"), "{body}");
        }
        for route in [Route::Token, Route::Register, Route::Revoke] {
            let (media, body) = read(refusal(route, &over, &id).unwrap()).await;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                (media.as_str(), &body["error"]),
                ("application/json", &"temporarily_unavailable".into())
            );
            let broken = fault(route, &Fault::BackendLate, &id).unwrap();
            assert_eq!(
                (broken.status().as_u16(), &broken.headers()["retry-after"]),
                (503, &5.into())
            );
            let wrong = Rejection::new(RejectionCode::BodyTooLarge);
            let (_, body) = read(refusal(route, &wrong, &id).unwrap()).await;
            assert!(body.contains("\"invalid_request\""), "{body}");
        }
        assert!(refusal(Route::Mcp, &over, &id).is_none());
    }
}
