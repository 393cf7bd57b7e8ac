//! The check: every rule that BlueChi, systemd and podman hold a plan to, and that none of them tells beforehand.
//!
//! `systemd-analyze verify` accepts a wrong proxy name, a dependency that the controller denies, a cycle over two
//! nodes and a oneshot that can never satisfy a proxy; here each is a [`Diagnosis`] with a code, the path in the
//! input, the mechanism and a mend. Only what passed becomes [`Checked`], and only that is simulated, rendered or
//! applied.

mod accept;
mod access;
mod container;
mod cycle;
mod diagnosis;
mod edges;
mod failure;
mod nodes;
mod readiness;
mod time;
mod version;

use crate::graph::Graph;
use crate::inventory::{Inventory, Node, Unit};
use crate::name::{NodeName, UnitRef};
use crate::plan::{Edge, NodeLoss, Plan};

pub use diagnosis::{Diagnosis, Refusal};

/// A value that passed the check. It cannot be made in any other way, and not be changed afterwards.
///
/// ```compile_fail
/// // The fields are private: nobody calls a plan checked that is not.
/// fn forge(plan: gori_planner::Plan) -> gori_planner::Checked<gori_planner::Plan> {
///     gori_planner::Checked { value: plan }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Checked<T> {
    value: T,
    inventory: Inventory,
    graph: Graph,
    order: Vec<usize>,
    remarks: Vec<Diagnosis>,
}

impl Checked<Plan> {
    /// Checks a plan against its inventory.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the input.
    pub fn new(inventory: Inventory, plan: Plan) -> Result<Self, Refusal> {
        let graph = Graph::new(&inventory, &plan);
        let found = check(&inventory, &plan, &graph);
        let (remarks, diagnoses): (Vec<_>, Vec<_>) = accept::sort(&plan, found)
            .into_iter()
            .partition(|(refuses, _)| !refuses);
        let strip =
            |list: Vec<(bool, Diagnosis)>| list.into_iter().map(|(_, d)| d).collect::<Vec<_>>();
        let (remarks, diagnoses) = (strip(remarks), strip(diagnoses));
        match graph.order() {
            Ok(order) if diagnoses.is_empty() => Ok(Self {
                value: plan,
                inventory,
                graph,
                order,
                remarks,
            }),
            _ => Err(Refusal { diagnoses, remarks }),
        }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.value
    }

    /// The inventory it was checked against.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// What the check noticed without refusing: risks that the author accepts, and assumptions.
    #[must_use]
    pub fn remarks(&self) -> &[Diagnosis] {
        &self.remarks
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The units, everything after what it needs.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(crate) fn unit(&self, index: usize) -> Option<&Unit> {
        self.inventory.units.get(index)
    }

    /// The units that the plan's target starts by itself.
    #[must_use]
    pub fn roots(&self) -> Vec<UnitRef> {
        roots(&self.inventory, &self.value, &self.graph)
    }
}

/// Everything that is wrong or worth knowing, without looking at what the plan accepts.
fn check(inventory: &Inventory, plan: &Plan, graph: &Graph) -> Vec<Diagnosis> {
    let mut view = View {
        inventory,
        plan,
        graph,
        found: Vec::new(),
    };
    nodes::check(&mut view);
    container::check(&mut view);
    version::check(&mut view);
    edges::check(&mut view);
    readiness::check(&mut view);
    access::check(&mut view);
    failure::check(&mut view);
    cycle::check(&mut view);
    time::check(&mut view);
    view.found
}

/// What every family of diagnoses looks at, and where it puts what it finds.
struct View<'a> {
    inventory: &'a Inventory,
    plan: &'a Plan,
    graph: &'a Graph,
    found: Vec<Diagnosis>,
}

impl<'a> View<'a> {
    fn say(
        &mut self,
        code: crate::code::Code,
        path: impl Into<String>,
        why: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.found.push(Diagnosis::new(code, path, why, mend));
    }

    fn node(&self, name: &NodeName) -> Option<&'a Node> {
        self.inventory.nodes.iter().find(|n| n.name == *name)
    }

    fn unit(&self, at: &UnitRef) -> Option<&'a Unit> {
        self.graph
            .index
            .get(at)
            .and_then(|i| self.inventory.units.get(*i))
    }

    /// The edges between two nodes, with their index.
    fn cross_edges(&self) -> impl Iterator<Item = (usize, &'a Edge)> + use<'a> {
        self.plan
            .edges
            .iter()
            .enumerate()
            .filter(|(_, e)| e.unit.node != e.needs.node)
    }

    fn on_node_loss(&self, edge: &Edge) -> NodeLoss {
        edge.on_node_loss.unwrap_or(self.plan.policy.on_node_loss)
    }
}

fn roots(inventory: &Inventory, plan: &Plan, graph: &Graph) -> Vec<UnitRef> {
    if !plan.start.is_empty() {
        return plan.start.clone();
    }
    inventory
        .units
        .iter()
        .enumerate()
        .filter(|(i, _)| {
            let waits = graph.needs_of(*i).iter().any(|a| a.edge.is_some());
            let needed = graph.needed_by(*i).iter().any(|a| a.edge.is_some());
            waits && !needed
        })
        .map(|(_, u)| u.at())
        .collect()
}
