//! What these examples share with those of the workspace: the language model of `--llm`, and its recorded answers. They
//! take files and not the whole, so that they build with the planner's few features.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each example takes what it needs, and its modules are files, not an interface"
)]

#[path = "../../../examples/support/llm.rs"]
pub mod llm;
#[path = "../../../examples/support/replay.rs"]
pub mod replay;
#[path = "../../../examples/support/show.rs"]
mod show;

pub use show::show_fetch;
