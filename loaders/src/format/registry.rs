//! The formats that a reader knows.

use std::sync::Arc;

use super::{Certainty, Format};
use crate::sample::Sample;

/// The formats that a reader knows, in the order in which ties are decided.
#[derive(Clone, Debug)]
pub struct Formats(Vec<Arc<dyn Format>>);

impl Default for Formats {
    /// Every format that is compiled in, with its defaults.
    fn default() -> Self {
        let formats: Vec<Arc<dyn Format>> = vec![
            #[cfg(feature = "pdf")]
            Arc::new(super::Pdf::default()),
            #[cfg(feature = "office")]
            Arc::new(super::Docx),
            #[cfg(feature = "office")]
            Arc::new(super::Pptx),
            #[cfg(feature = "office")]
            Arc::new(super::Xlsx),
            #[cfg(feature = "epub")]
            Arc::new(super::Epub),
            #[cfg(feature = "html")]
            Arc::new(super::Html::default()),
            #[cfg(feature = "markdown")]
            Arc::new(super::Markdown),
            #[cfg(feature = "csv")]
            Arc::new(super::Csv::default()),
            #[cfg(feature = "notebook")]
            Arc::new(super::Notebook::default()),
            #[cfg(feature = "json")]
            Arc::new(super::Json::default()),
            #[cfg(feature = "feed")]
            Arc::new(super::Feed),
            #[cfg(feature = "mail")]
            Arc::new(super::Eml),
            #[cfg(feature = "mail")]
            Arc::new(super::Mbox),
            #[cfg(feature = "subtitles")]
            Arc::new(super::Subtitles),
            Arc::new(super::Text),
        ];
        Self(formats)
    }
}

impl Formats {
    /// No format at all, to start from.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a format in front of the others, so that it wins ties, and takes away one of the
    /// same name: so a setting of a format replaces its default.
    #[must_use]
    pub fn with(mut self, format: impl Format + 'static) -> Self {
        self.0.retain(|other| other.name() != format.name());
        self.0.insert(0, Arc::new(format));
        self
    }

    /// Takes away the format of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|format| format.name() != name);
        self
    }

    /// The names of the formats, in their order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|format| format.name())
    }

    /// The format that is surest of the sample, if any knows it.
    pub fn detect(&self, sample: &Sample<'_>) -> Option<&dyn Format> {
        let mut best = (Certainty::No, None);
        for format in &self.0 {
            let certainty = format.recognise(sample);
            if certainty > best.0 {
                best = (certainty, Some(&**format));
            }
        }
        best.1
    }
}
