//! Chat memory: windows, tool pairs, bounded summaries, and a file that survives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gori_chains::memory::{ChatMemory, History, InProcess};
use gori_chains::prompt::{Budget, Framing, PromptBuilder, Section};
use gori_core::{
    Content, Context, ErrorKind, Fidelity, Limits, Message, Speaker, TokenCounter, ToolCall, Window,
};
use gori_testkit::ScriptedLlm;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
struct Words;

impl TokenCounter for Words {
    fn id(&self) -> &str {
        "words"
    }
    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
}

fn call(id: usize) -> Message {
    let call = ToolCall {
        id: id.to_string(),
        name: "clock".into(),
        arguments: "{}".into(),
    };
    Message {
        speaker: Speaker::Assistant,
        parts: vec![Content::ToolCall(call)],
    }
}

fn result(id: usize, words: usize) -> Message {
    let part = Content::ToolResult {
        id: id.to_string(),
        text: "nine ".repeat(words),
    };
    Message {
        speaker: Speaker::Tool,
        parts: vec![part],
    }
}

async fn messages<H: History>(memory: &ChatMemory<H>, budget: usize) -> Vec<Message> {
    let plan = PromptBuilder::chat(Framing::CAREFUL)
        .sections(memory.sections().await.unwrap())
        .section(Section::user("question", "And now?").required().tail())
        .plan(&Budget::of(budget), Words)
        .unwrap();
    assert!(plan.total().tokens <= budget);
    plan.messages().into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn tool_pairs_are_never_torn(
        turns in prop::collection::vec((0_usize..4, 1_usize..30), 0..25),
        budget in 60_usize..600,
        keep in 30_usize..400,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let memory = ChatMemory::new(InProcess::new(), "s").keep(keep);
            for (n, (kind, words)) in turns.iter().enumerate() {
                let said = match kind {
                    0 => vec![Message::user("word ".repeat(*words))],
                    1 => vec![Message::assistant("word ".repeat(*words))],
                    2 => vec![call(n), result(n, *words)],
                    _ => vec![result(1_000 + n, *words)],
                };
                memory.add(&said).await.unwrap();
            }
            let mut open = None;
            for message in messages(&memory, budget).await {
                for part in &message.parts {
                    match part {
                        Content::ToolCall(call) => open = Some(call.id.clone()),
                        Content::ToolResult { id, .. } => assert_eq!(open.take().as_ref(), Some(id)),
                        _ => assert_eq!(open, None, "a call without its result"),
                    }
                }
            }
        });
    }
}

#[tokio::test]
async fn what_falls_out_is_summarised_within_bounds() {
    let memory = ChatMemory::new(InProcess::new(), "s").keep(200).summary(20);
    for n in 0..30 {
        memory
            .add(&[Message::user(format!("fact {n} {}", "word ".repeat(10)))])
            .await
            .unwrap();
    }
    let mut llm = ScriptedLlm::new([""; 0]).limits(Limits {
        window: Window(300),
        output: None,
    });
    for n in 0..20 {
        llm = llm.then(move |prompt| {
            let tokens: usize = prompt
                .messages
                .iter()
                .map(|m| Words.count(&m.to_text()) + 10)
                .sum();
            assert!(
                tokens + prompt.sampling.max_tokens.unwrap() <= 300,
                "{tokens}"
            );
            Ok(format!("Summary {n}. {}", "More of it. ".repeat(50)))
        });
    }
    let folded = memory
        .condense(&Context::new(), &llm, &Words)
        .await
        .unwrap();
    assert!((15..30).contains(&folded), "{folded}");
    let calls = llm.prompts().len();
    assert!(calls > 1, "more fell out than one call takes: {calls}");
    assert!(
        llm.prompts()[1].messages[1]
            .to_text()
            .contains("Summary 0."),
        "it builds on the last one"
    );
    let said = messages(&memory, 1_000).await;
    let summary = said[0].to_text();
    assert!(
        summary.contains(&format!("Summary {}.", calls - 1)),
        "{summary}"
    );
    assert!(Words.count(&summary) <= 20 + 8, "{summary}");
    assert!(
        said[1].to_text().contains(&format!("fact {folded} ")),
        "the window goes on where the summary ends"
    );
    assert_eq!(
        memory
            .condense(&Context::new(), &llm, &Words)
            .await
            .unwrap(),
        0,
        "nothing fell out since"
    );
}

#[tokio::test]
async fn when_the_model_fails_what_was_folded_stays_and_nothing_is_lost() {
    let memory = ChatMemory::new(InProcess::new(), "s").keep(100).summary(20);
    for n in 0..30 {
        memory
            .add(&[Message::user(format!("fact {n} {}", "word ".repeat(10)))])
            .await
            .unwrap();
    }
    let llm = ScriptedLlm::new(["First."]).limits(Limits {
        window: Window(300),
        output: None,
    });
    assert!(
        memory
            .condense(&Context::new(), &llm, &Words)
            .await
            .is_err()
    );
    let said = messages(&memory, 10_000).await;
    assert!(said[0].to_text().contains("First."));
    let llm = ScriptedLlm::new(["Second."; 9]).limits(Limits {
        window: Window(300),
        output: None,
    });
    assert!(
        memory
            .condense(&Context::new(), &llm, &Words)
            .await
            .unwrap()
            > 0
    );
}

/// The laws of a history, for every kind of it.
async fn laws(history: impl History) {
    let hello = [Message::user("hello"), call(1), result(1, 2)];
    assert_eq!(history.load("a").await.unwrap(), Default::default());
    history.append("a", &hello).await.unwrap();
    history.append("b", &hello[..1]).await.unwrap();
    history.append("a", &hello[..1]).await.unwrap();
    let a = history.load("a").await.unwrap();
    assert_eq!(
        (a.messages.len(), &a.messages[..3], a.folded),
        (4, &hello[..], 0)
    );

    history.fold("a", 0, 3, "short").await.unwrap();
    let a = history.load("a").await.unwrap();
    assert_eq!(
        (a.messages.len(), a.folded, a.summary.as_deref()),
        (1, 3, Some("short"))
    );
    let error = history.fold("a", 0, 4, "late").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "somebody else was first");
    history.append("a", &hello).await.unwrap();
    assert_eq!(history.load("a").await.unwrap().messages.len(), 4);

    history.forget("a").await.unwrap();
    history.forget("a").await.unwrap();
    assert_eq!(history.load("a").await.unwrap(), Default::default());
    assert_eq!(history.load("b").await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn a_history_in_process_keeps_the_laws() {
    laws(InProcess::new()).await;
    laws(std::sync::Arc::new(InProcess::new()) as std::sync::Arc<dyn History>).await;
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use gori_chains::memory::Sqlite;

    use super::*;

    #[tokio::test]
    async fn a_history_in_sqlite_keeps_the_laws_and_survives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chat.db");
        laws(Sqlite::open(&path).unwrap()).await;
        let again = Sqlite::open(&path).unwrap();
        assert_eq!(again.load("b").await.unwrap().messages.len(), 1);
    }

    #[tokio::test]
    async fn two_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chat.db");
        let (one, two) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
        let write = |history: Sqlite, name: &'static str| async move {
            for n in 0..50 {
                let pair = [
                    Message::user(format!("{name} {n}")),
                    Message::assistant(format!("{name} {n}")),
                ];
                history.append("s", &pair).await.unwrap();
            }
        };
        tokio::join!(write(one.clone(), "one"), write(two, "two"));
        let said = one.load("s").await.unwrap().messages;
        assert_eq!(said.len(), 200);
        for pair in said.chunks(2) {
            assert_eq!(
                pair[0].to_text(),
                pair[1].to_text(),
                "those of one call stay together"
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "this is no database, but long enough to be looked at as one",
        )
        .unwrap();
        let error = Sqlite::open(file.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.subject().is_some());
    }
}
