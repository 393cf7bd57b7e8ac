//! What is required does not fit.

use std::fmt;

use gori_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::draft::with_margin;

/// The required sections alone are more than the budget, each already as small as it may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overflow {
    /// The required sections and what must come along with them, in the order of the prompt's
    /// definition.
    pub sections: Vec<Needed>,
    /// What they need together, with what stands between and around them.
    pub needed: usize,
    /// What there is.
    pub budget: usize,
    /// By how much it is too little.
    pub short_by: usize,
}

/// What a required section needs at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// The section.
    pub id: String,
    /// Its tokens.
    pub tokens: usize,
    /// The most it may have, where that is less.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<usize>,
}

impl Overflow {
    /// The same against the budget as the caller gave it, with a counter's margin.
    pub(super) fn of_budget(self, budget: usize, margin: f32) -> Self {
        let needed = with_margin(self.needed, margin);
        Self {
            needed,
            budget,
            short_by: needed.saturating_sub(budget),
            ..self
        }
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.short_by {
            0 => f.write_str("what is required is over its own maximum:")?,
            short_by => write!(
                f,
                "what is required takes {} tokens of {}, {short_by} too many:",
                self.needed, self.budget
            )?,
        }
        for (n, Needed { id, tokens, max }) in self.sections.iter().enumerate() {
            f.write_str(if n == 0 { " " } else { ", " })?;
            write!(f, "{id} {tokens}")?;
            if let Some(max) = max {
                write!(f, " (but at most {max})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Overflow {}

impl From<Overflow> for Error {
    fn from(overflow: Overflow) -> Self {
        Self::new(ErrorKind::TooLarge, overflow.to_string())
            .hint("shorten these, let them shrink, or take a model with a larger window")
            .caused_by(overflow)
    }
}
