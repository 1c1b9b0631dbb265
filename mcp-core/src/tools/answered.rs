//! What a tool gives back: an answer in JSON, and the pictures that were asked for beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::Value;

use super::error::ToolError;

/// A picture of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// By what it is told from others of the same answer, as in `daily-profile`.
    pub name: &'static str,
    /// How it is drawn.
    pub form: Form,
}

/// How a picture is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Pixels, as a PNG file.
    Png(Vec<u8>),
    /// Lines, as an SVG document.
    Svg(String),
}

/// An answer with its pictures. They are of the same figures, and no part of the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The answer.
    pub answer: Value,
    /// The pictures.
    pub pictures: Vec<Picture>,
}

impl Picture {
    fn block(self, tool: &str) -> ContentBlock {
        match self.form {
            Form::Png(bytes) => ContentBlock::image(STANDARD.encode(bytes), "image/png"),
            Form::Svg(text) => ContentBlock::resource(ResourceContents::TextResourceContents {
                uri: format!("picture://{tool}/{}", self.name),
                mime_type: Some("image/svg+xml".to_owned()),
                text,
                meta: None,
            }),
        }
    }
}

/// The answer as structured content, and the same as text for hosts that read only that; then the
/// pictures. A refusal is its sentences.
pub fn result(tool: &str, outcome: Result<Answered, ToolError>) -> CallToolResult {
    match outcome {
        Ok(Answered { answer, pictures }) => {
            let text = ContentBlock::text(answer.to_string());
            let pictures = pictures.into_iter().map(|picture| picture.block(tool));
            let mut result = CallToolResult::success([text].into_iter().chain(pictures).collect());
            result.structured_content = Some(answer);
            result
        }
        Err(error) => CallToolResult::error(vec![ContentBlock::text(error.told())]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pictures_follow_the_answer_and_are_no_part_of_it() {
        let answer = json!({"status": "ok"});
        let pictures = vec![
            Picture { name: "a", form: Form::Png(vec![137, 80]) },
            Picture { name: "b", form: Form::Svg("<svg/>".to_owned()) },
        ];
        let result = result("a_tool", Ok(Answered { answer: answer.clone(), pictures }));
        assert_eq!(result.structured_content, Some(answer));
        let content = serde_json::to_value(&result.content).unwrap();
        assert_eq!(content[0], json!({"type": "text", "text": "{\"status\":\"ok\"}"}));
        assert_eq!(content[1]["mimeType"], "image/png");
        assert_eq!(content[1]["data"], "iVA=");
        assert_eq!(content[2]["resource"]["uri"], "picture://a_tool/b");
        assert_eq!(content[2]["resource"]["mimeType"], "image/svg+xml");
    }
}
