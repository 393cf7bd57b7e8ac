//! What a check says.

use std::fmt;

use serde::Serialize;

use crate::code::{Code, Weight};

/// One thing that is wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Its code.
    pub code: Code,
    /// Where in the input, such as `plan.edges[3].needs`.
    pub path: String,
    /// Why it is wrong: the mechanism, in a sentence.
    pub why: String,
    /// What to write instead.
    pub mend: String,
}

impl Diagnosis {
    pub(crate) fn new(
        code: Code,
        path: impl Into<String>,
        why: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            code,
            path: path.into(),
            why: why.into(),
            mend: mend.into(),
        }
    }

    /// Whether it refuses the plan if nobody accepts it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.code.weight() > Weight::Remark
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "input"
        } else {
            &self.path
        };
        write!(f, "{} at {path}: {}; {}", self.code, self.why, self.mend)
    }
}

/// A plan that was refused, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What refuses it, in the order of the input.
    pub diagnoses: Vec<Diagnosis>,
    /// What else was noticed.
    pub remarks: Vec<Diagnosis>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the plan is refused for {} reasons",
            self.diagnoses.len()
        )?;
        for diagnosis in &self.diagnoses {
            write!(f, "\n  {diagnosis}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
