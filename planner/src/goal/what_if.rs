//! "What if node2 dies?"

use super::grammar::Question;
use super::resolve::{Found, Names};
use crate::inventory::Inventory;
use crate::simulate::Fault;

/// What happens, to a node or else to a unit.
#[derive(Clone, Copy)]
enum Happens {
    Ends,
    Restarts,
    Unplugged,
}

#[rustfmt::skip]
const ENDINGS: [(&str, Happens); 27] = [
    (" is restarted", Happens::Restarts), (" restarts", Happens::Restarts),
    (" is unplugged", Happens::Unplugged), (" is cut off", Happens::Unplugged),
    (" dies", Happens::Ends), (" fails", Happens::Ends), (" crashes", Happens::Ends), (" stops", Happens::Ends),
    (" is lost", Happens::Ends), (" is gone", Happens::Ends), (" disappears", Happens::Ends), (" breaks", Happens::Ends),
    (" goes down", Happens::Ends), (" goes offline", Happens::Ends), (" loses power", Happens::Ends),
    (" 재시작하면", Happens::Restarts), (" 재시작되면", Happens::Restarts), (" 다시 시작하면", Happens::Restarts),
    (" 케이블이 빠지면", Happens::Unplugged), (" 끊기면", Happens::Unplugged),
    (" 죽으면", Happens::Ends), (" 실패하면", Happens::Ends), (" 멈추면", Happens::Ends), (" 꺼지면", Happens::Ends),
    (" 사라지면", Happens::Ends), (" 다운되면", Happens::Ends), (" 고장 나면", Happens::Ends),
];

/// The fault that a question in English or Korean asks about, for [`Scenario::what_if`](crate::simulate::Scenario::what_if).
///
/// # Errors
/// A question back if it is not clear what happens, or to whom.
///
/// ```
/// # let inventory = gori_planner::input::inventory_from_toml(include_str!(
/// #     "../../../examples/inventory/drive.toml")).unwrap();
/// use gori_planner::{goal, simulate::Fault};
/// let fault = goal::what_if("What if node2 dies?", &inventory).unwrap();
/// assert_eq!(fault, Fault::PowerOff("node2".parse().unwrap()));
/// let fault = goal::what_if("카메라가 재시작하면 어떻게 되나요?", &inventory).unwrap();
/// assert_eq!(fault, Fault::UnitRestarts("node1/camera.service".parse().unwrap()));
/// ```
pub fn what_if(question: &str, inventory: &Inventory) -> Result<Fault, Question> {
    let names = Names::new(inventory);
    let text = question.to_lowercase();
    let text = text.trim().trim_end_matches(['?', '.', '!']).trim();
    let text = [
        "what happens if ",
        "what happens when ",
        "what if ",
        "만약 ",
        "만약에 ",
    ]
    .iter()
    .find_map(|open| text.strip_prefix(open))
    .unwrap_or(text);
    let text = [
        "어떻게 되나요",
        "어떻게 되나",
        "어떻게 돼요",
        "어떻게 돼",
        "어떻게 됩니까",
    ]
    .iter()
    .find_map(|end| text.strip_suffix(end))
    .unwrap_or(text)
    .trim();
    let Some((who, happens)) = ENDINGS
        .iter()
        .find_map(|(end, happens)| Some((text.strip_suffix(end)?.trim(), *happens)))
    else {
        let ask =
            "what happens to whom? say it as \"what if NODE dies\" or \"what if UNIT restarts\"";
        return Err(question_about(question, ask.into(), Vec::new()));
    };
    let who = who.strip_prefix("the ").unwrap_or(who);
    let node = names.node(who.strip_prefix("node ").unwrap_or(who));
    match (node, happens) {
        (Some(node), Happens::Ends) => Ok(Fault::PowerOff(node)),
        (Some(node), Happens::Unplugged) => Ok(Fault::CablePulled(node)),
        (Some(node), Happens::Restarts) => {
            let ask = format!("what of {node} restarts? a unit, or the node's agent");
            let choices = names.units_on(&node).map(|u| u.to_string()).collect();
            Err(question_about(who, ask, choices))
        }
        (None, happens) => unit_fault(who, happens, &names),
    }
}

fn unit_fault(who: &str, happens: Happens, names: &Names<'_>) -> Result<Fault, Question> {
    let unit = match names.unit(who, None) {
        Found::One(unit) => unit,
        Found::Many(choices) | Found::None(choices) => {
            let ask = format!("which unit or node is {who:?}?");
            let choices = choices.iter().map(ToString::to_string).collect();
            return Err(question_about(who, ask, choices));
        }
    };
    match happens {
        Happens::Ends => Ok(Fault::UnitFails(unit)),
        Happens::Restarts => Ok(Fault::UnitRestarts(unit)),
        Happens::Unplugged => {
            let ask = format!("{unit} has no cable; is its node meant?");
            Err(question_about(who, ask, vec![unit.node.to_string()]))
        }
    }
}

fn question_about(about: &str, question: String, choices: Vec<String>) -> Question {
    Question {
        about: about.to_owned(),
        question,
        choices,
    }
}
