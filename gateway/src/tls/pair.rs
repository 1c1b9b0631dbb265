//! A certificate chain and its private key, read from two files and checked against one another.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::leaf::Leaf;
use super::mistake;
use crate::config::{CertificateFiles, Mistake};

/// A chain with the key that belongs to its leaf.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) leaf: Leaf,
}

/// Reads both files; `seen` takes note of what was in them.
pub(super) fn read(files: &CertificateFiles, seen: &mut Sha256) -> Result<Pair, Vec<Mistake>> {
    let chain = file(&files.certificate).and_then(|pem| {
        seen.update(&*pem);
        chain(&pem)
    });
    let key = private(&files.key).and_then(|()| file(&files.key)).and_then(|pem| {
        seen.update(&*pem);
        key(&pem)
    });
    let wrong = |part: &str, text: String| mistake(format!("{}.{part}", files.field), text);
    let (chain, key) = match (chain, key) {
        (Ok(chain), Ok(key)) => (chain, key),
        (chain, key) => {
            let chain = chain.err().map(|text| wrong("certificate", text));
            let key = key.err().map(|text| wrong("key", text));
            return Err(chain.into_iter().chain(key).collect());
        }
    };
    let leaf = chain.first().and_then(|leaf| Leaf::read(&files.field, leaf));
    let leaf = leaf.ok_or_else(|| vec![wrong("certificate", UNREADABLE.to_owned())])?;
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
    let certified = certified.map_err(|why| vec![unfit(&why, wrong)])?;
    Ok(Pair { certified: Arc::new(certified), leaf })
}

const WRITABLE_BY_OTHERS: u32 = 0o002;
const UNREADABLE: &str = "holds a certificate that cannot be read";

/// What a file holds, or why it cannot be read.
pub(super) fn file(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let read = std::fs::read(path).map(Zeroizing::new);
    read.map_err(|why: io::Error| format!("{} cannot be read: {}", path.display(), why.kind()))
}

/// Whoever may write a key may choose who we are.
fn private(path: &Path) -> Result<(), String> {
    match std::fs::metadata(path) {
        Ok(file) if file.permissions().mode() & WRITABLE_BY_OTHERS != 0 => {
            Err(format!("{} can be written by everybody; chmod o-w it", path.display()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err("must hold a certificate chain in PEM, the leaf first".to_owned()),
    }
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    const LOCKED: &[u8] = b"ENCRYPTED";
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        if pem.windows(LOCKED.len()).any(|window| window == LOCKED) {
            "is protected by a password; nobody is here to type it".to_owned()
        } else {
            "must hold a private key in PEM".to_owned()
        }
    })
}

fn unfit(why: &Error, wrong: impl Fn(&str, String) -> Mistake) -> Mistake {
    let (part, text) = if *why == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
        ("key", "does not belong to the certificate, whose leaf must stand first")
    } else if matches!(why, Error::InvalidCertificate(_)) {
        ("certificate", UNREADABLE)
    } else {
        ("key", "is of no kind that can be used: RSA, ECDSA P-256 or P-384, Ed25519")
    };
    wrong(part, text.to_owned())
}
