use http::HeaderName;

use super::*;

fn edge() -> Edge {
    Edge {
        own_origin: "https://gateway.example".to_owned(),
        authorities: BTreeSet::from(["gateway.example".to_owned()]),
        origins: BTreeSet::from(["https://gateway.example".to_owned()]),
        header_bytes: 1000,
        header_fields: 10,
    }
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn call(extra: &[(&str, &str)]) -> HeaderMap {
    let usual = [
        ("host", "gateway.example"),
        ("content-type", "application/json; charset=utf-8"),
        ("accept", "application/json, text/event-stream"),
    ];
    headers(&[&usual[..], extra].concat())
}

fn admit(target: &str, headers: &HeaderMap) -> Result<(), RejectionCode> {
    let uri: Uri = target.parse().unwrap();
    let route = if target.starts_with("/mcp") { Route::Mcp } else { Route::Authorize };
    let method = if route == Route::Mcp { Method::POST } else { Method::GET };
    edge().admit(route, Seen { method: &method, uri: &uri, headers })
}

#[test]
fn an_ordinary_call_is_admitted() {
    assert_eq!(admit("/mcp", &call(&[])), Ok(()));
    assert_eq!(admit("/mcp", &call(&[("origin", "https://gateway.example")])), Ok(()));
}

#[test]
fn a_request_names_one_host_and_one_of_ours() {
    assert_eq!(admit("/authorize", &headers(&[])), Err(RejectionCode::MalformedRequest));
    let two = headers(&[("host", "gateway.example"), ("host", "gateway.example")]);
    assert_eq!(admit("/authorize", &two), Err(RejectionCode::MalformedRequest));
    for foreign in ["evil.example", "gateway.example:8443", "gateway.example.", ""] {
        let refused = admit("/authorize", &headers(&[("host", foreign)]));
        assert_eq!(refused, Err(RejectionCode::WrongHost), "{foreign}");
    }
    let both = headers(&[("host", "evil.example")]);
    assert_eq!(admit("https://gateway.example/authorize", &both), Err(RejectionCode::WrongHost));
    assert_eq!(admit("https://Gateway.example/authorize", &headers(&[])), Ok(()));
}

#[test]
fn a_page_elsewhere_is_refused() {
    for foreign in ["https://evil.example", "null", "http://gateway.example"] {
        let refused = admit("/mcp", &call(&[("origin", foreign)]));
        assert_eq!(refused, Err(RejectionCode::ForeignOrigin), "{foreign}");
    }
}

#[test]
fn a_token_in_the_query_is_refused_wherever_it_stands() {
    for target in ["/mcp?access_token=x", "/mcp?a=1&access_token=", "/authorize?access%5Ftoken=x"] {
        assert_eq!(admit(target, &call(&[])), Err(RejectionCode::TokenInQuery), "{target}");
    }
}

#[test]
fn a_call_carries_plain_json_and_takes_both_answers() {
    let host = ("host", "gateway.example");
    let json = ("content-type", "application/json");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let unsupported = Err(RejectionCode::UnsupportedMediaType);
    assert_eq!(admit("/mcp", &headers(&[host, form, ("accept", "*/*")])), unsupported);
    assert_eq!(admit("/mcp", &headers(&[host, ("accept", "*/*")])), unsupported);
    assert_eq!(admit("/mcp", &call(&[("content-encoding", "gzip")])), unsupported);
    assert_eq!(admit("/mcp", &headers(&[host, json, ("accept", "*/*")])), Ok(()));
    let one = headers(&[host, json, ("accept", "application/json")]);
    assert_eq!(admit("/mcp", &one), Err(RejectionCode::NotAcceptable));
}

#[test]
fn too_many_and_too_long_fields_are_refused() {
    let many: Vec<_> = (0..11).map(|_| ("x-field", "1")).collect();
    assert_eq!(admit("/mcp", &call(&many)), Err(RejectionCode::HeadersTooLarge));
    let long = "x".repeat(1000);
    assert_eq!(admit("/mcp", &call(&[("x-field", &long)])), Err(RejectionCode::HeadersTooLarge));
}
