//! Reads an answer of the backend's: whole, and never more than expected.

use bytes::{Bytes, BytesMut};

use crate::fault::Fault;

/// Status and body of at most `cap` bytes.
pub(crate) async fn read(
    mut response: reqwest::Response,
    cap: usize,
) -> Result<(u16, Bytes), Fault> {
    let status = response.status().as_u16();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > cap {
            return Err(Fault::BackendAnswer("too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body.freeze()))
}
