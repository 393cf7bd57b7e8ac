//! Token counters, and what models take and give.
//!
//! Three counters, from exact to careful:
//! - [`Tiktoken`] counts in OpenAI's published encodings;
//! - [`TokenizerJson`] counts as a local model does, from the `tokenizer.json` beside it;
//! - [`Estimate`] guesses on the safe side where a vendor publishes no tokenizer, and
//!   [`Calibration`] mends the guess from the usage that the vendor reports.
//!
//! [`Catalog`] knows for a model's id which of them applies, its window and its output cap. An
//! id that it does not know is an error and never a default: a wrong window is found only
//! when a request fails, or when a model silently forgets the beginning of its prompt.
//!
//! ```
//! use gori_core::{OutputCap, TokenCounter, Window};
//! use gori_models::tokens::Catalog;
//!
//! # fn main() -> gori_core::Result<()> {
//! let catalog = Catalog::published();
//! let card = catalog.get("gpt-4o-2024-08-06")?;
//! assert_eq!(card.window, Window(128_000));
//! assert_eq!(card.output, Some(OutputCap(16_384)));
//! assert_eq!(card.counter().count("Hello, world!"), 4);
//! assert!(catalog.get("gpt-4o-typo").is_err());
//! # Ok(())
//! # }
//! ```

mod calibrate;
mod catalog;
mod cut;
mod estimate;
#[cfg(feature = "fast-tokens")]
mod fast;
mod json;
mod runs;
#[cfg(test)]
mod tests;
mod tiktoken;

pub use calibrate::{Calibrated, Calibration};
pub use catalog::{Catalog, Counting, ModelCard};
pub use estimate::Estimate;
pub use json::TokenizerJson;
pub use tiktoken::{Encoding, Tiktoken};
