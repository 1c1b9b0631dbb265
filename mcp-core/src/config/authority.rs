//! A private certificate authority: the certificates of a PEM file, read and understood.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Who is trusted at the backend, in place of whom the system trusts.
#[derive(Clone, Debug)]
pub struct Authority {
    file: PathBuf,
    certificates: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// Reads a PEM file with at least one certificate.
    ///
    /// # Errors
    /// What is wrong with the file, in words for its mistake.
    pub fn read(file: PathBuf) -> Result<Self, String> {
        let pem = std::fs::read(&file)
            .map_err(|why| format!("{} cannot be read: {}", file.display(), why.kind()))?;
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates = read.unwrap_or_default();
        let mut store = RootCertStore::empty();
        let fit = certificates.iter().all(|one| store.add(one.clone()).is_ok());
        if certificates.is_empty() || !fit {
            return Err("must hold certificates of authorities, in PEM".to_owned());
        }
        Ok(Self { file, certificates })
    }

    /// Where it stands.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The certificates, for the HTTP client.
    pub(crate) fn trusted(&self) -> Result<Vec<reqwest::Certificate>, reqwest::Error> {
        self.certificates.iter().map(|one| reqwest::Certificate::from_der(one)).collect()
    }
}
