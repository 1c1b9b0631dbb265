//! C26: what of core's stands in an answer.

use anyhow::Result;
use bytes::Bytes;
use testbed::raw;
use testbed::scripted_core::Script;

use super::Site;

/// What core might send, and the status that a client gets; 0 is any.
const ANSWERS: &[(&str, &str, u16)] = &[
    ("a bare line feed", "{ok}{json}x-a: b\nset-cookie: evil=1\r\ncontent-length: 2\r\n\r\n{}", 0),
    ("a bare return", "{ok}{json}content-length: 2\r\nx-a: b\rset-cookie: evil=1\r\n\r\n{}", 502),
    ("a zero byte", "{ok}{json}x-a: b\0c\r\ncontent-length: 2\r\n\r\n{}", 502),
    ("a folded field", "{ok}{json}x-a: b\r\n set-cookie: evil=1\r\ncontent-length: 2\r\n\r\n{}", 0),
    (
        "a folded media type",
        "{ok}content-type: application/json\r\n set-cookie: evil=1\r\ncontent-length: 2\r\n\r\n{}",
        502,
    ),
    ("another media type", "{ok}content-type: text/evil\r\ncontent-length: 2\r\n\r\n{}", 502),
    ("two lengths", "{ok}{json}content-length: 2\r\ncontent-length: 40\r\n\r\n{}", 502),
    ("no HTTP", "SSH-2.0-evil\r\n\r\n", 502),
    ("nothing", "", 502),
    ("half a header", "{ok}{json}", 502),
    ("a huge header", "{ok}{json}x-a: {huge}\r\ncontent-length: 2\r\n\r\n{}", 502),
    (
        "a redirect",
        "HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\n\r\n",
        502,
    ),
    ("an error with a text", "HTTP/1.1 500 Oops\r\n{json}content-length: 4\r\n\r\nevil", 502),
    (
        "another protocol",
        "HTTP/1.1 101 Switching\r\nupgrade: evil\r\nconnection: upgrade\r\n\r\nevil",
        502,
    ),
    (
        "cookies and more",
        "{ok}{json}set-cookie: evil=1\r\nserver: evil\r\nlocation: evil\r\nwww-authenticate: evil\r\n\
         access-control-allow-origin: *\r\ncontent-length: 2\r\n\r\n{}",
        200,
    ),
];

#[tokio::test]
async fn whatever_core_sends_is_an_answer_of_ours_or_none() -> Result<()> {
    let site = Site::start().await?;
    for (what, sent, status) in ANSWERS {
        let sent = sent
            .replace("{ok}", "HTTP/1.1 200 OK\r\n")
            .replace("{json}", "content-type: application/json\r\n")
            .replace("{huge}", &"b".repeat(2 << 20));
        site.core.play(Script::Raw(Bytes::from(sent)));
        let heard = raw::exchange(site.address, site.call(1).as_bytes()).await?;
        let Some(answer) = heard.answers.first() else { panic!("{what}: {}", heard.text) };
        assert!(*status == 0 || answer.status == *status, "{what}: {}", heard.text);
        assert_eq!(heard.answers.len(), 1, "{what}");
        assert!(!heard.text.contains("evil"), "{what}: {}", heard.text);
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{what}");
    }
    site.core.play(Script::Echo);
    assert_eq!(raw::exchange(site.address, site.call(2).as_bytes()).await?.statuses(), [200]);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_passed_on_as_whole() -> Result<()> {
    let site = Site::start().await?;
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    for broken in [
        format!("{json}content-length: 100\r\n\r\n{{\"half\":"),
        format!("{json}transfer-encoding: chunked\r\n\r\n64\r\n{{\"half\":"),
        format!("{json}transfer-encoding: chunked\r\n\r\n8\r\n{{\"half\":\r\n"),
    ] {
        site.core.play(Script::Raw(Bytes::from(broken.clone())));
        let heard = raw::exchange(site.address, site.call(1).as_bytes()).await?;
        let answer = &heard.answers[0];
        let whole = answer.head.contains(&format!("content-length: {}\r\n", answer.body.len()))
            || heard.text.ends_with("0\r\n\r\n");
        assert!(answer.status == 502 || !whole, "{broken}: {}", heard.text);
    }
    Ok(())
}
