//! Everything that the requests of one gateway share: rules and connections, built once.

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

use crate::client_fetch::{ClientDocuments, Network};
use crate::clock::Clock;
use crate::config::Config;
use crate::core_address::CoreAddress;
use crate::edge::Edge;
use crate::introspection_cache::IntrospectionCache;
use crate::introspector::HttpIntrospector;
use crate::metrics::Metrics;
use crate::no_issue::NoIssue;
use crate::parked_grants::ParkedGrants;
use crate::rate_limit::RateLimits;
use crate::refresh_flights::RefreshFlights;
use crate::respond::Responder;
use crate::upstream_oauth::UpstreamOAuth;

/// Why a gateway cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A certificate or its key is unfit.
    #[error("server.listeners")]
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
    /// The audit trail cannot be opened.
    #[error("audit.file: cannot be opened for appending")]
    Audit(#[source] std::io::Error),
}

/// What the requests of one gateway share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) broker: Broker,
    pub(crate) policy: Policy,
    pub(crate) audience: AudiencePolicy,
    pub(crate) hop: HopSealer,
    pub(crate) hop_backend: HopBackend,
    pub(crate) introspections: Arc<IntrospectionCache>,
    pub(crate) upstream: UpstreamOAuth,
    pub(crate) documents: ClientDocuments,
    pub(crate) refreshes: RefreshFlights<NoIssue>,
    pub(crate) parked: ParkedGrants,
    pub(crate) limits: RateLimits,
    pub(crate) edge: Edge,
    pub(crate) responder: Responder,
    pub(crate) core: CoreAddress,
}

impl Shared {
    pub(crate) fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        network: Arc<dyn Network>,
    ) -> Result<Self, BuildError> {
        let metrics = Metrics::new()?;
        let urls = PublicUrls::new(config.server.public_url.origin().ascii_serialization());
        let http = http_client()?;
        let backend = &config.backend;
        let introspections = IntrospectionCache::new(
            Arc::new(HttpIntrospector::new(http.clone(), backend)),
            backend.introspection.lifetime,
            Arc::clone(&clock),
            metrics.introspections.clone(),
        );
        let policy = config.policy.policy().clone();
        let redirects = config.clients.redirects();
        let documents = ClientDocuments::new(network, redirects, Arc::clone(&clock));
        Ok(Self {
            broker: broker(&config, &urls, &policy),
            policy,
            audience: backend.audience().clone(),
            hop: HopSealer::new(config.keys.hop().clone()),
            hop_backend: HopBackend {
                name: backend.name.clone(),
                profile: backend.profile.clone(),
                base_url: backend.base_url.clone(),
            },
            introspections: Arc::new(introspections),
            upstream: UpstreamOAuth::new(
                http,
                backend,
                RedirectUrl::new(urls.callback())?,
                Arc::clone(&clock),
            ),
            documents: documents.map_err(BuildError::Http)?,
            refreshes: RefreshFlights::new(),
            parked: ParkedGrants::new(),
            limits: RateLimits::new(config.limits.clone(), Arc::clone(&clock)),
            edge: Edge::new(&config.server),
            responder: Responder::new(urls),
            core: CoreAddress::new(&config.core.address),
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

/// One client for the backend: no redirects (they would carry credentials along), no proxy from the
/// environment, nothing kept from one answer to the next.
pub(crate) fn http_client() -> Result<reqwest::Client, BuildError> {
    // The provider may be installed already; the first one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(2))
        .pool_idle_timeout(Duration::from_secs(20))
        .user_agent(concat!("fhir-mcp-gateway/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(BuildError::Http)
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
            backend: config.backend.name.clone(),
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
