//! Answers that would fill whoever reads them to their end, or unpacks them.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Response, header};

use super::wire::Reply;

/// The head of the genuine answer, and a body of JSON white space that never ends.
pub(super) fn endless(reply: Reply) -> Response<Body> {
    let mut response = reply.into_response();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    let blank = Bytes::from_static(&[b' '; 16 * 1024]);
    *response.body_mut() =
        Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(blank.clone())));
    response
}

/// The genuine answer, packed although nobody asked for that (RFC 1952).
pub(super) fn packed(reply: Reply) -> Response<Body> {
    let body = gzip(&reply.body);
    let mut response = reply.into_response();
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    *response.body_mut() = Body::from(body);
    response
}

/// One member of stored blocks (RFC 1951 §3.2.4): proper gzip, if not a small one.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        packed.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        packed.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        packed.extend(block);
    }
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    packed.extend([crc32(bytes).to_le_bytes(), length.to_le_bytes()].concat());
    packed
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_polynomial() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
