//! How many goals come out as the plan that is meant: the grammar alone, and language models alone and behind it.
//!
//! ```text
//! cargo run --release --example goals
//! cargo run --release --example goals -- --llm http://127.0.0.1:8080/v1#small --record small.jsonl \
//!     --llm http://127.0.0.1:8081/v1#larger --record larger.jsonl
//! cargo run --release --example goals -- --replay planner/tests/data/qwen.answers.jsonl
//! ```
//!
//! The goals are the project's own, half of them Korean, each with the plan that is meant (`planner/tests/goals.toml`).
//! A model answers under constrained decoding, with the diagnoses fed back; the check decides. The grammar reads all of
//! these goals, so a model alone is what is measured of a model. `--record` keeps every answer, and goes on where a run
//! was stopped; `--replay` takes the answers from such a file. `--verbose` shows every goal that went wrong.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a command speaks to its user, and the goals are shared with the tests"
)]

#[path = "../tests/common/goals.rs"]
mod goals;
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use goals::Goal;
use gori::{Chain as _, Context};
use gori_planner::goal::{Planned, Planner, read};
use gori_planner::name::PlanName;
use serde_json::{Map, Value, json};
use support::replay::{Recorder, Tape};

/// What came of one goal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The plan that is meant, or a question where one is due.
    Right,
    /// A plan that passed the check and is not what was meant.
    Wrong,
    /// A question where the goal is clear.
    Asked,
    /// Nothing passed the check, or nothing could be read.
    None,
    /// The model could not be reached or failed.
    Failed,
}

fn judge(goal: &Goal, planned: &Planned) -> Verdict {
    match planned {
        Planned::Plan(proposal) if goal.is_met_by(proposal.plan.plan()) => Verdict::Right,
        Planned::Plan(_) => Verdict::Wrong,
        Planned::Questions { questions, .. } if !questions.is_empty() && goal.question => {
            Verdict::Right
        }
        Planned::Questions { questions, .. } if !questions.is_empty() => Verdict::Asked,
        Planned::Questions { .. } | Planned::Refused { .. } => Verdict::None,
    }
}

fn by_grammar(goal: &Goal, name: &PlanName) -> Verdict {
    let inventory = goals::inventory();
    let reading = read(&goal.text, &inventory, name);
    let planned = if reading.is_complete() {
        Planned::checked(inventory, reading.plan)
    } else {
        Planned::Questions {
            questions: reading.questions,
            unread: reading.unread,
        }
    };
    judge(goal, &planned)
}

async fn by_model(goal: &Goal, planner: &Planner<Recorder>, verbose: bool) -> Verdict {
    match planner.call(&Context::new(), goal.text.clone()).await {
        Ok(planned) => {
            let verdict = judge(goal, &planned);
            if verbose && verdict != Verdict::Right {
                let what = match &planned {
                    Planned::Plan(p) => {
                        format!("{:?} {:?}", p.plan.plan().edges, p.plan.plan().reactions)
                    }
                    other => format!("{other:?}"),
                };
                eprintln!("  {}\n    {what}", goal.text);
            }
            verdict
        }
        Err(error) => {
            eprintln!("  {}: {error}", goal.text);
            Verdict::Failed
        }
    }
}

/// The figures of one row.
fn figures(all: &[Goal], verdicts: &[Verdict]) -> Value {
    let count = |verdict: Verdict| verdicts.iter().filter(|v| **v == verdict).count();
    let right_and = |which: &dyn Fn(&Goal) -> bool| {
        let both = all.iter().zip(verdicts);
        both.filter(|(g, v)| which(g) && **v == Verdict::Right)
            .count()
    };
    json!({
        "goals": all.len(), "right": count(Verdict::Right), "korean": right_and(&Goal::is_korean),
        "questions": right_and(&|g| g.question), "wrong": count(Verdict::Wrong), "asked": count(Verdict::Asked),
        "none": count(Verdict::None), "failed": count(Verdict::Failed),
    })
}

fn line(who: &str, row: &Value, seconds: f64) {
    let n = |key: &str| row.get(key).and_then(Value::as_u64).unwrap_or_default();
    let share = 100.0 * n("right") as f64 / n("goals").max(1) as f64;
    println!(
        "{who:<52} {:>2} of {} right ({share:.0} %), {} of them Korean, {} a question that was due; passed and wrong {}, asked without need {}, no plan {}, failed {}; {seconds:.0} s",
        n("right"),
        n("goals"),
        n("korean"),
        n("questions"),
        n("wrong"),
        n("asked"),
        n("none"),
        n("failed"),
    );
}

/// A model to be asked, or the answers of one.
#[derive(Default)]
struct Source {
    llm: Option<String>,
    record: Option<String>,
    replay: Option<String>,
}

#[derive(Default)]
struct Options {
    sources: Vec<Source>,
    verbose: bool,
    json: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--llm" => options.sources.push(Source {
                llm: Some(value()?),
                ..Source::default()
            }),
            "--replay" => options.sources.push(Source {
                replay: Some(value()?),
                ..Source::default()
            }),
            "--record" => {
                let last = options.sources.last_mut().filter(|s| s.llm.is_some());
                last.ok_or("--record comes behind an --llm")?.record = Some(value()?);
            }
            "--verbose" => options.verbose = true,
            "--json" => options.json = true,
            other => {
                return Err(format!(
                    "usage: goals [--llm URL [--record FILE]]... [--replay FILE]... [--verbose] [--json]; not {other:?}"
                ));
            }
        }
    }
    Ok(options)
}

async fn run() -> Result<(), String> {
    let options = options()?;
    let name = PlanName::parse("drive").map_err(|e| e.to_string())?;
    let all = goals::goals();
    let mut rows = Map::new();
    let begin = Instant::now();
    let verdicts: Vec<Verdict> = all.iter().map(|g| by_grammar(g, &name)).collect();
    let mut tell = |who: &str, verdicts: &[Verdict], begin: Instant| {
        let row = figures(&all, verdicts);
        if !options.json {
            line(who, &row, begin.elapsed().as_secs_f64());
        }
        rows.insert(who.to_owned(), row);
    };
    tell("grammar", &verdicts, begin);
    for source in &options.sources {
        let llm = match &source.llm {
            Some(address) => Some(
                support::llm::open(address)
                    .await
                    .map_err(|e| e.to_string())?
                    .0,
            ),
            None => None,
        };
        let id = llm.as_ref().map(|llm| llm.id().to_owned());
        let tape = Tape::open(
            id.as_deref(),
            source.record.as_deref(),
            source.replay.as_deref(),
        );
        let tape = Arc::new(tape.map_err(|e| e.to_string())?);
        for arm in ["alone", "behind the grammar"] {
            let recorder = Recorder::new(llm.clone(), Arc::clone(&tape), arm);
            let planner = Planner::new(recorder.clone(), goals::inventory(), name.clone());
            let planner = match arm {
                "alone" => planner.model_only(),
                _ => planner,
            };
            let begin = Instant::now();
            let mut verdicts = Vec::new();
            for (i, goal) in all.iter().enumerate() {
                recorder.begin(&format!("g{:02}", i + 1));
                verdicts.push(by_model(goal, &planner, options.verbose).await);
            }
            tell(&format!("{} {arm}", tape.model()), &verdicts, begin);
        }
    }
    if options.json {
        println!("{}", Value::Object(rows));
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
