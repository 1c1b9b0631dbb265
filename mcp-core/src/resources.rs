//! MCP resources: the Open mHealth schemas, and who sees what.

use rmcp::model::{ReadResourceResult, Resource, ResourceContents};
use serde_json::Value;

use crate::omh::schema;

const SCHEMA: &str = "omh://schema/";
const SCHEMA_TYPE: &str = "application/schema+json";
const PERMISSIONS_URI: &str = "omh://permissions";
const PERMISSIONS_TYPE: &str = "text/markdown";
const PERMISSIONS: &str = include_str!("permissions.md");

/// All resources.
pub fn list() -> Vec<Resource> {
    let permissions = Resource::new(PERMISSIONS_URI, "permission_model")
        .with_title("Who sees what")
        .with_description("Which studies, patients and observations each kind of user can see.")
        .with_mime_type(PERMISSIONS_TYPE);
    schema::names().into_iter().filter_map(described).chain([permissions]).collect()
}

fn described(name: &'static str) -> Option<Resource> {
    let document = schema::document(name)?;
    let words = |key| document.get(key).and_then(Value::as_str);
    let description = words("description").unwrap_or("Open mHealth schema.");
    Some(
        Resource::new(format!("{SCHEMA}{name}"), format!("omh_schema_{}", name.replace('-', "_")))
            .with_title(format!("Open mHealth schema: {name}"))
            .with_description(description)
            .with_mime_type(SCHEMA_TYPE),
    )
}

/// The resource at this URI.
pub fn read(uri: &str) -> Option<ReadResourceResult> {
    let (text, kind) = if uri == PERMISSIONS_URI {
        (PERMISSIONS.to_owned(), PERMISSIONS_TYPE)
    } else {
        let document = schema::document(uri.strip_prefix(SCHEMA)?)?;
        (serde_json::to_string_pretty(document).ok()?, SCHEMA_TYPE)
    };
    let contents = ResourceContents::text(text, uri).with_mime_type(kind);
    Some(ReadResourceResult::new(vec![contents]))
}
