//! A thousand units, and with `GORI_CAMPAIGN=full` ten thousand: check, forecast, simulation and rendering.
//! The figures are of `GORI_CAMPAIGN=full cargo test -p gori-planner --release --test scale -- --nocapture`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

use std::fmt::Write as _;
use std::time::Instant;

use gori_planner::simulate::{Scenario, simulate};
use gori_planner::{Checked, Forecast, input, render};

/// Units in layers over 50 nodes, each with three needs one to three layers down, mostly on other nodes.
fn texts(units: usize) -> (String, String) {
    let mut inventory = String::new();
    for n in 0..51 {
        let controller = if n == 50 { "controller = true\n" } else { "" };
        let _ = write!(
            inventory,
            "[[nodes]]\nname = \"n{n}\"\naddress = \"192.0.2.{n}\"\nsystemd = \"252\"\nbluechi = \"1.2.2\"\n{controller}"
        );
    }
    let at = |u: usize| format!("n{}/u{u}.service", (u * 7) % 50);
    let mut plan = String::from("name = \"big\"\n");
    for u in 0..units {
        let _ = write!(
            inventory,
            "[[units]]\nnode = \"n{}\"\nname = \"u{u}.service\"\nstart_time = \"{}ms\"\n",
            (u * 7) % 50,
            20 + u % 90
        );
        for d in [units / 20, units / 20 + 3, units / 10 + 11] {
            if u >= d {
                let kind = if d % 2 == 0 { "hard" } else { "soft" };
                let _ = write!(
                    plan,
                    "[[edges]]\nunit = \"{}\"\nneeds = \"{}\"\nkind = \"{kind}\"\ndeadline = \"10min\"\n",
                    at(u),
                    at(u - d)
                );
            }
        }
    }
    (inventory, plan)
}

fn run(units: usize) -> f64 {
    let (inventory, plan) = texts(units);
    let inventory = input::inventory_from_toml(&inventory).unwrap();
    let plan = input::plan_from_toml(&plan).unwrap();
    let edges = plan.edges.len();
    let begin = Instant::now();
    let checked = Checked::new(inventory, plan).unwrap_or_else(|r| panic!("{r}"));
    let check = begin.elapsed();
    let forecast = Forecast::new(&checked);
    let simulation = simulate(&checked, &Scenario::default());
    let simulated = begin.elapsed();
    let bundle = render(&checked);
    let all = begin.elapsed();
    for unit in &forecast.units {
        assert_eq!(simulation.first_active(&unit.unit), Some(unit.ready));
    }
    println!(
        "{units} units, {edges} edges: check {check:.2?}, and simulated {simulated:.2?}, and rendered {all:.2?}, {} files",
        bundle.files().count()
    );
    all.as_secs_f64()
}

#[test]
fn a_thousand_units_on_fifty_nodes() {
    let seconds = run(1_000);
    // Debug builds and busy machines are not what the figure is about.
    assert!(cfg!(debug_assertions) || seconds <= 1.0, "{seconds} s");
}

#[test]
fn ten_thousand_units_on_fifty_nodes() {
    if std::env::var("GORI_CAMPAIGN").is_ok_and(|v| v == "full") {
        let seconds = run(10_000);
        assert!(cfg!(debug_assertions) || seconds <= 20.0, "{seconds} s");
    } else {
        println!("SKIPPED: ten thousand units only with GORI_CAMPAIGN=full");
    }
}
