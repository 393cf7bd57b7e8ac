//! The graph of a plan over all nodes: who waits for whom, with every edge and every ordering that is installed.

use std::collections::{HashMap, VecDeque};

use crate::inventory::Inventory;
use crate::name::UnitRef;
use crate::plan::Plan;

/// One arc: the unit at its tail waits for `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arc {
    /// Index of the unit waited for.
    pub to: usize,
    /// Index of the plan's edge; `None` for an ordering that is installed already and pulls nothing in.
    pub edge: Option<usize>,
}

/// Units are numbered as in the inventory.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub index: HashMap<UnitRef, usize>,
    pub needs: Vec<Vec<Arc>>,
    /// The arcs turned round: `to` is the unit that waits.
    pub needed_by: Vec<Vec<Arc>>,
    /// For every edge of the plan its two ends, if both are known.
    pub ends: Vec<Option<(usize, usize)>>,
}

impl Graph {
    pub(crate) fn new(inventory: &Inventory, plan: &Plan) -> Self {
        let index: HashMap<UnitRef, usize> = inventory
            .units
            .iter()
            .enumerate()
            .rev()
            .map(|(i, u)| (u.at(), i))
            .collect();
        let count = inventory.units.len();
        let mut graph = Self {
            index,
            needs: vec![Vec::new(); count],
            needed_by: vec![Vec::new(); count],
            ends: Vec::new(),
        };
        for (i, edge) in plan.edges.iter().enumerate() {
            let ends = graph
                .index
                .get(&edge.unit)
                .copied()
                .zip(graph.index.get(&edge.needs).copied());
            graph.ends.push(ends);
            if let Some((from, to)) = ends {
                graph.connect(from, to, Some(i));
            }
        }
        for (from, unit) in inventory.units.iter().enumerate() {
            for name in &unit.after {
                let at = UnitRef::new(unit.node.clone(), name.clone());
                if let Some(&to) = graph.index.get(&at) {
                    graph.connect(from, to, None);
                }
            }
        }
        graph
    }

    fn connect(&mut self, from: usize, to: usize, edge: Option<usize>) {
        if let Some(list) = self.needs.get_mut(from) {
            list.push(Arc { to, edge });
        }
        if let Some(list) = self.needed_by.get_mut(to) {
            list.push(Arc { to: from, edge });
        }
    }

    pub(crate) fn needs_of(&self, unit: usize) -> &[Arc] {
        self.needs.get(unit).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn needed_by(&self, unit: usize) -> &[Arc] {
        self.needed_by.get(unit).map_or(&[], Vec::as_slice)
    }

    /// An order in which everything comes after what it needs, or the units that are left over because they wait for
    /// each other. Ties go to the lower index.
    pub(crate) fn order(&self) -> Result<Vec<usize>, Vec<usize>> {
        let mut open: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut queue: VecDeque<usize> = (0..open.len())
            .filter(|i| self.needs_of(*i).is_empty())
            .collect();
        let mut order = Vec::with_capacity(open.len());
        while let Some(unit) = queue.pop_front() {
            order.push(unit);
            for arc in self.needed_by(unit) {
                if let Some(left) = open.get_mut(arc.to) {
                    *left -= 1;
                    if *left == 0 {
                        queue.push_back(arc.to);
                    }
                }
            }
        }
        if order.len() == open.len() {
            return Ok(order);
        }
        Err((0..open.len())
            .filter(|i| open.get(*i).is_some_and(|n| *n > 0))
            .collect())
    }

    /// The shortest ring through the lowest unit of every knot of waiting units, each as a list of arcs from the unit
    /// back to itself: `(unit, arc)` in the order of waiting.
    pub(crate) fn rings(&self) -> Vec<Vec<(usize, Arc)>> {
        let Err(mut left) = self.order() else {
            return Vec::new();
        };
        let mut rings = Vec::new();
        while let Some(&start) = left.first() {
            if let Some(ring) = self.ring_through(start) {
                let knot = self.mutual(start);
                left.retain(|u| !knot.contains(u));
                rings.push(ring);
            } else {
                left.remove(0);
            }
        }
        rings
    }

    fn ring_through(&self, start: usize) -> Option<Vec<(usize, Arc)>> {
        let mut from: HashMap<usize, (usize, Arc)> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        'search: while let Some(unit) = queue.pop_front() {
            for arc in self.needs_of(unit) {
                if let std::collections::hash_map::Entry::Vacant(slot) = from.entry(arc.to) {
                    slot.insert((unit, *arc));
                    if arc.to == start {
                        break 'search;
                    }
                    queue.push_back(arc.to);
                }
            }
        }
        let mut ring = Vec::new();
        let mut at = start;
        loop {
            let (unit, arc) = *from.get(&at)?;
            ring.push((unit, arc));
            at = unit;
            if at == start {
                break;
            }
        }
        ring.reverse();
        Some(ring)
    }

    /// The units that wait for `start` and that `start` waits for.
    fn mutual(&self, start: usize) -> std::collections::HashSet<usize> {
        let down = self.reach(start, |g, u| g.needs_of(u));
        let up = self.reach(start, |g, u| g.needed_by(u));
        down.intersection(&up).copied().collect()
    }

    fn reach(
        &self,
        start: usize,
        next: impl for<'g> Fn(&'g Self, usize) -> &'g [Arc],
    ) -> std::collections::HashSet<usize> {
        let mut seen = std::collections::HashSet::from([start]);
        let mut stack = vec![start];
        while let Some(unit) = stack.pop() {
            for arc in next(self, unit) {
                if seen.insert(arc.to) {
                    stack.push(arc.to);
                }
            }
        }
        seen
    }

    /// The shortest chain of edges from `from` down to `to` that all pass `pass`, as indices of edges.
    pub(crate) fn chain(
        &self,
        from: usize,
        to: usize,
        pass: impl Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        let mut came: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(unit) = queue.pop_front() {
            for arc in self.needs_of(unit) {
                let Some(edge) = arc.edge.filter(|e| pass(*e)) else {
                    continue;
                };
                if arc.to == from || came.contains_key(&arc.to) {
                    continue;
                }
                came.insert(arc.to, (unit, edge));
                if arc.to == to {
                    let mut chain = Vec::new();
                    let mut at = to;
                    while let Some(&(unit, edge)) = came.get(&at) {
                        chain.push(edge);
                        at = unit;
                    }
                    chain.reverse();
                    return Some(chain);
                }
                queue.push_back(arc.to);
            }
        }
        None
    }
}
