//! Prompts that fit a token budget, with an account of what was cut.
//!
//! A prompt is put together from [sections](Section). Each says how badly it is needed, how
//! much it may have, how it may shrink, what it belongs to and where it stands. Planning then
//! - counts exactly what will be sent, joins included, and never exceeds the [`Budget`];
//! - gives every tier what it wants before the next, shares room inside a tier by weight, and
//!   never tears what belongs together;
//! - says for each section what it wanted and got, what was cut where and why, and what budget
//!   would have kept it whole;
//! - fails, naming them, rather than cut what is [required](Section::required);
//! - keeps the beginning byte for byte over turns, so that a provider's cache finds it again.
//!
//! It is pure: no I/O, no clock, no randomness, no model. It needs only a
//! [`TokenCounter`](gori_core::TokenCounter).
//!
//! ```
//! use gori_chains::prompt::{Budget, List, PromptBuilder, Section, Truncate, Unit};
//! # use gori_core::{Fidelity, TokenCounter};
//! # #[derive(Debug)] struct Words;
//! # impl TokenCounter for Words {
//! #     fn id(&self) -> &str { "words" }
//! #     fn fidelity(&self) -> Fidelity { Fidelity::Exact }
//! #     fn count(&self, text: &str) -> usize { text.split_whitespace().count() }
//! # }
//! # fn main() -> gori_core::Result<()> {
//! # let counter = Words;
//! let plan = PromptBuilder::text()
//!     .section(Section::system("rules", "Answer from the passages alone.").required())
//!     .section(Section::user("passages", List::best(["Ropes are long.", "Keys turn in May."])).high())
//!     .section(
//!         Section::user("manual", "Oil the lock. Then wait a day. Then turn the key slowly twice.")
//!             .shrink(Truncate::tail(Unit::Sentence))
//!             .min(3),
//!     )
//!     .section(Section::user("question", "When do the keys turn?").required().tail())
//!     .plan(&Budget::of(25), &counter)?;
//!
//! assert_eq!(
//!     plan.text(),
//!     "Answer from the passages alone.\n\n\
//!      Ropes are long.\n\nKeys turn in May.\n\n\
//!      Oil the lock. Then wait a day. […]\n\n\
//!      When do the keys turn?"
//! );
//! assert_eq!(plan.total().tokens, 25);
//! println!("{}", plan.report());
//! # Ok(())
//! # }
//! ```

mod budget;
mod builder;
mod cutter;
mod decide;
mod draft;
mod edge;
mod fence;
mod framing;
mod items;
mod memo;
mod node;
mod overflow;
mod plan;
mod prefix;
mod report;
mod section;
mod shots;
mod size;
mod tally;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod truncate;

pub use budget::Budget;
pub use builder::PromptBuilder;
pub use draft::Draft;
pub use fence::UNTRUSTED_RULE;
pub use framing::{Framing, Observed};
pub use memo::Memo;
pub use overflow::{Needed, Overflow};
pub use plan::{PromptPlan, Total};
pub use prefix::Prefix;
pub use report::{Outcome, Reason, Report, SectionReport, Span};
pub use section::{Arrange, Fallbacks, Item, List, Material, Pick, Placement, Section, Size, Tier};
pub use shots::{Shot, Show, few_shot};
pub use template::Template;
pub use text::Text;
pub use truncate::{Lose, Truncate, Unit};
