//! All of it in one prompt.

use gori_core::{Chain, Context, Error, ErrorKind, Llm, Plan, Result, TokenCounter};

use super::desk::{Desk, Piece, Task};

/// A text in, one call, the answer out. Made by [`stuff`].
#[derive(Clone, Debug)]
pub struct Stuff<L, C> {
    desk: Desk<L, C>,
}

/// Puts the whole text into one prompt. A text that does not fit is an error, never cut.
pub fn stuff<L: Llm, C: TokenCounter>(llm: L, counter: C, task: Task) -> Stuff<L, C> {
    let desk = Desk { llm, counter, task };
    Stuff { desk }
}

impl<L: Llm, C: TokenCounter> Chain for Stuff<L, C> {
    type Input = String;
    type Output = String;

    async fn call(&self, cx: &Context, text: String) -> Result<String> {
        let Piece { plan, bytes } = self.desk.piece(&text, None)?;
        if bytes < text.len() {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "only {bytes} of the text's {} bytes fit into one prompt",
                    text.len()
                ),
            )
            .hint("use `map_reduce`, `refine` or `tree`, or a model with a larger window"));
        }
        self.desk.ask(cx, plan).await
    }

    fn plan(&self) -> Plan {
        Plan::stage(format!("stuff into {}", self.desk.llm.id()))
    }
}
