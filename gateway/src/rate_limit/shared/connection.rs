//! One connection to the store, and the script over it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, IntoConnectionInfo as _, RedisConnectionInfo,
    RedisError, ServerErrorKind, TlsCertificates,
};
use rustls::pki_types::CertificateDer;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::super::quota::Micros;
use super::StoreFault;
use crate::config::{Authority, SharedLimits};

const SCRIPT: &str = include_str!("charge.lua");

/// Why a store cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address, or the certificates of the authority.
    #[error("limits.shared: is not usable")]
    Settings(#[from] RedisError),
}

/// Where the store is, and who we are there.
pub(super) struct Address {
    client: Client,
    authority: Option<Vec<u8>>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Address {
    pub(super) fn new(settings: &SharedLimits) -> Result<Self, StoreError> {
        let info = settings.url.as_str().into_connection_info()?;
        let mut login: RedisConnectionInfo = info.redis_settings().clone().set_skip_set_lib_name();
        if let Some(username) = &settings.username {
            login = login.set_username(username);
        }
        if let Some(password) = &settings.password {
            login = login.set_password(password.expose().expose_secret());
        }
        let info = info.set_redis_settings(login);
        let authority = settings.authority.as_ref().map(pem);
        let client = match &authority {
            None => Client::open(info)?,
            Some(pem) => {
                let root_cert = Some(pem.clone());
                Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })?
            }
        };
        Ok(Self { client, authority })
    }

    /// All that makes one store another: to be digested, never shown.
    pub(super) fn described(&self, settings: &SharedLimits) -> Zeroizing<Vec<u8>> {
        let password = settings.password.as_ref().map(|password| password.expose().expose_secret());
        let numbers = [settings.replicas.to_string(), settings.deadline.as_micros().to_string()];
        let parts: [&[u8]; 7] = [
            settings.url.as_str().as_bytes(),
            settings.username.as_deref().unwrap_or_default().as_bytes(),
            password.unwrap_or_default().as_bytes(),
            self.authority.as_deref().unwrap_or_default(),
            settings.prefix.as_bytes(),
            numbers[0].as_bytes(),
            numbers[1].as_bytes(),
        ];
        let mut all = Zeroizing::new(Vec::new());
        for part in parts {
            all.extend_from_slice(&part.len().to_be_bytes());
            all.extend_from_slice(part);
        }
        all
    }

    /// Connects, logs in, and leaves the script there.
    pub(super) async fn connect(&self) -> Result<Connection, RedisError> {
        // Deadlines are the callers' own, over all that they do.
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(None)
            .set_pipeline_buffer_size(1024);
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let load = redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).to_owned();
        let digest = load.query_async(&mut connection).await?;
        Ok(Connection { connection, digest })
    }
}

/// The certificates in the form that the client takes (RFC 7468).
fn pem(authority: &Authority) -> Vec<u8> {
    let one = |der: &CertificateDer<'_>| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    authority.certificates().iter().map(one).collect::<String>().into_bytes()
}

/// One run of the script.
#[derive(Debug)]
pub(super) struct Request {
    keys: Vec<String>,
    numbers: Vec<Micros>,
}

impl Request {
    /// A key, its tolerance and its price for each charge.
    pub(super) fn of(postings: impl Iterator<Item = (String, Micros, Micros)>) -> Self {
        let (mut keys, mut numbers) = (Vec::new(), Vec::new());
        for (key, tolerance, price) in postings {
            keys.push(key);
            numbers.extend([tolerance, price]);
        }
        Self { keys, numbers }
    }

    fn command(&self, verb: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(verb);
        command.arg(script).arg(self.keys.len()).arg(&self.keys).arg(&self.numbers);
        command
    }
}

/// A connection over which the script can be run, by many at once.
#[derive(Debug)]
pub(super) struct Connection {
    connection: MultiplexedConnection,
    /// Under which the store knows the script.
    digest: String,
}

impl Connection {
    /// Runs the script. A store that has forgotten it is sent it anew.
    pub(super) async fn ask(&self, request: &Request) -> Result<Vec<i64>, StoreFault> {
        let mut connection = self.connection.clone();
        let known = request.command("EVALSHA", &self.digest);
        let answer = match known.query_async(&mut connection).await {
            Err(why) if why.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                request.command("EVAL", SCRIPT).query_async(&mut connection).await
            }
            answer => answer,
        };
        answer.map_err(|why| fault(&why))
    }
}

/// What an error of the client means to us.
pub(super) fn fault(why: &RedisError) -> StoreFault {
    let lost = [ErrorKind::Io, ErrorKind::Parse].contains(&why.kind());
    if lost { StoreFault::Lost } else { StoreFault::Answer }
}
