//! What pages of configured origins may do (Fetch standard, CORS protocol). Everybody else's page
//! was refused at the edge already.

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::route::Route;

const REQUEST_HEADERS: &str =
    "authorization, content-type, mcp-protocol-version, mcp-method, mcp-name";
const ANSWER_HEADERS: &str = "www-authenticate, retry-after, ratelimit, ratelimit-policy";

/// Whether a request asks what a page may do.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whether scripts have business with a route; pages for a person are none of it.
pub(crate) const fn is_for_scripts(route: Route) -> bool {
    !matches!(route, Route::Authorize | Route::Callback | Route::Home)
}

/// The answer to a preflight from an origin that the edge admitted.
pub(crate) fn preflight(route: Route) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(route.allow()));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets the page of `origin` read an answer. Never with credentials: our cookies are for our pages.
pub(crate) fn grant(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert_with(|| origin.clone());
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    headers.append(VARY, HeaderValue::from_static("origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_names_the_methods_and_headers_of_the_route() {
        let answer = preflight(Route::Mcp);
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_METHODS], "POST");
        let headers = answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
        assert!(headers.contains("authorization") && !headers.contains("cookie"));
    }

    #[test]
    fn an_answer_is_readable_without_credentials() {
        let mut headers = HeaderMap::new();
        grant(&mut headers, &HeaderValue::from_static("https://app.example"));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert!(!headers.contains_key("access-control-allow-credentials"));
    }

    #[test]
    fn pages_for_a_person_are_not_for_scripts() {
        assert!(is_for_scripts(Route::Mcp) && is_for_scripts(Route::Token));
        assert!(!is_for_scripts(Route::Authorize) && !is_for_scripts(Route::Callback));
    }
}
