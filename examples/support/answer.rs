//! The answer of `ask`: quoted, or written by a model, with its sources and its figures.

use std::io::Write as _;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use gori::ingest::Report;
use gori::models::bert::Encoder;
use gori::models::extract::Extractive;
use gori::rag::{AnswerDelta, complete, fit_prompt};
use gori::{
    Answer, Chain as _, Context, Error, ErrorKind, LayerExt as _, Result, Retrieved,
    StreamChain as _,
};

use crate::support::{Args, ms};

/// What an answer took beside the text.
struct Written {
    answer: Answer,
    prompt: Option<(usize, usize)>,
    tokens_per_second: Option<f64>,
}

pub async fn answer(
    args: &Args,
    cx: &Context,
    embedder: &Encoder,
    found: Retrieved,
    report: &Report,
    retrieval: Duration,
) -> Result<()> {
    let written = match &args.llm {
        None => {
            let answer = Extractive::new(embedder).answer(cx, found).await?;
            if !args.json {
                println!("{}", answer.text);
            }
            Written {
                answer,
                prompt: None,
                tokens_per_second: None,
            }
        }
        Some(llm) => write(args, cx, llm, found).await?,
    };
    let figures = figures(report, retrieval, &written);
    if args.json {
        let object = serde_json::json!({ "answer": written.answer, "figures": figures });
        println!("{object:#}");
        return Ok(());
    }
    println!();
    for source in &written.answer.sources {
        println!("{source}");
    }
    println!("\n{}", line(&figures));
    Ok(())
}

/// Fits the prompt to the model's window and shows the answer as it is written.
async fn write(args: &Args, cx: &Context, llm: &str, found: Retrieved) -> Result<Written> {
    let (llm, counter) = crate::support::llm::open(llm).await?;
    let mut fit = fit_prompt(counter, llm.limits());
    if let Some(budget) = args.budget {
        fit = fit.budget(budget);
    }
    let fitted = fit.call(cx, found).await?;
    let prompt = fitted.prompt.tokens.map(|tokens| (tokens, fitted.budget));
    let complete = complete(llm.traced());
    let mut stream = complete.stream(cx, fitted).await?;
    let (mut out, mut first) = (std::io::stdout(), None);
    while let Some(delta) = stream.next().await {
        match delta? {
            AnswerDelta::Text(text) => {
                first.get_or_insert_with(Instant::now);
                if !args.json {
                    // A reader that went away, as `head` does, is no reason to fail.
                    let _ = write!(out, "{text}").and_then(|()| out.flush());
                }
            }
            AnswerDelta::End(answer) => {
                let tokens_per_second = first.map(|first| rate(&answer, first.elapsed()));
                if !args.json {
                    println!();
                }
                return Ok(Written {
                    answer,
                    prompt,
                    tokens_per_second,
                });
            }
        }
    }
    Err(Error::new(
        ErrorKind::Protocol,
        "the answer stopped before its end",
    ))
}

/// Tokens a second after the first one, which also waited for the prompt to be read.
#[expect(clippy::cast_precision_loss, reason = "token counts are small")]
fn rate(answer: &Answer, time: Duration) -> f64 {
    answer.usage.completion_tokens.saturating_sub(1) as f64 / time.as_secs_f64().max(1e-9)
}

fn figures(report: &Report, retrieval: Duration, written: &Written) -> serde_json::Value {
    serde_json::json!({
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        "failed": report.failed.len(),
        "documents": report.documents,
        "chunks": report.chunks,
        "embedded": report.embedded,
        "ingest_s": round(report.seconds.total),
        "retrieval_ms": round(ms(retrieval)),
        "prompt_tokens": written.prompt.map(|(tokens, _)| tokens),
        "prompt_budget": written.prompt.map(|(_, budget)| budget),
        "tokens_per_s": written.tokens_per_second.map(round),
    })
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The figures as one line for the eye.
fn line(figures: &serde_json::Value) -> String {
    let n = |name: &str| figures[name].to_string();
    let mut line = format!(
        "{} documents new or changed ({} chunks), {} unchanged, {} deleted, {} failed | ingest {} s | retrieval {} ms",
        n("documents"),
        n("chunks"),
        n("unchanged"),
        n("deleted"),
        n("failed"),
        n("ingest_s"),
        n("retrieval_ms")
    );
    if figures["prompt_tokens"].is_number() {
        line += &format!(
            " | prompt {} of {} tokens | {} tokens/s",
            n("prompt_tokens"),
            n("prompt_budget"),
            n("tokens_per_s")
        );
    }
    line
}
