//! Another one when the first fails.

use async_trait::async_trait;
use futures_core::stream::BoxStream;

use super::started;
use crate::{
    Chain, Completion, Context, Delta, Embedder, Embeddings, Error, ErrorKind, Hit, Limits, Llm,
    OutputCap, Plan, Prompt, Query, Result, Retriever, Role,
};

/// Asks a second when the first fails.
///
/// Not when the request itself is at fault (invalid, refused, cancelled): the second would get
/// the same wrong request. A stream goes over only before its first piece. Stands around
/// [`Retry`](super::Retry); see the [module](super).
#[derive(Clone, Debug)]
pub struct Fallback<A, B> {
    first: A,
    second: B,
}

impl<A, B> Fallback<A, B> {
    /// The first, and who is asked when it fails.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Embedder, B: Embedder> Fallback<A, B> {
    /// Two embedders that give the same vectors, such as one model on two servers.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when their ids or dimensions differ: vectors of two models cannot
    /// be compared, and mixing them would destroy retrieval without a message.
    pub fn embedders(first: A, second: B) -> Result<Self> {
        if (first.id(), first.dims()) == (second.id(), second.dims()) {
            Ok(Self { first, second })
        } else {
            Err(Error::new(
                ErrorKind::Config,
                format!(
                    "vectors of `{}` and `{}` cannot be mixed",
                    first.id(),
                    second.id()
                ),
            ))
        }
    }
}

fn goes_over(error: &Error) -> bool {
    let own_fault = [
        ErrorKind::InvalidInput,
        ErrorKind::Refused,
        ErrorKind::Cancelled,
    ];
    let over = !own_fault.contains(&error.kind());
    if over {
        tracing::debug!(%error, "fallback");
    }
    over
}

#[async_trait]
impl<A: Llm, B: Llm> Llm for Fallback<A, B> {
    fn id(&self) -> &str {
        self.first.id()
    }
    /// The smaller of both, so that a prompt that fits here fits whoever answers.
    fn limits(&self) -> Limits {
        let (a, b) = (self.first.limits(), self.second.limits());
        let output = match (a.output, b.output) {
            (Some(OutputCap(a)), Some(OutputCap(b))) => Some(OutputCap(a.min(b))),
            (a, b) => a.or(b),
        };
        Limits {
            window: a.window.min(b.window),
            output,
        }
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        match self.first.complete(cx, prompt).await {
            Err(error) if goes_over(&error) => self.second.complete(cx, prompt).await,
            result => result,
        }
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let first = async { started(self.first.stream(cx, prompt).await?).await };
        match first.await {
            Err(error) if goes_over(&error) => self.second.stream(cx, prompt).await,
            result => result,
        }
    }
}

#[async_trait]
impl<A: Embedder, B: Embedder> Embedder for Fallback<A, B> {
    fn id(&self) -> &str {
        self.first.id()
    }
    fn dims(&self) -> usize {
        self.first.dims()
    }
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        match self.first.embed(cx, texts, role).await {
            Err(error) if goes_over(&error) && self.first.id() == self.second.id() => {
                self.second.embed(cx, texts, role).await
            }
            result => result,
        }
    }
    fn coverage(&self, text: &str) -> f32 {
        self.first.coverage(text)
    }
}

#[async_trait]
impl<A: Retriever, B: Retriever> Retriever for Fallback<A, B> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        match self.first.retrieve(cx, query).await {
            Err(error) if goes_over(&error) => self.second.retrieve(cx, query).await,
            result => result,
        }
    }

    fn coverage(&self, question: &str) -> f32 {
        self.first.coverage(question)
    }
}

impl<A, B> Chain for Fallback<A, B>
where
    A: Chain<Input: Clone>,
    B: Chain<Input = A::Input, Output = A::Output>,
{
    type Input = A::Input;
    type Output = A::Output;

    async fn call(&self, cx: &Context, input: A::Input) -> Result<A::Output> {
        match self.first.call(cx, input.clone()).await {
            Err(error) if goes_over(&error) => self.second.call(cx, input).await,
            result => result,
        }
    }

    fn plan(&self) -> Plan {
        Plan::Branch(vec![self.first.plan(), self.second.plan()]).inside("fallback")
    }
}
