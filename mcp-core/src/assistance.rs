//! What helps a model and a person to ask: documents, prompts, and suggestions for arguments. None shows
//! more than the tools that the caller may call.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CompleteRequestParams, CompletionInfo, GetPromptResult, ListPromptsResult,
    ReadResourceResult, Reference,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::asker::Asker;
use crate::completion::{self, Candidate};
use crate::progress::Progress;
use crate::prompts::argument::Kind;
use crate::prompts::{self, QUESTIONS, Question};
use crate::resources;
use crate::server::Server;
use crate::tools::error::ToolError;
use crate::tools::studies::StudyList;
use crate::tools::{self, Object, Tool as _};

/// How long a person who types waits for suggestions, and a reader for a document.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a client may keep the list of prompts: it goes by the backend and by what the caller may.
const KEPT: u64 = 60_000;

impl Server {
    /// The document at this URI.
    pub(crate) async fn document(
        &self,
        asker: Asker<'_>,
        uri: &str,
    ) -> Result<ReadResourceResult, ErrorData> {
        if let Some(document) = resources::read(uri) {
            return Ok(document);
        }
        let unknown = || ErrorData::resource_not_found("unknown resource; list them again", None);
        let named = resources::fhir_type(uri).ok_or_else(unknown)?;
        let arguments = json!({ "type": named });
        match self.call(asker, "fhir_schema", arguments).await {
            Ok(text) => Ok(resources::of_backend(uri, format!("{text:#}"))),
            Err(ToolError::Argument(_) | ToolError::NotServed(_)) => Err(unknown()),
            Err(error) => Err(ErrorData::internal_error(error.told(), None)),
        }
    }

    /// The questions whose tools are all offered to this caller.
    pub(crate) async fn questions(&self, asker: Asker<'_>) -> ListPromptsResult {
        let offered = self.names_offered(asker).await;
        let shown = QUESTIONS.iter().filter(|question| is_answerable(question, &offered));
        ListPromptsResult::with_all_items(shown.map(Question::listed).collect())
            .with_ttl_ms(KEPT)
            .with_cache_scope(CacheScope::Private)
    }

    /// One question in words.
    pub(crate) async fn question(
        &self,
        asker: Asker<'_>,
        name: &str,
        given: &Object,
    ) -> Result<GetPromptResult, ErrorData> {
        let question = self.visible(asker, name).await?;
        let message = question.ask(given).map_err(|rule| ErrorData::invalid_params(rule, None))?;
        Ok(GetPromptResult::new(vec![message]).with_description(question.description))
    }

    /// What may be suggested for an argument.
    pub(crate) async fn suggest(
        &self,
        asker: Asker<'_>,
        request: &CompleteRequestParams,
    ) -> Result<CompletionInfo, ErrorData> {
        let name = request.argument.name.as_str();
        let kind = match &request.r#ref {
            Reference::Prompt(prompt) => {
                let question = self.visible(asker, &prompt.name).await?;
                question.argument(name).map(|argument| argument.kind)
            }
            Reference::Resource(template) => resources::variable(&template.uri, name),
            _ => None,
        };
        let unknown =
            || ErrorData::invalid_params("no such argument or template; list again", None);
        let kind = kind.ok_or_else(unknown)?;
        let context = request.context.as_ref();
        let before = context.and_then(|context| context.get_argument("type"));
        let candidates = self.candidates(asker, kind, before.map(String::as_str)).await;
        let candidates =
            candidates.map_err(|error| ErrorData::internal_error(error.told(), None))?;
        Ok(completion::pick(candidates, &request.argument.value))
    }

    async fn candidates(
        &self,
        asker: Asker<'_>,
        kind: Kind,
        resource_type: Option<&str>,
    ) -> Result<Vec<Candidate>, ToolError> {
        match kind {
            // As for the tool that lists them: the policy decides whether they are asked for, the backend
            // which they are.
            Kind::Study => {
                if !self.names_offered(asker).await.contains(&StudyList::NAME) {
                    return Ok(Vec::new());
                }
                let answer = self.call(asker, StudyList::NAME, json!({})).await?;
                Ok(completion::studies(&answer))
            }
            Kind::Tool => {
                Ok(self.names_offered(asker).await.into_iter().map(Candidate::from).collect())
            }
            Kind::DataType
            | Kind::ResourceType
            | Kind::Parameter
            | Kind::Schema
            | Kind::Patient
            | Kind::Day
            | Kind::Days
            | Kind::Words => {
                let caller = match asker {
                    Asker::Caller(caller) => caller,
                    Asker::Nobody(nobody) => return Err(nobody.told.clone()),
                };
                let (progress, _untold) = Progress::start();
                let inquiry = self.inquiry(caller, progress, PATIENCE)?;
                completion::candidates(kind, &inquiry, resource_type).await
            }
        }
    }

    /// Calls a tool for a document or a suggestion: counted and recorded as any other call of it.
    async fn call(
        &self,
        asker: Asker<'_>,
        tool: &str,
        arguments: Value,
    ) -> Result<Value, ToolError> {
        let entry = tools::find(tool).ok_or(ToolError::Internal)?;
        let (began, (progress, _untold)) = (Instant::now(), Progress::start());
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let outcome = self.answer(asker, entry, (arguments, progress), PATIENCE).await;
        self.note(asker, entry, &outcome, began.elapsed());
        outcome.map(|answered| answered.answer)
    }

    /// The question of this name, if it is listed for this caller.
    async fn visible(&self, asker: Asker<'_>, name: &str) -> Result<&'static Question, ErrorData> {
        let offered = self.names_offered(asker).await;
        prompts::find(name)
            .filter(|question| is_answerable(question, &offered))
            .ok_or_else(|| ErrorData::invalid_params("unknown prompt; list them again", None))
    }

    async fn names_offered(&self, asker: Asker<'_>) -> Vec<&'static str> {
        self.offered(asker).await.into_iter().map(|(_, entry)| entry.name).collect()
    }
}

fn is_answerable(question: &Question, offered: &[&str]) -> bool {
    question.tools.iter().all(|tool| offered.contains(tool))
}
