//! From a goal in plain words to a folder of systemd, BlueChi, podman and Ansible files.
//!
//! ```text
//! cargo run --release --example plan -- examples/inventory/drive.toml \
//!     "start perception after camera; start planner after perception; if camera fails stop planner within 2 s" \
//!     --out target/drive
//! ```
//!
//! With `--plan PLAN.toml` the plan is given as data instead of a goal, `--against DIR` tells what changes against an
//! earlier bundle, `--force` overwrites, `--json` writes everything as JSON. Ends with 0 when the plan was rendered, 2
//! when it was refused, 3 when something has to be asked back, 1 on anything else.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gori_planner::diff::Diff;
use gori_planner::name::PlanName;
use gori_planner::{Bundle, Checked, Diagnosis, Forecast, Inventory, Plan, goal, input, render};
use serde_json::json;

struct Options {
    inventory: PathBuf,
    goal: Option<String>,
    plan: Option<PathBuf>,
    out: Option<PathBuf>,
    against: Option<PathBuf>,
    name: String,
    force: bool,
    json: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        inventory: PathBuf::new(),
        goal: None,
        plan: None,
        out: None,
        against: None,
        name: "plan".into(),
        force: false,
        json: false,
    };
    let mut plain = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--plan" => options.plan = Some(value()?.into()),
            "--out" => options.out = Some(value()?.into()),
            "--against" => options.against = Some(value()?.into()),
            "--name" => options.name = value()?,
            "--force" => options.force = true,
            "--json" => options.json = true,
            option if option.starts_with("--") => {
                return Err(format!("there is no option {option}"));
            }
            _ => plain.push(arg),
        }
    }
    let mut plain = plain.into_iter();
    options.inventory = plain
        .next()
        .ok_or("usage: plan INVENTORY.toml \"GOAL\" --out DIR")?
        .into();
    options.goal = plain.next();
    if options.goal.is_some() == options.plan.is_some() {
        return Err("give a goal in words, or --plan PLAN.toml".into());
    }
    Ok(options)
}

/// What the run came to.
enum Outcome {
    Rendered(Box<Checked<Plan>>, Bundle, Option<Diff>),
    Refused(Vec<Diagnosis>),
    Asked(Vec<goal::Question>, Vec<String>),
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "json")
}

fn run(options: &Options) -> Result<Outcome, String> {
    let source = text(&options.inventory)?;
    let read = if is_json(&options.inventory) {
        input::inventory_from_json
    } else {
        input::inventory_from_toml
    };
    let inventory = match read(&source) {
        Ok(inventory) => inventory,
        Err(diagnosis) => return Ok(Outcome::Refused(vec![diagnosis])),
    };
    let plan = match plan(options, &inventory)? {
        Ok(plan) => plan,
        Err(outcome) => return Ok(outcome),
    };
    let plan = match Checked::new(inventory, plan) {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Outcome::Refused(refusal.diagnoses)),
    };
    let bundle = render(&plan);
    let diff = match &options.against {
        Some(folder) => Some(Diff::between(
            &Bundle::read(folder).map_err(|e| e.to_string())?,
            &bundle,
        )),
        None => None,
    };
    if let Some(out) = &options.out {
        bundle
            .write(out, options.force)
            .map_err(|e| e.to_string())?;
    }
    Ok(Outcome::Rendered(Box::new(plan), bundle, diff))
}

fn plan(options: &Options, inventory: &Inventory) -> Result<Result<Plan, Outcome>, String> {
    if let Some(path) = &options.plan {
        let source = text(path)?;
        let read = if is_json(path) {
            input::plan_from_json
        } else {
            input::plan_from_toml
        };
        return Ok(read(&source).map_err(|d| Outcome::Refused(vec![d])));
    }
    let name = PlanName::parse(&options.name).map_err(|e| e.to_string())?;
    let reading = goal::read(
        options.goal.as_deref().unwrap_or_default(),
        inventory,
        &name,
    );
    if reading.is_complete() {
        return Ok(Ok(reading.plan));
    }
    Ok(Err(Outcome::Asked(reading.questions, reading.unread)))
}

fn tell(outcome: &Outcome, options: &Options) {
    match outcome {
        Outcome::Rendered(plan, bundle, diff) => {
            let forecast = Forecast::new(plan);
            if options.json {
                let files: Vec<&str> = bundle.files().map(|(p, _)| p).collect();
                let all = json!({ "outcome": "rendered", "hash": bundle.hash(), "plan": plan.plan(), "forecast": forecast,
                    "remarks": plan.remarks(), "files": files, "diff": diff });
                println!("{all:#}");
                return;
            }
            let path: Vec<String> = forecast
                .critical_path
                .iter()
                .map(ToString::to_string)
                .collect();
            println!(
                "everything is up after {}; critical path: {}",
                forecast.ready_after,
                path.join(" -> ")
            );
            for unit in &forecast.units {
                println!(
                    "  {:>8}  {:>8}  {}",
                    unit.start.to_string(),
                    unit.ready.to_string(),
                    unit.unit
                );
            }
            for blast in forecast.node_blasts.iter().filter(|b| !b.gone.is_empty()) {
                println!(
                    "if {} is lost: stops {:?}, runs on without something: {:?}",
                    blast.node, blast.stops, blast.degraded
                );
            }
            for remark in plan.remarks() {
                println!("remark: {remark}");
            }
            if let Some(diff) = diff {
                print!("{}", diff.to_text());
            }
            match &options.out {
                Some(out) => println!(
                    "{} files in {}, hash {}",
                    bundle.files().count(),
                    out.display(),
                    bundle.hash()
                ),
                None => println!(
                    "{} files, not written without --out; hash {}",
                    bundle.files().count(),
                    bundle.hash()
                ),
            }
        }
        Outcome::Refused(diagnoses) if options.json => {
            println!(
                "{:#}",
                json!({ "outcome": "refused", "diagnoses": diagnoses })
            );
        }
        Outcome::Refused(diagnoses) => diagnoses.iter().for_each(|d| println!("refused: {d}")),
        Outcome::Asked(questions, unread) if options.json => {
            println!(
                "{:#}",
                json!({ "outcome": "question", "questions": questions, "unread": unread })
            );
        }
        Outcome::Asked(questions, unread) => {
            for question in questions {
                println!(
                    "question: {} {}",
                    question.question,
                    question.choices.join(", ")
                );
            }
            for sentence in unread {
                println!(
                    "not a plain sentence: {sentence:?}; say it as \"start A after B\", \"A needs B within 2 s\" or \"if A fails stop B\""
                );
            }
        }
    }
}

fn main() -> ExitCode {
    let outcome = options().and_then(|options| run(&options).map(|outcome| (outcome, options)));
    match outcome {
        Ok((outcome, options)) => {
            tell(&outcome, &options);
            ExitCode::from(match outcome {
                Outcome::Rendered(..) => 0,
                Outcome::Refused(_) => 2,
                Outcome::Asked(..) => 3,
            })
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(1)
        }
    }
}
