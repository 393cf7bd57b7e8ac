//! The retriever of `--retriever`.

use std::str::FromStr;

use gori::models::bert::Encoder;
use gori::retrieve::{Dense, Hybrid, Lexical};
use gori::{LexicalIndex, Retriever, VectorStore};

/// How passages are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// By words and by vectors.
    #[default]
    Hybrid,
    Dense,
    Lexical,
}

impl FromStr for How {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "hybrid" => Ok(Self::Hybrid),
            "dense" => Ok(Self::Dense),
            "lexical" => Ok(Self::Lexical),
            _ => Err(format!(
                "`--retriever {name}` is none of hybrid, dense, lexical"
            )),
        }
    }
}

impl How {
    pub fn over<'a>(
        self,
        embedder: &'a Encoder,
        store: impl VectorStore + 'a,
        words: impl LexicalIndex + 'a,
    ) -> Box<dyn Retriever + 'a> {
        let (lexical, dense) = (Lexical::new(words), Dense::new(embedder, store));
        match self {
            Self::Hybrid => Box::new(Hybrid::new(lexical, dense)),
            Self::Dense => Box::new(dense),
            Self::Lexical => Box::new(lexical),
        }
    }
}
