//! From a goal in words to a plan.
//!
//! A grammar of plain sentences in English and Korean is read without any model. What it cannot read is for a
//! language model, whose answer is a plan as data and goes through the same check.
//!
//! | said | meant |
//! |---|---|
//! | start B after A; start A before B; start A, then B; chain A, B and C; B를 A 다음에 시작해 | B starts after A and needs it |
//! | B needs A; B depends on A; B cannot run without A; B는 A에 의존한다 | the same, and nothing softer is taken for it |
//! | B wants A; start B after A if possible; B는 A가 있으면 좋다 | B waits for A and starts without it |
//! | start B only after A has succeeded; A가 성공한 다음에 B를 시작해 | A is a job that has to end well |
//! | keep A running whenever B runs | A is kept up beside B |
//! | ... within 2 s; B waits at most 2 s for A; 2초 안에 | the deadline of that need |
//! | if A fails, stop B within 2 s; A가 실패하면 B를 중지해 | a reaction |
//! | if node1 is lost, stop B; node1이 끊기면 B를 멈춰 | a reaction to the loss of a node |
//! | everything must be up within 10 s | the deadline of the whole plan |
//!
//! A sentence is read whole or not at all: one word that the grammar does not know, such as a "not", leaves it unread,
//! and a name that is not there, or fits several units, comes back as a question.

mod answer;
mod ask;
pub mod chain;
mod english;
pub mod grammar;
mod korean;
mod prompt;
mod resolve;
mod say;
mod scope;
mod template;
mod what_if;

pub use chain::{Planned, Planner, Proposal};
pub use grammar::{Question, Reading, read};
pub use say::say;
pub use what_if::what_if;
