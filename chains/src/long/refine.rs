//! Piece by piece, the answer so far going along.

use gori_core::{Chain, Context, Llm, Plan, Result, ResultExt as _, TokenCounter};

use super::desk::{Desk, Task};

/// A text in, a call a piece one after the other, the last answer out. Made by [`refine`].
#[derive(Clone, Debug)]
pub struct Refine<L, C> {
    desk: Desk<L, C>,
    further: Desk<L, C>,
}

/// Reads the text piece by piece; each call sees the answer so far and the next piece.
pub fn refine<L: Llm + Clone, C: TokenCounter + Clone>(
    llm: L,
    counter: C,
    task: Task,
) -> Refine<L, C> {
    let further = Task {
        instruction: format!(
            "{} The text comes in pieces. What was found so far is quoted first, then the next \
             piece: answer for both together.",
            task.instruction
        ),
        ..task.clone()
    };
    Refine {
        desk: Desk {
            llm: llm.clone(),
            counter: counter.clone(),
            task,
        },
        further: Desk {
            llm,
            counter,
            task: further,
        },
    }
}

impl<L: Llm, C: TokenCounter> Chain for Refine<L, C> {
    type Input = String;
    type Output = String;

    async fn call(&self, cx: &Context, text: String) -> Result<String> {
        let first = self.desk.piece(&text, None)?;
        let mut at = first.bytes;
        let mut answer = self.desk.ask(cx, first.plan).await?;
        let mut number = 1;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.trim().is_empty()) {
            number += 1;
            let next = self.further.piece(rest, Some(&answer))?;
            at += next.bytes;
            let asked = self.further.ask(cx, next.plan).await;
            answer = asked.at(format!("piece {number}"))?;
        }
        Ok(answer)
    }

    fn plan(&self) -> Plan {
        Plan::stage(format!("refine with {}", self.desk.llm.id()))
    }
}
