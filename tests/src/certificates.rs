//! Certificates for stories: an authority of their own, and files as an operator mounts them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};

/// Somebody who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    serial: SerialNumber,
    pem: String,
    key: KeyPair,
}

impl Authority {
    /// An authority of this name.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its own certificate, in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Its own certificate, as the only one that is trusted.
    pub fn store(&self) -> Result<Arc<RootCertStore>> {
        let mut store = RootCertStore::empty();
        store.add(self.0.der().clone())?;
        Ok(Arc::new(store))
    }

    /// Its own certificate, for an HTTP client.
    pub fn root(&self) -> Result<reqwest::Certificate> {
        Ok(reqwest::Certificate::from_der(self.0.der())?)
    }

    /// A certificate for these names, of servers and of clients.
    pub fn issue(&self, names: &[&str]) -> Result<Issued> {
        self.sign(Self::params(names)?, KeyPair::generate()?)
    }

    /// A certificate with a key of this kind.
    pub fn issue_with(
        &self,
        names: &[&str],
        algorithm: &'static SignatureAlgorithm,
    ) -> Result<Issued> {
        self.sign(Self::params(names)?, KeyPair::generate_for(algorithm)?)
    }

    /// A certificate from the first to the second year's beginning.
    pub fn issue_between(&self, names: &[&str], years: [i32; 2]) -> Result<Issued> {
        let mut params = Self::params(names)?;
        let [from, to] = years.map(|year| date_time_ymd(year, 1, 1));
        (params.not_before, params.not_after) = (from, to);
        self.sign(params, KeyPair::generate()?)
    }

    /// A list of revoked certificates, in PEM, that holds until this year.
    pub fn revoke(&self, revoked: &[&Issued], until: i32) -> Result<String> {
        let entry = |issued: &&Issued| RevokedCertParams {
            serial_number: issued.serial.clone(),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.0)?.pem()?)
    }

    fn params(names: &[&str]) -> Result<CertificateParams> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        Ok(params)
    }

    fn sign(&self, mut params: CertificateParams, key: KeyPair) -> Result<Issued> {
        let serial = SerialNumber::from(rand::random::<u64>() >> 1);
        params.serial_number = Some(serial.clone());
        let signed = params.signed_by(&key, &self.0)?;
        Ok(Issued { certificate: signed.der().clone(), serial, pem: signed.pem(), key })
    }
}

impl Issued {
    /// Writes certificate and key into `folder`, and says where.
    pub fn write(&self, folder: &Path, name: &str) -> Result<[PathBuf; 2]> {
        let files = [folder.join(format!("{name}.crt")), folder.join(format!("{name}.key"))];
        let [certificate, key] = &files;
        std::fs::write(certificate, &self.pem)?;
        std::fs::write(key, self.key.serialize_pem())?;
        Ok(files)
    }

    /// The private key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }

    /// What a server of its own shows.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key())?;
        Ok(Arc::new(config))
    }
}
