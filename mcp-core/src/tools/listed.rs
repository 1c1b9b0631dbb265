//! A tool as a client sees it in a list of tools.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use rmcp::model::{Tool, ToolAnnotations};

use super::envelope::Envelope;
use super::{Entry, Object, catalogue, outline, schema};

static ENVELOPE: LazyLock<Object> = LazyLock::new(schema::of_output::<Envelope>);

static LISTED: LazyLock<HashMap<&'static str, Tool>> =
    LazyLock::new(|| catalogue().iter().map(|entry| (entry.name, entry.described())).collect());

impl Entry {
    /// The tool as it is listed.
    pub fn listed(&self) -> Tool {
        LISTED.get(self.name).cloned().unwrap_or_else(|| self.described())
    }

    /// The tool's words and the outlines of its schemas. All tools only read one backend, so the hints
    /// are the same for all.
    fn described(&self) -> Tool {
        let hints = ToolAnnotations::from_raw(
            Some(self.title.to_owned()),
            Some(true),
            Some(false),
            Some(true),
            Some(false),
        );
        let input = outline::of_input(&self.input_schema);
        let output = outline::of_output(&self.output_schema, &ENVELOPE);
        Tool::new(self.name, self.description, Arc::new(input))
            .with_title(self.title)
            .with_raw_output_schema(Arc::new(output))
            .with_annotations(hints)
    }
}
