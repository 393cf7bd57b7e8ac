//! Korean sentences.

use super::english::duration;
use super::grammar::{Clause, Phrase};
use super::resolve::Names;
use super::template::{self, Means};
use crate::plan::EdgeKind;
use crate::quantity::Span;

/// The sentences that are read whole.
#[rustfmt::skip]
const SENTENCES: [(&str, Means); 22] = [
    ("X은 [마찬가지로] Y에 의존합니다|의존한다|의존해|의존해요", Means::Needs(EdgeKind::Hard)),
    ("X은 Y 없이|없이는 [아무] 의미가|소용이 없다|없습니다|없어|없어요", Means::Needs(EdgeKind::Hard)),
    ("X은 Y 없이|없이는 [아무] 의미가|소용이 없으니|없으므로 [절대] 혼자|홀로 돌면|실행되면 안 됩니다|된다|돼|돼요", Means::Needs(EdgeKind::Hard)),
    ("X은 Y 없이|없이는 [절대] 돌면|실행되면|시작하면|시작되면 안 됩니다|된다|돼|돼요", Means::Needs(EdgeKind::Hard)),
    ("X은 Y을 기다렸으면|기다리면 하지만|좋겠지만 , Y이 [끝내|끝까지] 올라오지|뜨지|시작되지|시작하지 않아도|않더라도 * 해야 합니다|한다|해|해요", Means::Needs(EdgeKind::Soft)),
    ("[반드시] Y [작업이] 성공적으로 끝나야|끝나야만|완료되어야|완료되어야만 X을 시작할|실행할|기동할 수 있습니다|있다|있어|있어요", Means::Needs(EdgeKind::Succeeded)),
    ("[반드시] Y [작업이] 성공해야|성공해야만 X을 시작할|실행할|기동할 수 있습니다|있다|있어|있어요", Means::Needs(EdgeKind::Succeeded)),
    ("[반드시] Y [작업이] 성공한|완료된 다음에만|후에만|뒤에만 X을 V", Means::Needs(EdgeKind::Succeeded)),
    ("X 순서로|순서대로|순으로 이어 [주세요|줘|주십시오]", Means::Chain),
    ("X 순서로|순서대로|순으로 V", Means::Chain),
    ("X을 순서대로|차례로 V", Means::Chain),
    ("X은 Y을 최대 T 기다립니다|기다린다|기다려|기다려요", Means::Deadline),
    ("X을 시작하기|실행하기|기동하기|켜기|띄우기 전에 Y이 [모두|전부|다] 준비되어|준비돼|실행되어|떠 있어야 합니다|한다|해|해요", Means::Needs(EdgeKind::Hard)),
    ("X을 시작하기|실행하기|기동하기|켜기|띄우기 전에 [먼저] Y을 [먼저] V", Means::After),
    ("X 전에 [먼저] Y을 [먼저] V", Means::After),
    ("X을 Y 다음에|후에|뒤에|이후에 V", Means::After),
    ("[먼저] Y을 올리고|켜고|띄우고|시작하고|실행하고 , Y이 돌기|뜨기 시작하면 [N에서] X이 올라오게|시작되게|뜨게 해 [주세요|줘]", Means::After),
    ("[먼저] Y을 올리고|켜고|띄우고|시작하고|실행하고 [,] Y이 준비되면|뜨면|올라오면|시작되면 [N에서] X을 V", Means::After),
    ("[먼저] Y을 올리고|켜고|띄우고|시작하고|실행하고 [,] [그] 다음에|뒤에|후에 X을 V", Means::After),
    ("[모든] [서비스가|유닛이] 모두|전부|다 준비되어|준비돼 [있어야] 합니다|한다|해|해요", Means::AllWithin),
    ("모두|전부|다 준비되어야|준비돼야 합니다|한다|해|해요", Means::AllWithin),
    ("모든 서비스가|유닛이 [모두|전부|다] 준비되어야|준비돼야 합니다|한다|해|해요", Means::AllWithin),
];

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

/// What may stand behind "시작" and other verbs that are nouns with 하다. "하지 마" and "하면 안 된다" are not among it.
#[rustfmt::skip]
const DOES: [&str; 26] = [
    "", "해", "해라", "해요", "하라", "하세요", "하십시오", "한다", "합니다", "할 것", "하기", "하자", "해줘", "해 줘", "해주세요",
    "해 주세요", "해주십시오", "해 주십시오", "시켜", "시켜라", "시켜줘", "시켜 줘", "시켜 주세요", "시킨다", "시킵니다", "해야 한다",
];

/// What may stand behind "띄워" and other verbs in that form.
const PLEASE: [&str; 9] = [
    "",
    "라",
    "요",
    "줘",
    " 줘",
    "주세요",
    " 주세요",
    "주십시오",
    " 주십시오",
];

/// Verbs of starting and of stopping: nouns with 하다, the form before "줘", and the plain form.
const START: [&[&str]; 3] = [
    &["시작", "실행", "기동"],
    &["띄워", "켜", "올려"],
    &["띄운다", "켠다", "올린다", "띄웁니다", "켭니다", "올립니다"],
];
const STOP: [&[&str]; 3] = [
    &["중지", "정지", "중단"],
    &["멈춰", "세워", "꺼"],
    &["멈춘다", "세운다", "끈다", "멈춥니다", "세웁니다", "끕니다"],
];

/// Whether words are a verb of starting, as a wish or an order.
pub(super) fn is_start(words: &str) -> bool {
    is_verb(words, &START)
}

fn is_verb(words: &str, [nouns, forms, plain]: &[&[&str]; 3]) -> bool {
    let ends = |stems: &[&str], ends: &[&str]| {
        let rests = stems.iter().filter_map(|s| words.strip_prefix(s));
        // A noun may stand apart from its 하다.
        rests
            .into_iter()
            .any(|rest| ends.contains(&rest) || ends.contains(&rest.trim_start()))
    };
    ends(nouns, &DOES) || ends(forms, &PLEASE) || plain.contains(&words)
}

/// Whether a word ends in the particle of a pattern's slot, or in one that stands for it.
pub(super) fn ends_with_particle(word: &str, particle: &str) -> bool {
    let any: &[char] = match particle {
        "은" | "이" => &['은', '는', '이', '가', '도'],
        "을" => &['을', '를'],
        "에" => &['에'],
        _ => return word.ends_with(particle),
    };
    word.ends_with(any)
}

/// "2초", "2초까지만".
pub(super) fn time(words: &[&str]) -> Option<Span> {
    let joined = words.concat();
    let text = ["까지만", "까지", "동안", "만"]
        .iter()
        .find_map(|end| joined.strip_suffix(end))
        .unwrap_or(&joined);
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(at)?;
    duration(number, unit)
}

/// The clauses of one sentence, or `None` if it is not one of the grammar's.
pub(super) fn clauses(sentence: &str, names: &Names<'_>) -> Option<Vec<Clause>> {
    if !sentence.chars().any(|c| ('가'..='힣').contains(&c)) {
        return None;
    }
    let (text, within) = take_within(sentence)?;
    let spaced = text.replace(',', " , ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let list = |words: &[&str]| phrases(&words.join(" ").replace(" ,", ","), names);
    template::clauses(&SENTENCES, &words, within, names, &list)
        .or_else(|| marked(&text, within, names))
}

/// Sentences that are told by a marker in their middle: "다음에", "실패하면", "필요하다".
fn marked(text: &str, within: Option<Span>, names: &Names<'_>) -> Option<Vec<Clause>> {
    if let Some((when, rest)) = cut(text, &FAILS) {
        let stop = phrases(cut_verb(&rest, &STOP)?, names)?;
        let [when] = phrases(&when, names)?.try_into().ok()?;
        return Some(vec![Clause::Stop { when, stop, within }]);
    }
    if let Some((node, rest)) = cut(text, &LOST) {
        let stop = phrases(cut_verb(&rest, &STOP)?, names)?;
        let node = node.trim().trim_start_matches("노드 ").to_owned();
        return Some(vec![Clause::NodeLost { node, stop, within }]);
    }
    if let Some((needs, rest)) = cut(text, &AFTER) {
        let unit = phrases(cut_verb(&rest, &START)?, names)?;
        let (needs, kind) = manner(&needs);
        return Some(vec![Clause::Needs {
            unit,
            needs: phrases(&needs, names)?,
            kind,
            firm: kind != EdgeKind::Hard,
            deadline: within,
            reason: None,
        }]);
    }
    if let Some(clause) = need(text, within, names) {
        return Some(vec![clause]);
    }
    // A time belongs to an edge, and here is none.
    let units = cut_verb(text, &START).filter(|_| within.is_none())?;
    Some(vec![Clause::Start(phrases(units, names)?)])
}

/// "플래너는 인지가 필요하다". What stands behind the marker has to be one of its endings: "필요하지 않다" is not.
fn need(text: &str, within: Option<Span>, names: &Names<'_>) -> Option<Clause> {
    const NEEDS: [&str; 7] = ["하다", "합니다", "해", "해요", "함", "로 한다", "로 합니다"];
    const GOOD: [&str; 8] = [
        "다",
        "습니다",
        "아",
        "아요",
        "겠다",
        "겠습니다",
        "겠어",
        "겠어요",
    ];
    const WANTS: [&str; 1] = ["다"];
    let markers: [(&str, EdgeKind, &[&str]); 3] = [
        ("필요", EdgeKind::Hard, &NEEDS),
        ("있으면 좋", EdgeKind::Soft, &GOOD),
        ("원한", EdgeKind::Soft, &WANTS),
    ];
    let (left, kind) = markers.iter().find_map(|(marker, kind, ends)| {
        let (left, end) = text.split_once(marker)?;
        ends.contains(&end.trim()).then_some((left, *kind))
    })?;
    let (unit, needs) = split_topic(left)?;
    Some(Clause::Needs {
        unit: phrases(&unit, names)?,
        needs: phrases(&needs, names)?,
        kind,
        firm: true,
        deadline: within,
        reason: None,
    })
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

/// What stands before the verb at the end, which has to be one of starting or stopping and nothing else.
fn cut_verb<'t>(text: &'t str, verbs: &[&[&str]; 3]) -> Option<&'t str> {
    let places = text.char_indices().map(|(at, _)| at);
    places
        .filter_map(|at| text.split_at_checked(at))
        .find_map(|(left, right)| {
            (left.ends_with(char::is_whitespace) && is_verb(right.trim_end(), verbs))
                .then_some(left.trim())
        })
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
    (!out.is_empty()).then_some(out)
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
