//! Prints the authorities whom Mozilla trusts to sign certificates of servers, as PEM: what an image from scratch has in
//! place of a system's. They are those of a crate that Cargo.lock fixes, and not of the machine that builds, which
//! may trust others for reasons of its own.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How long a line of PEM is (RFC 7468 §2).
const LINE: usize = 64;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(bundle().as_bytes())
}

/// All of them, one after the other.
fn bundle() -> String {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|one| pem(one)).collect()
}

/// One certificate (RFC 7468 §5.1).
fn pem(certificate: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, letter) in STANDARD.encode(certificate).chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::bundle;

    #[test]
    fn each_authority_of_the_list_is_read_back_as_it_is() {
        let text = bundle();
        let read: Vec<Vec<u8>> = x509_parser::pem::Pem::iter_from_buffer(text.as_bytes())
            .map(|one| one.unwrap().contents)
            .collect();
        let listed: Vec<&[u8]> =
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref).collect();
        assert!(listed.len() > 100, "{}", listed.len());
        assert_eq!(read, listed);
        assert!(text.lines().all(|line| line.len() <= 64));
    }
}
