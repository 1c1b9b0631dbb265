//! A private certificate authority: the certificates of a PEM file, read and understood.

use std::path::PathBuf;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Serialize, Serializer};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use yaml_serde::Value;

use super::files::Environment;
use super::values;

/// Who is trusted, in place of whom the system trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Where they stand.
    pub file: PathBuf,
    certificates: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// The certificates of the file, at least one.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }
}

impl Serialize for Authority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.file.serialize(serializer)
    }
}

/// Reads the file that a value names.
pub(super) fn read(environment: Environment<'_>) -> impl Fn(&Value) -> Result<Authority, String> {
    move |value| {
        let file = values::path(value)?;
        let pem = environment.file(&file);
        let pem = pem.map_err(|why| format!("cannot be read: {}", why.kind()))?;
        let certificates = certificates(&pem)?;
        Ok(Authority { file, certificates })
    }
}

/// The certificates in `pem`, each fit to be trusted; or what is wrong with them.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = read.map_err(|_| "is not PEM".to_owned())?;
    if certificates.is_empty() {
        return Err("must hold the certificate of an authority, in PEM".to_owned());
    }
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        let parsed = X509Certificate::from_der(certificate);
        if parsed.is_err() || store.add(certificate.clone()).is_err() {
            return Err("holds a certificate that cannot be read".to_owned());
        }
    }
    Ok(certificates)
}
