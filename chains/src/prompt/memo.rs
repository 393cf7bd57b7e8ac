//! Counting each text once, and the joins between texts exactly.
//!
//! The counts of two texts do not add up to the count of both joined, in either direction. They
//! do at a [seam](TokenCounter::seam). So a text is counted from seam to seam once, and a text
//! made of many is counted by adding what lies between the outermost seams of each and counting
//! the few bytes around every join anew. Where a counter knows no seams the joined text is
//! counted whole, which gives the same and takes longer.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use gori_core::{Fidelity, TokenCounter};
use sha2::{Digest as _, Sha256};

use super::text::{ByHash, Text};

/// How far apart the seams are that a count is kept for at once, in bytes: the first cut between
/// two of them counts at most about this much anew, and those near it next to nothing.
const STRIDE: usize = 128;

/// A seam so near to a cut is near enough, in bytes.
const CLOSE: usize = 24;

/// How many seams near to cuts are kept of one text; above it they are found again.
const MOST_CLOSER: usize = 64;

/// Tokens between two seams are taken to lie evenly, which is good enough up to here, in bytes.
const DENSE: usize = 1_024;

/// Of longer joins a digest is kept in place of the text.
const LONG_JOIN: usize = 512;

/// How many texts and joins are kept; above it all are forgotten.
const MOST: usize = 1 << 16;

/// A token counter that remembers.
///
/// Keep one for as long as you plan prompts for a model: what comes again (rules, history,
/// passages) is then not counted again. It never changes a count.
///
/// ```
/// use gori_chains::prompt::{Budget, Memo, PromptBuilder, Section};
/// # use gori_core::{Fidelity, TokenCounter};
/// # #[derive(Debug)] struct Bytes;
/// # impl TokenCounter for Bytes {
/// #     fn id(&self) -> &str { "bytes" }
/// #     fn fidelity(&self) -> Fidelity { Fidelity::Exact }
/// #     fn count(&self, text: &str) -> usize { text.len() }
/// # }
/// # fn main() -> gori_core::Result<()> {
/// let memo = Memo::new(Bytes);
/// for question in ["Why?", "How?"] {
///     let prompt = PromptBuilder::text()
///         .section(Section::system("rules", "Answer in one sentence.").required())
///         .section(Section::user("question", question).required());
///     assert_eq!(prompt.build()?.plan_with(&Budget::of(100), &memo)?.total().tokens, 29);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Memo<'c> {
    counter: Box<dyn TokenCounter + 'c>,
    texts: Mutex<HashMap<Text, Arc<Measured>, ByHash>>,
    joins: Mutex<HashMap<Box<str>, usize>>,
    long_joins: Mutex<HashMap<[u8; 32], usize>>,
    joining: Joining,
}

/// How the count of a joined text is found. There is one right way; the other is the mistake
/// that the tests must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joining {
    Exact,
    #[cfg(test)]
    SumOfParts,
}

impl<'c> Memo<'c> {
    /// Remembers what this counter counts.
    pub fn new(counter: impl TokenCounter + 'c) -> Self {
        Self {
            counter: Box::new(counter),
            texts: Mutex::default(),
            joins: Mutex::default(),
            long_joins: Mutex::default(),
            joining: Joining::Exact,
        }
    }

    /// Adds up the counts of the parts instead of counting joins: wrong, for the tests.
    #[cfg(test)]
    pub(super) fn summing(counter: impl TokenCounter + 'c) -> Self {
        Self {
            joining: Joining::SumOfParts,
            ..Self::new(counter)
        }
    }

    pub(super) fn fidelity(&self) -> Fidelity {
        self.counter.fidelity()
    }

    /// The tokens of a text by itself.
    pub(super) fn count(&self, text: &Text) -> usize {
        let measured = self.measure(text);
        *measured
            .tokens
            .get_or_init(|| self.counter.count(text.as_str()))
    }

    pub(super) fn measure(&self, text: &Text) -> Arc<Measured> {
        if let Some(known) = lock(&self.texts).get(text) {
            return Arc::clone(known);
        }
        let measured = Arc::new(Measured::of(&*self.counter, text.as_str()));
        let mut texts = lock(&self.texts);
        if texts.len() >= MOST {
            texts.clear();
        }
        texts.insert(text.clone(), Arc::clone(&measured));
        measured
    }

    fn join(&self, text: &str) -> usize {
        match text.len() {
            0 => 0,
            1..=LONG_JOIN => self.remembered(&self.joins, text, || text.into(), text),
            _ => {
                let digest = <[u8; 32]>::from(Sha256::digest(text));
                self.remembered(&self.long_joins, &digest, || digest, text)
            }
        }
    }

    fn remembered<K, Q>(
        &self,
        joins: &Mutex<HashMap<K, usize>>,
        key: &Q,
        owned: impl FnOnce() -> K,
        text: &str,
    ) -> usize
    where
        K: Borrow<Q> + Hash + Eq,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(known) = lock(joins).get(key) {
            return *known;
        }
        let tokens = self.counter.count(text);
        let mut joins = lock(joins);
        if joins.len() >= MOST {
            joins.clear();
        }
        joins.insert(owned(), tokens);
        tokens
    }
}

/// A panic while the lock is held leaves at worst an entry out, so the map is used on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Memo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo")
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

/// What is known of a text: its count, and the counts up to some of its seams.
#[derive(Debug)]
pub(super) struct Measured {
    /// Counted when it is asked for where there is no seam, since then nothing else is gained.
    tokens: OnceLock<usize>,
    seams: Vec<Seam>,
    /// Seams near to cuts, with the tokens before them. Only exact counts come from these, so
    /// that who guesses by [`before`](Self::before) guesses the same with any memory.
    closer: Mutex<BTreeMap<usize, usize>>,
    dense: bool,
}

#[derive(Clone, Copy, Debug)]
struct Seam {
    at: usize,
    /// The tokens before it.
    tokens: usize,
}

impl Measured {
    fn of(counter: &dyn TokenCounter, text: &str) -> Self {
        let (Some(first), Some(last)) = (next_seam(counter, text, 0), last_seam(counter, text))
        else {
            return Self {
                tokens: OnceLock::new(),
                seams: Vec::new(),
                closer: Mutex::default(),
                dense: false,
            };
        };
        let part = |range: Range<usize>| counter.count(text.get(range).unwrap_or_default());
        let (mut at, mut tokens) = (first, part(0..first));
        let mut seams = Vec::with_capacity(text.len() / STRIDE + 2);
        seams.push(Seam { at, tokens });
        let mut widest = first.max(text.len() - last);
        while at < last {
            let next = next_seam(counter, text, at + STRIDE).map_or(last, |next| next.min(last));
            tokens += part(at..next);
            widest = widest.max(next - at);
            at = next;
            seams.push(Seam { at, tokens });
        }
        Self {
            tokens: OnceLock::from(tokens + part(last..text.len())),
            seams,
            closer: Mutex::default(),
            dense: widest <= DENSE,
        }
    }

    /// Seams strictly inside a range of the text, near to its ends where it has such, and the
    /// tokens before them. Strictly, since a seam is one only with both its neighbours present.
    fn inside(
        &self,
        counter: &dyn TokenCounter,
        text: &str,
        range: &Range<usize>,
    ) -> Option<(Seam, Seam)> {
        let from = self.seams.partition_point(|seam| seam.at <= range.start);
        let to = self.seams.partition_point(|seam| seam.at < range.end);
        let seams = self.seams.get(from..to)?;
        let (mut first, mut last) = (*seams.first()?, *seams.last()?);
        if range.start > 0 && first.at - range.start > CLOSE {
            let near = next_seam(counter, text, range.start + 1).filter(|at| *at < first.at);
            first = near.map_or(first, |at| self.closer(counter, text, first, at));
        }
        if range.end < text.len() && range.end - last.at > CLOSE {
            let near = text.get(last.at..range.end);
            let near = near.and_then(|near| last_seam(counter, near));
            last = near.map_or(last, |at| self.closer(counter, text, last, last.at + at));
        }
        Some((first, last))
    }

    /// The seam at this byte, counted from the one that is known.
    fn closer(&self, counter: &dyn TokenCounter, text: &str, known: Seam, at: usize) -> Seam {
        let mut closer = lock(&self.closer);
        if let Some(tokens) = closer.get(&at) {
            return Seam {
                at,
                tokens: *tokens,
            };
        }
        let between = |range: Range<usize>| counter.count(text.get(range).unwrap_or_default());
        let tokens = if at < known.at {
            known.tokens - between(at..known.at)
        } else {
            let nearest = closer.range(known.at..at).next_back();
            let (from, tokens) = nearest.map_or((known.at, known.tokens), |(a, t)| (*a, *t));
            tokens + between(from..at)
        };
        if closer.len() >= MOST_CLOSER {
            closer.clear();
        }
        closer.insert(at, tokens);
        Seam { at, tokens }
    }

    /// The tokens of the text, where they were counted.
    pub(super) fn tokens(&self) -> Option<usize> {
        self.tokens.get().copied()
    }

    /// Whether the seams lie so close that [`before`](Self::before) is off by little.
    pub(super) fn is_dense(&self) -> bool {
        self.dense
    }

    /// About how many tokens lie before a byte of the text, which has so many bytes and, where
    /// that was not counted, about so many tokens.
    pub(super) fn before(&self, at: usize, length: usize, about: usize) -> usize {
        let after = self.seams.partition_point(|seam| seam.at <= at);
        let start = Seam { at: 0, tokens: 0 };
        let end = || Seam {
            at: length,
            tokens: self.tokens().unwrap_or(about),
        };
        let left = after.checked_sub(1).and_then(|n| self.seams.get(n));
        let (left, right) = (
            left.copied().unwrap_or(start),
            self.seams.get(after).copied(),
        );
        let right = right.unwrap_or_else(end);
        let (tokens, bytes) = (right.tokens.saturating_sub(left.tokens), right.at - left.at);
        let share = tokens as u128 * (at - left.at) as u128 / (bytes as u128).max(1);
        left.tokens + usize::try_from(share).unwrap_or(tokens)
    }
}

/// The first seam at this byte or after it.
fn next_seam(counter: &dyn TokenCounter, text: &str, from: usize) -> Option<usize> {
    let start = (0..=from).rev().find(|at| text.is_char_boundary(*at))?;
    let mut left = text.get(..start)?.chars().next_back();
    for (at, right) in text.get(start..)?.char_indices() {
        if start + at >= from && left.is_some_and(|left| counter.seam(left, right)) {
            return Some(start + at);
        }
        left = Some(right);
    }
    None
}

fn last_seam(counter: &dyn TokenCounter, text: &str) -> Option<usize> {
    let mut right: Option<(usize, char)> = None;
    for (at, left) in text.char_indices().rev() {
        if let Some((place, right)) = right
            && counter.seam(left, right)
        {
            return Some(place);
        }
        right = Some((at, left));
    }
    None
}

/// Counts a text that is joined of parts, as exactly as if it were counted whole.
#[derive(Debug)]
pub(super) struct Joined<'m> {
    memo: &'m Memo<'m>,
    tokens: usize,
    /// What was added since the last seam.
    open: String,
}

impl<'m> Joined<'m> {
    pub(super) fn new(memo: &'m Memo<'m>) -> Self {
        Self {
            memo,
            tokens: 0,
            open: String::new(),
        }
    }

    pub(super) fn push(&mut self, text: &Text, range: &Range<usize>) {
        let Some(part) = text.as_str().get(range.clone()) else {
            return;
        };
        if let (Some(left), Some(right)) = (self.open.chars().next_back(), part.chars().next())
            && self.ends_between(left, right)
        {
            self.close();
        }
        let measured = self.memo.measure(text);
        match measured.inside(&*self.memo.counter, text.as_str(), range) {
            Some((first, last)) => {
                self.open += part.get(..first.at - range.start).unwrap_or_default();
                self.close();
                self.tokens += last.tokens - first.tokens;
                self.open += part.get(last.at - range.start..).unwrap_or_default();
            }
            None => self.open += part,
        }
    }

    fn ends_between(&self, left: char, right: char) -> bool {
        match self.memo.joining {
            Joining::Exact => self.memo.counter.seam(left, right),
            #[cfg(test)]
            Joining::SumOfParts => true,
        }
    }

    fn close(&mut self) {
        self.tokens += self.memo.join(&self.open);
        self.open.clear();
    }

    /// The tokens so far, if nothing followed.
    pub(super) fn so_far(&self) -> usize {
        self.tokens + self.memo.join(&self.open)
    }

    pub(super) fn finish(mut self) -> usize {
        self.close();
        self.tokens
    }
}
