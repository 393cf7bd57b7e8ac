//! Every piece by itself, then their answers together.

use futures_util::{StreamExt as _, TryStreamExt as _};
use gori_core::{Chain, Context, Llm, Plan, Result, ResultExt as _, TokenCounter};

use super::desk::{Desk, Task};
use crate::prompt::PromptPlan;

/// A text in, a call a piece at the same time, their answers combined. Made by [`map_reduce`].
#[derive(Clone, Debug)]
pub struct MapReduce<L, C> {
    desk: Desk<L, C>,
}

/// Does the task for every piece by itself and combines the answers, in as many rounds as their
/// number needs.
pub fn map_reduce<L: Llm, C: TokenCounter>(llm: L, counter: C, task: Task) -> MapReduce<L, C> {
    let desk = Desk { llm, counter, task };
    MapReduce { desk }
}

impl<L: Llm, C: TokenCounter> Desk<L, C> {
    /// The answers for all pieces of a text, in order, some at the same time.
    pub(super) async fn each_piece(&self, cx: &Context, text: &str) -> Result<Vec<String>> {
        let mut plans = Vec::new();
        let mut rest = text;
        while !rest.trim().is_empty() || plans.is_empty() {
            let piece = self.piece(rest, None)?;
            rest = rest.get(piece.bytes..).unwrap_or_default();
            plans.push(piece.plan);
        }
        self.ask_all(cx, plans).await.at("piece")
    }

    pub(super) async fn ask_all(
        &self,
        cx: &Context,
        plans: Vec<PromptPlan>,
    ) -> Result<Vec<String>> {
        let asked = plans.into_iter().map(|plan| self.ask(cx, plan));
        futures_util::stream::iter(asked)
            .buffered(self.task.at_once)
            .try_collect()
            .await
    }
}

impl<L: Llm, C: TokenCounter> Chain for MapReduce<L, C> {
    type Input = String;
    type Output = String;

    async fn call(&self, cx: &Context, text: String) -> Result<String> {
        let mut notes = self.desk.each_piece(cx, &text).await?;
        while notes.len() > 1 {
            let mut plans = Vec::new();
            let mut rest = notes.as_slice();
            let mut alone = None;
            while !rest.is_empty() {
                if let [last] = rest {
                    // One note that is left over has nothing to be combined with in this round.
                    alone = Some(last.clone());
                    break;
                }
                let (plan, taken) = self.desk.notes(rest)?;
                plans.push(plan);
                rest = rest.get(taken.max(1)..).unwrap_or_default();
            }
            let mut combined = self.desk.ask_all(cx, plans).await.at("combine")?;
            combined.extend(alone);
            notes = combined;
        }
        Ok(notes.pop().unwrap_or_default())
    }

    fn plan(&self) -> Plan {
        Plan::stage(format!("map and reduce with {}", self.desk.llm.id()))
    }
}
