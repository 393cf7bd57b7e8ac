//! Texts that are longer than a model's window, worked through in calls that each fit.
//!
//! | chain | calls | use it when |
//! |---|---|---|
//! | [`stuff`] | one | the text fits; it fails, saying by how much, where it does not |
//! | [`map_reduce`] | one a piece, at the same time, and those that combine | pieces can be read alone |
//! | [`refine`] | one a piece, in order | each piece changes what came before |
//! | [`tree`] | one a piece, and again over what they gave | a summary of a book |
//!
//! Each prompt is [planned](crate::prompt), so none exceeds the window, whatever the model
//! answered before: an answer that is longer than was asked for is cut to its part of the room.
//!
//! ```
//! use gori_chains::long::{Task, tree};
//! # use gori_core::{Chain as _, Context, Fidelity, TokenCounter};
//! # use gori_testkit::ScriptedLlm;
//! # #[derive(Debug)] struct Words;
//! # impl TokenCounter for Words {
//! #     fn id(&self) -> &str { "words" }
//! #     fn fidelity(&self) -> Fidelity { Fidelity::Exact }
//! #     fn count(&self, text: &str) -> usize { text.split_whitespace().count() }
//! # }
//! # async fn run() -> gori_core::Result<()> {
//! # let (llm, counter) = (ScriptedLlm::new(["A store that survives."]), Words);
//! let summarise = tree(llm, counter, Task::new("Summarise the text in three sentences."));
//! let summary = summarise.call(&Context::new(), "A long text.".to_owned()).await?;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
//! ```

mod desk;
mod map_reduce;
mod refine;
mod stuff;
mod tree;

pub use desk::Task;
pub use map_reduce::{MapReduce, map_reduce};
pub use refine::{Refine, refine};
pub use stuff::{Stuff, stuff};
pub use tree::{Tree, tree};
