//! The MCP server: what is declared, what is listed for whom, and how a tool call is answered.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestMethod,
    CompleteRequestParams, CompleteResult, ContentBlock, Implementation, ListPromptsRequestMethod,
    ListPromptsResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, Tool as ListedTool,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer};
use serde_json::Value;
use tokio::time::Instant;

use crate::backend::capability::Capability;
use crate::backend::inquiry::{Inquiry, Means};
use crate::backend::profile::LiveProfiles;
use crate::caller::Caller;
use crate::metrics::Metrics;
use crate::outcome::{caught, outcome_word, record};
use crate::progress::{Progress, Step, Steps};
use crate::tools::error::ToolError;
use crate::tools::{self, Entry, Object, served};

/// The name under which the service presents itself, whichever of its programs answers.
const NAME: &str = "fhir-mcp-gateway";
const TITLE: &str = "FHIR and Open mHealth data";
const INSTRUCTIONS: &str = include_str!("instructions.md");
/// How long a list of tools waits for the backend to say what it can do.
const LISTING_PATIENCE: Duration = Duration::from_secs(2);
/// The revisions that are served, oldest first.
const VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// Answers MCP requests. It is cloned for each and keeps nothing between them.
#[derive(Clone, Debug)]
pub struct Server(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    means: Means,
    profiles: Arc<LiveProfiles>,
    metrics: Metrics,
    deadline: Duration,
    listed: Vec<ListedTool>,
}

impl Server {
    /// A server that asks backends with these means, at most so long for a tool call.
    pub fn new(
        means: Means,
        profiles: Arc<LiveProfiles>,
        metrics: Metrics,
        deadline: Duration,
    ) -> Self {
        let listed = tools::catalogue().iter().map(Entry::listed).collect();
        Self(Arc::new(Shared { means, profiles, metrics, deadline, listed }))
    }

    fn inquiry(&self, caller: &Caller, progress: Progress) -> Result<Inquiry, ToolError> {
        let claims = caller.claims();
        let profiles = self.0.profiles.snapshot();
        let profile = profiles.find(&claims.backend.profile).ok_or(ToolError::NoProfile)?;
        Ok(Inquiry {
            means: self.0.means.clone(),
            profile: Arc::clone(profile),
            backend: claims.backend.name.clone(),
            base_url: claims.backend.base_url.clone(),
            subject: claims.subject.clone(),
            now: caller.admitted_at(),
            token: claims.backend_token.clone(),
            refusal: caller.refusal().clone(),
            deadline: Instant::now() + self.0.deadline,
            progress,
        })
    }

    async fn run(
        &self,
        caller: &Caller,
        entry: &Entry,
        (arguments, progress): (Object, Progress),
    ) -> Result<Value, ToolError> {
        let inquiry = self.inquiry(caller, progress)?;
        if !entry.is_served_by(&inquiry).await {
            let sentence = "this tool is not offered for this backend; fhir_capabilities tells what \
                            the backend can do";
            return Err(ToolError::NotServed(sentence.to_owned()));
        }
        entry.run(&inquiry, arguments).await
    }

    /// The tool of this name, or of this alias in the backend's profile.
    fn named(&self, caller: &Caller, name: &str) -> Option<&'static Entry> {
        let profiles = self.0.profiles.snapshot();
        let profile = profiles.find(&caller.claims().backend.profile);
        profile.map_or_else(|| tools::find(name), |profile| served::named(profile, name))
    }

    /// What this backend can serve, as it is listed. A backend that hangs must not make the list
    /// hang: then the profile alone decides.
    async fn offered(&self, caller: &Caller) -> Vec<ListedTool> {
        let (progress, _untold) = Progress::start();
        let Ok(inquiry) = self.inquiry(caller, progress) else { return self.0.listed.clone() };
        let asked = tokio::time::timeout(LISTING_PATIENCE, inquiry.capability()).await;
        let capability = asked.unwrap_or_else(|_| Arc::new(Capability::Unknown));
        let as_listed = |(name, entry): (&str, &Entry)| {
            let mut tool = self.0.listed.iter().find(|tool| tool.name == entry.name)?.clone();
            tool.name = name.to_owned().into();
            Some(tool)
        };
        served::offered(&inquiry.profile, &capability).filter_map(as_listed).collect()
    }
}

/// The caller that the layer in front put into the request.
fn caller(context: &RequestContext<RoleServer>) -> Result<&Caller, ErrorData> {
    context
        .extensions
        .get::<http::request::Parts>()
        .and_then(|parts| parts.extensions.get::<Caller>())
        .ok_or_else(|| ErrorData::internal_error("no caller", None))
}

/// Tells the client how far a long tool call has come, if it asked for that; ends never. The first
/// step turns the answer into an event stream: the HTTP status is then sent, so whatever decides it
/// has been asked before a tool counts its first part.
async fn tell(context: &RequestContext<RoleServer>, steps: &mut Steps) -> Infallible {
    loop {
        let step = steps.next().await;
        notify(context, step).await;
    }
}

/// The numbers fit a fraction's 52 bits: they count requests to the backend.
#[expect(clippy::cast_precision_loss, reason = "see above; JSON has but one kind of number")]
async fn notify(context: &RequestContext<RoleServer>, step: Step) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let told = ProgressNotificationParam::new(token, step.done as f64).with_total(step.of as f64);
    // Whoever has left is told nothing; that the call is cancelled is noticed elsewhere.
    let _gone = context.peer.notify_progress(told).await;
}

/// The answer as structured content, and the same as text for hosts that read only that.
fn answered(outcome: Result<Value, ToolError>) -> CallToolResult {
    match outcome {
        Ok(answer) => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(answer.to_string())]);
            result.structured_content = Some(answer);
            result
        }
        Err(error) => CallToolResult::error(vec![ContentBlock::text(format!("{error}."))]),
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        let server = Implementation::new(NAME, env!("CARGO_PKG_VERSION")).with_title(TITLE);
        ServerConfig::new(capabilities).with_server_info(server).with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    /// Exactly those tools that the gateway's policy permits this caller, none if it did not say; and
    /// of these, what the backend can serve.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let caller = caller(&context)?;
        let permitted = caller.claims().tools.as_deref().unwrap_or_default();
        let is_permitted =
            |tool: &ListedTool| permitted.iter().any(|name| name.as_str() == tool.name.as_ref());
        let tools = self.offered(caller).await.into_iter().filter(is_permitted).collect();
        let mut result = ListToolsResult::with_all_items(tools);
        result.ttl_ms = Some(0);
        result.cache_scope = Some(CacheScope::Private);
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = caller(&context)?;
        let entry = self
            .named(caller, &request.name)
            .ok_or_else(|| ErrorData::invalid_params("unknown tool", None))?;
        let began = Instant::now();
        let (progress, mut steps) = Progress::start();
        let arguments = request.arguments.unwrap_or_default();
        let outcome = tokio::select! {
            outcome = caught(self.run(caller, entry, (arguments, progress))) =>
                outcome.unwrap_or_else(|| {
                    self.0.metrics.panics().inc();
                    Err(ToolError::Internal)
                }),
            never = tell(&context, &mut steps) => match never {},
            () = context.ct.cancelled() => Err(ToolError::Cancelled),
        };
        if let Some(step) = steps.last() {
            notify(&context, step).await;
        }
        let word = outcome_word(&outcome);
        self.0.metrics.tool_call(entry.name, word, began.elapsed());
        record(caller, entry, &outcome, began.elapsed());
        Ok(answered(outcome).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(crate::resources::list()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let found = crate::resources::read(&request.uri);
        found.map(Into::into).ok_or_else(|| ErrorData::resource_not_found("unknown resource", None))
    }

    // Not declared, so not there: an empty answer would claim otherwise.
    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(ErrorData::method_not_found::<CompleteRequestMethod>())
    }

    async fn on_initialized(&self, _: NotificationContext<RoleServer>) {}
}
