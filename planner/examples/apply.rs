//! Starts a plan through BlueChi, wave by wave. Dry unless `--live` is given; `--live` has to run on the controller's
//! host and takes the hash of the bundle that was deployed.
//!
//! ```text
//! cargo run --release --example apply -- examples/inventory/drive.toml examples/inventory/drive-plan.toml
//! cargo run --release --example apply -- INVENTORY.toml PLAN.toml --live --hash HASH
//! ```
//!
//! Ends with 0 when all is up (or would be), 2 when a start failed and the run was taken back, 1 on anything else.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]

use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use gori::{Error, ErrorKind};
use gori_planner::apply::{
    ActiveState, BluechiExecutor, Executor, Mode, Report, Step, apply, stop,
};
use gori_planner::name::UnitRef;
use gori_planner::{Checked, input, render};

/// The executor of a dry run, which is never asked.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Executor for Nobody {
    async fn start(&self, _: &UnitRef, _: Duration) -> gori::Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a dry run starts nothing",
        ))
    }

    async fn stop(&self, _: &UnitRef, _: Duration) -> gori::Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a dry run stops nothing",
        ))
    }

    async fn state(&self, _: &UnitRef) -> gori::Result<ActiveState> {
        Err(Error::new(ErrorKind::Unsupported, "a dry run asks nobody"))
    }
}

const USAGE: &str = "\
usage: apply INVENTORY.toml PLAN.toml [FLAGS]

  --live           do it; without it the run is dry and touches nothing
  --hash HASH      what stands in the file HASH of the bundle that was deployed; --live demands it
  --stop           stop everything in reverse order instead
  --json           the report as one JSON object
  --help           this text";

#[derive(Default)]
struct Options {
    files: Vec<String>,
    hash: Option<String>,
    live: bool,
    stop: bool,
    json: bool,
    help: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--live" => options.live = true,
            "--stop" => options.stop = true,
            "--json" => options.json = true,
            "--help" => options.help = true,
            "--hash" => options.hash = Some(args.next().ok_or("--hash needs a value")?),
            flag if flag.starts_with("--") => {
                return Err(format!("there is no option {flag}; see --help"));
            }
            _ => options.files.push(arg),
        }
    }
    Ok(options)
}

async fn run(options: &Options) -> Result<Report, String> {
    let [inventory, plan] = options.files.as_slice() else {
        return Err("give an inventory and a plan; see --help".into());
    };
    let text = |path: &str| std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let inventory = input::inventory_from_toml(&text(inventory)?).map_err(|d| d.to_string())?;
    let plan = input::plan_from_toml(&text(plan)?).map_err(|d| d.to_string())?;
    let plan = Checked::new(inventory, plan).map_err(|r| r.to_string())?;
    let own = render(&plan).hash();
    let (hash, mode, executor): (&str, _, Box<dyn Executor>) = match &options.hash {
        Some(hash) if options.live => {
            let bluechi = BluechiExecutor::system().await.map_err(|e| e.to_string())?;
            (hash, Mode::Live, Box::new(bluechi))
        }
        None if options.live => {
            return Err("--live needs --hash with what stands in the file HASH of the bundle that was deployed".into());
        }
        given => (given.as_ref().unwrap_or(&own), Mode::Dry, Box::new(Nobody)),
    };
    let run = if options.stop {
        stop(&plan, hash, mode, executor.as_ref()).await
    } else {
        apply(&plan, hash, mode, executor.as_ref()).await
    };
    let report = run.map_err(|e| e.to_string())?;
    tell(&report, options, &own)?;
    Ok(report)
}

fn tell(report: &Report, options: &Options, hash: &str) -> Result<(), String> {
    if options.json {
        let text = serde_json::to_string_pretty(report).map_err(|e| e.to_string())?;
        println!("{text}");
        return Ok(());
    }
    let verb = if options.stop { "stop" } else { "start" };
    for step in &report.steps {
        match step {
            Step::Would { unit, wave } => println!("wave {wave}: would {verb} {unit}"),
            Step::Already { unit } => println!("already up, left alone: {unit}"),
            Step::Started { unit } => println!("started: {unit}"),
            Step::Missed { unit, why } => {
                println!("not started, and nothing needs it: {unit}: {why}")
            }
            Step::Failed { unit, why } => println!("failed: {unit}: {why}"),
            Step::Stopped { unit } => println!("stopped: {unit}"),
            Step::Stuck { unit, why } => println!("could not be stopped: {unit}: {why}"),
        }
    }
    match (options.live, report.ok, report.rolled_back) {
        (false, ..) => println!("dry run, nothing was touched; to do it: --live --hash {hash}"),
        (true, true, _) => println!("done"),
        (true, false, true) => println!("failed; what this run had started is stopped again"),
        (true, false, false) => println!("failed, and something could not be stopped: look above"),
    }
    Ok(())
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
        Ok(report) if report.ok => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(2),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
