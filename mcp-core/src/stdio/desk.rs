//! The layer in front of the MCP server, without a gateway: it puts whoever is logged in into each request,
//! and sends whoever is not to the backend's login.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use authz::hop::HopBackend;
use authz::ids::RequestId;
use authz::time::Timestamp;
use rand::RngExt as _;
use rmcp::ErrorData;
use rmcp::model::{ClientNotification, ClientRequest, ProtocolVersion, ServerConfig, ServerResult};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, Service};
use tracing::info;

use crate::asker::Nobody;
use crate::backend::fault::Fault;
use crate::caller::Caller;
use crate::login::{Live, LoginFault, NoTokens, Session, Unready};
use crate::server::Server;
use crate::tools::error::ToolError;

/// How long a tool call waits for a person whose browser was opened. With the call itself it stays below the
/// minute after which common clients give up; the login goes on if they do.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves one person.
pub(super) struct Desk {
    pub(super) server: Server,
    pub(super) session: Arc<Session>,
    pub(super) backend: HopBackend,
}

impl Service<RoleServer> for Desk {
    async fn handle_request(
        &self,
        request: ClientRequest,
        mut context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        if matches!(request, ClientRequest::CallToolRequest(_)) {
            return Box::pin(self.call((request, context))).await;
        }
        if matches!(request, ClientRequest::ListToolsRequest(_)) {
            // A list waits for nobody.
            match self.session.at_hand() {
                Some(live) => _ = context.extensions.insert(self.caller_of(&live)),
                // Only a call would be told anything.
                None => _ = context.extensions.insert(self.nobody(ToolError::Internal)),
            }
        }
        Box::pin(self.server.handle_request(request, context)).await
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.server.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        Service::get_info(&self.server)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Service::supported_protocol_versions(&self.server)
    }
}

impl Desk {
    /// A tool call. If the backend refuses the token in it, the login is refreshed and the call made once
    /// more: tools only read. After that, only another login helps.
    async fn call(&self, given: Given) -> Answer {
        let live = async { self.known(self.session.live().await).await };
        let first = match self.attempt(live, &given).await {
            Ok(answer) => return answer,
            Err(refused) => refused,
        };
        let renewed = async { self.known(self.session.renewed(first.token()).await).await };
        let second = match self.attempt(renewed, &given).await {
            Ok(answer) => return answer,
            Err(refused) => refused,
        };
        self.session.give_up(second.token());
        match self.attempt(self.log_in(), &given).await {
            Ok(answer) => answer,
            Err(_) => self.refuse(Fault::TokenRefused.into(), &given).await,
        }
    }

    /// The answer for a caller who may have to be waited for, or the caller whose token the backend refused.
    async fn attempt(
        &self,
        known: impl Future<Output = Known>,
        given: &Given,
    ) -> Result<Answer, Caller> {
        let (request, mut context) = given.clone();
        let known = tokio::select! {
            known = known => known,
            () = context.ct.cancelled() => Err(ToolError::Cancelled),
        };
        let caller = match known {
            Ok(caller) => caller,
            Err(told) => return Ok(self.refuse(told, given).await),
        };
        context.extensions.insert(caller.clone());
        let answer = Box::pin(self.server.handle_request(request, context)).await;
        if !caller.refusal().is_noted() {
            return Ok(answer);
        }
        info!(
            request.id = caller.request_id().as_str(),
            reason = "backend_token_refused",
            "the backend refused the token"
        );
        Err(caller)
    }

    /// The server answers with the sentence, so that it is counted and logged as every answer is.
    async fn refuse(&self, told: ToolError, given: &Given) -> Answer {
        let (request, mut context) = given.clone();
        context.extensions.insert(self.nobody(told));
        Box::pin(self.server.handle_request(request, context)).await
    }

    async fn known(&self, found: Result<Live, Unready>) -> Known {
        match found {
            Ok(live) => Ok(self.caller_of(&live)),
            Err(Unready::NotLoggedIn) => self.log_in().await,
            Err(why) => Err(told(&why)),
        }
    }

    /// Begins a login, or finds the one that is under way, and waits a little if a browser was opened.
    async fn log_in(&self) -> Known {
        let under_way = self.session.begin().await.map_err(|why| failed(&why))?;
        let url = &under_way.url;
        if !under_way.is_opened {
            return Err(ToolError::NotLoggedIn(format!(
                "nobody is logged in: the user must open {url} in a browser on this computer and log in \
                 there; then call the tool again"
            )));
        }
        match under_way.ends_within(PATIENCE).await {
            Some(Ok(())) => match self.session.live().await {
                Ok(live) => Ok(self.caller_of(&live)),
                Err(why) => Err(told(&why)),
            },
            Some(Err(why)) => Err(failed(&why)),
            None => Err(ToolError::NotLoggedIn(format!(
                "nobody is logged in yet: the user must log in in the browser window that was opened; if \
                 there is none, {url} leads there too. Then call the tool again"
            ))),
        }
    }

    fn caller_of(&self, live: &Live) -> Caller {
        let request_id = RequestId::from_random(rand::rng().random());
        let seconds = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
        let now = Timestamp::from_unix_seconds(seconds);
        Caller::logged_in(live, self.backend.clone(), request_id, now)
    }

    fn nobody(&self, told: ToolError) -> Nobody {
        Nobody { profile: self.backend.profile.clone(), told }
    }
}

type Known = Result<Caller, ToolError>;
type Given = (ClientRequest, RequestContext<RoleServer>);
type Answer = Result<ServerResult, ErrorData>;

/// A login that is kept, and cannot be used just now.
fn told(why: &Unready) -> ToolError {
    match why {
        Unready::Backend(NoTokens::Unavailable) => Fault::Unavailable.into(),
        Unready::Backend(NoTokens::Malformed) => Fault::Malformed.into(),
        Unready::Late => Fault::Late.into(),
        Unready::Backend(_) | Unready::Store(_) | Unready::NotLoggedIn => {
            ToolError::NotLoggedIn(why.to_string())
        }
    }
}

fn failed(why: &LoginFault) -> ToolError {
    ToolError::NotLoggedIn(format!("the login failed: {why}. Call the tool again to log in anew"))
}
