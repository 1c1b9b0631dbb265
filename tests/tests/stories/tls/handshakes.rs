//! Handshakes that are late, too old, or none at all.

use std::sync::Arc;

use anyhow::Result;
use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};
use testbed::certificates::Authority;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::probe::{client, visit};
use super::site::{Site, Wish, folder};

/// Everything that comes until the other side closes.
async fn answer_to(site: &Site, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(site.address).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ended = stream.read_to_end(&mut answer).await;
    Ok(answer)
}

#[tokio::test]
async fn a_handshake_that_does_not_finish_ends_with_its_deadline() -> Result<()> {
    let wish = Wish { server: "deadlines: {handshake: 50ms}", ..Wish::default() };
    let site = Site::start_with(folder("late")?, Authority::new("late")?, &wish)?;
    // Nothing; and the first bytes of a ClientHello.
    for begun in [&b""[..], &[0x16, 3, 1, 2, 0, 1, 0]] {
        assert_eq!(answer_to(&site, begun).await?, b"");
    }
    let closed = &site.running.metrics().connections_closed;
    assert_eq!(closed.with_label_values(&["handshake_late"]).get(), 2);
    let served = visit(site.address, "localhost", &Arc::new(client(&[&TLS13], None)?)).await?;
    assert!(served.answer.starts_with("HTTP/1.1 200 "), "others are served");
    Ok(())
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_closed_and_never_redirected() -> Result<()> {
    let site = Site::start("plain")?;
    let port = site.address.port();
    for request in [
        format!("GET /health HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"),
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer x\r\n\
             Content-Length: 0\r\n\r\n"
        ),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ] {
        let answer = answer_to(&site, request.as_bytes()).await?;
        // At most an alert (RFC 8446 §6), which begins with 21.
        assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
        assert!(answer.len() <= 7, "{answer:?}");
    }
    let closed = &site.running.metrics().connections_closed;
    assert_eq!(closed.with_label_values(&["handshake"]).get(), 3);
    Ok(())
}

#[tokio::test]
async fn a_listener_that_wants_1_3_refuses_1_2() -> Result<()> {
    let (folder, authority) = (folder("modern")?, Authority::new("modern")?);
    let [certificate, key] = authority.issue(&["localhost"])?.write(&folder, "localhost")?;
    let tls = format!(
        "{{certificate: {}, key: {}, minimum_version: \"1.3\"}}",
        certificate.display(),
        key.display()
    );
    let site = Site::start_with(folder, authority, &Wish { tls: Some(tls), ..Wish::default() })?;
    assert!(visit(site.address, "localhost", &Arc::new(client(&[&TLS12], None)?)).await.is_err());
    let seen = visit(site.address, "localhost", &Arc::new(client(&[&TLS13], None)?)).await?;
    assert_eq!(seen.version, ProtocolVersion::TLSv1_3);
    Ok(())
}
