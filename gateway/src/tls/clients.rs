//! Client certificates: who signs them, and which of them are revoked.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest as _, Sha256};

use super::{mistake, pair};
use crate::config::{ClientCertificates, Mistake, authority_certificates};

/// Reads the files; `seen` takes note of what was in them.
pub(super) fn verifier(
    wanted: &ClientCertificates,
    provider: &Arc<CryptoProvider>,
    seen: &mut Sha256,
) -> Result<Arc<dyn ClientCertVerifier>, Vec<Mistake>> {
    let wrong = |part: &str, text: String| mistake(format!("{}.{part}", wanted.field), text);
    let roots = roots(&wanted.authority, seen).map_err(|text| wrong("authority", text));
    let revoked = match &wanted.revocations {
        None => Ok(Vec::new()),
        Some(path) => revocations(path, seen).map_err(|text| wrong("revocations", text)),
    };
    let (roots, revoked) = match (roots, revoked) {
        (Ok(roots), Ok(revoked)) => (roots, revoked),
        (roots, revoked) => return Err(roots.err().into_iter().chain(revoked.err()).collect()),
    };
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    // A list that is out of date says nothing about today.
    let builder = builder.with_crls(revoked).enforce_revocation_expiration();
    let builder = if wanted.required { builder } else { builder.allow_unauthenticated() };
    let unusable = |_| vec![wrong("revocations", "holds a list that cannot be used".to_owned())];
    builder.build().map_err(unusable)
}

fn roots(path: &Path, seen: &mut Sha256) -> Result<Arc<RootCertStore>, String> {
    let pem = pair::file(path)?;
    seen.update(&*pem);
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(authority_certificates(&pem)?);
    Ok(Arc::new(store))
}

fn revocations(
    path: &Path,
    seen: &mut Sha256,
) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let pem = pair::file(path)?;
    seen.update(&*pem);
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&pem).collect();
    match lists {
        Ok(lists) if !lists.is_empty() => Ok(lists),
        Ok(_) | Err(_) => Err("must hold a revocation list in PEM".to_owned()),
    }
}
