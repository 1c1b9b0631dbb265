use super::*;

#[test]
fn a_login_is_bound_to_where_its_tokens_are_sent_and_not_to_the_name_alone() {
    let here = crate::bench::backend("http://127.0.0.1:8000");
    let there = crate::bench::backend("http://127.0.0.1:8001");
    assert_eq!(here.name, there.name);
    assert_ne!(here.binding(), there.binding());
    assert_eq!(here.binding(), crate::bench::backend("http://127.0.0.1:8000").binding());
    let longest = BackendName::parse(&"a".repeat(63)).unwrap();
    let long = Backend { name: longest.clone(), ..here };
    assert_ne!(long.binding(), longest);
}

#[test]
fn endpoints_lie_below_the_backend_whether_or_not_its_url_ends_in_a_slash() {
    for base in ["https://jhe.example.org/app", "https://jhe.example.org/app/"] {
        let url = under(&base.parse().unwrap(), "o/token/");
        assert_eq!(url.as_str(), "https://jhe.example.org/app/o/token/");
    }
}

#[test]
fn a_backend_over_plain_http_needs_a_word_of_its_own() {
    let remote = Value::String("http://jhe.jhe.svc.cluster.local".to_owned());
    assert!(backend_url(&remote, false).is_err());
    assert!(backend_url(&remote, true).is_ok());
    let loopback = Value::String("http://127.0.0.1:8000".to_owned());
    assert!(backend_url(&loopback, false).is_ok());
}

#[test]
fn a_login_origin_is_https_and_nothing_behind_it() {
    let read = |text: &str| login_origin(&Value::String(text.to_owned()));
    assert_eq!(read("https://login.example.org/").unwrap(), "https://login.example.org");
    assert_eq!(read("https://login.example.org:8443").unwrap(), "https://login.example.org:8443");
    for bad in ["http://login.example.org", "https://login.example.org/saml", "https://*.org; x"] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
