//! MCP resources: documents that hold nobody's data. The guides to tools and errors, the Open mHealth
//! schemas, who sees what; and, by template, one tool's schemas and one FHIR type.

pub mod error_guide;
pub mod tool_guide;

use rmcp::model::{
    CacheScope, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate,
};

use crate::omh::schema;
use crate::prompts::argument::Kind;

const SCHEMA: &str = "omh://schema/";
const SCHEMA_TYPE: &str = "application/schema+json";
const JSON: &str = "application/json";
const MARKDOWN: &str = "text/markdown";
const TOOLS: &str = "guide://tools";
const TOOL: &str = "guide://tools/";
const ERRORS: &str = "guide://errors";
const FHIR_TYPE: &str = "fhir://type/";
const PERMISSIONS_URI: &str = "omh://permissions";
const PERMISSIONS: &str = include_str!("permissions.md");
/// How long a client may keep a document: it changes with the program only.
const LASTING: u64 = 3_600_000;
/// How long a client may keep what the backend announces about itself.
const ANNOUNCED: u64 = 300_000;

/// A family of documents, by URI template (RFC 6570) with one variable.
struct Template {
    uri: &'static str,
    name: &'static str,
    title: &'static str,
    description: &'static str,
    mime: &'static str,
    variable: &'static str,
    kind: Kind,
}

const TEMPLATES: [Template; 3] = [
    Template {
        uri: "guide://tools/{tool}",
        name: "tool_schemas",
        title: "One tool in full",
        description: "The whole schemas of one tool's parameters and answer, each member described.",
        mime: JSON,
        variable: "tool",
        kind: Kind::Tool,
    },
    Template {
        uri: "omh://schema/{name}",
        name: "omh_schema",
        title: "One Open mHealth schema",
        description: "The JSON Schema of a data type.",
        mime: SCHEMA_TYPE,
        variable: "name",
        kind: Kind::Schema,
    },
    Template {
        uri: "fhir://type/{type}",
        name: "fhir_type",
        title: "One FHIR resource type",
        description: "Its elements, the search parameters that work at this backend, common mistakes.",
        mime: JSON,
        variable: "type",
        kind: Kind::ResourceType,
    },
];

/// All documents that have a URI of their own. They are the same for everybody.
pub fn list() -> ListResourcesResult {
    let documents = [
        (
            TOOLS,
            "tool_guide",
            "Guide to the tools",
            "What each tool takes and answers, and what every \
          answer says about itself.",
        ),
        (
            ERRORS,
            "error_guide",
            "Guide to the errors",
            "What each refusal and fault means, and what to do \
          next.",
        ),
        (
            PERMISSIONS_URI,
            "permission_model",
            "Who sees what",
            "Which studies, patients and observations \
          each kind of user can see.",
        ),
    ];
    let described = documents.map(|(uri, name, title, description)| {
        let resource = Resource::new(uri, name).with_title(title).with_description(description);
        resource.with_mime_type(MARKDOWN)
    });
    let schemas = schema::names().into_iter().map(schema_resource);
    ListResourcesResult::with_all_items(described.into_iter().chain(schemas).collect())
        .with_ttl_ms(LASTING)
        .with_cache_scope(CacheScope::Public)
}

fn schema_resource(name: &'static str) -> Resource {
    let description = schema::description(name).unwrap_or("An Open mHealth schema.");
    Resource::new(format!("{SCHEMA}{name}"), format!("omh_schema_{}", name.replace('-', "_")))
        .with_title(format!("Open mHealth schema: {name}"))
        .with_description(description)
        .with_mime_type(SCHEMA_TYPE)
}

/// All templates of documents.
pub fn templates() -> ListResourceTemplatesResult {
    let described = |template: &Template| {
        ResourceTemplate::new(template.uri, template.name)
            .with_title(template.title)
            .with_description(template.description)
            .with_mime_type(template.mime)
    };
    ListResourceTemplatesResult::with_all_items(TEMPLATES.iter().map(described).collect())
        .with_ttl_ms(LASTING)
        .with_cache_scope(CacheScope::Public)
}

/// What the variable of this template names; none where there is no such template or variable.
pub fn variable(uri: &str, name: &str) -> Option<Kind> {
    let template = TEMPLATES.iter().find(|template| template.uri == uri)?;
    (template.variable == name).then_some(template.kind)
}

/// The document at this URI.
pub fn read(uri: &str) -> Option<ReadResourceResult> {
    let (text, mime) = match uri {
        TOOLS => (tool_guide::TEXT.clone(), MARKDOWN),
        ERRORS => (error_guide::TEXT.clone(), MARKDOWN),
        PERMISSIONS_URI => (PERMISSIONS.to_owned(), MARKDOWN),
        _ => {
            if let Some(tool) = uri.strip_prefix(TOOL) {
                (tool_guide::schemas(tool)?, JSON)
            } else {
                let document = schema::document(uri.strip_prefix(SCHEMA)?)?;
                (serde_json::to_string_pretty(document).ok()?, SCHEMA_TYPE)
            }
        }
    };
    let document = document(uri, text, mime);
    Some(document.with_ttl_ms(LASTING).with_cache_scope(CacheScope::Public))
}

/// The FHIR type that this URI is about; what it has, the backend tells.
pub fn fhir_type(uri: &str) -> Option<&str> {
    uri.strip_prefix(FHIR_TYPE)
}

/// The document about a FHIR type, as one backend has it.
pub fn of_backend(uri: &str, text: String) -> ReadResourceResult {
    document(uri, text, JSON).with_ttl_ms(ANNOUNCED).with_cache_scope(CacheScope::Private)
}

fn document(uri: &str, text: String, mime: &str) -> ReadResourceResult {
    ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(mime)])
}
