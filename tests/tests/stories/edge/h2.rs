//! C04, C19: HTTP/2, frame by frame.

use std::path::Path;

use anyhow::Result;
use testbed::Setup;
use testbed::raw_h2::{Frame, RawH2, block, flag, frame, kind};

use super::{Site, body};

pub(crate) const WINDOW: u32 = 65_535;

/// A gateway over TLS, and what to trust.
pub(super) struct Over {
    pub(super) site: Site,
    certificate: String,
}

impl Over {
    pub(super) async fn tls(name: &str) -> Result<Self> {
        let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let tls = [folder.join(format!("{name}.crt")), folder.join(format!("{name}.key"))];
        std::fs::write(&tls[0], issued.cert.pem())?;
        std::fs::write(&tls[1], issued.signing_key.serialize_pem())?;
        // An idle connection outlasts whoever waits here: what ends before, something else has ended.
        let deadlines = "{header: 1s, body: 2s, body_start: 1s, idle: 600s, write: 2s}".to_owned();
        let setup = Setup { tls: Some(tls), deadlines, ..Setup::default() };
        Ok(Self { site: Site::start_with(setup).await?, certificate: issued.cert.pem() })
    }

    pub(super) async fn connect(&self, window: u32) -> Result<RawH2> {
        RawH2::connect(self.site.address, &self.certificate, window).await
    }

    /// The fields of a proper call.
    pub(super) fn fields(&self) -> Vec<(&str, &str)> {
        fields(&self.site.host)
    }

    /// A call on `stream` with these fields, and the token.
    pub(super) fn call(&self, stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.site.token);
        let mut all = fields.to_vec();
        all.push(("authorization", &bearer));
        let body = body(usize::try_from(stream).unwrap());
        let head = frame(kind::HEADERS, flag::END_HEADERS, stream, &block(&all));
        [head, frame(kind::DATA, flag::END_STREAM, stream, body.as_bytes())].concat()
    }

    /// Whether a proper call on a new connection is answered.
    pub(super) async fn serves(&self) -> Result<bool> {
        let mut connection = self.connect(WINDOW).await?;
        connection.send(&self.call(1, &self.fields())).await?;
        let frames = connection.until(|frame| frame.status().is_some()).await?;
        let status = frames.last().and_then(Frame::status);
        let told = self.site.bed.audit().await?.pop();
        anyhow::ensure!(status == Some(200), "{status:?}: {told:?}");
        Ok(true)
    }
}

/// The fields of a proper call to `host`, without a token.
pub(crate) fn fields(host: &str) -> Vec<(&str, &str)> {
    vec![
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", host),
        (":path", "/mcp"),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-06-18"),
    ]
}

/// A proper call's fields, one of them replaced, or another one added.
fn with<'f>(
    mut fields: Vec<(&'f str, &'f str)>,
    name: &'f str,
    value: &'f str,
) -> Vec<(&'f str, &'f str)> {
    match fields.iter_mut().find(|(known, _)| *known == name) {
        Some(field) => field.1 = value,
        None => fields.push((name, value)),
    }
    fields
}

const INJECTED: &[(&str, &str)] = &[
    ("x", "a\r\nevil: b"),
    ("x", "a\nevil: b"),
    ("x", "a\rb"),
    ("x", "a\0b"),
    ("x\r\nevil", "b"),
    ("x\nevil", "b"),
    ("x: evil", "b"),
    ("x y", "b"),
    ("x:", "b"),
    ("X", "upper case"),
    ("", "b"),
    ("x\0", "b"),
    ("x\u{7f}", "b"),
    ("transfer-encoding", "chunked"),
    ("transfer-encoding", "identity"),
    ("connection", "close"),
    ("connection", "authorization"),
    ("keep-alive", "timeout=5"),
    ("proxy-connection", "keep-alive"),
    ("upgrade", "websocket"),
    ("te", "gzip"),
    ("content-length", "1"),
    ("content-length", "99999"),
    ("content-length", "-1"),
    ("content-length", "4, 4"),
    (":path", "/mcp HTTP/1.1\r\nevil: b"),
    (":path", "/mcp\0"),
    (":path", "/m cp"),
    (":path", ""),
    (":path", "mcp"),
    (":path", "https://evil.example/mcp"),
    (":path", "//mcp"),
    (":method", "POST /mcp HTTP/1.1\r\nevil: b"),
    (":method", ""),
    (":method", "CONNECT"),
    (":method", "TRACE"),
    (":scheme", "https\r\nevil: b"),
    (":authority", "evil.example"),
    (":authority", "evil@localhost"),
    (":authority", ""),
    (":authority", "localhost\r\nevil: b"),
    ("host", "evil.example"),
    (":status", "200"),
    (":unknown", "b"),
    (":protocol", "websocket"),
];

#[tokio::test]
async fn nothing_crosses_from_http_2_that_http_1_would_read_otherwise() -> Result<()> {
    let over = Over::tls("h2-injection").await?;
    for (name, value) in INJECTED {
        let what = format!("{name:?}: {value:?}");
        let mut connection = over.connect(WINDOW).await?;
        connection.send(&over.call(1, &with(over.fields(), name, value))).await?;
        let ends = |frame: &Frame| {
            frame.status().is_some() || matches!(frame.kind, kind::RST_STREAM | kind::GOAWAY)
        };
        let frames = connection.until(ends).await?;
        let status = frames.last().and_then(Frame::status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{what}: {status:?}");
        assert!(over.site.core.sent().is_empty(), "{what}");
    }
    // Fields of a request line that are there twice, too late, or not at all.
    let twice = [over.fields(), vec![(":path", "/mcp")]].concat();
    let late = [&over.fields()[1..], &[(":method", "POST")]].concat();
    let none = over.fields().split_off(3);
    for fields in [twice, late, none] {
        let mut connection = over.connect(WINDOW).await?;
        connection.send(&over.call(1, &fields)).await?;
        let frames = connection
            .until(|frame| {
                matches!(frame.kind, kind::RST_STREAM | kind::GOAWAY) || frame.status().is_some()
            })
            .await?;
        let status = frames.last().and_then(Frame::status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{fields:?}: {status:?}");
    }
    assert!(over.site.core.sent().is_empty());
    assert!(over.serves().await?);
    Ok(())
}

#[tokio::test]
async fn no_trailer_of_http_2_reaches_core() -> Result<()> {
    let over = Over::tls("h2-trailers").await?;
    let mut connection = over.connect(WINDOW).await?;
    let bearer = format!("Bearer {}", over.site.token);
    let fields = [over.fields(), vec![("authorization", bearer.as_str())]].concat();
    let trailers = block(&[("x-forwarded-user", "claimed"), ("fhir-mcp-hop", "claimed")]);
    let call = [
        frame(kind::HEADERS, flag::END_HEADERS, 1, &block(&fields)),
        frame(kind::DATA, flag::NONE, 1, body(1).as_bytes()),
        frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 1, &trailers),
    ];
    connection.send(&call.concat()).await?;
    connection.until(|frame| frame.status().is_some()).await?;
    assert!(!over.site.core.sent().iter().any(|sent| sent.head.contains("claimed")));
    Ok(())
}

/// A header of so many small fields after `first`: the first of them teaches the other side a field, the others name it (62,
/// in one byte each).
pub(crate) fn bomb(first: &[(&str, &str)], stream: u32, count: usize) -> Vec<u8> {
    let mut block = block(first);
    block.extend([0x40, 1, b'x', 1, b'y']);
    block.extend(vec![0xbe; count]);
    frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, stream, &block)
}

#[tokio::test]
async fn the_third_header_of_too_many_fields_ends_its_connection_and_pins_nothing() -> Result<()> {
    let over = Over::tls("h2-bomb").await?;
    // Nothing may be sent but headers.
    let mut connection = over.connect(0).await?;
    let told = |frames: &[Frame], stream: u32| {
        let ours = frames.iter().filter(|frame| frame.stream == stream);
        assert!(ours.clone().all(|frame| frame.kind != kind::DATA || frame.payload.is_empty()));
        ours.clone().find_map(Frame::status)
    };
    for stream in [1, 3] {
        connection.send(&bomb(&over.fields(), stream, 110)).await?;
        let ends = |frame: &Frame| frame.stream == stream && frame.flags & flag::END_STREAM != 0;
        let frames = connection.until(ends).await?;
        assert_eq!(told(&frames, stream), Some(431), "{frames:?}");
    }
    connection.send(&bomb(&over.fields(), 5, 110)).await?;
    // It ends at once: nobody sends any more, and an idle one would be kept.
    let frames = connection.until(|_| false).await?;
    assert!(told(&frames, 5).is_none_or(|status| status == 431), "{frames:?}");
    let _ended = connection.send(&bomb(&over.fields(), 7, 110)).await;
    assert_eq!(connection.until(|_| false).await?, [], "the fourth is never looked at");
    assert!(over.serves().await?);
    Ok(())
}

#[tokio::test]
async fn a_header_that_trickles_in_over_many_frames_is_ended_by_its_deadline() -> Result<()> {
    let over = Over::tls("h2-trickle").await?;
    let mut connection = over.connect(WINDOW).await?;
    connection.send(&frame(kind::HEADERS, flag::NONE, 1, &block(&over.fields()))).await?;
    let more = frame(kind::CONTINUATION, flag::NONE, 1, &block(&[("x", "y")]));
    let mut drops = 0;
    while connection.send(&more).await.is_ok() {
        drops += 1;
        assert!(drops < 300, "for half a minute");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(drops >= 5, "not before its deadline");
    assert!(over.serves().await?);
    Ok(())
}

#[tokio::test]
async fn a_header_of_far_too_many_fields_ends_its_connection_undecoded() -> Result<()> {
    let over = Over::tls("h2-list").await?;
    for count in [150, 900, 4000] {
        let mut connection = over.connect(WINDOW).await?;
        let proper = over.call(3, &over.fields());
        connection.send(&[bomb(&over.fields(), 1, count), proper].concat()).await?;
        let frames = connection.until(|_| false).await?;
        assert!(frames.iter().all(|frame| frame.status().is_none()), "{count}: {frames:?}");
    }
    assert!(over.site.core.sent().is_empty(), "nothing that came along is read either");
    let closed = "gateway_connections_closed_total{reason=\"headers\"} 3\n";
    while !over.site.bed.metrics().await?.contains(closed) {
        tokio::task::yield_now().await;
    }
    assert!(over.serves().await?);
    Ok(())
}

#[tokio::test]
async fn a_header_list_beyond_its_cap_is_refused_however_small_it_is_on_the_wire() -> Result<()> {
    let over = Over::tls("h2-bytes").await?;
    let mut connection = over.connect(WINDOW).await?;
    // One field of 3,000 bytes is taught, and then named in one byte each.
    let value = "y".repeat(3000);
    let mut list = block(&over.fields());
    list.extend([0x40, 1, b'x', 127, 0xb9, 0x16]);
    list.extend(value.as_bytes());
    list.extend([0xbe; 20]);
    let whole = flag::END_HEADERS | flag::END_STREAM;
    connection.send(&frame(kind::HEADERS, whole, 1, &list)).await?;
    let ends = |frame: &Frame| {
        frame.status().is_some() || matches!(frame.kind, kind::RST_STREAM | kind::GOAWAY)
    };
    let frames = connection.until(ends).await?;
    let status = frames.last().and_then(Frame::status);
    assert!(status.is_none_or(|status| status == 431), "{frames:?}");
    assert!(over.serves().await?);
    Ok(())
}
