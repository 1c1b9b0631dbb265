//! TLS as the configuration names it: on a listener, and towards core.

use std::path::{Path, PathBuf};

use serde::Serialize;
use yaml_serde::Value;

use super::authority::{self, Authority};
use super::files::Environment;
use super::section::Section;
use super::values;

/// TLS on one listener. The files are read when the listener is built, and again when they change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// What may be shown; whoever names none of their names is shown the first.
    pub certificates: Vec<CertificateFiles>,
    /// Which certificates clients must or may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificates: Option<ClientCertificates>,
    /// The oldest version that is spoken.
    pub minimum_version: TlsVersion,
}

impl Tls {
    /// Every file that it names.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let pairs = self.certificates.iter().flat_map(|pair| [&pair.certificate, &pair.key]);
        let clients = self.client_certificates.iter();
        let clients = clients.flat_map(|one| [&one.authority].into_iter().chain(&one.revocations));
        pairs.chain(clients).map(PathBuf::as_path)
    }
}

/// The PEM files of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateFiles {
    /// The certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Where it stands in the configuration, for whoever has to mend it.
    #[serde(skip)]
    pub field: String,
}

/// What a client must show (RFC 8446 §4.3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientCertificates {
    /// PEM: who signs them.
    pub authority: PathBuf,
    /// PEM: which of them are revoked (RFC 5280 §5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocations: Option<PathBuf>,
    /// Whether a client without one is refused.
    pub required: bool,
    /// Where it stands in the configuration.
    #[serde(skip)]
    pub field: String,
}

/// A version of TLS that can be the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TlsVersion {
    /// RFC 5246, with ephemeral keys and authenticated encryption only.
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}

/// TLS towards mcp-core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoreTls {
    /// Who signs core's certificate; without it, whom the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// The name in core's certificate.
    pub name: String,
}

pub(super) fn listener(mut section: Section<'_>) -> Option<Tls> {
    let certificates = certificates(&mut section);
    let minimum_version = section.or("minimum_version", TlsVersion::V1_2, version);
    let clients = section.take("client_certificates").map(|value| {
        client_certificates(Section::new(
            section.name("client_certificates"),
            value,
            section.mistakes(),
        ))
    });
    let client_certificates = match clients {
        None => None,
        Some(read) => Some(read?),
    };
    Some(Tls {
        certificates: certificates?,
        client_certificates,
        minimum_version: minimum_version?,
    })
}

/// One certificate beside the other keys, or a list of them.
fn certificates(section: &mut Section<'_>) -> Option<Vec<CertificateFiles>> {
    let certificate = section.optional("certificate", values::path);
    let key = section.optional("key", values::path);
    let name = section.name("certificate").trim_end_matches(".certificate").to_owned();
    let listed = section.sections("certificates")?;
    match (certificate?, key?) {
        (None, None) if listed.is_empty() => {
            section
                .wrong("certificates", "is missing; name certificate and key, or a list of both");
            None
        }
        (None, None) => listed.into_iter().map(pair).collect::<Vec<_>>().into_iter().collect(),
        (Some(certificate), Some(key)) if listed.is_empty() => {
            Some(vec![CertificateFiles { certificate, key, field: name }])
        }
        (Some(_), None) => {
            section.wrong("key", "is missing");
            None
        }
        (None, Some(_)) => {
            section.wrong("certificate", "is missing");
            None
        }
        (Some(_), Some(_)) => {
            section
                .wrong("certificates", "is there beside certificate and key; keep one of the two");
            None
        }
    }
}

fn pair(mut section: Section<'_>) -> Option<CertificateFiles> {
    let certificate = section.required("certificate", values::path);
    let key = section.required("key", values::path);
    let field = section.name("key").trim_end_matches(".key").to_owned();
    Some(CertificateFiles { certificate: certificate?, key: key?, field })
}

fn client_certificates(mut section: Section<'_>) -> Option<ClientCertificates> {
    let authority = section.required("authority", values::path);
    let revocations = section.optional("revocations", values::path);
    let required = section.or("required", true, values::switch);
    let field = section.name("authority").trim_end_matches(".authority").to_owned();
    Some(ClientCertificates {
        authority: authority?,
        revocations: revocations?,
        required: required?,
        field,
    })
}

fn version(value: &Value) -> Result<TlsVersion, String> {
    match value.as_str() {
        Some("1.2") => Ok(TlsVersion::V1_2),
        Some("1.3") => Ok(TlsVersion::V1_3),
        _ => Err("must be \"1.2\" or \"1.3\", in quotes".to_owned()),
    }
}

/// The section `core.tls`; `address` is core's, whose host the certificate usually names.
pub(super) fn core(
    mut section: Section<'_>,
    address: Option<&str>,
    environment: Environment<'_>,
) -> Option<CoreTls> {
    let host = address.and_then(|address| address.rsplit_once(':')).map(|(host, _)| host);
    let usual = host.unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let authority = section.optional("authority", authority::read(environment));
    let name = section.or("name", usual, server_name)?;
    // An empty name would be checked against nothing.
    if address.is_some() && server_name(&Value::String(name.clone())).is_err() {
        section.wrong("name", "is missing, and core.address has no host that could stand for it");
        return None;
    }
    Some(CoreTls { authority: authority?, name })
}

/// A name that a certificate can be checked against. Without one, nothing would be checked.
fn server_name(value: &Value) -> Result<String, String> {
    let text = values::text(value)?;
    match rustls::pki_types::ServerName::try_from(text.as_str()) {
        Ok(_) => Ok(text),
        Err(_) => Err("must be a host name or an address as core's certificate has it".to_owned()),
    }
}

#[cfg(test)]
mod tests;
