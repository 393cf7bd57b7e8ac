//! The forecast and the simulator against real systemd: nodes with systemd as PID 1 in namespaces, the rendered
//! drop-ins and gate on them, a stub in the place of BlueChi's proxy.
//!
//! `GORI_CAMPAIGN=full cargo test -p gori-planner --release --test systemd -- --nocapture` runs random graphs of up
//! to 40 units on 5 nodes. Needs root and namespaces; else it says that it was skipped.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test may"
)]

#[path = "common/lab.rs"]
mod lab;
#[path = "common/random.rs"]
#[allow(dead_code, reason = "only the generator of numbers is used")]
mod random;

use std::fmt::Write as _;

use gori_planner::forecast::Calibration;
use gori_planner::simulate::{Scenario, simulate};
use gori_planner::{Checked, Forecast, Plan, input, render};
use lab::{Lab, Seen};
use random::Rng;

/// What is predicted further apart than this, in milliseconds, has to start in that order: in the campaign, and beside
/// all the other tests.
const NOISE: [f64; 2] = [150.0, 300.0];

fn is_full() -> bool {
    std::env::var("GORI_CAMPAIGN").is_ok_and(|v| v == "full")
}

/// Unit `i` is on node `on[i]` and needs the units of `needs[i]`, which are before it.
fn plan(
    on: &[usize],
    millis: &[u64],
    needs: &[Vec<usize>],
    hard: &mut dyn FnMut() -> bool,
) -> Checked<Plan> {
    let mut inventory = String::new();
    let nodes = on.iter().max().unwrap() + 1;
    for n in 0..=nodes {
        let controller = if n == nodes {
            "controller = true\n"
        } else {
            ""
        };
        let _ = write!(
            inventory,
            "[[nodes]]\nname = \"n{n}\"\naddress = \"192.0.2.{n}\"\nsystemd = \"252\"\nbluechi = \"1.2.2\"\n{controller}"
        );
    }
    let mut text = String::from("name = \"lab\"\n");
    for (i, n) in on.iter().enumerate() {
        let _ = write!(
            inventory,
            "[[units]]\nnode = \"n{n}\"\nname = \"u_{i}.service\"\ntype = \"oneshot\"\nremain_after_exit = true\nstart_time = \"{}ms\"\n",
            millis[i]
        );
        for need in &needs[i] {
            let kind = if hard() { "hard" } else { "soft" };
            let _ = write!(
                text,
                "[[edges]]\nunit = \"n{n}/u_{i}.service\"\nneeds = \"n{}/u_{need}.service\"\nkind = \"{kind}\"\n",
                on[*need]
            );
        }
    }
    let inventory = input::inventory_from_toml(&inventory).unwrap();
    Checked::new(inventory, input::plan_from_toml(&text).unwrap()).unwrap_or_else(|r| panic!("{r}"))
}

/// Starts the plan on real nodes, and gives the times of its units in the order of the inventory.
fn measure(plan: &Checked<Plan>) -> Vec<Option<Seen>> {
    let lab = Lab::boot(plan.inventory(), &render(plan));
    let roots: Vec<(String, String)> = plan
        .roots()
        .iter()
        .map(|r| (r.node.to_string(), r.unit.to_string()))
        .collect();
    let fine = lab.start(&roots);
    assert!(fine.iter().all(|f| *f), "{fine:?}");
    plan.inventory()
        .units
        .iter()
        .map(|u| lab.seen(u.node.as_str(), u.name.as_str()))
        .collect()
}

/// What one hop takes with the stub proxy on this machine, from a chain over four nodes.
fn calibrate() -> Calibration {
    let chain = plan(
        &[0, 1, 2, 3],
        &[600; 4],
        &[vec![], vec![0], vec![1], vec![2]],
        &mut || true,
    );
    let seen: Vec<Seen> = measure(&chain).into_iter().flatten().collect();
    let mut hops: Vec<f64> = seen.windows(2).map(|w| w[1].start - w[0].active).collect();
    let mut extra: Vec<f64> = seen.iter().map(|s| s.active - s.start - 600.0).collect();
    hops.sort_by(f64::total_cmp);
    extra.sort_by(f64::total_cmp);
    let hop = (hops[1] + extra[1]).max(1.0) as u64;
    println!("calibration: {hop} ms for a hop between nodes");
    Calibration {
        proxy_return: hop,
        proxy_request: hop,
        local_hop: 5 + extra[1].max(0.0) as u64,
        ..Calibration::default()
    }
}

/// Compares prediction and measurement; says how far the critical path is off, in per cent.
fn compare(plan: &Checked<Plan>, calibration: &Calibration, seen: &[Option<Seen>]) -> f64 {
    let forecast = Forecast::with(plan, calibration);
    let scenario = Scenario {
        calibration: calibration.clone(),
        ..Scenario::default()
    };
    let simulation = simulate(plan, &scenario);
    let of = |unit: &gori_planner::name::UnitRef| {
        let index = plan
            .inventory()
            .units
            .iter()
            .position(|u| u.at() == *unit)
            .unwrap();
        seen[index].unwrap_or_else(|| panic!("{unit} was never active"))
    };
    for edge in &plan.plan().edges {
        let (first, second) = (of(&edge.needs), of(&edge.unit));
        assert!(
            first.active <= second.start,
            "{} started before {} was active",
            edge.unit,
            edge.needs
        );
    }
    let times: Vec<_> = forecast
        .units
        .iter()
        .map(|u| (u.start.as_millis() as f64, of(&u.unit), &u.unit))
        .collect();
    for unit in &forecast.units {
        assert_eq!(
            simulation.first_active(&unit.unit),
            Some(unit.ready),
            "{}",
            unit.unit
        );
    }
    // Units that start nearer together than the noise of a busy machine have no order that could be predicted; how near
    // the prediction still holds is printed.
    let (mut pairs, mut turned, mut widest) = (0, 0, 0.0_f64);
    for (i, (early, a, one)) in times.iter().enumerate() {
        for (late, b, other) in &times[i + 1..] {
            pairs += usize::from(late > early);
            if late > early && a.start >= b.start {
                turned += 1;
                widest = widest.max(late - early);
                assert!(
                    late - early <= NOISE[usize::from(!is_full())],
                    "{one} (predicted at {early}) did not start before {other} (at {late})"
                );
            }
        }
    }
    let first = times
        .iter()
        .map(|t| t.1.start)
        .fold(f64::INFINITY, f64::min);
    let last = times.iter().map(|t| t.1.active).fold(0.0, f64::max);
    let first_predicted = times.iter().map(|t| t.0).fold(f64::INFINITY, f64::min);
    let predicted = forecast.ready_after.as_millis() as f64 - first_predicted;
    let off = (last - first - predicted).abs() / (last - first) * 100.0;
    println!(
        "{} units, {} edges in order; of {pairs} pairs {turned} not in the order predicted, those at most {widest:.0} ms apart; critical path {predicted:.0} ms predicted, {:.0} ms measured, {off:.1} % off",
        times.len(),
        plan.plan().edges.len(),
        last - first
    );
    off
}

fn skipped() -> bool {
    match lab::possible() {
        Ok(()) => false,
        Err(why) => {
            println!("SKIPPED: this machine does not let a test boot systemd in namespaces: {why}");
            true
        }
    }
}

#[test]
fn real_systemd_starts_in_the_order_and_time_predicted() {
    if skipped() {
        return;
    }
    let calibration = calibrate();
    let full = is_full();
    let mut worst: f64 = 0.0;
    for seed in 0..if full { 20 } else { 1 } {
        let mut rng = Rng::new(seed);
        let count = if full { 10 + rng.below(31) } else { 5 };
        let on: Vec<usize> = (0..count)
            .map(|i| if full { rng.below(5) } else { i % 2 })
            .collect();
        let millis: Vec<u64> = (0..count)
            .map(|_| 400 + 100 * rng.below(12) as u64)
            .collect();
        let needs: Vec<Vec<usize>> = (0..count)
            .map(|i| {
                let mut list: Vec<usize> = (0..if i == 0 { 0 } else { 1 + rng.below(2) })
                    .map(|_| rng.below(i))
                    .collect();
                list.sort_unstable();
                list.dedup();
                list
            })
            .collect();
        let plan = plan(&on, &millis, &needs, &mut || rng.chance(60));
        let seen = measure(&plan);
        worst = worst.max(compare(&plan, &calibration, &seen));
    }
    assert!(worst <= 20.0, "the critical path was {worst:.1} % off");
}
