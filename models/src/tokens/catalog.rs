//! What models take and give, by their ids.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Limits, OutputCap, Result, TokenCounter, Window};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use super::{Encoding, Estimate, Tiktoken};

/// The published table. Its rows were read on the pages that they name as their source.
const PUBLISHED: &str = include_str!("../../data/catalog.json");
const FORMAT: u32 = 1;

/// How the tokens of a model are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counting {
    /// In this encoding, exactly.
    Exact(Encoding),
    /// By [`Estimate`]: no tokenizer is published, or it lies in a file beside the model, to
    /// be read by [`TokenizerJson`](super::TokenizerJson).
    Estimated,
}

/// What is known of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// The id that requests name, without a date.
    pub id: String,
    /// How its tokens are counted.
    pub counting: Counting,
    /// Prompt and answer together.
    pub window: Window,
    /// The answer alone, where it has a cap of its own.
    pub output: Option<OutputCap>,
    /// Where this was read.
    pub source: String,
    /// When it was read, such as `2026-11-22`.
    pub as_of: String,
}

impl ModelCard {
    /// Its window and output cap.
    pub fn limits(&self) -> Limits {
        Limits {
            window: self.window,
            output: self.output,
        }
    }

    /// A counter for it.
    pub fn counter(&self) -> Arc<dyn TokenCounter> {
        match self.counting {
            Counting::Exact(encoding) => Arc::new(Tiktoken::new(encoding)),
            Counting::Estimated => Arc::new(Estimate::new()),
        }
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: &'static str| Err(Error::new(ErrorKind::Config, what).about(&self.id));
        if self.id.trim().is_empty() {
            return wrong("a model needs an id");
        }
        match self.output {
            _ if self.window.0 == 0 => wrong("a window of no tokens holds nothing"),
            Some(OutputCap(0)) => wrong("an output cap of no tokens allows no answer"),
            Some(OutputCap(cap)) if cap > self.window.0 => {
                wrong("the output cap is larger than the window, which holds prompt and answer")
            }
            _ => Ok(()),
        }
    }
}

/// A versioned table of models, which you can extend and correct.
///
/// A dated snapshot (`gpt-4o-2024-08-06`, `claude-sonnet-4-20250514`), `-latest` and a
/// fine-tuned model (`ft:gpt-4o:…`) are found under the id they are made from; nothing else
/// is guessed.
///
/// ```
/// use gori_core::Window;
/// use gori_models::tokens::{Catalog, Counting, ModelCard};
///
/// # fn main() -> gori_core::Result<()> {
/// let catalog = Catalog::published().with(ModelCard {
///     id: "our-own-7b".into(),
///     counting: Counting::Estimated,
///     window: Window(16_384),
///     output: None,
///     source: "our wiki".into(),
///     as_of: "2026-11-22".into(),
/// })?;
/// assert_eq!(catalog.get("our-own-7b")?.window, Window(16_384));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    cards: BTreeMap<String, ModelCard>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(rename = "as_of")]
    _as_of: String,
    models: Vec<ModelCard>,
}

impl Catalog {
    /// A table of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The table that this version was published with.
    pub fn published() -> Self {
        // A test reads the same bytes, so what could fail here fails there.
        Self::new().with_json(PUBLISHED).unwrap_or_default()
    }

    /// Adds a model, in place of one with the same id.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where its numbers contradict each other.
    pub fn with(mut self, card: ModelCard) -> Result<Self> {
        card.check()?;
        self.cards.insert(card.id.clone(), card);
        Ok(self)
    }

    /// Adds the models of a JSON text: `{"version": 1, "as_of": "2026-11-22", "models":
    /// [{"id": "…", "counting": "o200k_base", "window": 128000, "output": 16384, "source":
    /// "…", "as_of": "…"}]}`, where `counting` is the name of an [`Encoding`] or `estimated`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where it is not of that form or of another version.
    pub fn with_json(self, json: &str) -> Result<Self> {
        let file: File = serde_json::from_str(json).map_err(|e| {
            Error::new(
                ErrorKind::Config,
                format!("this is no table of models: {e}"),
            )
            .caused_by(e)
        })?;
        if file.version != FORMAT {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "this table of models has version {}, not {FORMAT}",
                    file.version
                ),
            ));
        }
        file.models.into_iter().try_fold(self, Self::with)
    }

    /// All models, by id.
    pub fn cards(&self) -> impl Iterator<Item = &ModelCard> {
        self.cards.values()
    }

    /// What is known of a model.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where nothing is: a default would be wrong sooner or later.
    pub fn get(&self, model: &str) -> Result<&ModelCard> {
        let tuned = model
            .strip_prefix("ft:")
            .map(|rest| rest.split(':').next().unwrap_or(rest));
        let id = tuned.unwrap_or(model);
        self.cards
            .get(id)
            .or_else(|| self.cards.get(undated(id)?))
            .ok_or_else(|| self.unknown(model))
    }

    fn unknown(&self, model: &str) -> Error {
        let family = model.split('-').next().unwrap_or(model);
        let like: Vec<&str> = self
            .cards
            .keys()
            .map(String::as_str)
            .filter(|id| !family.is_empty() && id.starts_with(family))
            .take(8)
            .collect();
        let known = if like.is_empty() {
            String::new()
        } else {
            format!(" (known of this family: {})", like.join(", "))
        };
        Error::new(
            ErrorKind::NotFound,
            format!("the window of this model is not known{known}"),
        )
        .about(model)
        .hint("give its limits yourself, or add a ModelCard to the Catalog")
    }
}

/// The id without `-latest` or a date at its end, where it has one.
fn undated(id: &str) -> Option<&str> {
    if let Some(base) = id.strip_suffix("-latest") {
        return Some(base);
    }
    let shape: String = id
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    ["-0000-00-00", "-00000000"]
        .into_iter()
        .find(|date| shape.ends_with(date))
        .and_then(|date| id.get(..id.len() - date.len()))
}

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact(encoding) => encoding.name(),
            Self::Estimated => "estimated",
        })
    }
}

impl Serialize for Counting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Counting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == "estimated" {
            return Ok(Self::Estimated);
        }
        let named = |encoding: &Encoding| encoding.name() == name;
        match Encoding::ALL.into_iter().find(named) {
            Some(encoding) => Ok(Self::Exact(encoding)),
            None => Err(de::Error::custom(format!(
                "`{name}` is no encoding; use one of {} or estimated",
                Encoding::ALL.map(Encoding::name).join(", ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_table_is_whole() {
        let catalog = Catalog::new().with_json(PUBLISHED).unwrap();
        let rows = PUBLISHED.matches("\"id\"").count();
        assert_eq!(catalog.cards().count(), rows, "no id stands twice");
        for card in catalog.cards() {
            assert!(card.source.starts_with("https://"), "{card:?}");
            assert_eq!(card.as_of.len(), "2026-11-22".len(), "{card:?}");
        }
        println!("{rows} models");
    }

    #[test]
    fn snapshots_and_tuned_models_are_found_and_nothing_is_guessed() {
        let catalog = Catalog::published();
        for (model, id) in [
            ("gpt-4o", "gpt-4o"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("claude-sonnet-4-20250514", "claude-sonnet-4"),
            ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
            ("ft:gpt-4o-mini-2024-07-18:acme::abc", "gpt-4o-mini"),
        ] {
            assert_eq!(catalog.get(model).unwrap().id, id);
        }
        for model in [
            "",
            "gpt-4o-",
            "gpt-4o-mega",
            "gpt-9",
            "gpt-4o-2024-08",
            "ft:",
            "GPT-4O",
        ] {
            let error = catalog.get(model).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{model}");
        }
    }

    #[test]
    fn gpt_4_turbo_is_not_taken_for_gpt_4() {
        let catalog = Catalog::published();
        assert_eq!(catalog.get("gpt-4-turbo").unwrap().window, Window(128_000));
        assert_eq!(catalog.get("gpt-4").unwrap().window, Window(8_192));
    }

    #[test]
    fn an_unknown_model_of_a_known_family_names_its_relatives() {
        let error = Catalog::published().get("o9-mini").unwrap_err();
        assert!(error.advice().is_some());
        let error = Catalog::published().get("claude-9").unwrap_err();
        assert!(error.to_string().contains("claude-3-5-haiku"), "{error}");
    }

    #[test]
    fn contradictory_rows_are_refused() {
        let row = |window: usize, output: usize| {
            format!(
                r#"{{"version":1,"as_of":"2026-11-22","models":[{{"id":"m","counting":"estimated","window":{window},"output":{output},"source":"s","as_of":"d"}}]}}"#
            )
        };
        assert!(Catalog::new().with_json(&row(10, 10)).is_ok());
        for json in [
            row(0, 1),
            row(10, 11),
            row(10, 0),
            row(10, 5).replace("\"version\":1", "\"version\":2"),
            row(10, 5).replace("estimated", "cl200k"),
            row(10, 5).replace("\"window\"", "\"windows\""),
            "[]".into(),
        ] {
            let error = Catalog::new().with_json(&json).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{json}");
        }
    }
}
