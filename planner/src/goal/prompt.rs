//! What a model is told.

use std::fmt::Write as _;

use crate::check::Diagnosis;
use crate::inventory::Inventory;

/// The task, the units there are, and two examples of the form.
pub(super) fn system(inventory: &Inventory) -> String {
    let mut text = String::from(
        "You turn a goal in English or Korean into a plan of systemd services over several nodes, as one JSON object.\n\
         edges: `unit` starts after `needs`. kind: hard = cannot run without it; soft = waits for it but runs without \
         it (\"wants\", \"if possible\", \"even if it never comes\"); succeeded = a job that has to have finished \
         successfully first; upheld = kept running beside it, not depended on. deadline: only if the goal names a time \
         that `needs` may take.\n\
         reactions: only if the goal says what stops (`stop`) when a unit (`when`) fails or its node is lost.\n\
         questions: if the goal names something that is not listed or is not clear, ask in the goal's language and \
         leave edges and reactions empty. Use only what the goal says. Never invent units or times.\n\
         Units:\n",
    );
    for unit in &inventory.units {
        let aliases: Vec<&str> = unit.aliases.iter().map(|a| a.as_str()).collect();
        let also = if aliases.is_empty() {
            String::new()
        } else {
            format!(" (also called {})", aliases.join(", "))
        };
        let _ = writeln!(text, "- {}{also}", unit.at());
    }
    if let Some([a, b, ..]) = inventory
        .units
        .get(..2)
        .map(|u| [u.first(), u.last()])
        .and_then(|[a, b]| Some([a?, b?]))
    {
        let (a, b) = (a.at(), b.at());
        let _ = write!(
            text,
            "Example: \"{bs} must come up after {as_} and cannot live without it; give up after 3 s. If {as_} fails, \
             stop {bs}.\"\n{{\"questions\":[],\"edges\":[{{\"unit\":\"{b}\",\"needs\":\"{a}\",\"kind\":\"hard\",\
             \"deadline\":\"3s\"}}],\"reactions\":[{{\"when\":\"{a}\",\"event\":\"failure\",\"stop\":\"{b}\"}}]}}\n\
             Example: \"가능하면 {as_} 다음에 {bs}를 시작해\"\n{{\"questions\":[],\"edges\":[{{\"unit\":\"{b}\",\
             \"needs\":\"{a}\",\"kind\":\"soft\"}}],\"reactions\":[]}}\n",
            as_ = a.unit.stem(),
            bs = b.unit.stem(),
        );
    }
    text
}

/// What is wrong with the last answer.
pub(super) fn refused(diagnoses: &[Diagnosis]) -> String {
    let mut text = String::from("The plan was refused:\n");
    for diagnosis in diagnoses.iter().take(8) {
        let _ = writeln!(text, "- {diagnosis}");
    }
    text.push_str("Answer with the whole plan again, with this mended, or with questions.");
    text
}
