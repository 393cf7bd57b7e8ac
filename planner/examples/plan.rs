//! From a goal in plain words to a folder of systemd, BlueChi, podman and Ansible files.
//!
//! ```text
//! cargo run --release --example plan -- examples/inventory/drive.toml \
//!     "start perception on node2 after camera on node1; start planner after perception; \
//!      if camera fails stop planner within 2 s" --out target/drive
//! ```
//!
//! Plain sentences are read without any model. `--llm URL` names an OpenAI-compatible server for goals that the grammar
//! cannot read; what a model proposes goes through the same check, and is said back in plain sentences and not rendered
//! until they are confirmed: run them as the goal, or add `--yes`. With `--plan PLAN.toml` the plan is given as data.
//!
//! Ends with 0 when the plan was rendered, 2 when it was refused, 3 when something has to be asked back, 1 on anything
//! else.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gori::{Chain as _, Context};
use gori_planner::diff::Diff;
use gori_planner::goal::{self, Planned, Planner, Question};
use gori_planner::name::{PlanName, UnitRef};
use gori_planner::{Bundle, Checked, Diagnosis, Forecast, Inventory, Plan, input, render};
use serde_json::json;

const USAGE: &str = "\
usage: plan INVENTORY.toml \"GOAL\" [FLAGS]
       plan INVENTORY.toml --plan PLAN.toml [FLAGS]

  --out DIR        write the bundle there; without it nothing is written
  --force          overwrite files that are there already
  --against DIR    tell what changes against an earlier bundle, and the way back
  --name NAME      the plan's name, which becomes its target's [plan]
  --yes            render what a language model understood without asking back
  --llm URL        an OpenAI-compatible server for what the grammar cannot read, such as
                   http://127.0.0.1:8080/v1#MODEL; a key is read from OPENAI_API_KEY
  --json           everything as one JSON object
  --help           this text

INVENTORY and PLAN may be JSON as well.
exit code: 0 rendered, 2 refused, 3 a question back, 1 anything else";

#[derive(Default)]
struct Options {
    inventory: PathBuf,
    goal: Option<String>,
    plan: Option<PathBuf>,
    out: Option<PathBuf>,
    against: Option<PathBuf>,
    name: String,
    llm: Option<String>,
    force: bool,
    yes: bool,
    json: bool,
    help: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        name: "plan".into(),
        ..Options::default()
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
            "--yes" => options.yes = true,
            "--llm" => options.llm = Some(value()?),
            "--json" => options.json = true,
            "--help" => options.help = true,
            option if option.starts_with("--") => {
                return Err(format!("there is no option {option}"));
            }
            _ => plain.push(arg),
        }
    }
    if options.help {
        return Ok(options);
    }
    let mut plain = plain.into_iter();
    options.inventory = plain
        .next()
        .ok_or("no inventory was given; see --help")?
        .into();
    options.goal = plain.next();
    if let Some(more) = plain.next() {
        return Err(format!(
            "{more:?} is one argument too many: put the goal in quotes"
        ));
    }
    if options.goal.is_some() == options.plan.is_some() {
        return Err("give either a goal in words or --plan PLAN.toml; see --help".into());
    }
    Ok(options)
}

/// What the run came to.
enum Outcome {
    Rendered(Box<Checked<Plan>>, Bundle, Option<Diff>),
    Refused(Option<Box<Plan>>, Vec<Diagnosis>),
    Asked(Vec<Question>, Vec<String>),
    /// What a language model understood, as a plan and in sentences. A check cannot tell whether it was meant.
    Understood(Box<Plan>, Vec<String>),
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "json")
}

async fn run(options: &Options) -> Result<Outcome, String> {
    let source = text(&options.inventory)?;
    let read = if is_json(&options.inventory) {
        input::inventory_from_json
    } else {
        input::inventory_from_toml
    };
    let inventory = match read(&source) {
        Ok(inventory) => inventory,
        Err(diagnosis) => return Ok(Outcome::Refused(None, vec![diagnosis])),
    };
    let planned = match &options.goal {
        Some(goal) => from_goal(goal, options, inventory).await?,
        None => from_file(options, inventory)?,
    };
    let plan = match planned {
        Planned::Plan(proposal) if proposal.attempts > 0 && !options.yes => {
            let plan = proposal.plan.plan().clone();
            let goal = options.goal.as_deref().unwrap_or_default();
            let said = goal::say(&plan, proposal.plan.inventory(), goal);
            return Ok(Outcome::Understood(Box::new(plan), said));
        }
        Planned::Plan(proposal) => proposal.plan,
        Planned::Questions { questions, unread } => return Ok(Outcome::Asked(questions, unread)),
        Planned::Refused {
            plan, diagnoses, ..
        } => return Ok(Outcome::Refused(plan, diagnoses)),
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

async fn from_goal(goal: &str, options: &Options, inventory: Inventory) -> Result<Planned, String> {
    let name = PlanName::parse(&options.name).map_err(|e| e.to_string())?;
    let Some(address) = &options.llm else {
        let reading = goal::read(goal, &inventory, &name);
        if reading.is_complete() {
            return Ok(Planned::checked(inventory, reading.plan));
        }
        return Ok(Planned::Questions {
            questions: reading.questions,
            unread: reading.unread,
        });
    };
    let (model, _) = support::llm::open(address)
        .await
        .map_err(|e| e.to_string())?;
    let planner = Planner::new(model, inventory, name);
    planner
        .call(&Context::new(), goal.to_owned())
        .await
        .map_err(|e| e.to_string())
}

fn from_file(options: &Options, inventory: Inventory) -> Result<Planned, String> {
    let path = options.plan.as_deref().ok_or("no plan was given")?;
    let source = text(path)?;
    let read = if is_json(path) {
        input::plan_from_json
    } else {
        input::plan_from_toml
    };
    Ok(match read(&source) {
        Ok(plan) => Planned::checked(inventory, plan),
        Err(diagnosis) => Planned::Refused {
            plan: None,
            diagnoses: vec![diagnosis],
            attempts: 0,
        },
    })
}

fn list(units: &[UnitRef]) -> String {
    let names: Vec<String> = units.iter().map(ToString::to_string).collect();
    if names.is_empty() {
        "nothing".into()
    } else {
        names.join(", ")
    }
}

fn tell(outcome: &Outcome, options: &Options) {
    match outcome {
        Outcome::Rendered(plan, bundle, diff) if options.json => {
            let files: Vec<&str> = bundle.files().map(|(p, _)| p).collect();
            let all = json!({ "outcome": "rendered", "hash": bundle.hash(), "plan": plan.plan(),
                "forecast": Forecast::new(plan), "remarks": plan.remarks(), "files": files, "diff": diff });
            println!("{all:#}");
        }
        Outcome::Rendered(plan, bundle, diff) => {
            tell_plan(plan);
            if let Some(diff) = diff {
                println!();
                print!("{}", diff.to_text());
            }
            let (count, hash) = (bundle.files().count(), bundle.hash());
            match &options.out {
                Some(out) => println!(
                    "\n{count} files in {}; start with its README.md\nhash {hash}",
                    out.display()
                ),
                None => println!("\n{count} files, not written without --out\nhash {hash}"),
            }
        }
        Outcome::Refused(plan, diagnoses) if options.json => {
            println!(
                "{:#}",
                json!({ "outcome": "refused", "diagnoses": diagnoses, "plan": plan })
            );
        }
        Outcome::Refused(_, diagnoses) => diagnoses.iter().for_each(|d| println!("refused: {d}")),
        Outcome::Asked(questions, unread) if options.json => {
            println!(
                "{:#}",
                json!({ "outcome": "question", "questions": questions, "unread": unread })
            );
        }
        Outcome::Asked(questions, unread) => tell_questions(questions, unread),
        Outcome::Understood(plan, said) if options.json => {
            println!(
                "{:#}",
                json!({ "outcome": "question", "understood": said, "plan": plan })
            );
        }
        Outcome::Understood(_, said) => {
            println!(
                "a language model understood this, and the plan would pass; nothing was rendered:"
            );
            said.iter().for_each(|s| println!("  {s}"));
            println!(
                "is that what is meant? then give these sentences as the goal, or add --yes:\n  \"{}\"",
                said.join("; ")
            );
        }
    }
}

fn tell_plan(plan: &Checked<Plan>) {
    let forecast = Forecast::new(plan);
    println!("{:>8}  {:>8}  unit", "start", "ready");
    for unit in &forecast.units {
        println!(
            "{:>8}  {:>8}  {}",
            unit.start.to_string(),
            unit.ready.to_string(),
            unit.unit
        );
    }
    let path: Vec<String> = forecast
        .critical_path
        .iter()
        .map(ToString::to_string)
        .collect();
    println!(
        "all up after {}; critical path: {}\n",
        forecast.ready_after,
        path.join(" -> ")
    );
    for blast in forecast.node_blasts.iter().filter(|b| !b.gone.is_empty()) {
        let degraded = match blast.degraded.as_slice() {
            [] => String::new(),
            units => format!(
                "; this runs on without something it wanted: {}",
                list(units)
            ),
        };
        println!(
            "if {} is lost, this stops on other nodes: {}{degraded}",
            blast.node,
            list(&blast.stops)
        );
    }
    for remark in plan.remarks() {
        println!("remark: {remark}");
    }
}

fn tell_questions(questions: &[Question], unread: &[String]) {
    for question in questions {
        let choices = match question.choices.as_slice() {
            [] => String::new(),
            choices => format!(" ({})", choices.join(", ")),
        };
        println!("question: {}{choices}", question.question);
    }
    for sentence in unread {
        println!("not a plain sentence: {sentence:?}");
    }
    if !unread.is_empty() {
        println!(
            "say it as \"start A after B\", \"A needs B within 2 s\" or \"if A fails stop B\", or give a language model with --llm"
        );
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(options) if options.help => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    match run(&options).await {
        Ok(outcome) => {
            tell(&outcome, &options);
            ExitCode::from(match outcome {
                Outcome::Rendered(..) => 0,
                Outcome::Refused(..) => 2,
                Outcome::Asked(..) | Outcome::Understood(..) => 3,
            })
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
