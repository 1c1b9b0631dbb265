//! What one listener shows: read from its files as a whole, and swapped as a whole.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use authz::time::Timestamp;
use pingora::listeners::tls::Acceptor;
use rustls::crypto::ring;
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::version::{TLS12, TLS13};
use sha2::{Digest as _, Sha256};

use super::choice::Choice;
use super::leaf::{Fitness, Leaf};
use super::pair::{self, Pair};
use super::{TlsError, clients, mistake};
use crate::config::{Mistake, Tls, TlsVersion};

/// What a listener shows, for its handshakes to read and for a reload to replace.
#[derive(Debug)]
pub struct Certificates(ArcSwap<Loaded>);

/// Everything of one listener, read and checked, ready to shake hands.
pub struct Loaded {
    acceptor: Acceptor,
    leaves: Vec<Leaf>,
    fingerprint: [u8; 32],
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("leaves", &self.leaves).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Shows what was loaded.
    pub fn new(loaded: Loaded) -> Self {
        Self(ArcSwap::from_pointee(loaded))
    }

    /// Whether `loaded` would do as well as what is shown: one that does not hold at `now` replaces
    /// none that does.
    pub fn accept(&self, loaded: &Loaded, now: Timestamp) -> Result<(), TlsError> {
        let unfit = loaded.unfit(now);
        if unfit.is_empty() || !self.0.load().unfit(now).is_empty() {
            return Ok(());
        }
        Err(TlsError(unfit))
    }

    /// Shows `loaded` from the next handshake on. What is the same stays, so that clients go on
    /// resuming their sessions; says whether there was anything to change.
    pub fn swap(&self, loaded: Loaded) -> bool {
        let changed = self.0.load().fingerprint != loaded.fingerprint;
        if changed {
            self.0.store(Arc::new(loaded));
        }
        changed
    }

    /// What is shown at this moment.
    pub fn current(&self) -> Arc<Loaded> {
        self.0.load_full()
    }
}

impl Loaded {
    /// The certificates, in the order of the configuration.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Those that do not hold at `now`: a warning at the start.
    pub fn unfit(&self, now: Timestamp) -> Vec<Mistake> {
        let text = |leaf: &Leaf| match leaf.at(now) {
            Fitness::Fit => None,
            Fitness::Early => Some("does not hold yet; compare its date with the clock"),
            Fitness::Expired => Some("has expired; renew it"),
        };
        let name = |leaf: &Leaf| format!("{}.certificate", leaf.field);
        let unfit = self.leaves.iter().filter_map(|leaf| Some(mistake(name(leaf), text(leaf)?)));
        unfit.collect()
    }

    pub(crate) const fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }
}

/// Reads every file that `tls` names and checks what belongs together.
pub fn load(tls: &Tls) -> Result<Loaded, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let mut seen = Sha256::new();
    let mut mistakes = Vec::new();
    let mut pairs: Vec<Pair> = Vec::new();
    for files in &tls.certificates {
        pair::read(files, &mut seen).map_or_else(|why| mistakes.extend(why), |one| pairs.push(one));
    }
    let wanted = tls.client_certificates.as_ref();
    let verifier = wanted.map(|wanted| clients::verifier(wanted, &provider, &mut seen));
    let verifier = verifier.transpose().map_err(|why| mistakes.extend(why));
    let (Ok(verifier), true) = (verifier, mistakes.is_empty()) else {
        return Err(TlsError(mistakes));
    };
    let versions: &[_] = match tls.minimum_version {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    seen.update([u8::from(versions.len() > 1), u8::from(wanted.is_some_and(|one| one.required))]);
    let unusable = |_| TlsError(vec![mistake("server.listeners".to_owned(), "TLS is unusable")]);
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(versions).map_err(unusable)?;
    let choice = Arc::new(Choice::of(&pairs));
    let mut config = match verifier {
        None => builder.with_no_client_auth().with_cert_resolver(choice),
        Some(verifier) => builder.with_client_cert_verifier(verifier).with_cert_resolver(choice),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ignore_client_order = true;
    resume(&mut config, wanted.is_some()).map_err(unusable)?;
    Ok(Loaded {
        acceptor: Acceptor::from_server_config(Arc::new(config)),
        leaves: pairs.into_iter().map(|pair| pair.leaf).collect(),
        fingerprint: seen.finalize().into(),
    })
}

/// Sessions are resumed by tickets under keys that live in this process for half a day at most:
/// nothing is stored, however many clients there are, and nothing is taken before the handshake ends
/// (no 0-RTT). A client certificate, though, is looked at anew on every connection.
fn resume(config: &mut ServerConfig, clients_are_checked: bool) -> Result<(), rustls::Error> {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    if clients_are_checked {
        config.send_tls13_tickets = 0;
    } else {
        config.ticketer = ring::Ticketer::new()?;
    }
    Ok(())
}
