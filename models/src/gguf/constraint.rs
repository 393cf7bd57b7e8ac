//! Answers that can only be JSON of a schema: before each token those that would break it are
//! ruled out, by the llguidance crate.

use std::fmt;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};
use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value as Json, json};

use super::vocabulary::Vocabulary;

/// What may come next in an answer of a schema.
pub(super) struct Constraint {
    matcher: Matcher,
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Constraint").finish_non_exhaustive()
    }
}

impl Constraint {
    pub(super) fn new(vocabulary: &Vocabulary, schema: &Json) -> Result<Self> {
        let grammar = TopLevelGrammar::from_json_schema(compact(schema));
        let parser = vocabulary
            .factory()?
            .create_parser(grammar)
            .map_err(|error| {
                Error::invalid("the schema cannot be enforced")
                    .about("format")
                    .hint("the documentation of llguidance lists the parts of JSON Schema it knows")
                    .caused_by(error)
            })?;
        Ok(Self {
            matcher: Matcher::new(Ok(parser)),
        })
    }

    /// Gives what must not come next a score of negative infinity.
    pub(super) fn mask(&mut self, scores: &mut [f32]) -> Result<()> {
        let allowed = self
            .matcher
            .compute_mask_or_eos()
            .map_err(|error| broken().caused_by(error))?;
        for (token, score) in scores.iter_mut().enumerate() {
            if token >= allowed.len() || !allowed.get(token) {
                *score = f32::NEG_INFINITY;
            }
        }
        Ok(())
    }

    /// Takes the token that was drawn; true when the answer is whole and nothing may follow.
    pub(super) fn take(&mut self, token: u32) -> Result<bool> {
        self.matcher
            .consume_token(token)
            .map_err(|error| broken().caused_by(error))?;
        Ok(self.matcher.is_stopped())
    }
}

fn broken() -> Error {
    Error::new(ErrorKind::Model, "the answer cannot be held to its schema")
}

/// The schema with white space only where JSON is easier to read for it: a model that may
/// write blanks for ever sometimes does.
fn compact(schema: &Json) -> Json {
    let mut schema = schema.clone();
    if let Json::Object(fields) = &mut schema {
        fields.insert(
            "x-guidance".to_owned(),
            json!({"whitespace_flexible": false}),
        );
    }
    schema
}

/// The tokens laid out for finding those that may come next. Takes about a tenth of a second.
pub(super) fn factory(words: Vec<Vec<u8>>, end: u32) -> Result<Arc<ParserFactory>> {
    let info = TokRxInfo::new(u32::try_from(words.len()).unwrap_or(u32::MAX), end);
    let env: TokEnv = Arc::new(ApproximateTokEnv::new(TokTrie::from(&info, &words)));
    let mut factory = ParserFactory::new_simple(&env).map_err(|error| broken().caused_by(error))?;
    factory.quiet();
    Ok(Arc::new(factory))
}
