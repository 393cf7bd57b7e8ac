//! What a prompt may cost.

use gori_core::{Error, ErrorKind, Limits, Margin, Reserve, Result};

/// The tokens a prompt may have: a model's window without the room for the answer and a
/// margin. Checked when it is made.
///
/// ```
/// use gori_chains::prompt::Budget;
/// use gori_core::{Limits, Margin, OutputCap, Reserve, Window};
///
/// # fn main() -> gori_core::Result<()> {
/// let limits = Limits { window: Window(8_192), output: Some(OutputCap(4_096)) };
/// let budget = Budget::new(limits, Reserve(1_000))?.with_margin(Margin(92))?;
/// assert_eq!(budget.input(), 7_100);
/// assert!(Budget::new(limits, Reserve(5_000)).is_err(), "more than it ever answers");
/// # Ok(())
/// # }
/// ```
///
/// Window, output cap and reserve cannot be taken for each other:
///
/// ```compile_fail
/// use gori_chains::prompt::Budget;
/// use gori_core::{Limits, OutputCap, Window};
///
/// let limits = Limits { window: Window(8_192), output: None };
/// let budget = Budget::new(limits, OutputCap(1_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    input: usize,
    reserve: Reserve,
}

impl Budget {
    /// The window of a model without the room for its answer.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the reserve leaves nothing of the window, or is more than
    /// the model ever writes.
    pub fn new(limits: Limits, reserve: Reserve) -> Result<Self> {
        let wrong = |what: String, hint| Err(Error::new(ErrorKind::Config, what).hint(hint));
        if reserve.0 >= limits.window.0 {
            return wrong(
                format!(
                    "a reserve of {reserve} leaves nothing of a window of {}",
                    limits.window
                ),
                "reserve less for the answer",
            );
        }
        match limits.output {
            Some(cap) if reserve.0 > cap.0 => wrong(
                format!("a reserve of {reserve} is more than the model writes, which is {cap}"),
                "reserve at most the output cap",
            ),
            _ => Ok(Self {
                input: limits.window.0 - reserve.0,
                reserve,
            }),
        }
    }

    /// So many tokens, for a text that is no whole prompt of a model.
    pub const fn of(tokens: usize) -> Self {
        Self {
            input: tokens,
            reserve: Reserve(0),
        }
    }

    /// Keeps room free for what cannot be counted, such as what a server adds by itself.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the margin leaves nothing.
    pub fn with_margin(self, margin: Margin) -> Result<Self> {
        match self.input.checked_sub(margin.0) {
            Some(input) if input > 0 => Ok(Self { input, ..self }),
            _ => Err(Error::new(
                ErrorKind::Config,
                format!("a margin of {margin} leaves nothing of {}", self.input),
            )
            .hint("keep a smaller margin")),
        }
    }

    /// At most so many tokens, where that is less than what the window leaves.
    #[must_use]
    pub fn at_most(self, tokens: usize) -> Self {
        Self {
            input: self.input.min(tokens),
            ..self
        }
    }

    /// The tokens that the prompt may have.
    pub const fn input(&self) -> usize {
        self.input
    }

    /// The room kept for the answer.
    pub const fn reserve(&self) -> Reserve {
        self.reserve
    }
}
