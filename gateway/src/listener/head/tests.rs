use RejectionCode::{HeadersTooLarge, MalformedRequest, MethodNotAllowed};
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

const LIMITS: Limits = Limits {
    idle: Duration::from_secs(60),
    header: Duration::from_secs(10),
    bytes: 1024,
    fields: 5,
};

/// A server that waits, and the client it waits for.
fn waiting(turn: Turn) -> (DuplexStream, impl Future<Output = Head>) {
    let (client, mut server) = duplex(4096);
    (client, async move { read(&mut server, turn, LIMITS, std::future::pending()).await })
}

/// The same whole and byte by byte.
fn refused(head: &str) -> Option<RejectionCode> {
    let whole = match end(head.as_bytes(), 0) {
        End::At(at) => check(&head.as_bytes()[..at], LIMITS.fields).err(),
        End::NotYet => panic!("no end: {head:?}"),
        End::Ambiguous => Some(MalformedRequest),
    };
    let mut bytewise = None;
    for at in 1..=head.len() {
        match end(&head.as_bytes()[..at], at.saturating_sub(1)) {
            End::At(at) => bytewise = check(&head.as_bytes()[..at], LIMITS.fields).err(),
            End::NotYet => continue,
            End::Ambiguous => bytewise = Some(MalformedRequest),
        }
        break;
    }
    assert_eq!(whole, bytewise, "{head:?}");
    whole
}

#[test]
fn a_plain_request_passes() {
    for head in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST /mcp?x HTTP/1.1\r\nhost:a\r\nContent-Length:  4 \r\n\r\nbody",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nX-Transfer-Encoding: no\r\nContent-Length: 0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nX-Tab:\ta\tb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Name: Zo\u{eb}\r\n\r\n",
    ] {
        assert_eq!(refused(head), None, "{head:?}");
    }
}

#[test]
fn a_header_that_can_be_read_in_two_ways_is_refused() {
    let line = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "TRANSFER-encoding: chunked\r\ncontent-length: 4",
        "Content-Length: 4\r\nContent-Length: 4",
        "Content-Length: 4, 4",
        "Content-Length: +4",
        "Content-Length: -1",
        "Content-Length: 0x4",
        "Content-Length: ",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding : chunked",
        " Transfer-Encoding: chunked",
        "X: a\r\n folded",
        "X: a\r\n\tfolded",
        "X: a\rTransfer-Encoding: chunked",
        "X: a\nTransfer-Encoding: chunked",
        "X: a\0b",
        "X: a\u{b}b",
        "X\0: a",
        "no colon",
        ": no name",
        "Host: b",
        "Authorization: Bearer a\r\nAuthorization: Bearer a",
    ] {
        assert_eq!(refused(&line(fields)), Some(MalformedRequest), "{fields:?}");
    }
}

#[test]
fn a_request_line_is_a_method_a_path_and_a_version() {
    for line in [
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / HTTP/0.9",
        "GET / http/1.1",
        "GET / HTTP/1.10",
        "G(T / HTTP/1.1",
        "GET mcp HTTP/1.1",
        "GET \\mcp HTTP/1.1",
        "GET http://a/mcp HTTP/1.1",
        "GET /\u{eb} HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /mcp# HTTP/1.1",
        "PRI * HTTP/2.0",
        "",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443",
    ] {
        let head = format!("{line}\r\nHost: a\r\n\r\n");
        assert_eq!(refused(&head), Some(MalformedRequest), "{line:?}");
    }
    let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(refused(connect), Some(MethodNotAllowed));
    assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), Some(MalformedRequest), "no Host");
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(refused(old), Some(MalformedRequest), "RFC 9112 §6.1");
    assert_eq!(refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Some(MalformedRequest));
}

#[tokio::test]
async fn too_many_fields_and_too_many_bytes_are_431() {
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(5));
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(1024));
    let endless = "GET / HTTP/1.1\r\nX: ".to_owned() + &"y".repeat(1024);
    for head in [many, long, endless] {
        let (mut client, server) = waiting(Turn::First);
        client.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(server.await, Head::Refused(HeadersTooLarge));
    }
}

#[tokio::test]
async fn what_follows_the_header_is_kept() {
    let (mut client, server) = waiting(Turn::First);
    let bytes = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    client.write_all(bytes).await.unwrap();
    assert_eq!(server.await, Head::Whole(BytesMut::from(&bytes[..])));
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_does_not_stretch_the_deadline() {
    for turn in [Turn::First, Turn::Next] {
        let (mut client, server) = waiting(turn);
        let began = Instant::now();
        let slowly = async {
            for byte in b"GET / HTTP/1.1\r\nHost: a".chunks(1).cycle() {
                if client.write_all(byte).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let head = tokio::select! { head = server => head, () = slowly => Head::Ended };
        assert_eq!((head, began.elapsed()), (Head::Late, LIMITS.header));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_ends_with_its_deadline() {
    for (turn, wait) in [(Turn::First, LIMITS.header), (Turn::Next, LIMITS.idle)] {
        let began = Instant::now();
        let (_client, server) = waiting(turn);
        assert_eq!((server.await, began.elapsed()), (Head::Ended, wait));
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_request_has_its_own_deadline_from_its_first_byte() {
    let (mut client, server) = waiting(Turn::Next);
    let late = async {
        tokio::time::sleep(Duration::from_secs(55)).await;
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(9)).await;
        client.write_all(b"Host: a\r\n\r\n").await.unwrap();
    };
    let (head, ()) = tokio::join!(server, late);
    assert!(matches!(head, Head::Whole(_)), "{head:?}");
}

#[tokio::test]
async fn who_waits_leaves_and_who_has_begun_does_not() {
    let leave = || std::future::ready(());
    let (_client, mut server) = duplex(64);
    assert_eq!(read(&mut server, Turn::Next, LIMITS, leave()).await, Head::Ended);
    let (mut client, mut server) = duplex(64);
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let head = read(&mut server, Turn::Next, LIMITS, leave()).await;
    assert!(matches!(head, Head::Whole(_)), "{head:?}");
}
