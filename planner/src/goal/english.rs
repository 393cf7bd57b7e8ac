//! English sentences.

use super::grammar::{Clause, Phrase};
use super::resolve::Names;
use super::template::{self, Means};
use crate::plan::EdgeKind;
use crate::plan::EdgeKind::{Hard, Soft, Succeeded, Upheld};
use crate::quantity::Span;

/// The sentences that are read whole.
#[rustfmt::skip]
const SENTENCES: [(&str, Means); 38] = [
    ("X [in turn] depends|relies on|upon Y", Means::Needs(Hard)),
    ("X is useless|pointless|meaningless without Y", Means::Needs(Hard)),
    ("X is useless|pointless|meaningless without Y , so X must|may|can|shall never|not run|work|start alone", Means::Needs(Hard)),
    ("X is useless|pointless|meaningless without Y , so X must|may|can|shall never|not run|work|start by itself", Means::Needs(Hard)),
    ("X cannot|can't run|work|start|exist without Y", Means::Needs(Hard)),
    ("X must|may|can|should|shall never|not run|work|start without Y", Means::Needs(Hard)),
    ("X may|can|must|should|shall only [be] start|started|run|launched when|after|once Y [job] has completed|finished|succeeded [successfully]", Means::Needs(Succeeded)),
    ("X may|can|must|should|shall be started|launched only when|after|once Y [job] has completed|finished|succeeded [successfully]", Means::Needs(Succeeded)),
    ("[only] start|run|launch X [only] when|after|once Y [job] has completed|finished|succeeded [successfully]", Means::Needs(Succeeded)),
    ("X may|can|must|should|shall only [be] start|started|run|launched when|after|once Y is up|ready|running|active", Means::Needs(Hard)),
    ("[i] [we] would like X to wait for Y , but X has|needs to * even if Y never comes|starts [up]", Means::Needs(Soft)),
    ("[i] [we] want X to wait for Y , but X has|needs to * even if Y never comes|starts [up]", Means::Needs(Soft)),
    ("X should wait for Y , but X has|needs to * even if Y never comes|starts [up]", Means::Needs(Soft)),
    ("X should|shall|may wait for Y [,] if possible|available", Means::Needs(Soft)),
    ("X prefers|likes to wait for Y", Means::Needs(Soft)),
    ("keep Y running|up|alive whenever|while X runs", Means::Needs(Upheld)),
    ("keep Y running|up|alive whenever|while X is up|running|active", Means::Needs(Upheld)),
    ("keep Y running|up|alive whenever|while X runs , without making X depend on Y", Means::Needs(Upheld)),
    ("keep Y running|up|alive whenever|while X runs , and order Y before X [,] without making X depend on Y", Means::Needs(Upheld)),
    ("chain X", Means::Chain),
    ("chain X in this|that order", Means::Chain),
    ("start|run|launch X in this|that order", Means::Chain),
    ("bring up X in this|that order", Means::Chain),
    ("start|run|launch Y before X", Means::After),
    ("[then] bring up Y before X", Means::After),
    ("Y starts|runs before X", Means::After),
    ("[make] [sure] [ensure] [that] X starts|runs after|once Y", Means::After),
    ("[make] [sure] [ensure] [that] X starts|runs after|once Y is up|ready|running|active", Means::After),
    ("[make] [sure] [ensure] [that] X comes up after|once Y [is] [up]", Means::After),
    ("after Y [,] start|run|launch X", Means::After),
    ("once|when Y is up|ready|running|active [,] start|run|launch X", Means::After),
    ("bring up Y [first] , and once|when Y is up|ready|running|active [,] let X come up [on] N", Means::After),
    ("bring up Y [first] , and once|when Y is up|ready|running|active [,] let X come up", Means::After),
    ("start|run|launch Y [first] , and once|when Y is up|ready|running|active [,] start|run|launch X", Means::After),
    ("X gets|has|waits at most T for Y", Means::Deadline),
    ("X gets|has at most T to see|reach|find|get Y", Means::Deadline),
    ("everything|all [services] [units] must|shall|should|has|have [to] be up|ready|running|started|active", Means::AllWithin),
    ("everything|all [services] [units] must|shall|should [come] up|start", Means::AllWithin),
];

/// The clauses of one sentence, or `None` if it is not one of the grammar's.
pub(super) fn clauses(sentence: &str, names: &Names<'_>) -> Option<Vec<Clause>> {
    let (sentence, reason) = match split_word(sentence, "because") {
        Some((left, right)) => (left, Some(right)),
        None => (sentence.to_owned(), None),
    };
    let lower = sentence.to_lowercase().replace(',', " , ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let words = words.strip_prefix(&["please"]).unwrap_or(&words);
    let (words, within) = take_within(words)?;
    let words = words.as_slice();
    let whole = template::clauses(&SENTENCES, words, within, names, &phrases);
    let known = |clauses: &Vec<Clause>| template::are_known(clauses, names);
    // A reading with a name that nobody knows becomes a question, so one that has none comes first.
    let mut clauses = match (whole, opened(words, within)) {
        (Some(whole), opened) if known(&whole) || !opened.as_ref().is_some_and(known) => whole,
        (_, opened) => opened?,
    };
    if let Some(text) = reason {
        give_reason(&mut clauses, &text);
    }
    Some(clauses)
}

/// Sentences that are told by their first word, or by their verb.
fn opened(words: &[&str], within: Option<Span>) -> Option<Vec<Clause>> {
    match words {
        ["if" | "when", rest @ ..] => condition(rest, within),
        ["start" | "run" | "launch", rest @ ..] if rest.contains(&"then") => sequence(rest, within),
        ["then", rest @ ..] => then(rest, within),
        ["start" | "run" | "launch" | "and", rest @ ..] => start(rest, within),
        ["first", rest @ ..] => {
            let rest = rest.strip_prefix(&[","]).unwrap_or(rest);
            matches!(rest, ["start" | "run" | "launch", ..]).then_some(())?;
            opened(rest, within)
        }
        _ => relation(words, within),
    }
}

/// Puts the words behind "because" on the edges; they are for the reader, and change nothing.
fn give_reason(clauses: &mut [Clause], text: &str) {
    for clause in clauses {
        if let Clause::Needs { reason, .. } = clause {
            *reason = Some(text.to_owned());
        }
    }
}

/// "camera, then perception and then start planner": each step after the one before it.
fn sequence(words: &[&str], within: Option<Span>) -> Option<Vec<Clause>> {
    if within.is_some() {
        return None;
    }
    let steps: Option<Vec<Vec<Phrase>>> = words
        .split(|w| *w == "then")
        .map(|step| {
            let ends = |w: &&&str| matches!(**w, "," | "and" | "first");
            let end = step.iter().rev().take_while(ends).count();
            let step = step.get(..step.len() - end)?;
            let starts = |w: &&&str| matches!(**w, "start" | "run" | "launch" | ",");
            let begin = step.iter().take_while(starts).count();
            phrases(step.get(begin..)?)
        })
        .collect();
    template::chain(steps?)
}

/// "Then start planner", after what the sentence before has started.
fn then(words: &[&str], within: Option<Span>) -> Option<Vec<Clause>> {
    match words.strip_prefix(&[","]).unwrap_or(words) {
        ["start" | "run" | "launch", rest @ ..]
            if within.is_none() && !rest.contains(&"after") && !rest.contains(&"once") =>
        {
            Some(vec![Clause::Then(phrases(rest)?)])
        }
        _ => None,
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
    let (span, used) = match time(after.get(1..2)?) {
        Some(span) => (span, 2),
        None => (time(after.get(1..3)?)?, 3),
    };
    let mut rest = before.to_vec();
    rest.extend(after.get(used..)?);
    Some((rest, Some(span)))
}

/// "2 s", "2s", "two seconds".
pub(super) fn time(words: &[&str]) -> Option<Span> {
    const NUMBERS: [&str; 11] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let digits = |word: &str| {
        let at = NUMBERS.iter().position(|n| *n == word);
        at.map_or_else(|| word.to_owned(), |at| at.to_string())
    };
    match words {
        [both] => duration(both, ""),
        [number, unit] => duration(&digits(number), unit),
        _ => None,
    }
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

fn start(words: &[&str], within: Option<Span>) -> Option<Vec<Clause>> {
    let words = match words {
        ["start" | "run" | "launch", rest @ ..] => rest,
        rest => rest,
    };
    let Some(at) = words.iter().position(|w| matches!(*w, "after" | "once")) else {
        // A time belongs to an edge, and here is none.
        let units = phrases(words).filter(|_| within.is_none())?;
        return Some(vec![Clause::Start(units)]);
    };
    let (unit, needs) = words.split_at_checked(at)?;
    let mut needs = needs.get(1..)?.to_vec();
    let mut unit = unit.to_vec();
    let only = unit.last() == Some(&"only");
    if only {
        unit.pop();
    }
    let (mut kind, mut firm) = (EdgeKind::Hard, false);
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
            (kind, firm) = (meant, meant != EdgeKind::Hard);
            break;
        }
    }
    Some(vec![Clause::Needs {
        unit: phrases(&unit)?,
        needs: phrases(&needs)?,
        kind,
        firm,
        deadline: within,
        reason: None,
    }])
}

/// "planner needs perception", "planner wants telemetry-db".
fn relation(words: &[&str], within: Option<Span>) -> Option<Vec<Clause>> {
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
        firm: true,
        deadline: within,
        reason: None,
    }])
}

/// "camera fails, stop planner", "node1 is lost stop planner".
fn condition(words: &[&str], within: Option<Span>) -> Option<Vec<Clause>> {
    let stop_at = words.iter().rposition(|w| *w == "stop")?;
    let (event, stop) = words.split_at_checked(stop_at)?;
    let stop = phrases(stop.get(1..)?)?;
    let event = event.strip_suffix(&["then"]).unwrap_or(event);
    let event = event.strip_suffix(&[","]).unwrap_or(event);
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
    for part in words.split(|w| matches!(*w, "and" | ",")) {
        let part: Vec<&str> = part
            .iter()
            .copied()
            .filter(|w| !matches!(*w, "the" | "a" | "service" | "both"))
            .collect();
        // "camera, and planner" has nothing between the comma and the "and".
        if part.is_empty() && words.len() > 1 {
            continue;
        }
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
    (!out.is_empty()).then_some(out)
}
