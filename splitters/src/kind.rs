//! What kind of text a document holds, by what is said of it.

use gori_core::{Document, Value};

use crate::Language;

/// The name in a document's metadata under which a loader says what the text is, such as
/// `text/markdown`.
pub const MEDIA_TYPE: &str = "media_type";

/// What kind of text a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Text with paragraphs at best.
    Prose,
    /// Markdown.
    Markdown,
    /// HTML, with its tags.
    Html,
    /// JSON, or several values of it one after the other.
    Json,
    /// Source code.
    Code(Language),
}

impl Kind {
    /// What the document's media type says, and where it says nothing, the name of its source.
    pub fn of(document: &Document) -> Self {
        let declared = document.metadata.get(MEDIA_TYPE).and_then(Value::as_str);
        let declared = declared.and_then(Self::of_media_type);
        match declared.unwrap_or_else(|| Self::of_name(&document.source)) {
            // A loader may have taken a text out of a file of JSON.
            Self::Json if !document.text.trim_start().starts_with(['{', '[']) => Self::Prose,
            kind => kind,
        }
    }

    /// What a media type says: nothing, where it only says that it is text.
    fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        Some(match essence.as_str() {
            "text/markdown" | "text/x-markdown" => Self::Markdown,
            "text/html" | "application/xhtml+xml" => Self::Html,
            "application/json" | "text/json" | "application/x-ndjson" | "application/jsonl" => {
                Self::Json
            }
            other if other.ends_with("+json") => Self::Json,
            other => {
                let name = other.split_once('/')?.1;
                Self::Code(match name.strip_prefix("x-").unwrap_or(name) {
                    "rust" | "rustsrc" => Language::Rust,
                    "csrc" | "c" => Language::C,
                    "c++src" | "c++" => Language::Cpp,
                    "csharp" => Language::CSharp,
                    "python" | "script.python" => Language::Python,
                    "java" | "java-source" => Language::Java,
                    "kotlin" => Language::Kotlin,
                    "scala" => Language::Scala,
                    "swift" => Language::Swift,
                    "go" => Language::Go,
                    "javascript" | "ecmascript" => Language::JavaScript,
                    "typescript" => Language::TypeScript,
                    "php" | "httpd-php" => Language::Php,
                    "ruby" => Language::Ruby,
                    "lua" => Language::Lua,
                    "sql" => Language::Sql,
                    "sh" | "shellscript" => Language::Shell,
                    _ => return None,
                })
            }
        })
    }

    /// What the last part of a path or an address says by its extension.
    fn of_name(source: &str) -> Self {
        let path = source.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let Some((_, extension)) = name.rsplit_once('.') else {
            return Self::Prose;
        };
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdx" | "mkd" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "json" | "jsonl" | "ndjson" | "geojson" => Self::Json,
            extension => Language::of_extension(extension).map_or(Self::Prose, Self::Code),
        }
    }
}
