//! The MCP server: what is declared, what is listed for whom, and how a tool call is answered.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer};
use tokio::time::Instant;

use crate::asker::Asker;
use crate::backend::capability::Capability;
use crate::backend::inquiry::{Inquiry, Means};
use crate::backend::profile::LiveProfiles;
use crate::caller::Caller;
use crate::metrics::Metrics;
use crate::outcome::{caught, record, report};
use crate::progress::{Progress, notify, tell};
use crate::teller::Teller;
use crate::tools::answered::{Answered, result};
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
    spans: Option<Teller>,
}

impl Server {
    /// A server that asks backends with these means, at most so long for a tool call.
    pub(crate) fn new(
        means: Means,
        profiles: Arc<LiveProfiles>,
        (metrics, spans): (Metrics, Option<Teller>),
        deadline: Duration,
    ) -> Self {
        Self(Arc::new(Shared { means, profiles, metrics, deadline, spans }))
    }

    /// The backend as this caller may ask it, for so long at most.
    pub(crate) fn inquiry(
        &self,
        caller: &Caller,
        progress: Progress,
        patience: Duration,
    ) -> Result<Inquiry, ToolError> {
        let backend = caller.backend();
        let profiles = self.0.profiles.snapshot();
        let profile = profiles.find(&backend.profile).ok_or(ToolError::NoProfile)?;
        Ok(Inquiry {
            means: self.0.means.clone(),
            profile: Arc::clone(profile),
            backend: backend.name.clone(),
            base_url: backend.base_url.clone(),
            subject: caller.subject().clone(),
            now: caller.admitted_at(),
            scope: caller.scope().cloned(),
            permitted: caller.permitted().clone(),
            token: caller.token().clone(),
            refusal: caller.refusal().clone(),
            waited: caller.waited().clone(),
            deadline: Instant::now() + self.0.deadline.min(patience),
            progress,
        })
    }

    /// A tool's answer, and what became of the call in metrics and log. A panic is a defect of ours.
    pub(crate) async fn answer(
        &self,
        asker: Asker<'_>,
        entry: &Entry,
        (arguments, progress): (Object, Progress),
        patience: Duration,
    ) -> Result<Answered, ToolError> {
        let run = async {
            let caller = match asker {
                Asker::Caller(caller) => caller,
                Asker::Nobody(nobody) => return Err(nobody.told.clone()),
            };
            let inquiry = self.inquiry(caller, progress, patience)?;
            if !entry.is_served_by(&inquiry).await {
                let sentence = "this tool is not offered for this backend";
                return Err(ToolError::NotServed(sentence.to_owned()));
            }
            entry.run(&inquiry, arguments).await
        };
        caught(run).await.unwrap_or_else(|| {
            self.0.metrics.panics().inc();
            Err(ToolError::Internal)
        })
    }

    /// Counts a call that has ended, and writes its line.
    pub(crate) fn note(
        &self,
        asker: Asker<'_>,
        entry: &Entry,
        outcome: &Result<Answered, ToolError>,
        took: Duration,
    ) {
        let report = report(outcome);
        if let Some(caller) = asker.caller() {
            caller.report(report);
            if let Some(spans) = &self.0.spans {
                spans.tell(caller, entry, outcome, took);
            }
        }
        self.0.metrics.tool_call(entry.name, report.outcome.as_str(), took);
        record(asker, entry, outcome, took);
    }

    /// The tool of this name, or of this alias in the backend's profile.
    fn named(&self, profile: &str, name: &str) -> Option<&'static Entry> {
        let profiles = self.0.profiles.snapshot();
        let profile = profiles.find(profile);
        profile.map_or_else(|| tools::find(name), |profile| served::named(profile, name))
    }

    /// Exactly those tools that the gateway's policy permits this caller, none if it did not say, and all
    /// where there is no gateway; and of these, what the backend can serve, by the names that they have
    /// there. A backend that hangs must not make the list hang: then the profile alone decides, as it does
    /// for somebody who is not logged in.
    pub(crate) async fn offered(&self, asker: Asker<'_>) -> Vec<(String, &'static Entry)> {
        let profiles = self.0.profiles.snapshot();
        let Some(profile) = profiles.find(asker.profile()) else { return Vec::new() };
        let capability = match asker {
            Asker::Nobody(_) => Arc::new(Capability::Unknown),
            Asker::Caller(caller) => self.announced(caller).await,
        };
        let is_permitted =
            |name: &str| asker.caller().is_none_or(|caller| caller.permitted().includes(name));
        served::offered(profile, &capability)
            .filter(|(name, _)| is_permitted(name))
            .map(|(name, entry)| (name.to_owned(), entry))
            .collect()
    }

    async fn announced(&self, caller: &Caller) -> Arc<Capability> {
        let (progress, _untold) = Progress::start();
        let unknown = || Arc::new(Capability::Unknown);
        let Ok(inquiry) = self.inquiry(caller, progress, self.0.deadline) else { return unknown() };
        let asked = tokio::time::timeout(LISTING_PATIENCE, inquiry.capability()).await;
        asked.unwrap_or_else(|_| unknown())
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        let server = Implementation::new(NAME, env!("CARGO_PKG_VERSION")).with_title(TITLE);
        ServerConfig::new(capabilities).with_server_info(server).with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let offered = self.offered(Asker::of(&context)?).await;
        let as_named = |(name, entry): (String, &Entry)| {
            let mut tool = entry.listed();
            tool.name = name.into();
            tool
        };
        let tools = offered.into_iter().map(as_named).collect();
        let list = ListToolsResult::with_all_items(tools);
        Ok(list.with_ttl_ms(0).with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let asker = Asker::of(&context)?;
        let entry = self
            .named(asker.profile(), &request.name)
            .ok_or_else(|| ErrorData::invalid_params("unknown tool", None))?;
        let began = Instant::now();
        let (progress, mut steps) = Progress::start();
        let arguments = request.arguments.unwrap_or_default();
        let outcome = tokio::select! {
            outcome = self.answer(asker, entry, (arguments, progress), self.0.deadline) => outcome,
            never = tell(&context, &mut steps) => match never {},
            () = context.ct.cancelled() => Err(ToolError::Cancelled),
        };
        if let Some(step) = steps.last() {
            notify(&context, step).await;
        }
        self.note(asker, entry, &outcome, began.elapsed());
        Ok(result(entry.name, outcome).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(crate::resources::list())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(crate::resources::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.document(Asker::of(&context)?, &request.uri).await.map(Into::into)
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(self.questions(Asker::of(&context)?).await)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let given = request.arguments.unwrap_or_default();
        self.question(Asker::of(&context)?, &request.name, &given).await.map(Into::into)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        self.suggest(Asker::of(&context)?, &request).await.map(CompleteResult::new)
    }

    async fn on_initialized(&self, _: NotificationContext<RoleServer>) {}
}
