//! The graph of a plan as Mermaid and as DOT.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::check::Checked;
use crate::plan::{EdgeKind, Plan};

fn by_node(plan: &Checked<Plan>) -> BTreeMap<String, Vec<(usize, String)>> {
    let mut nodes: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (i, unit) in plan.inventory().units.iter().enumerate() {
        let graph = plan.graph();
        if graph
            .needs_of(i)
            .iter()
            .chain(graph.needed_by(i))
            .any(|a| a.edge.is_some())
        {
            nodes
                .entry(unit.node.to_string())
                .or_default()
                .push((i, unit.name.to_string()));
        }
    }
    nodes
}

/// A Mermaid flowchart: arrows run from what is needed to what waits for it, dotted where the need is soft.
#[must_use]
pub fn mermaid(plan: &Checked<Plan>) -> String {
    let mut text = String::from("flowchart LR\n");
    for (n, (node, units)) in by_node(plan).into_iter().enumerate() {
        let _ = writeln!(text, "  subgraph n{n}[\"{node}\"]");
        for (i, name) in units {
            let _ = writeln!(text, "    u{i}[\"{}\"]", name.replace('\\', "&#92;"));
        }
        text.push_str("  end\n");
    }
    for (edge, ends) in plan.plan().edges.iter().zip(&plan.graph().ends) {
        let Some((from, to)) = *ends else { continue };
        let arrow = if edge.kind.is_hard() { "-->" } else { "-.->" };
        let label = edge.deadline.map(|d| format!("|{d}|")).unwrap_or_default();
        let _ = writeln!(text, "  u{to} {arrow}{label} u{from}");
    }
    text
}

/// A Graphviz graph with a cluster for each node.
#[must_use]
pub fn dot(plan: &Checked<Plan>) -> String {
    let mut text = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box];\n");
    for (n, (node, units)) in by_node(plan).into_iter().enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{n} {{\n    label=\"{node}\";");
        for (i, name) in units {
            let _ = writeln!(text, "    u{i} [label=\"{}\"];", name.replace('\\', "\\\\"));
        }
        text.push_str("  }\n");
    }
    for (edge, ends) in plan.plan().edges.iter().zip(&plan.graph().ends) {
        let Some((from, to)) = *ends else { continue };
        let style = match edge.kind {
            EdgeKind::Hard => "solid",
            EdgeKind::Succeeded => "bold",
            EdgeKind::Soft | EdgeKind::Upheld => "dashed",
        };
        let label = edge
            .deadline
            .map(|d| format!(", label=\"{d}\""))
            .unwrap_or_default();
        let _ = writeln!(text, "  u{to} -> u{from} [style={style}{label}];");
    }
    text.push_str("}\n");
    text
}
