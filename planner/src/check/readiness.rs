//! What "active" means: a dependency is only as good as the moment its target calls itself active.

use super::View;
use crate::code::Code;
use crate::inventory::ServiceType;
use crate::plan::EdgeKind;

pub(super) fn check(view: &mut View<'_>) {
    let plan = view.plan;
    for (i, edge) in plan.edges.iter().enumerate() {
        let Some(target) = view.unit(&edge.needs) else {
            continue;
        };
        if !edge.needs.unit.is_service() {
            continue;
        }
        let path = format!("plan.edges[{i}].needs");
        let cross = edge.unit.node != edge.needs.node;
        let service_type = target.service_type;
        let container = target.container.as_ref();
        if container.is_none() && matches!(service_type, ServiceType::Simple | ServiceType::Idle) {
            view.say(
                Code::SimpleReadiness,
                path.clone(),
                format!(
                    "{} is Type={}: it counts as active as soon as it is forked, so what waits for it starts although it \
                     may not be ready or may already have failed",
                    edge.needs,
                    if service_type == ServiceType::Idle { "idle" } else { "simple" }
                ),
                "make it Type=notify, dbus, exec or a oneshot that remains active",
            );
        }
        if container.is_some_and(|c| !c.notify) {
            view.say(
                Code::ContainerReadiness,
                path.clone(),
                format!(
                    "{} is a container with notify = false: podman reports it ready when it was started, not when the \
                     program inside can work",
                    edge.needs
                ),
                "let the program notify and set notify = true",
            );
        }
        let gone = service_type == ServiceType::Oneshot && !target.remain_after_exit;
        // On one node, Wants= on a oneshot that ends is ordinary systemd practice; a proxy fails on it, and BindsTo=
        // and Requires= would bind to something that is never there.
        if gone && (cross || edge.kind != EdgeKind::Soft) {
            view.say(
                Code::OneshotWithoutRemain,
                path.clone(),
                format!(
                    "{} is Type=oneshot without RemainAfterExit=yes: it succeeds and is inactive again, so its proxy (or \
                     BindsTo=) sees it gone and the waiting unit fails although the work was done",
                    edge.needs
                ),
                "set RemainAfterExit=yes in the unit and in the inventory",
            );
        }
        if edge.kind == EdgeKind::Succeeded && service_type != ServiceType::Oneshot {
            view.say(
                Code::SucceededNotOneshot,
                path,
                format!(
                    "{} is not a oneshot: while it is active nobody can say that it has succeeded",
                    edge.needs
                ),
                "use kind = \"hard\", or need a oneshot with RemainAfterExit=yes",
            );
        }
    }
}
