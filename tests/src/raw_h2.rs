//! HTTP/2 frame by frame (RFC 9113), for a client that keeps to no rule.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A server that keeps a connection longer than this is found out.
const PATIENCE: Duration = Duration::from_secs(30);

/// Frame types (RFC 9113 §6).
pub mod kind {
    #![expect(missing_docs, reason = "the names are those of the specification")]
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Flags of frames.
pub mod flag {
    #![expect(missing_docs, reason = "the names are those of the specification")]
    pub const NONE: u8 = 0;
    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
}

/// One frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream.
    pub stream: u32,
    /// What is in it.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The status of a response's header.
    pub fn status(&self) -> Option<u16> {
        let mut payload = self.payload.as_slice();
        // The size of the dynamic table may be said first (RFC 7541 §6.3): none, as we asked.
        while payload.first().is_some_and(|first| first >> 5 == 1) {
            payload = payload.get(1..)?;
        }
        let first = payload.first().filter(|_| self.kind == kind::HEADERS)?;
        match first {
            0x88 => Some(200),
            0x8c => Some(400),
            0x8d => Some(404),
            0x8e => Some(500),
            // `:status`, its value spelled out, in Huffman's code or plainly.
            0x48 | 0x08 | 0x18 => {
                let length = *payload.get(1)?;
                let text = payload.get(2..2 + usize::from(length & 0x7f))?;
                if length & 0x80 == 0 {
                    std::str::from_utf8(text).ok()?.parse().ok()
                } else {
                    digits(text)
                }
            }
            _ => None,
        }
    }
}

/// Three digits in Huffman's code (RFC 7541, appendix B): 0 to 2 have five bits, the others six.
fn digits(text: &[u8]) -> Option<u16> {
    let mut bits =
        text.iter().flat_map(|byte| (0..8).rev().map(move |at| u16::from(byte >> at & 1)));
    let mut status = 0;
    for _ in 0..3 {
        let mut code = 0;
        for _ in 0..5 {
            code = code << 1 | bits.next()?;
        }
        let digit = if code < 3 { code } else { (code << 1 | bits.next()?).checked_sub(22)? };
        status = status * 10 + digit;
    }
    Some(status)
}

/// A frame's bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let [_, length @ ..] = length;
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block: each field literal, never indexed, in no code.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            number(&mut block, text.len());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541 §5.1).
fn number(block: &mut Vec<u8>, number: usize) {
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    if number < 127 {
        return block.push(byte(number));
    }
    block.push(127);
    let mut rest = number - 127;
    while rest >= 128 {
        block.push(byte(rest % 128 + 128));
        rest /= 128;
    }
    block.push(byte(rest));
}

/// A connection.
#[derive(Debug)]
pub struct RawH2 {
    stream: TlsStream<TcpStream>,
    unread: Vec<u8>,
}

impl RawH2 {
    /// Connects to `localhost` at `address`, trusting this certificate alone, and sends the preface
    /// and settings; `window` is what a response may send before it is allowed more.
    pub async fn connect(address: SocketAddr, certificate: &str, window: u32) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes())?)?;
        let mut config =
            ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = connector.connect(ServerName::try_from("localhost")?, stream).await?;
        let mut made = Self { stream, unread: Vec::new() };
        // No dynamic table, so that each header can be read by itself.
        let settings = [&[0, 1, 0, 0, 0, 0, 0, 4][..], &window.to_be_bytes()].concat();
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        made.send(&[&preface[..], &frame(kind::SETTINGS, flag::NONE, 0, &settings)].concat())
            .await?;
        Ok(made)
    }

    /// Sends any bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next frame; `None` at the end of the connection.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        timeout(PATIENCE, self.read()).await.context("the server says nothing more")
    }

    /// Reads on until the connection ends, or `enough` says so.
    pub async fn until(&mut self, mut enough: impl FnMut(&Frame) -> bool) -> Result<Vec<Frame>> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await? {
            frames.push(frame.clone());
            if enough(&frame) {
                break;
            }
        }
        Ok(frames)
    }

    async fn read(&mut self) -> Option<Frame> {
        let mut part = vec![0; 16 * 1024];
        loop {
            if let Some(frame) = self.take() {
                return Some(frame);
            }
            match self.stream.read(&mut part).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.unread.extend(part.iter().take(count)),
            }
        }
    }

    fn take(&mut self) -> Option<Frame> {
        let [high, middle, low, kind, flags, stream @ ..] = *self.unread.first_chunk::<9>()?;
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?;
        let payload = self.unread.get(9..9 + length)?.to_vec();
        self.unread.drain(..9 + length);
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_in_every_spelling() {
        for (payload, status) in [
            (&[0x88][..], 200),
            (&[0x48, 3, b'4', b'3', b'1'], 431),
            // 4 = 011010, 0 = 00000, 1 = 00001, and ones.
            (&[0x48, 0x82, 0b0110_1000, 0b0000_0001], 401),
            // 4 = 011010, 3 = 011001, 1 = 00001.
            (&[0x48, 0x83, 0b0110_1001, 0b1001_0000, 0b1111_1111], 431),
        ] {
            let frame =
                Frame { kind: kind::HEADERS, flags: 4, stream: 1, payload: payload.to_vec() };
            assert_eq!(frame.status(), Some(status));
        }
    }
}
