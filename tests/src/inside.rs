//! What stands behind and beside the gateway: how a bed writes it into the configurations of both
//! programs.

use std::path::PathBuf;

use anyhow::Result;
use fhir_mcp_core::config::{Authority, Collector};
use fhir_mcp_core::tls::CertificateFiles;

/// TLS to core and to the backend; a collector.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// Certificate and key that core shows.
    pub core: Option<[PathBuf; 2]>,
    /// The gateway's section `core.tls`.
    pub core_tls: Option<String>,
    /// Where both programs find the backend, in place of the Exchange's own origin.
    pub backend: Option<String>,
    /// Whom the gateway trusts there.
    pub gateway_authority: Option<PathBuf>,
    /// Whom core trusts there.
    pub core_authority: Option<PathBuf>,
    /// Where core tells of its tool calls.
    pub collector: Option<String>,
}

impl Inside {
    pub(crate) fn listen_tls(&self) -> Option<CertificateFiles> {
        let [certificate, key] = self.core.clone()?;
        Some(CertificateFiles { certificate, key })
    }

    pub(crate) fn core_trusts(&self) -> Result<Option<Authority>> {
        let read = self.core_authority.clone().map(Authority::read).transpose();
        read.map_err(anyhow::Error::msg)
    }

    pub(crate) fn core_collector(&self) -> Result<Option<Collector>> {
        let Some(endpoint) = &self.collector else { return Ok(None) };
        let settings = spans::Settings::new(endpoint.parse()?, []);
        let settings = settings.map_err(|unfit| anyhow::anyhow!("{unfit:?}"))?;
        Ok(Some(Collector { settings, authority: None }))
    }

    pub(crate) fn core_line(&self) -> String {
        self.core_tls.as_ref().map(|tls| format!(", tls: {tls}")).unwrap_or_default()
    }

    /// Lines of the section `backend`. The Exchange does not know that it stands behind TLS: it names
    /// itself by the Host that it is asked under, over plain HTTP.
    pub(crate) fn backend_lines(&self) -> String {
        let trusted = self.gateway_authority.as_ref();
        let trusted = trusted.map(|file| format!("  authority: {}\n", file.display()));
        let issuer = self.backend.as_ref().map(|origin| {
            format!("  issuers: [{}/o]\n", origin.replacen("https://", "http://", 1))
        });
        trusted.unwrap_or_default() + &issuer.unwrap_or_default()
    }
}
