//! MCP resources: the Open mHealth schemas, and who sees what.

use crate::omh::schema;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents};

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
    schema::names().into_iter().map(described).chain([permissions]).collect()
}

fn described(name: &'static str) -> Resource {
    let description = schema::description(name).unwrap_or("An Open mHealth schema.");
    Resource::new(format!("{SCHEMA}{name}"), format!("omh_schema_{}", name.replace('-', "_")))
        .with_title(format!("Open mHealth schema: {name}"))
        .with_description(description)
        .with_mime_type(SCHEMA_TYPE)
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
