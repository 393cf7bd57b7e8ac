//! Whole sentences by pattern.
//!
//! A pattern has to take every word of a sentence: one word more, such as a "not", and it does not match. Where a
//! sentence can be taken in two ways that both name units there are, it is taken in none.
//!
//! In a pattern, `a|b` is one of several words, `[...]` may be missing, `X` and `Y` are lists of units (in Korean with
//! the particle that has to end them, as `X은`), `N` is a node, `T` a duration, `V` a Korean verb of starting, `*` any
//! one word. A slot that comes twice has to be the same again, or shorter ("the database"), or "it".

use std::collections::BTreeMap;

use super::grammar::{Clause, Phrase};
use super::resolve::{Found, Names, stripped};
use super::{english, korean};
use crate::plan::EdgeKind;
use crate::quantity::Span;

/// More words than this no pattern takes; it also bounds the work.
const LONGEST: usize = 40;

/// More words than this no list of units has.
const LONGEST_SLOT: usize = 10;

/// What a sentence of a pattern says. `X` is what depends, `Y` what it depends on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Means {
    /// X starts after Y, and nothing is said of how.
    After,
    /// X needs Y in this way.
    Needs(EdgeKind),
    /// Each of X after the one before it.
    Chain,
    /// X waits for Y no longer than T.
    Deadline,
    /// All is up within the time of the sentence.
    AllWithin,
}

/// How a language reads a list of units.
pub(super) type Phrases<'f> = &'f dyn Fn(&[&str]) -> Option<Vec<Phrase>>;

/// What the one pattern that fits says, or `None` if none or more than one fits.
pub(super) fn clauses(
    table: &[(&str, Means)],
    words: &[&str],
    within: Option<Span>,
    names: &Names<'_>,
    phrases: Phrases<'_>,
) -> Option<Vec<Clause>> {
    if words.len() > LONGEST {
        return None;
    }
    let mut found: Vec<Vec<Clause>> = Vec::new();
    for (pattern, means) in table {
        let mut bindings = Vec::new();
        walk(&parse(pattern), words, Bound::default(), &mut bindings);
        let readings = bindings
            .iter()
            .filter_map(|b| b.says(*means, within, phrases));
        for reading in readings {
            if !found.contains(&reading) {
                found.push(reading);
            }
        }
    }
    let known: Vec<&Vec<Clause>> = found.iter().filter(|c| are_known(c, names)).collect();
    match known.as_slice() {
        [one] => Some((*one).clone()),
        // Every reading has a name that nobody knows; whichever is taken, it comes out as a question.
        [] => found.first().cloned(),
        _ => None,
    }
}

/// Whether every unit that is named is there.
pub(super) fn are_known(clauses: &[Clause], names: &Names<'_>) -> bool {
    clauses
        .iter()
        .flat_map(Clause::phrases)
        .all(|p| !matches!(names.unit(&p.unit, p.node.as_deref()), Found::None(_)))
}

#[derive(Debug, Clone)]
enum Part<'p> {
    Words(Vec<&'p str>),
    Slot(char, &'p str),
    Time,
    Verb,
    Any,
    Maybe(Vec<Part<'p>>),
}

fn parse(pattern: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut group: Option<Vec<Part<'_>>> = None;
    for word in pattern.split_whitespace() {
        let inner = word.trim_start_matches('[').trim_end_matches(']');
        if word.starts_with('[') {
            group = Some(Vec::new());
        }
        let mut letters = inner.chars();
        let part = match (letters.next(), letters.as_str()) {
            (Some('T'), "") => Part::Time,
            (Some('V'), "") => Part::Verb,
            (Some('*'), "") => Part::Any,
            (Some(c @ ('X' | 'Y' | 'N')), particle) => Part::Slot(c, particle),
            _ => Part::Words(inner.split('|').collect()),
        };
        group.as_mut().unwrap_or(&mut out).push(part);
        if word.ends_with(']') {
            out.extend(group.take().map(Part::Maybe));
        }
    }
    out
}

/// What the slots of a pattern have taken.
#[derive(Debug, Clone, Default)]
struct Bound<'t> {
    slots: BTreeMap<char, Vec<&'t str>>,
    time: Option<Span>,
}

fn walk<'t>(parts: &[Part<'_>], words: &[&'t str], bound: Bound<'t>, out: &mut Vec<Bound<'t>>) {
    let Some((part, rest)) = parts.split_first() else {
        if words.is_empty() {
            out.push(bound);
        }
        return;
    };
    if let Part::Maybe(inner) = part {
        walk(rest, words, bound.clone(), out);
        let with: Vec<Part<'_>> = inner.iter().chain(rest).cloned().collect();
        walk(&with, words, bound, out);
        return;
    }
    let longest = match part {
        Part::Slot('N', _) | Part::Words(_) | Part::Any => 1,
        Part::Time => 2,
        Part::Verb => 3,
        _ => LONGEST_SLOT,
    };
    for count in 1..=longest.min(words.len()) {
        if let Some((head, tail)) = words.split_at_checked(count)
            && let Some(bound) = bound.clone().take(part, head)
        {
            walk(rest, tail, bound, out);
        }
    }
}

impl<'t> Bound<'t> {
    /// The bindings with `head` taken by `part`, if it can take it.
    fn take(mut self, part: &Part<'_>, head: &[&'t str]) -> Option<Self> {
        let fits = match part {
            Part::Words(words) => head.iter().all(|w| words.contains(w)),
            Part::Any => head != [","],
            Part::Verb => korean::is_start(&head.join(" ")),
            Part::Time => {
                self.time = Some(english::time(head).or_else(|| korean::time(head))?);
                true
            }
            Part::Slot(name, particle) => self.fill(*name, particle, head),
            Part::Maybe(_) => false,
        };
        fits.then_some(self)
    }

    fn fill(&mut self, name: char, particle: &str, head: &[&'t str]) -> bool {
        let ends = |w: &&str| particle.is_empty() || korean::ends_with_particle(w, particle);
        if head.first() == Some(&",") || !head.last().is_some_and(ends) || head.last() == Some(&",")
        {
            return false;
        }
        match self.slots.get(&name) {
            Some(there) => refers_back(there, head),
            None => {
                self.slots.insert(name, head.to_vec());
                true
            }
        }
    }

    fn says(
        &self,
        means: Means,
        within: Option<Span>,
        phrases: Phrases<'_>,
    ) -> Option<Vec<Clause>> {
        let slot = |name| self.slots.get(&name).and_then(|words| phrases(words));
        let needs = |kind, firm| {
            let mut unit = slot('X')?;
            if let Some([node]) = self.slots.get(&'N').map(Vec::as_slice) {
                for phrase in &mut unit {
                    phrase.node.get_or_insert_with(|| (*node).to_owned());
                }
            }
            Some(vec![Clause::Needs {
                unit,
                needs: slot('Y')?,
                kind,
                firm,
                deadline: within,
                reason: None,
            }])
        };
        match means {
            Means::After => needs(EdgeKind::Hard, false),
            Means::Needs(kind) => needs(kind, true),
            Means::Chain if within.is_none() => {
                chain(slot('X')?.into_iter().map(|p| vec![p]).collect())
            }
            Means::Deadline if within.is_none() => Some(vec![Clause::Deadline {
                unit: slot('X')?,
                needs: slot('Y')?,
                span: self.time?,
            }]),
            Means::AllWithin => Some(vec![Clause::AllWithin(within?)]),
            Means::Chain | Means::Deadline => None,
        }
    }
}

/// Each step after the one before it.
pub(super) fn chain(steps: Vec<Vec<Phrase>>) -> Option<Vec<Clause>> {
    let edges: Vec<Clause> = steps
        .windows(2)
        .filter_map(|pair| match pair {
            [first, second] => Some(Clause::Needs {
                unit: second.clone(),
                needs: first.clone(),
                kind: EdgeKind::Hard,
                firm: false,
                deadline: None,
                reason: None,
            }),
            _ => None,
        })
        .collect();
    (!edges.is_empty()).then_some(edges)
}

/// Whether words mean what was named before: the same, the end of it, or "it".
fn refers_back(before: &[&str], now: &[&str]) -> bool {
    let plain = |words: &[&str]| -> Vec<String> {
        let words = words.iter().filter(|w| !matches!(**w, "the" | "a"));
        words.map(|w| (*w).to_owned()).collect()
    };
    let (before, now) = (plain(before).join(" "), plain(now).join(" "));
    let is_end = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
    };
    now == "it" || stripped(&before).any(|long| stripped(&now).any(|short| is_end(&long, &short)))
}
