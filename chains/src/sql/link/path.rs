//! Tables that join the ones a question names.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::sql::{Catalog, Knowledge, TermKind};

/// How many of the best tables are joined with each other.
const BEST: usize = 3;

/// Raises the tables that lie on the shortest ways between the best ones nearly to the lower of
/// the two ends, so that a junction table comes right behind what it joins.
pub(super) fn connect(
    catalog: &Catalog,
    knowledge: &Knowledge,
    tables: &mut BTreeMap<String, f64>,
) {
    let graph = graph(catalog, knowledge);
    let mut best: Vec<(String, f64)> = tables
        .iter()
        .map(|(name, score)| (name.clone(), *score))
        .collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let top = best.first().map_or(0.0, |(_, score)| *score);
    best.retain(|(_, score)| *score > top * 0.4);
    best.truncate(BEST);
    for (i, (from, a)) in best.iter().enumerate() {
        for (to, b) in best.iter().skip(i + 1) {
            for between in way(&graph, from, to, tables) {
                let raised = a.min(*b) * 0.97;
                if let Some(score) = tables.get_mut(&between) {
                    *score = score.max(raised);
                }
            }
        }
    }
}

fn graph(catalog: &Catalog, knowledge: &Knowledge) -> BTreeMap<String, BTreeSet<String>> {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut join = |a: &str, b: &str| {
        if let (Some(a), Some(b)) = (catalog.table(a), catalog.table(b)) {
            graph
                .entry(a.name.clone())
                .or_default()
                .insert(b.name.clone());
            graph
                .entry(b.name.clone())
                .or_default()
                .insert(a.name.clone());
        }
    };
    for table in &catalog.tables {
        for key in &table.foreign_keys {
            join(&table.name, &key.table);
        }
    }
    for sql in knowledge
        .confirmed()
        .filter(|t| t.kind == TermKind::Join)
        .filter_map(|t| t.sql.as_deref())
    {
        if let Some((a, b)) = sql.split_once('=') {
            let table = |side: &str| side.trim().split('.').next().unwrap_or_default().to_owned();
            join(&table(a), &table(b));
        }
    }
    graph
}

/// The inner tables of a shortest way; among ways of one length the one whose tables score best.
fn way(
    graph: &BTreeMap<String, BTreeSet<String>>,
    from: &str,
    to: &str,
    scores: &BTreeMap<String, f64>,
) -> Vec<String> {
    let mut came: BTreeMap<&str, (usize, f64, &str)> = BTreeMap::from([(from, (0, 0.0, from))]);
    let mut queue = VecDeque::from([from]);
    while let Some(here) = queue.pop_front() {
        let (steps, sum, _) = came.get(here).copied().unwrap_or_default();
        for next in graph.get(here).into_iter().flatten() {
            let score = sum + scores.get(next).copied().unwrap_or(0.0);
            match came.get(next.as_str()) {
                Some((known, best, _))
                    if *known < steps + 1 || (*known == steps + 1 && *best >= score) => {}
                Some(_) => {
                    came.insert(next, (steps + 1, score, here));
                }
                None => {
                    came.insert(next, (steps + 1, score, here));
                    queue.push_back(next);
                }
            }
        }
    }
    let mut inner = Vec::new();
    let mut at = to;
    while let Some((steps, _, before)) = came.get(at) {
        if *steps == 0 || inner.len() > scores.len() {
            break;
        }
        if *before != from {
            inner.push((*before).to_owned());
        }
        at = before;
    }
    inner
}
