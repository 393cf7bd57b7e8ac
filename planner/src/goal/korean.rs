//! Korean sentences.

use super::english::duration;
use super::grammar::{Clause, Phrase};
use super::resolve::Names;
use crate::plan::EdgeKind;
use crate::quantity::Span;

const AFTER: [&str; 7] = ["다음에", "이후에", "후에", "뒤에", "다음", "이후", "나서"];
const FAILS: [&str; 6] = [
    "실패하면",
    "죽으면",
    "고장 나면",
    "고장나면",
    "멈추면",
    "중단되면",
];
const LOST: [&str; 6] = [
    "끊기면",
    "사라지면",
    "잃으면",
    "오프라인이 되면",
    "꺼지면",
    "다운되면",
];
const START: [&str; 7] = ["시작", "실행", "기동", "띄워", "띄운다", "켜", "올려"];
const STOP: [&str; 6] = ["중지", "멈춰", "멈춘다", "정지", "세워", "꺼"];

/// The clauses of one sentence, or `None` if it is not one of the grammar's.
pub(super) fn clauses(sentence: &str, names: &Names<'_>) -> Option<Vec<Clause>> {
    if !sentence.chars().any(|c| ('가'..='힣').contains(&c)) {
        return None;
    }
    let (text, within) = take_within(sentence)?;
    if let Some((when, rest)) = cut(&text, &FAILS) {
        let stop = phrases(cut_verb(&rest, &STOP)?, names)?;
        let [when] = phrases(&when, names)?.try_into().ok()?;
        return Some(vec![Clause::Stop { when, stop, within }]);
    }
    if let Some((node, rest)) = cut(&text, &LOST) {
        let stop = phrases(cut_verb(&rest, &STOP)?, names)?;
        let node = node.trim().trim_start_matches("노드 ").to_owned();
        return Some(vec![Clause::NodeLost { node, stop, within }]);
    }
    if ["모두", "전부", "모든"].iter().any(|w| text.contains(w)) && text.contains("준비") {
        return Some(vec![Clause::AllWithin(within?)]);
    }
    if let Some((needs, rest)) = cut(&text, &AFTER) {
        let unit = phrases(cut_verb(&rest, &START)?, names)?;
        let (needs, kind) = manner(&needs);
        return Some(vec![Clause::Needs {
            unit,
            needs: phrases(&needs, names)?,
            kind,
            deadline: within,
            reason: None,
        }]);
    }
    for (end, kind) in [
        ("필요", EdgeKind::Hard),
        ("있으면 좋", EdgeKind::Soft),
        ("원한", EdgeKind::Soft),
    ] {
        if let Some((left, _)) = text.split_once(end) {
            let (unit, needs) = split_topic(left)?;
            return Some(vec![Clause::Needs {
                unit: phrases(&unit, names)?,
                needs: phrases(&needs, names)?,
                kind,
                deadline: within,
                reason: None,
            }]);
        }
    }
    let units = cut_verb(&text, &START)?;
    Some(vec![Clause::Start(phrases(units, names)?)])
}

/// "캘리브레이션이 성공한 다음에": how what is needed has to have gone.
fn manner(needs: &str) -> (String, EdgeKind) {
    let needs = needs.trim();
    let ends = [
        ("성공한", EdgeKind::Succeeded),
        ("끝난", EdgeKind::Succeeded),
        ("완료된", EdgeKind::Succeeded),
        ("가능하면", EdgeKind::Soft),
        ("시작된", EdgeKind::Hard),
        ("시작한", EdgeKind::Hard),
        ("준비된", EdgeKind::Hard),
        ("뜬", EdgeKind::Hard),
    ];
    for (end, kind) in ends {
        if let Some(rest) = needs.strip_suffix(end) {
            return (rest.trim().to_owned(), kind);
        }
    }
    if let Some(rest) = needs.strip_prefix("가능하면") {
        return (rest.trim().to_owned(), EdgeKind::Soft);
    }
    (needs.to_owned(), EdgeKind::Hard)
}

/// Cuts at the first of the markers that is there.
fn cut(text: &str, markers: &[&str]) -> Option<(String, String)> {
    let (left, right) = markers.iter().find_map(|m| text.split_once(m))?;
    Some((
        left.trim().to_owned(),
        right.trim().trim_start_matches(',').trim().to_owned(),
    ))
}

/// What stands before the verb at the end.
fn cut_verb<'t>(text: &'t str, verbs: &[&str]) -> Option<&'t str> {
    let at = verbs.iter().filter_map(|v| text.rfind(v)).max()?;
    let (left, right) = text.split_at_checked(at)?;
    // Behind the verb only its ending may stand.
    (right.chars().count() <= 8).then_some(left.trim())
}

/// "planner는 perception이 필요하다": at the topic's particle.
fn split_topic(text: &str) -> Option<(String, String)> {
    let mut left = String::new();
    let mut words = text.split_whitespace();
    for word in words.by_ref() {
        left.push_str(word);
        left.push(' ');
        if word.ends_with(['은', '는']) {
            let rest: Vec<&str> = words.collect();
            return (!rest.is_empty()).then(|| (left.trim().to_owned(), rest.join(" ")));
        }
    }
    None
}

/// Takes "2초 안에" out of a sentence.
fn take_within(text: &str) -> Option<(String, Option<Span>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(at) = words.iter().position(|w| {
        matches!(
            w.trim_end_matches(','),
            "안에" | "이내에" | "내에" | "이내로" | "안으로"
        )
    }) else {
        return Some((words.join(" "), None));
    };
    let before = words.get(..at)?;
    let last = before.last()?;
    let digits = last.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (span, used) = match digits.and_then(|d| last.split_at_checked(d)) {
        Some((number, unit)) if !number.is_empty() => (duration(number, unit)?, 1),
        Some(_) => (
            duration(before.get(before.len().checked_sub(2)?)?, last)?,
            2,
        ),
        None => return None,
    };
    let mut rest = before.get(..before.len().checked_sub(used)?)?.to_vec();
    rest.extend(words.get(at + 1..)?);
    Some((rest.join(" "), Some(span)))
}

/// "node1의 카메라와 텔레메트리 DB를".
fn phrases(text: &str, names: &Names<'_>) -> Option<Vec<Phrase>> {
    let mut out = Vec::new();
    for part in parts(text, names) {
        let mut node = None;
        let mut unit = Vec::new();
        for word in part.split_whitespace() {
            let word = word.trim_end_matches(',');
            if matches!(
                word,
                "있는"
                    | "서비스"
                    | "서비스를"
                    | "먼저"
                    | "노드"
                    | "그리고"
                    | "그"
                    | "한"
                    | "다시"
            ) {
                continue;
            }
            let is_node = ["의", "에서", "에"].iter().any(|p| word.ends_with(p))
                && names.node(word).is_some();
            if is_node {
                node = Some(word.to_owned())
            } else {
                unit.push(word)
            }
        }
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

/// Cuts a list at commas, "및", "그리고", and at "와", "과" and "하고" behind a name.
fn parts(text: &str, names: &Names<'_>) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in text.split_whitespace() {
        if matches!(word, "및" | "그리고") {
            out.push(String::new());
            continue;
        }
        let plain = word.trim_end_matches(',');
        let joint = ["하고", "와", "과", "이랑", "랑"]
            .iter()
            .find_map(|p| plain.strip_suffix(p))
            .filter(|w| names.knows(w));
        if let Some(last) = out.last_mut() {
            last.push_str(joint.unwrap_or(plain));
            last.push(' ');
        }
        if joint.is_some() || plain.len() < word.len() {
            out.push(String::new());
        }
    }
    out.into_iter()
        .map(|p| p.trim().to_owned())
        .filter(|p| !p.is_empty())
        .collect()
}
