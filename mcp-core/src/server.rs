//! The MCP server: what is declared, what is listed for whom, and how a tool call is answered.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestMethod,
    CompleteRequestParams, CompleteResult, ContentBlock, Implementation, ListPromptsRequestMethod,
    ListPromptsResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, Tool as ListedTool, ToolAnnotations,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer};
use serde_json::Value;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::backend::inquiry::{Inquiry, Means};
use crate::backend::profile::Profiles;
use crate::caller::Caller;
use crate::metrics::Metrics;
use crate::tools::error::ToolError;
use crate::tools::{self, Entry, Object};

/// The name under which the service presents itself, whichever of its programs answers.
const NAME: &str = "fhir-mcp-gateway";
const TITLE: &str = "FHIR and Open mHealth data";
const INSTRUCTIONS: &str = include_str!("instructions.md");
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
    profiles: Profiles,
    metrics: Metrics,
    deadline: Duration,
    listed: Vec<ListedTool>,
}

impl Server {
    /// A server that asks backends with these means, at most so long for a tool call.
    pub fn new(means: Means, profiles: Profiles, metrics: Metrics, deadline: Duration) -> Self {
        let listed = tools::catalogue().iter().map(listed).collect();
        Self(Arc::new(Shared { means, profiles, metrics, deadline, listed }))
    }

    fn inquiry(&self, caller: &Caller) -> Result<Inquiry, ToolError> {
        let claims = caller.claims();
        let profile = self.0.profiles.find(&claims.backend.profile).ok_or(ToolError::NoProfile)?;
        Ok(Inquiry {
            means: self.0.means.clone(),
            profile: profile.clone(),
            base_url: claims.backend.base_url.clone(),
            token: claims.backend_token.clone(),
            refusal: caller.refusal().clone(),
            deadline: Instant::now() + self.0.deadline,
        })
    }

    async fn run(
        &self,
        caller: &Caller,
        entry: &Entry,
        arguments: Object,
    ) -> Result<Value, ToolError> {
        let inquiry = self.inquiry(caller)?;
        entry.run(&inquiry, arguments).await
    }
}

/// A tool as it is listed. All tools only read one backend, so the hints are the same for all.
fn listed(entry: &Entry) -> ListedTool {
    let hints = ToolAnnotations::from_raw(
        Some(entry.title.to_owned()),
        Some(true),
        Some(false),
        Some(true),
        Some(false),
    );
    ListedTool::new(entry.name, entry.description, Arc::new(entry.input_schema.clone()))
        .with_title(entry.title)
        .with_raw_output_schema(Arc::new(entry.output_schema.clone()))
        .with_annotations(hints)
}

/// The caller that the layer in front put into the request.
fn caller(context: &RequestContext<RoleServer>) -> Result<&Caller, ErrorData> {
    context
        .extensions
        .get::<http::request::Parts>()
        .and_then(|parts| parts.extensions.get::<Caller>())
        .ok_or_else(|| ErrorData::internal_error("no caller", None))
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

/// The word for an outcome in metrics and logs.
fn outcome_word(outcome: &Result<Value, ToolError>) -> &'static str {
    match outcome {
        Ok(answer) => match answer.get("status").and_then(Value::as_str) {
            Some("ok") => "ok",
            Some("partial") => "partial",
            _ => "unknown",
        },
        Err(error) if error.is_fault() => "fault",
        Err(_) => "refused",
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

    /// Exactly those tools that the gateway's policy permits this caller; none if it did not say.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let permitted = caller(&context)?.claims().tools.as_deref().unwrap_or_default();
        let is_permitted =
            |tool: &&ListedTool| permitted.iter().any(|name| name.as_str() == tool.name.as_ref());
        let tools = self.0.listed.iter().filter(is_permitted).cloned().collect();
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
        let entry = tools::find(&request.name)
            .ok_or_else(|| ErrorData::invalid_params("unknown tool", None))?;
        let began = Instant::now();
        let outcome = tokio::select! {
            outcome = self.run(caller, entry, request.arguments.unwrap_or_default()) => outcome,
            () = context.ct.cancelled() => Err(ToolError::Cancelled),
        };
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

/// One line for each tool call: which, for which request, how it ended. Never with what.
fn record(caller: &Caller, entry: &Entry, outcome: &Result<Value, ToolError>, took: Duration) {
    let request = caller.claims().request_id.as_str();
    let elapsed = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let word = outcome_word(outcome);
    match outcome {
        Err(error) => {
            let reason = error.code();
            warn!(
                request.id = request,
                mcp.tool = entry.name,
                outcome = word,
                reason,
                elapsed_ms = elapsed,
                "a tool gave no answer"
            );
        }
        Ok(_) => {
            info!(
                request.id = request,
                mcp.tool = entry.name,
                outcome = word,
                elapsed_ms = elapsed,
                "a tool answered"
            );
        }
    }
}
