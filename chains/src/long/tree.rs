//! The answers for the pieces are the next text, until one call holds it.

use gori_core::{
    Chain, Context, Error, ErrorKind, Llm, Plan, Result, ResultExt as _, TokenCounter,
};

use super::desk::{Desk, Task};

/// A text in, answers for its pieces, answers for those, up to one. Made by [`tree`].
#[derive(Clone, Debug)]
pub struct Tree<L, C> {
    desk: Desk<L, C>,
}

/// Does the task for every piece, then for the answers as if they were the text, level by level.
pub fn tree<L: Llm, C: TokenCounter>(llm: L, counter: C, task: Task) -> Tree<L, C> {
    let desk = Desk { llm, counter, task };
    Tree { desk }
}

impl<L: Llm, C: TokenCounter> Chain for Tree<L, C> {
    type Input = String;
    type Output = String;

    async fn call(&self, cx: &Context, mut text: String) -> Result<String> {
        let mut pieces_before = usize::MAX;
        for level in 1.. {
            let answers = self
                .desk
                .each_piece(cx, &text)
                .await
                .at(format!("level {level}"))?;
            if let [only] = answers.as_slice() {
                return Ok(only.clone());
            }
            if answers.len() >= pieces_before {
                break;
            }
            pieces_before = answers.len();
            text = answers.join("\n\n");
        }
        Err(Error::new(
            ErrorKind::Model,
            "the answers for the pieces are together as long as the pieces",
        )
        .hint("ask for shorter answers, or take a model with a larger window"))
    }

    fn plan(&self) -> Plan {
        Plan::stage(format!("tree with {}", self.desk.llm.id()))
    }
}
