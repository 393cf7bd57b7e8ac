//! English sentences.

use super::grammar::{Clause, Phrase};
use crate::plan::EdgeKind;
use crate::quantity::Span;

/// The clauses of one sentence, or `None` if it is not one of the grammar's.
pub(super) fn clauses(sentence: &str) -> Option<Vec<Clause>> {
    let (sentence, reason) = match split_word(sentence, "because") {
        Some((left, right)) => (left, Some(right)),
        None => (sentence.to_owned(), None),
    };
    let lower = sentence.to_lowercase();
    let words: Vec<&str> = lower
        .split_whitespace()
        .map(|w| w.trim_end_matches(','))
        .filter(|w| !w.is_empty())
        .collect();
    let (words, within) = take_within(&words)?;
    let words = words.as_slice();
    match words {
        ["if" | "when", rest @ ..] => condition(rest, within),
        [
            "everything" | "all",
            "must" | "shall" | "has" | "should",
            ..,
        ] => Some(vec![Clause::AllWithin(within?)]),
        ["start" | "run" | "launch" | "then" | "and", rest @ ..] => start(rest, within, reason),
        ["first", "start" | "run" | "launch", rest @ ..] => start(rest, within, reason),
        _ => relation(words, within, reason),
    }
}

/// Cuts at a whole word.
fn split_word(text: &str, word: &str) -> Option<(String, String)> {
    let lower = text.to_lowercase();
    // Lower-casing may change lengths outside ASCII; then the sentence is not cut.
    let at = lower
        .find(&format!(" {word} "))
        .filter(|_| lower.len() == text.len())?;
    let (left, right) = text.split_at_checked(at)?;
    let right = right.split_at_checked(word.len() + 2)?.1;
    Some((left.trim().to_owned(), right.trim().to_owned()))
}

/// Takes "within 2 s" out of a sentence. `None` if a duration stands there that cannot be read.
fn take_within<'w>(words: &[&'w str]) -> Option<(Vec<&'w str>, Option<Span>)> {
    let Some(at) = words.iter().position(|w| *w == "within") else {
        return Some((words.to_vec(), None));
    };
    let (before, after) = words.split_at_checked(at)?;
    let number = after.get(1)?;
    let (span, used) = match duration(number, "") {
        Some(span) => (span, 2),
        None => (duration(number, after.get(2)?)?, 3),
    };
    let mut rest = before.to_vec();
    rest.extend(after.get(used..)?);
    Some((rest, Some(span)))
}

/// "2s", "2" with "seconds".
pub(super) fn duration(number: &str, unit: &str) -> Option<Span> {
    let unit = match unit {
        "" => "",
        "s" | "sec" | "secs" | "second" | "seconds" | "초" => "s",
        "ms" | "msec" | "millisecond" | "milliseconds" | "밀리초" => "ms",
        "min" | "mins" | "minute" | "minutes" | "분" => "min",
        _ => return None,
    };
    format!("{number}{unit}").parse().ok()
}

fn start(words: &[&str], within: Option<Span>, reason: Option<String>) -> Option<Vec<Clause>> {
    let words = match words {
        ["start" | "run" | "launch", rest @ ..] => rest,
        rest => rest,
    };
    let Some(at) = words.iter().position(|w| matches!(*w, "after" | "once")) else {
        let units = phrases(words)?;
        return Some(vec![Clause::Start(units)]);
    };
    let (unit, needs) = words.split_at_checked(at)?;
    let mut needs = needs.get(1..)?.to_vec();
    let mut unit = unit.to_vec();
    let only = unit.last() == Some(&"only");
    if only {
        unit.pop();
    }
    let mut kind = EdgeKind::Hard;
    let ends: [(&[&str], EdgeKind); 9] = [
        (&["has", "succeeded"], EdgeKind::Succeeded),
        (&["succeeded"], EdgeKind::Succeeded),
        (&["succeeds"], EdgeKind::Succeeded),
        (&["has", "finished"], EdgeKind::Succeeded),
        (&["if", "possible"], EdgeKind::Soft),
        (&["if", "available"], EdgeKind::Soft),
        (&["is", "ready"], EdgeKind::Hard),
        (&["is", "up"], EdgeKind::Hard),
        (&["is", "active"], EdgeKind::Hard),
    ];
    for (end, meant) in ends {
        if needs.ends_with(end) {
            needs.truncate(needs.len() - end.len());
            kind = meant;
            break;
        }
    }
    Some(vec![Clause::Needs {
        unit: phrases(&unit)?,
        needs: phrases(&needs)?,
        kind,
        deadline: within,
        reason,
    }])
}

/// "planner needs perception", "planner wants telemetry-db".
fn relation(words: &[&str], within: Option<Span>, reason: Option<String>) -> Option<Vec<Clause>> {
    let (at, kind) = words.iter().enumerate().find_map(|(i, w)| {
        Some((
            i,
            match *w {
                "needs" | "need" | "requires" | "require" => EdgeKind::Hard,
                "wants" | "want" | "prefers" | "likes" => EdgeKind::Soft,
                "upholds" => EdgeKind::Upheld,
                _ => return None,
            },
        ))
    })?;
    let (unit, needs) = words.split_at_checked(at)?;
    let needs = needs.get(1..)?;
    Some(vec![Clause::Needs {
        unit: phrases(unit)?,
        needs: phrases(needs)?,
        kind,
        deadline: within,
        reason,
    }])
}

/// "camera fails, stop planner", "node1 is lost stop planner".
fn condition(words: &[&str], within: Option<Span>) -> Option<Vec<Clause>> {
    let stop_at = words.iter().rposition(|w| *w == "stop")?;
    let (event, stop) = words.split_at_checked(stop_at)?;
    let stop = phrases(stop.get(1..)?)?;
    let event = event.strip_suffix(&["then"]).unwrap_or(event);
    let lost: [&[&str]; 6] = [
        &["is", "lost"],
        &["is", "gone"],
        &["dies"],
        &["disappears"],
        &["goes", "offline"],
        &["goes", "down"],
    ];
    if let Some(node) = lost.iter().find_map(|end| event.strip_suffix(*end)) {
        let node = node.strip_prefix(&["the"]).unwrap_or(node);
        let node = node
            .strip_prefix(&["node"])
            .filter(|n| !n.is_empty())
            .unwrap_or(node);
        if let [node] = node {
            return Some(vec![Clause::NodeLost {
                node: (*node).to_owned(),
                stop,
                within,
            }]);
        }
    }
    let fails: [&[&str]; 6] = [
        &["fails"],
        &["fail"],
        &["crashes"],
        &["stops"],
        &["has", "failed"],
        &["dies"],
    ];
    let unit = fails.iter().find_map(|end| event.strip_suffix(*end))?;
    let [when] = phrases(unit)?.try_into().ok()?;
    Some(vec![Clause::Stop { when, stop, within }])
}

/// "camera on node1 and the telemetry database".
fn phrases(words: &[&str]) -> Option<Vec<Phrase>> {
    let mut out = Vec::new();
    for part in words.split(|w| *w == "and") {
        let part: Vec<&str> = part
            .iter()
            .copied()
            .filter(|w| !matches!(*w, "the" | "a" | "service" | "both"))
            .collect();
        let (unit, node) = match part.iter().position(|w| matches!(*w, "on" | "at")) {
            Some(at) => {
                let (unit, node) = part.split_at_checked(at)?;
                let node = node
                    .iter()
                    .skip(1)
                    .filter(|w| **w != "node")
                    .copied()
                    .collect::<Vec<_>>();
                let [node] = node.as_slice() else { return None };
                (unit.to_vec(), Some((*node).to_owned()))
            }
            None => (part, None),
        };
        // More words than a name has are something the grammar does not know.
        if unit.is_empty() || unit.len() > 3 {
            return None;
        }
        out.push(Phrase {
            unit: unit.join(" "),
            node,
        });
    }
    Some(out)
}
