//! New configurations for the gateways of a test bed, while they serve.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use authz::ids::BackendName;
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::{ReloadError, Reloaded, Running};

use crate::bed::{Setup, TestBed};
use crate::exchange::{FakeExchange, Options};
use crate::fleet;

impl TestBed {
    /// Has every gateway take up another set-up.
    pub async fn reload(&mut self, setup: Setup) -> Result<()> {
        self.setup = setup;
        for gateway in &self.fleet.gateways {
            let config = Config::parse(&self.yaml_of(gateway)?, &|name: &str| self.variable(name));
            let reloaded = gateway.reload(config).await?;
            ensure!(matches!(reloaded, Reloaded::Applied(_)), "{reloaded:?}");
        }
        Ok(())
    }

    /// Another backend, in the same time.
    pub async fn another_exchange(&self) -> Result<FakeExchange> {
        let clock = self.fleet.surroundings.clock.clock();
        FakeExchange::start(Options { clock, ..Options::default() }).await
    }

    /// Has every gateway take up another backend.
    pub async fn retarget(&mut self, exchange: &FakeExchange, setup: Setup) -> Result<()> {
        let around = &mut self.fleet.surroundings;
        around.base_url = exchange.base_url();
        around.client_id = exchange.client_id();
        around.client_secret = exchange.client_secret();
        exchange.allow_redirect(&format!("{}/oauth/callback", around.origin));
        self.reload(setup).await
    }

    /// Has the first gateway read its own `gateway.yaml` after an edit.
    pub async fn reload_edited(
        &self,
        edit: impl FnOnce(String) -> String,
    ) -> Result<Result<Reloaded, ReloadError>> {
        let yaml = edit(self.yaml_of(self.gateway()?)?);
        let config = Config::parse(&yaml, &|name: &str| self.variable(name));
        Ok(self.gateway()?.reload(config).await)
    }

    /// What logins here are bound to, for a story that seals a token itself.
    pub fn binding(&self) -> Result<BackendName> {
        let config = Config::parse(&self.yaml(), &|name: &str| self.variable(name))?;
        Ok(config.backend.binding())
    }

    /// The first gateway.
    pub fn gateway(&self) -> Result<&Running> {
        self.fleet.gateways.first().context("a bed has a gateway")
    }

    /// What the first gateway's configuration is as files: `gateway.yaml` in `folder`, and the
    /// secrets beside it.
    pub fn files(&self, folder: &Path) -> Result<Vec<(String, String)>> {
        let mut yaml = self.yaml_of(self.gateway()?)?;
        let mut files = Vec::new();
        let rings = self.setup.ring.iter().map(|entry| format!("RING_KEY_{}", entry.id));
        for name in rings.chain(["HOP_KEY", "CLIENT_SECRET"].map(str::to_owned)) {
            let file = name.to_lowercase().replace('_', "-");
            let secret = self.variable(&name).with_context(|| name.clone())?;
            let path = folder.join(&file);
            let reference = format!("{{file: {}}}", path.display());
            yaml = yaml.replace(&format!("{{env: {name}}}"), &reference);
            files.push((file, secret));
        }
        files.push(("gateway.yaml".to_owned(), yaml));
        Ok(files)
    }

    fn yaml_of(&self, gateway: &Running) -> Result<String> {
        let address = gateway.public.first().context("it listens")?;
        Ok(fleet::yaml(&self.setup, &self.fleet.surroundings, *address))
    }
}

/// A folder as Kubernetes mounts a `ConfigMap` or a Secret: each file is a link into `..data`, and
/// `..data` is a link that is replaced at one stroke.
#[derive(Debug)]
pub struct Mount {
    folder: PathBuf,
    versions: AtomicUsize,
}

impl Mount {
    /// An empty one, which is removed when it is dropped.
    pub fn new(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, versions: AtomicUsize::default() })
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Replaces all files at one stroke.
    pub fn swap(&self, files: &[(String, String)]) -> Result<()> {
        let version = self.versions.fetch_add(1, Ordering::Relaxed);
        let data = format!("..version_{version}");
        let inside = self.folder.join(&data);
        fs::create_dir(&inside)?;
        for (name, content) in files {
            fs::write(inside.join(name), content)?;
        }
        let (fresh, link) = (self.folder.join("..data_tmp"), self.folder.join("..data"));
        symlink(&data, &fresh)?;
        let before = fs::read_link(&link).ok();
        fs::rename(&fresh, &link)?;
        for (name, _) in files.iter().filter(|(name, _)| !self.file(name).exists()) {
            symlink(Path::new("..data").join(name), self.file(name))?;
        }
        match before {
            Some(before) => Ok(fs::remove_dir_all(self.folder.join(before))?),
            None => Ok(()),
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A temporary folder; what cannot be removed is the system's to remove.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
