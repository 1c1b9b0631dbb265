use super::*;

const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

fn policy() -> RedirectPolicy {
    RedirectPolicy { hosts: ["claude.ai".to_owned()].into(), exact: [CURSOR.to_owned()].into() }
}

fn uri(text: &str) -> RedirectUri {
    policy().accept(text).unwrap()
}

#[test]
fn loopback_configured_hosts_and_configured_uris_are_accepted() {
    for good in [
        "http://127.0.0.1:33418/",
        "http://127.0.0.1",
        "http://[::1]:8000/cb",
        "http://localhost:1/oauth/callback?a=b",
        "https://claude.ai/api/mcp/auth_callback",
        CURSOR,
    ] {
        assert!(policy().accept(good).is_some(), "{good}");
    }
}

#[test]
fn strangers_and_every_other_spelling_are_refused() {
    for bad in [
        "",
        "claude.ai/callback",
        "https://evil.example/cb",
        "http://claude.ai/cb",
        "https://claude.ai:444/cb",
        "https://claude.ai:443/cb",
        "https://claude.ai.evil.example/cb",
        "https://claude.ai./cb",
        "https://CLAUDE.ai/cb",
        "https://user@claude.ai/cb",
        "https://claude.ai@evil.example/cb",
        "https://claude.ai\\@evil.example/cb",
        "https://claude.ai/cb#f",
        "https://claude.ai/cb#",
        "https://claude.ai/a/../cb",
        "https://claude.ai/%2e%2e/cb",
        "https://claude.ai/*",
        "https://claude.ai/c b",
        "https://claude.ai/c\tb",
        "https:claude.ai/cb",
        "https:///claude.ai/cb",
        "https://xn--.ai/",
        "https://127.0.0.1:1/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.1/cb",
        "http://0x7f000001/cb",
        "http://2130706433/cb",
        "http://127.0.0.2/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://localhost.evil.example/cb",
        "http://LOCALHOST/cb",
        "http://localhost@evil.example/cb",
        "http://localhost:99999/cb",
        "javascript:alert(1)",
        "cursor://anysphere.cursor-mcp/oauth/callback2",
        "cursor://evil/oauth/callback",
        "ftp://claude.ai/cb",
        "https://сlaude.ai/cb",
        &format!("https://claude.ai/{}", "a".repeat(LONGEST)),
    ] {
        assert_eq!(policy().accept(bad), None, "{bad}");
    }
}

#[test]
fn a_uri_with_a_user_name_is_refused_even_where_the_operator_wrote_it() {
    for bad in [
        "https://user@vs.example/cb",
        "https://user:secret@vs.example/cb",
        "https://@vs.example/cb",
        "https:user@vs.example/cb",
        "https:///user@vs.example?a",
        "app://user@place/cb",
    ] {
        let exact = [bad.to_owned()].into();
        let policy = RedirectPolicy { exact, ..RedirectPolicy::default() };
        assert_eq!(policy.accept(bad), None, "{bad}");
    }
    for good in ["https://vs.example/@me", "https://vs.example?a=@", "com.example.app:/@me"] {
        let exact = [good.to_owned()].into();
        let policy = RedirectPolicy { exact, ..RedirectPolicy::default() };
        assert!(policy.accept(good).is_some(), "{good}");
    }
}

#[test]
fn the_longest_uri_is_read_and_a_longer_one_is_not() {
    let start = "https://claude.ai/";
    let path = "a".repeat(LONGEST - start.len());
    assert!(policy().accept(&format!("{start}{path}")).is_some());
    assert_eq!(policy().accept(&format!("{start}{path}a")), None);
}

#[test]
fn a_person_is_told_where_the_answer_goes() {
    for (text, destination, is_loopback) in [
        ("http://[::1]:8000/cb", "a program on this computer ([::1])", true),
        ("https://claude.ai/cb", "claude.ai", false),
        (CURSOR, CURSOR, false),
    ] {
        assert_eq!(uri(text).destination(), destination);
        assert_eq!(uri(text).is_loopback(), is_loopback, "{text}");
    }
}

#[test]
fn only_the_port_of_a_loopback_uri_may_differ() {
    let registered = uri("http://127.0.0.1:1/cb?x=1");
    assert!(uri("http://127.0.0.1:2/cb?x=1").matches(&registered));
    assert!(uri("http://127.0.0.1/cb?x=1").matches(&registered));
    for other in [
        "http://localhost:1/cb?x=1",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb?x=2",
        "http://127.0.0.1:1/CB?x=1",
        "http://127.0.0.1:1/cb/?x=1",
    ] {
        assert!(!uri(other).matches(&registered), "{other}");
    }
}

#[test]
fn other_uris_match_byte_by_byte() {
    let registered = uri("https://claude.ai/cb");
    assert!(uri("https://claude.ai/cb").matches(&registered));
    assert!(!uri("https://claude.ai/cb?a=b").matches(&registered));
    assert!(!uri("https://claude.ai/cb/").matches(&registered));
}

#[test]
fn parameters_are_added_to_a_query_that_is_there() {
    assert_eq!(
        uri("http://localhost:1/cb?a=b").with_parameters(&[("code", "c d"), ("state", "&")]),
        "http://localhost:1/cb?a=b&code=c+d&state=%26"
    );
}

#[test]
fn form_action_names_the_origin_or_the_scheme() {
    assert_eq!(uri("http://[::1]:8000/cb").csp_source(), "http://[::1]:8000");
    assert_eq!(uri("https://claude.ai/cb").csp_source(), "https://claude.ai");
    assert_eq!(uri(CURSOR).csp_source(), "cursor:");
    for (text, source) in [
        ("com.example.app:/cb", "com.example.app:"),
        ("https://vs.example:444?a=b", "https://vs.example:444"),
    ] {
        let exact = [text.to_owned()].into();
        let policy = RedirectPolicy { exact, ..RedirectPolicy::default() };
        assert_eq!(policy.accept(text).unwrap().csp_source(), source);
    }
}
