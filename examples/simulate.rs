//! What if node2 dies? Runs a plan through the simulator with a fault, once with the bundle's measures and, with
//! `--stock`, once without them.
//!
//! ```text
//! cargo run --release --example simulate -- examples/inventory/drive.toml examples/inventory/drive-plan.toml \
//!     --power-off node2 --power-on node2@40s --svg target/drive.svg
//! ```
//!
//! Faults, each at 30 s or at `@TIME`: `--fail NODE/UNIT`, `--restart NODE/UNIT`, `--power-off NODE`,
//! `--power-on NODE`, `--cable-out NODE`, `--cable-in NODE`, `--agent NODE`, `--controller AWAY`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]

use std::process::ExitCode;

use gori_planner::quantity::Span;
use gori_planner::simulate::{Fault, Measures, Scenario, simulate};
use gori_planner::{Checked, input};

fn run() -> Result<(), String> {
    let mut files = Vec::new();
    let mut scenario = Scenario::default();
    let mut svg = None;
    let mut json = false;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if !arg.starts_with("--") {
            files.push(arg);
            continue;
        }
        match arg.as_str() {
            "--stock" => scenario.measures = Measures::stock(),
            "--json" => json = true,
            "--svg" => svg = args.next(),
            option => {
                let value = args.next().ok_or(format!("{option} needs a value"))?;
                // Unit names may hold an @, so only what reads as a time behind the last one is a time.
                let (what, at) = match value
                    .rsplit_once('@')
                    .and_then(|(w, t)| Some((w, t.parse::<Span>().ok()?)))
                {
                    Some((what, at)) => (what, at),
                    None => (value.as_str(), Span::from_millis(30_000)),
                };
                scenario.faults.push((at, fault(option, what)?));
            }
        }
    }
    let [inventory, plan] = files.as_slice() else {
        return Err(
            "usage: simulate INVENTORY.toml PLAN.toml [--power-off NODE[@TIME]] ...".into(),
        );
    };
    let text = |path: &str| std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let inventory = input::inventory_from_toml(&text(inventory)?).map_err(|d| d.to_string())?;
    let plan = input::plan_from_toml(&text(plan)?).map_err(|d| d.to_string())?;
    let plan = Checked::new(inventory, plan).map_err(|r| r.to_string())?;
    let simulation = simulate(&plan, &scenario);
    if json {
        println!(
            "{}",
            serde_json::to_string_pretty(&simulation).map_err(|e| e.to_string())?
        );
    } else {
        print!("{}", simulation.to_text());
    }
    if let Some(path) = svg {
        std::fs::write(&path, simulation.to_svg()).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(())
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
