//! Text splitters for gori: pure functions over text that keep byte spans.

mod auto;
mod borders;
mod code;
mod cut;
mod html;
mod items;
mod json;
mod kind;
mod language;
mod limit;
mod markdown;
mod measure;
mod parents;
mod presets;
mod ranked;
mod recursive;
mod semantic;
mod sentence;
mod separators;
mod trim;

pub use auto::Auto;
pub use code::Code;
pub use html::Html;
pub use json::Json;
pub use kind::{Kind, MEDIA_TYPE};
pub use language::Language;
pub use markdown::Markdown;
pub use parents::Parents;
pub use recursive::Recursive;
pub use semantic::{Planned, Semantic};
pub use sentence::{Sentence, sentences};
pub use separators::{Separator, Separators};
