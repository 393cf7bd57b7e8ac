//! From a goal in words to a plan.
//!
//! A grammar of plain sentences in English and Korean is read without any model. What it cannot read is for a
//! language model, whose answer is a plan as data and goes through the same check.

mod answer;
pub mod chain;
mod english;
pub mod grammar;
mod korean;
mod prompt;
mod resolve;
mod template;
mod what_if;

pub use chain::{Planned, Planner, Proposal};
pub use grammar::{Question, Reading, read};
pub use what_if::what_if;
