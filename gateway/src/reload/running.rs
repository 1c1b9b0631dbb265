//! What whoever runs a gateway may ask of it about configurations.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{Found, ReloadError, Reloaded, Watch, follow, mounts};
use crate::config::{Config, ConfigError};
use crate::gateway::Running;

impl Running {
    /// Puts `config` in force for every request from now on; those under way end as they began.
    /// What fails leaves the one before in force, and says everything that is wrong.
    pub fn reload(
        &self,
        config: Result<Config, ConfigError>,
    ) -> impl Future<Output = Result<Reloaded, ReloadError>> {
        Box::pin(self.reloader.reload(config, None))
    }

    /// Takes up what a [`Watch`] found, unless the files have changed again since.
    pub fn take_up(&self, found: Found) -> impl Future<Output = Result<Reloaded, ReloadError>> {
        Box::pin(self.reloader.reload(found.config, Some(found.files)))
    }

    /// Takes up every change of the files that `watch` watches, from now on; `SIGHUP` has them read
    /// at once, and the audit trail go on in the file that is then by its name.
    pub fn follow(&mut self, watch: Watch) -> io::Result<()> {
        mounts::warn_about_single_files(watch.files());
        let hangup = signal(SignalKind::hangup())?;
        let (reloader, audit) = (Arc::clone(&self.reloader), self.audit.clone());
        self.background.spawn(follow::follow(reloader, audit, watch, hangup));
        Ok(())
    }

    /// How long to go on accepting once told to stop, as it is configured now.
    pub fn close_delay(&self) -> Duration {
        self.reloader.live.current().config.server.deadlines.close_delay
    }
}
