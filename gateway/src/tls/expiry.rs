//! The metric of how long certificates still hold, computed whenever it is read.

use std::fmt;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts};

use super::Certificates;
use crate::clock::Clock;

/// Seconds that each certificate still holds, by the places of listener and certificate in the
/// configuration.
pub(crate) struct Expiry {
    listeners: Vec<Option<Arc<Certificates>>>,
    clock: Arc<dyn Clock>,
    seconds: IntGaugeVec,
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiry").finish_non_exhaustive()
    }
}

impl Expiry {
    pub(crate) fn of(
        listeners: &[Option<Arc<Certificates>>],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, prometheus::Error> {
        let options = Opts::new(
            "gateway_certificate_expiry_seconds",
            "Seconds until a certificate of a public listener expires; below zero afterwards.",
        );
        let seconds = IntGaugeVec::new(options, &["listener", "certificate"])?;
        Ok(Self { listeners: listeners.to_vec(), clock, seconds })
    }
}

impl Collector for Expiry {
    fn desc(&self) -> Vec<&Desc> {
        self.seconds.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let now = self.clock.now();
        // A reload may have left fewer certificates than there were.
        self.seconds.reset();
        for (listener, certificates) in self.listeners.iter().enumerate() {
            let Some(certificates) = certificates else { continue };
            for (at, leaf) in certificates.current().leaves().iter().enumerate() {
                let place = [listener.to_string(), at.to_string()];
                self.seconds.with_label_values(&place).set(leaf.seconds_left(now));
            }
        }
        self.seconds.collect()
    }
}
