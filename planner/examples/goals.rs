//! How many goals come out as the plan that is meant: the grammar alone, and language models alone and behind it.
//!
//! ```text
//! cargo run --release --example goals
//! cargo run --release --example goals -- --llm http://127.0.0.1:8080/v1#small --llm http://127.0.0.1:8081/v1#larger
//! ```
//!
//! The goals are the project's own, half of them Korean, each with the plan that is meant (`planner/tests/goals.toml`).
//! A model answers under constrained decoding, with the diagnoses fed back; the check decides. `--verbose` shows every
//! goal that went wrong.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a command speaks to its user, and the goals are shared with the tests"
)]

#[path = "../tests/common/goals.rs"]
mod goals;
#[path = "../../examples/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use goals::Goal;
use gori::{Chain as _, Context, Llm};
use gori_planner::goal::{Planned, Planner, read};
use gori_planner::name::PlanName;

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

async fn by_model(goal: &Goal, planner: &Planner<Arc<dyn Llm>>, verbose: bool) -> Verdict {
    match planner.call(&Context::new(), goal.text.clone()).await {
        Ok(planned) => {
            let verdict = judge(goal, &planned);
            if verbose && verdict != Verdict::Right {
                let edges = match &planned {
                    Planned::Plan(p) => {
                        format!("{:?} {:?}", p.plan.plan().edges, p.plan.plan().reactions)
                    }
                    other => format!("{other:?}"),
                };
                println!("  {}\n    {edges}", goal.text);
            }
            verdict
        }
        Err(error) => {
            eprintln!("  {}: {error}", goal.text);
            Verdict::Failed
        }
    }
}

fn line(who: &str, all: &[Goal], verdicts: &[Verdict], seconds: f64) {
    let count = |verdict: Verdict| verdicts.iter().filter(|v| **v == verdict).count();
    let korean = all
        .iter()
        .zip(verdicts)
        .filter(|(g, v)| g.is_korean() && **v == Verdict::Right)
        .count();
    let right = count(Verdict::Right);
    println!(
        "{who:<28} {right:>2} of {} right ({:.0} %), {korean} of them Korean; passed and wrong {}, asked without need {}, no plan {}, failed {}; {seconds:.0} s",
        all.len(),
        100.0 * right as f64 / all.len() as f64,
        count(Verdict::Wrong),
        count(Verdict::Asked),
        count(Verdict::None),
        count(Verdict::Failed),
    );
}

async fn run() -> Result<(), String> {
    let (mut models, mut verbose) = (Vec::new(), false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--llm" => models.push(args.next().ok_or("--llm needs the address of a server")?),
            "--verbose" => verbose = true,
            other => {
                return Err(format!(
                    "usage: goals [--llm URL]... [--verbose]; not {other:?}"
                ));
            }
        }
    }
    let name = PlanName::parse("drive").map_err(|e| e.to_string())?;
    let all = goals::goals();
    let begin = Instant::now();
    let verdicts: Vec<Verdict> = all.iter().map(|g| by_grammar(g, &name)).collect();
    line("grammar", &all, &verdicts, begin.elapsed().as_secs_f64());
    for address in &models {
        let (model, _) = support::llm::open(address)
            .await
            .map_err(|e| e.to_string())?;
        let id = model.id().to_owned();
        let alone = Planner::new(model.clone(), goals::inventory(), name.clone()).model_only();
        let behind = Planner::new(model, goals::inventory(), name.clone());
        for (planner, how) in [(alone, "alone"), (behind, "behind the grammar")] {
            let begin = Instant::now();
            let mut verdicts = Vec::new();
            for goal in &all {
                verdicts.push(by_model(goal, &planner, verbose).await);
            }
            line(
                &format!("{id} {how}"),
                &all,
                &verdicts,
                begin.elapsed().as_secs_f64(),
            );
        }
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
