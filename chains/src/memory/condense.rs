//! Folding what no longer fits into the summary.

use gori_core::{
    Content, Context, Error, ErrorKind, Llm, Message, Reserve, Result, ResultExt as _, Speaker,
    TokenCounter,
};

use super::{ChatMemory, HISTORY, History, pairs};
use crate::prompt::{
    Budget, Framing, Item, List, Memo, Outcome, PromptBuilder, Section, Truncate, UNTRUSTED_RULE,
    Unit,
};

const TASK: &str = "Write a new summary of a conversation from the summary so far and the messages \
that follow it. Keep names, numbers, decisions and open questions. Write nothing but the summary.";

pub(super) async fn run<H: History>(
    memory: &ChatMemory<H>,
    cx: &Context,
    llm: &impl Llm,
    counter: &impl TokenCounter,
) -> Result<usize> {
    let counts = Memo::new(counter);
    let transcript = memory.history.load(&memory.session).await?;
    let out = fallen_out(memory, &transcript.messages, &counts)?;
    drop(counts);
    let (mut folded, mut at) = (transcript.folded, 0);
    let mut summary = transcript.summary;
    while at < out {
        cx.check()?;
        let rest = transcript.messages.get(at..out).unwrap_or_default();
        let (prompt, taken) = prompt(memory, llm, counter, summary.as_deref(), rest)?;
        let text = llm.complete(cx, &prompt).await.at("condense")?.text;
        let text = bounded(text.trim(), memory.summary, counter)?;
        at += taken;
        let until = transcript.folded + at;
        memory
            .history
            .fold(&memory.session, folded, until, &text)
            .await?;
        folded = until;
        summary = Some(text);
    }
    Ok(out)
}

/// How many messages the window no longer holds.
fn fallen_out<H: History>(
    memory: &ChatMemory<H>,
    messages: &[Message],
    counts: &Memo<'_>,
) -> Result<usize> {
    let plan = PromptBuilder::chat(Framing::CAREFUL)
        .section(memory.window(messages))
        .build()?
        .plan_with(&Budget::of(1 << 40), counts)?;
    let parts = pairs::whole(messages);
    let row = plan.report().sections.iter().find(|row| row.id == HISTORY);
    let first = match row.map(|row| &row.outcome) {
        Some(Outcome::Picked { kept, .. }) => kept.first().copied().unwrap_or(parts.len()),
        Some(Outcome::Dropped(_)) => parts.len(),
        _ => 0,
    };
    Ok(match (first, parts.get(first)) {
        (0, _) => 0,
        (_, Some(part)) => part.start,
        // What is still being said stays, however long it is.
        (_, None) => parts.last().map_or(0, |last| last.start),
    })
}

/// A prompt that folds as many messages as fit into the summary, and how many they are.
fn prompt<H>(
    memory: &ChatMemory<H>,
    llm: &impl Llm,
    counter: &impl TokenCounter,
    summary: Option<&str>,
    messages: &[Message],
) -> Result<(gori_core::Prompt, usize)> {
    let limits = llm.limits();
    let cap = limits.output.map_or(usize::MAX, |cap| cap.0);
    let reserve = Reserve(memory.summary.min(limits.window.0 / 4).min(cap));
    let said = messages.iter().map(|message| Item::from(written(message)));
    let plan = PromptBuilder::chat(Framing::CAREFUL)
        .section(Section::system("task", TASK).required())
        .section(Section::system("rule", UNTRUSTED_RULE).required())
        .section(
            Section::user("summary so far", summary.unwrap_or_default().to_owned())
                .untrusted()
                .required(),
        )
        .section(
            Section::user("messages", List::earliest(said).separator("\n"))
                .untrusted()
                .required()
                .shrink(Truncate::middle(Unit::Sentence)),
        )
        .plan(&Budget::new(limits, reserve)?, counter)?;
    let row = plan
        .report()
        .sections
        .iter()
        .find(|row| row.id == "messages");
    let taken = match row.map(|row| &row.outcome) {
        Some(Outcome::Picked { kept, .. }) => kept.len(),
        _ => messages.len(),
    };
    Ok((plan.into_prompt(), taken.max(1)))
}

/// A message as a line for the model to read.
fn written(message: &Message) -> String {
    let who = match message.speaker {
        Speaker::System => "Rules",
        Speaker::User => "Person",
        Speaker::Assistant => "Assistant",
        Speaker::Tool => "Tool",
    };
    let calls: String = message
        .parts
        .iter()
        .filter_map(|part| match part {
            Content::ToolCall(call) => Some(format!(" calls {} {}", call.name, call.arguments)),
            _ => None,
        })
        .collect();
    format!("{who}: {}{calls}", message.to_text())
}

/// The summary, cut to its bound where the model wrote more.
fn bounded(summary: &str, tokens: usize, counter: &impl TokenCounter) -> Result<String> {
    if summary.is_empty() {
        return Err(Error::new(
            ErrorKind::Model,
            "the model wrote an empty summary",
        ));
    }
    let section = Section::user("summary", summary.to_owned())
        .required()
        .shrink(Truncate::tail(Unit::Sentence));
    let plan = PromptBuilder::text()
        .section(section)
        .plan(&Budget::of(tokens.max(1)), counter)?;
    Ok(plan.text().into_owned())
}
