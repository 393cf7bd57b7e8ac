//! What happens when something breaks: the controller's place, restarts, reactions.

use super::View;
use crate::code::Code;
use crate::forecast::Calibration;
use crate::inventory::Restart;
use crate::plan::{Event, NodeLoss, Reaction};
use crate::quantity::Span;

pub(super) fn check(view: &mut View<'_>) {
    controller(view);
    unneeded(view);
    restarts(view);
    for (i, reaction) in view.plan.reactions.iter().enumerate() {
        self::reaction(view, &format!("plan.reactions[{i}]"), reaction);
    }
}

fn controller(view: &mut View<'_>) {
    let Some((n, node)) = view
        .inventory
        .nodes
        .iter()
        .enumerate()
        .find(|(_, n)| n.controller)
    else {
        return;
    };
    let Some((_, edge)) = view
        .cross_edges()
        .find(|(_, e)| e.kind.is_hard() && e.needs.node == node.name)
    else {
        return;
    };
    view.say(
        Code::ControllerCritical,
        format!("inventory.nodes[{n}].controller"),
        format!(
            "{} needs {}, which is on the controller's own node: if that node is lost, so is the controller, and with it \
             the fence that would stop what depends on it, and every new start",
            edge.unit, edge.needs
        ),
        "put the controller on a node that nothing needs, or accept the risk",
    );
}

fn unneeded(view: &mut View<'_>) {
    for (i, edge) in view.cross_edges() {
        if view.unit(&edge.needs).is_some_and(|u| u.stop_when_unneeded) {
            view.say(
                Code::StopWhenUnneeded,
                format!("plan.edges[{i}].needs"),
                format!(
                    "{} has StopWhenUnneeded=yes and is held by bluechi-dep@ alone: when the agent of {} restarts, the \
                     controller drops the hold and the target stops while its source runs on",
                    edge.needs, edge.unit.node
                ),
                "take StopWhenUnneeded= out of the unit, and stop it by the plan's own stop",
            );
        }
    }
}

fn restarts(view: &mut View<'_>) {
    let plan = view.plan;
    match plan.policy.reconcile {
        Some(every) if every.as_millis() < 100 || every.as_millis() > 3_600_000 => view.say(
            Code::ReconcileInterval,
            "plan.policy.reconcile",
            format!(
                "a reconciler every {every} would keep the board busy, or come too late to be one"
            ),
            "choose between 100ms and 1h",
        ),
        Some(_) => return,
        None => {}
    }
    for (i, edge) in plan
        .edges
        .iter()
        .enumerate()
        .filter(|(_, e)| e.kind.is_hard())
    {
        let Some(target) = view.unit(&edge.needs) else {
            continue;
        };
        if target.restart != Restart::No
            && !target.restart_direct
            && plan.policy.reconcile.is_none()
        {
            view.say(
                Code::RestartUnrecovered,
                format!("plan.edges[{i}]"),
                format!(
                    "{} restarts by itself, and its restart passes through failed: {} is taken down with it and nothing \
                     brings it back, because the reconciler is off",
                    edge.needs, edge.unit
                ),
                "leave policy.reconcile on, or accept that an operator starts it again",
            );
        }
    }
}

fn reaction(view: &mut View<'_>, path: &str, reaction: &Reaction) {
    let (plan, graph) = (view.plan, view.graph);
    if reaction.when == reaction.stop {
        view.say(
            Code::ReactionSelf,
            path,
            format!("{} is to stop when it has stopped", reaction.when),
            "name the unit that is to stop",
        );
        return;
    }
    let ends = graph
        .index
        .get(&reaction.stop)
        .zip(graph.index.get(&reaction.when));
    let Some((&stop, &when)) = ends else { return };
    let hard = |e: usize| plan.edges.get(e).is_some_and(|e| e.kind.is_hard());
    let Some(mut chain) = graph.chain(stop, when, hard) else {
        view.say(
            Code::ReactionNoPath,
            path,
            format!(
                "nothing carries the failure of {} to {}: systemd stops a unit with another only along BindsTo= or \
                 Requires=, and no chain of hard edges joins them",
                reaction.when, reaction.stop
            ),
            format!("add a hard edge from {} to {}, or along the way", reaction.stop, reaction.when),
        );
        return;
    };
    if reaction.event == Event::NodeLoss && reaction.when.node != reaction.stop.node {
        let lost = &reaction.when.node;
        let fenced = |e: usize| {
            plan.edges.get(e).is_some_and(|e| {
                let crosses = e.unit.node != *lost && e.needs.node == *lost;
                e.kind.is_hard() && !(crosses && view.on_node_loss(e) == NodeLoss::Keep)
            })
        };
        let Some(kept_out) = graph.chain(stop, when, fenced) else {
            view.say(
                Code::ReactionKept,
                path,
                format!(
                    "{} is to stop when {lost} is lost, and on_node_loss = \"keep\" lets it run: BlueChi's agent ignores \
                     the virtual inactive event of a lost node, only the fence stops anything",
                    reaction.stop
                ),
                "set on_node_loss = \"stop\" on the edge",
            );
            return;
        };
        chain = kept_out;
    }
    let Some(within) = reaction.within else {
        return;
    };
    let calibration = Calibration::default();
    let hops = chain
        .iter()
        .filter(|e| {
            plan.edges
                .get(**e)
                .is_some_and(|e| e.unit.node != e.needs.node)
        })
        .count();
    let bound = calibration.reaction_bound(&view.inventory.bluechi, reaction.event, hops);
    if bound > within {
        let cause = match reaction.event {
            Event::Failure => format!("{hops} proxies between the nodes"),
            Event::NodeLoss => format!(
                "the loss is seen after {} of silence, looked at every {}, and then {hops} proxies",
                view.inventory.bluechi.threshold, view.inventory.bluechi.heartbeat
            ),
        };
        view.say(
            Code::ReactionLate,
            format!("{path}.within"),
            format!(
                "{} can only be promised to stop within {bound} ({cause}), not within {within}",
                reaction.stop
            ),
            format!(
                "allow {}, or shorten the heartbeat and its threshold",
                Span::from_millis(bound.as_millis())
            ),
        );
    }
}
