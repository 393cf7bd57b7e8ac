//! Starts a plan through BlueChi, wave by wave. Dry unless `--live` is given; `--live` has to run on the controller's
//! host.
//!
//! ```text
//! cargo run --release --example apply -- examples/inventory/drive.toml examples/inventory/drive-plan.toml
//! cargo run --release --example apply -- INVENTORY.toml PLAN.toml --hash HASH --live
//! ```
//!
//! The hash is the one in the bundle that was deployed (its file `HASH`). `--stop` stops instead, in reverse order.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]

use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use gori_core::{Error, ErrorKind, Result};
use gori_planner::apply::{ActiveState, BluechiExecutor, Executor, Mode, apply, stop};
use gori_planner::name::UnitRef;
use gori_planner::{Checked, input, render};

/// The executor of a dry run, which is never asked.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Executor for Nobody {
    async fn start(&self, _: &UnitRef, _: Duration) -> Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a dry run starts nothing",
        ))
    }

    async fn stop(&self, _: &UnitRef, _: Duration) -> Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a dry run stops nothing",
        ))
    }

    async fn state(&self, _: &UnitRef) -> Result<ActiveState> {
        Err(Error::new(ErrorKind::Unsupported, "a dry run asks nobody"))
    }
}

async fn run() -> Result<bool, String> {
    let mut files = Vec::new();
    let (mut live, mut stops, mut hash) = (false, false, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--live" => live = true,
            "--stop" => stops = true,
            "--hash" => hash = args.next(),
            option if option.starts_with("--") => {
                return Err(format!("there is no option {option}"));
            }
            _ => files.push(arg),
        }
    }
    let [inventory, plan] = files.as_slice() else {
        return Err("usage: apply INVENTORY.toml PLAN.toml [--hash HASH --live] [--stop]".into());
    };
    let text = |path: &str| std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let inventory = input::inventory_from_toml(&text(inventory)?).map_err(|d| d.to_string())?;
    let plan = input::plan_from_toml(&text(plan)?).map_err(|d| d.to_string())?;
    let plan = Checked::new(inventory, plan).map_err(|r| r.to_string())?;
    let (executor, mode): (Box<dyn Executor>, _) = if live {
        (
            Box::new(BluechiExecutor::system().await.map_err(|e| e.to_string())?),
            Mode::Live,
        )
    } else {
        (Box::new(Nobody), Mode::Dry)
    };
    let hash = match hash {
        Some(hash) => hash,
        None if live => {
            return Err(
                "--live needs --hash, the one in the HASH file of the bundle you deployed".into(),
            );
        }
        None => render(&plan).hash(),
    };
    let report = if stops {
        stop(&plan, &hash, mode, executor.as_ref()).await
    } else {
        apply(&plan, &hash, mode, executor.as_ref()).await
    };
    let report = report.map_err(|e| format!("{e:?}"))?;
    println!(
        "{}",
        serde_json::to_string_pretty(&report).map_err(|e| e.to_string())?
    );
    if !live {
        println!("dry run; with --live --hash {hash} it is done");
    }
    Ok(report.ok)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
