//! The splitter that looks at what it is given.

use gori_core::{Chunk, Document, Splitter, Value};

use crate::limit::{Limit, limited};
use crate::markdown::Blocks;
use crate::{Language, Separators};

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
    /// Source code.
    Code(Language),
}

impl Kind {
    /// What the document's media type says, and where it says nothing, the name of its source.
    pub fn of(document: &Document) -> Self {
        let declared = document.metadata.get(MEDIA_TYPE).and_then(Value::as_str);
        let declared = declared.and_then(Self::of_media_type);
        declared.unwrap_or_else(|| Self::of_name(&document.source))
    }

    /// What a media type says: nothing, where it only says that it is text.
    fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        Some(match essence.as_str() {
            "text/markdown" | "text/x-markdown" => Self::Markdown,
            "text/html" | "application/xhtml+xml" => Self::Html,
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
            extension => Language::of_extension(extension).map_or(Self::Prose, Self::Code),
        }
    }
}

/// Cuts every document by the splitter for its [kind](Kind::of): Markdown by its sections and
/// blocks, code by its items, HTML by its elements, all else as prose.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Auto;
///
/// let splitter = Auto::chars(200);
/// let document = Document::new("a.md", "# Keys\n\nRotate them.\n\n# Locks\n\nOil them.\n");
/// let chunks = splitter.split(&document);
/// assert_eq!(chunks.len(), 2);
/// assert_eq!(chunks[1].headings, ["Locks"]);
/// ```
#[derive(Clone, Debug)]
pub struct Auto {
    limit: Limit,
    markdown: Blocks,
    prose: Separators,
    html: Separators,
    /// In the order of [`Language::ALL`].
    code: Vec<Separators>,
}

limited!(Auto);

impl Auto {
    pub(crate) fn with(limit: Limit) -> Self {
        let code = Language::ALL.iter().copied();
        Self {
            limit,
            markdown: Blocks::new(),
            prose: Separators::prose(),
            html: Separators::html(),
            code: code.map(Separators::code).collect(),
        }
    }

    fn code(&self, language: Language) -> &Separators {
        let place = Language::ALL.iter().position(|l| *l == language);
        place
            .and_then(|at| self.code.get(at))
            .unwrap_or(&self.prose)
    }
}

impl Splitter for Auto {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        let all = 0..text.len();
        match Kind::of(document) {
            Kind::Markdown => self.limit.run(text, all, &self.markdown),
            Kind::Html => self.limit.run(text, all, &self.html),
            Kind::Code(language) => self.limit.run(text, all, self.code(language)),
            Kind::Prose => self.limit.run(text, all, &self.prose),
        }
    }

    fn id(&self) -> String {
        format!("auto: {}", self.limit)
    }
}
