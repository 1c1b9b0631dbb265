//! Everything that requests share: [`Shared`] is built for each load of the configuration, and
//! [`Lasting`] outlives them all.

use std::sync::Arc;
use std::time::Duration;

use authz::broker::{Broker, Lifetimes};
use authz::hop::{HopBackend, HopSealer};
use authz::ids::RequestId;
use authz::metadata::PublicUrls;
use authz::policy::Policy;
use authz::principal::AudiencePolicy;
use authz::scope::Scope;
use authz::seal::Sealer;
use authz::token::Admission;
use oauth2::RedirectUrl;
use rand::Rng as _;

use crate::audit::{self, Pseudonyms};
use crate::circuit::SparingIntrospector;
use crate::client_fetch::{ClientDocuments, Network};
use crate::clock::Clock;
use crate::config::{Authority, Config};
use crate::core_address::CoreAddress;
use crate::core_peer::CorePeer;
use crate::edge::Edge;
use crate::grant_flights::GrantFlights;
use crate::introspection_cache::IntrospectionCache;
use crate::introspector::HttpIntrospector;
use crate::metrics::Metrics;
use crate::rate_limit::RateLimits;
use crate::respond::Responder;
use crate::upstream_oauth::UpstreamOAuth;

/// Why a gateway cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A certificate or its key is unfit.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// No HTTP client, most likely for want of CA certificates.
    #[error("cannot make an HTTP client; are CA certificates installed?")]
    Http(#[source] reqwest::Error),
    /// The public origin makes no callback URL.
    #[error("server.public_url")]
    PublicUrl(#[from] url::ParseError),
    /// The counters do not register.
    #[error("cannot make the metrics")]
    Metrics(#[from] prometheus::Error),
    /// The store of shared limits cannot be used as configured.
    #[error(transparent)]
    Limits(#[from] crate::rate_limit::StoreError),
    /// The audit trail cannot be opened.
    #[error("audit.file: cannot be opened for appending")]
    Audit(#[source] std::io::Error),
}

/// What outlives every load of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Lasting {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) metrics: Metrics,
}

impl Lasting {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        network: Arc<dyn Network>,
    ) -> Result<Self, BuildError> {
        Ok(Self { clock, network, metrics: Metrics::new()? })
    }
}

/// What the requests of one generation share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) broker: Broker,
    pub(crate) policy: Policy,
    pub(crate) pseudonyms: Option<Pseudonyms>,
    pub(crate) audience: AudiencePolicy,
    pub(crate) hop: HopSealer,
    pub(crate) hop_backend: HopBackend,
    pub(crate) introspections: Arc<IntrospectionCache>,
    pub(crate) upstream: Arc<UpstreamOAuth>,
    pub(crate) documents: Arc<ClientDocuments>,
    pub(crate) grants: Arc<GrantFlights>,
    pub(crate) limits: RateLimits,
    pub(crate) edge: Edge,
    pub(crate) responder: Responder,
    pub(crate) core: Arc<CoreAddress>,
    pub(crate) core_peer: CorePeer,
}

impl Shared {
    /// Builds what `config` says. What the generation before remembers is taken over where it is
    /// still true.
    pub(crate) fn new(
        config: Config,
        lasting: &Lasting,
        before: Option<&Self>,
    ) -> Result<Self, BuildError> {
        let Lasting { clock, metrics, .. } = lasting.clone();
        let urls = PublicUrls::new(config.server.public_url.origin().ascii_serialization());
        let backend = &config.backend;
        let policy = config.policy.policy().clone();
        let Memory { introspections, upstream, grants } =
            match before.filter(|before| is_same_backend(&before.config, &config)) {
                Some(before) => Memory::of(before),
                None => Memory::blank(&config, &urls, lasting)?,
            };
        Ok(Self {
            broker: broker(&config, &urls, &policy),
            policy,
            pseudonyms: pseudonyms(&config),
            audience: backend.audience().clone(),
            hop: HopSealer::new(config.keys.hop().clone()),
            hop_backend: HopBackend {
                name: backend.name.clone(),
                profile: backend.profile.clone(),
                base_url: backend.base_url.clone(),
            },
            introspections,
            upstream,
            documents: documents(&config, lasting, before)?,
            grants,
            limits: match before {
                Some(before) => before.limits.retuned(config.limits.clone())?,
                None => RateLimits::new(config.limits.clone(), &clock, &metrics.limits)?,
            },
            edge: Edge::new(&config.server),
            responder: Responder::new(urls),
            core: match before.filter(|before| before.config.core.address == config.core.address) {
                Some(before) => Arc::clone(&before.core),
                None => Arc::new(CoreAddress::new(&config.core.address)),
            },
            core_peer: CorePeer::new(config.core.tls.as_ref(), &config.server.deadlines),
            metrics,
            clock,
            config,
        })
    }

    /// A fresh request identifier.
    pub(crate) fn request_id() -> RequestId {
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        RequestId::from_random(bytes)
    }

    /// What a client is told to ask for.
    pub(crate) const fn offered_scope(&self) -> &Scope {
        &self.broker.default_scope
    }
}

/// What is remembered about the backend. It is true of one backend alone.
struct Memory {
    introspections: Arc<IntrospectionCache>,
    upstream: Arc<UpstreamOAuth>,
    grants: Arc<GrantFlights>,
}

impl Memory {
    /// What a generation remembers.
    fn of(gateway: &Shared) -> Self {
        Self {
            introspections: Arc::clone(&gateway.introspections),
            upstream: Arc::clone(&gateway.upstream),
            grants: Arc::clone(&gateway.grants),
        }
    }

    /// Nothing yet.
    fn blank(config: &Config, urls: &PublicUrls, lasting: &Lasting) -> Result<Self, BuildError> {
        let backend = &config.backend;
        let http = http_client(backend.authority.as_ref())?;
        let sparing = SparingIntrospector::new(
            Arc::new(HttpIntrospector::new(http.clone(), backend)),
            Arc::clone(&lasting.clock),
            lasting.metrics.introspection_circuit_open.clone(),
        );
        let introspections = IntrospectionCache::new(
            Arc::new(sparing),
            backend.introspection.lifetime,
            Arc::clone(&lasting.clock),
            lasting.metrics.introspections.clone(),
        );
        let callback = RedirectUrl::new(urls.callback())?;
        let upstream = UpstreamOAuth::new(http, backend, callback, Arc::clone(&lasting.clock));
        Ok(Self {
            introspections: Arc::new(introspections),
            upstream: Arc::new(upstream),
            grants: Arc::new(GrantFlights::new(backend.deadline)),
        })
    }
}

/// Whether what is remembered about the backend is still true, and our URL for its answers too.
fn is_same_backend(one: &Config, other: &Config) -> bool {
    one.backend.is_same(&other.backend) && one.server.public_url == other.server.public_url
}

/// Documents were judged by the rules for redirect URIs, and stay while those do.
fn documents(
    config: &Config,
    lasting: &Lasting,
    before: Option<&Shared>,
) -> Result<Arc<ClientDocuments>, BuildError> {
    let redirects = config.clients.redirects();
    if let Some(before) = before.filter(|before| before.broker.redirects == redirects) {
        return Ok(Arc::clone(&before.documents));
    }
    let (network, clock) = (Arc::clone(&lasting.network), Arc::clone(&lasting.clock));
    let documents = ClientDocuments::new(network, redirects, clock).map_err(BuildError::Http)?;
    Ok(Arc::new(documents))
}

/// Under the audit key, which outlives rotations; without one, under the ring's active key.
fn pseudonyms(config: &Config) -> Option<Pseudonyms> {
    let key = match config.audit.key() {
        Some(key) => Some(key.derive(audit::PSEUDONYM_PURPOSE)),
        None => config.keys.ring().derive(audit::PSEUDONYM_PURPOSE),
    };
    key.as_ref().map(Pseudonyms::under)
}

/// One client for the backend: no redirects (they would carry credentials along), no proxy from the
/// environment, nothing kept from one answer to the next. Whoever names an authority trusts nobody
/// else there.
pub(crate) fn http_client(authority: Option<&Authority>) -> Result<reqwest::Client, BuildError> {
    http_builder(authority)?.build().map_err(BuildError::Http)
}

/// What every client of ours has in common.
pub(crate) fn http_builder(
    authority: Option<&Authority>,
) -> Result<reqwest::ClientBuilder, BuildError> {
    // The provider may be installed already; the first one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = match authority {
        None => reqwest::Client::builder(),
        Some(authority) => {
            let certificates = authority.certificates().iter();
            let trusted = certificates.map(|one| reqwest::Certificate::from_der(one));
            let trusted = trusted.collect::<Result<Vec<_>, _>>().map_err(BuildError::Http)?;
            reqwest::Client::builder().tls_certs_only(trusted)
        }
    };
    Ok(builder
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(2))
        .pool_idle_timeout(Duration::from_secs(20))
        .user_agent(concat!("fhir-mcp-gateway/", env!("CARGO_PKG_VERSION"))))
}

fn broker(config: &Config, urls: &PublicUrls, policy: &Policy) -> Broker {
    let all = policy.rows().fold(Scope::default(), |all, (_, scope)| all.union(scope));
    Broker {
        urls: urls.clone(),
        sealer: Sealer::new(config.keys.ring(), urls.issuer()),
        redirects: config.clients.redirects(),
        clients: config.clients.known(),
        scopes_supported: all.union(&all.on_every_type()),
        default_scope: all,
        admission: Admission {
            resource: urls.resource(),
            backend: config.backend.binding(),
            denied_subjects: config.deny.subjects.clone(),
            denied_clients: config.deny.clients.clone(),
        },
        backend_issuers: config.backend.issuers.clone(),
        lifetimes: Lifetimes {
            access_token: config.sessions.access_token,
            session: config.sessions.absolute_lifetime,
        },
    }
}
