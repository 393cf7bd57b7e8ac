//! Differences lead from one bundle to the other and back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

mod common;
#[path = "common/random.rs"]
mod random;

use gori_planner::diff::{Diff, Kind};
use gori_planner::{Bundle, Checked, render};

fn nodes_only(bundle: &Bundle) -> Vec<(String, String)> {
    let files = bundle.files().filter(|(p, _)| p.starts_with("nodes/"));
    files.map(|(p, c)| (p.to_owned(), c.to_owned())).collect()
}

#[test]
fn there_and_back_is_where_one_began() {
    let bundle = |seed| {
        let (inventory, plan) = random::inventory_and_plan(&mut random::Rng::new(seed));
        render(&Checked::new(inventory, plan).unwrap())
    };
    let mut changes = 0;
    for seed in 0..200 {
        let (old, new) = (bundle(seed), bundle(seed + 1));
        let there = Diff::between(&old, &new);
        let arrived = there.applied(&old, &new);
        assert_eq!(nodes_only(&arrived), nodes_only(&new), "seed {seed}");
        let back = Diff::rollback(&old, &new);
        assert_eq!(
            nodes_only(&back.applied(&new, &old)),
            nodes_only(&old),
            "seed {seed}"
        );
        changes += there.changes.len();
    }
    println!("200 pairs, {changes} changes");
}

#[test]
fn no_change_is_no_difference() {
    let bundle = render(&common::check(&[]).unwrap());
    assert!(Diff::between(&bundle, &bundle).is_empty());
}

#[test]
fn access_comes_before_what_uses_it_and_goes_after() {
    let with = render(&common::check(&[]).unwrap());
    let without = render(
        &common::check(&[(
            "needs = \"node1/db.service\"\nkind = \"soft\"",
            "needs = \"node2/logger.service\"\nkind = \"soft\"",
        )])
        .unwrap(),
    );
    let there = Diff::between(&without, &with);
    let position = |diff: &Diff, part: &str, kind: Kind| {
        diff.changes
            .iter()
            .position(|c| c.path.contains(part) && c.kind == kind)
    };
    let access = position(&there, "controller.conf.d", Kind::Change).unwrap();
    let unit = position(&there, "planner.service.d", Kind::Change).unwrap();
    assert!(access < unit, "{}", there.to_text());
    let text = there.to_text();
    assert!(
        text.contains("+Wants=bluechi-proxy@node1_db.service"),
        "{text}"
    );
}
