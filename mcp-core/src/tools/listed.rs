//! A tool as a client sees it in a list of tools.

use std::sync::{Arc, LazyLock};

use rmcp::model::{Tool, ToolAnnotations};

use super::envelope::Envelope;
use super::{Entry, Object, outline, schema};

static ENVELOPE: LazyLock<Object> = LazyLock::new(schema::of_output::<Envelope>);

impl Entry {
    /// The tool's words and the outlines of its schemas. All tools only read one backend, so the hints
    /// are the same for all.
    pub fn listed(&self) -> Tool {
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
