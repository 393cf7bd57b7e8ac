//! Text splitters for gori: pure functions over text that keep byte spans.

mod auto;
mod borders;
mod cut;
mod language;
mod limit;
mod markdown;
mod measure;
mod presets;
mod recursive;
mod separators;
mod trim;

pub use auto::{Auto, Kind, MEDIA_TYPE};
pub use language::Language;
pub use markdown::Markdown;
pub use recursive::Recursive;
pub use separators::{Separator, Separators};
