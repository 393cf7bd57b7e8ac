//! What if node2 dies? Runs a plan through the simulator with a fault.
//!
//! ```text
//! cargo run --release --example simulate -- examples/inventory/drive.toml examples/inventory/drive-plan.toml \
//!     "what if node2 dies" --svg target/drive.svg
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]

use std::process::ExitCode;

use gori_planner::quantity::Span;
use gori_planner::simulate::{Fault, Measures, Scenario, Simulation, dot, mermaid, simulate};
use gori_planner::{Checked, goal, input};

const USAGE: &str = "\
usage: simulate INVENTORY.toml PLAN.toml [\"what if node2 dies\"] [FLAGS]

Faults, each at 30 s or at @TIME, as often as you like:
  --fail NODE/UNIT     --restart NODE/UNIT   --agent NODE        (its BlueChi agent restarts)
  --power-off NODE     --power-on NODE       --controller TIME   (it is away for so long)
  --cable-out NODE     --cable-in NODE       such as --power-on node2@40s

  --stock              without the bundle's gate, fence, resync and reconciler
  --svg FILE           a Gantt chart
  --json               the simulation as JSON
  --mermaid, --dot     the plan's graph instead of a simulation
  --help               this text";

/// When a fault happens of which no time was said.
fn in_half_a_minute() -> Span {
    Span::from_millis(30_000)
}

#[derive(Default)]
struct Options {
    plain: Vec<String>,
    scenario: Scenario,
    svg: Option<String>,
    show: Show,
}

#[derive(Default)]
enum Show {
    #[default]
    Text,
    Json,
    Mermaid,
    Dot,
    Help,
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if !arg.starts_with("--") {
            options.plain.push(arg);
            continue;
        }
        match arg.as_str() {
            "--stock" => options.scenario.measures = Measures::stock(),
            "--json" => options.show = Show::Json,
            "--mermaid" => options.show = Show::Mermaid,
            "--dot" => options.show = Show::Dot,
            "--help" => options.show = Show::Help,
            flag => {
                let value = args
                    .next()
                    .ok_or(format!("{flag} needs a value; see --help"))?;
                if flag == "--svg" {
                    options.svg = Some(value);
                    continue;
                }
                // Unit names may hold an @, so only what reads as a time behind the last one is a time.
                let (what, at) = match value
                    .rsplit_once('@')
                    .and_then(|(w, t)| Some((w, t.parse::<Span>().ok()?)))
                {
                    Some((what, at)) => (what, at),
                    None => (value.as_str(), in_half_a_minute()),
                };
                options.scenario.faults.push((at, fault(flag, what)?));
            }
        }
    }
    Ok(options)
}

fn run() -> Result<(), String> {
    let mut options = options()?;
    if matches!(options.show, Show::Help) {
        println!("{USAGE}");
        return Ok(());
    }
    let (inventory, plan, question) = match options.plain.as_slice() {
        [inventory, plan] => (inventory, plan, None),
        [inventory, plan, question] => (inventory, plan, Some(question)),
        _ => return Err("give an inventory and a plan; see --help".into()),
    };
    let text = |path: &str| std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let inventory = input::inventory_from_toml(&text(inventory)?).map_err(|d| d.to_string())?;
    let plan = input::plan_from_toml(&text(plan)?).map_err(|d| d.to_string())?;
    if let Some(question) = question {
        let fault = goal::what_if(question, &inventory)
            .map_err(|q| format!("{} {}", q.question, q.choices.join(", ")))?;
        options.scenario.faults.push((in_half_a_minute(), fault));
    }
    known(&options.scenario, &inventory)?;
    let plan = Checked::new(inventory, plan).map_err(|r| r.to_string())?;
    let simulation = simulate(&plan, &options.scenario);
    match options.show {
        Show::Json => println!(
            "{}",
            serde_json::to_string_pretty(&simulation).map_err(|e| e.to_string())?
        ),
        Show::Mermaid => print!("{}", mermaid(&plan)),
        Show::Dot => print!("{}", dot(&plan)),
        Show::Text | Show::Help => tell(&simulation),
    }
    if let Some(path) = &options.svg {
        std::fs::write(path, simulation.to_svg()).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(())
}

/// A fault of a unit or node that is not there would change nothing and look like good news.
fn known(scenario: &Scenario, inventory: &gori_planner::Inventory) -> Result<(), String> {
    let has_node =
        |name: &gori_planner::name::NodeName| inventory.nodes.iter().any(|n| n.name == *name);
    for (_, fault) in &scenario.faults {
        let (known, what) = match fault {
            Fault::UnitFails(u) | Fault::UnitRestarts(u) => {
                (inventory.units.iter().any(|i| i.at() == *u), u.to_string())
            }
            Fault::PowerOff(n)
            | Fault::PowerOn(n)
            | Fault::CablePulled(n)
            | Fault::CableBack(n)
            | Fault::AgentRestarts(n) => (has_node(n), n.to_string()),
            _ => (true, String::new()),
        };
        if !known {
            return Err(format!("the inventory has no {what}"));
        }
    }
    Ok(())
}

fn tell(simulation: &Simulation) {
    print!("{}", simulation.to_text());
    let down: Vec<String> = simulation
        .outages
        .iter()
        .filter(|o| o.until.is_none())
        .map(|o| o.unit.to_string())
        .collect();
    if down.is_empty() {
        println!("at the end all that was started runs");
    } else {
        println!("down at the end: {}", down.join(", "));
    }
}

fn fault(option: &str, what: &str) -> Result<Fault, String> {
    let unit = || {
        what.parse()
            .map_err(|e: gori_planner::name::NameError| e.to_string())
    };
    let node = || {
        what.parse()
            .map_err(|e: gori_planner::name::NameError| e.to_string())
    };
    Ok(match option {
        "--fail" => Fault::UnitFails(unit()?),
        "--restart" => Fault::UnitRestarts(unit()?),
        "--power-off" => Fault::PowerOff(node()?),
        "--power-on" => Fault::PowerOn(node()?),
        "--cable-out" => Fault::CablePulled(node()?),
        "--cable-in" => Fault::CableBack(node()?),
        "--agent" => Fault::AgentRestarts(node()?),
        "--controller" => Fault::ControllerRestarts(
            what.parse()
                .map_err(|e: gori_planner::name::NameError| e.to_string())?,
        ),
        other => return Err(format!("there is no option {other}")),
    })
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
