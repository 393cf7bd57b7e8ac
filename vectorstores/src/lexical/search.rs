//! Finding the texts that share most with a question.
//!
//! Term by term, what each row gets for it is added to the row's score. The counts that the
//! formula asks for are those of the texts that are there, dead ones left out: so the order
//! does not depend on when the index was last tidied.

use gori_core::{Filter, Hit, Result, sort_hits};

use super::bm25::Bm25;
use super::inverted::{Entry, Inverted};
use super::view::{Address, Part, View};
use crate::local::bits::Bits;
use crate::topk::TopK;

impl View {
    /// The best of the texts that hold one of the terms. `terms` come with how often each is
    /// asked for.
    pub(crate) fn search(
        &self,
        bm25: Bm25,
        terms: &[(String, u32)],
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Hit>> {
        if k == 0 || terms.is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<(&Part, Inverted<'_>)> = (self.parts.iter())
            .map(|part| Ok((part, part.words()?)))
            .collect::<Result<_>>()?;
        let question = Question::new(self, bm25, terms, &parts);
        let mut top = TopK::new(k, None);
        for (number, (part, words)) in parts.iter().enumerate() {
            let wanted = filter.map(|filter| part.select(Some(filter))).transpose()?;
            question.score(number, part, words, wanted.as_ref(), &mut top);
        }
        self.hits(top, k)
    }

    /// Reads the best, once ids have settled the ties.
    fn hits(&self, top: TopK<Address>, k: usize) -> Result<Vec<Hit>> {
        let mut hits = Vec::new();
        let mut best = Vec::new();
        for (score, address) in top.into_vec() {
            best.push((score, self.id(address)?, address));
        }
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        for (score, id, address) in best.into_iter().take(k) {
            let Some(part) = self.parts.get(address.part) else {
                continue;
            };
            hits.push(Hit {
                id,
                score,
                text: part.text(address.row)?,
                metadata: part.metadata(address.row)?,
                vector: None,
                legs: Vec::new(),
            });
        }
        sort_hits(&mut hits);
        Ok(hits)
    }
}

/// A question, with what scoring needs of it worked out once.
struct Question {
    bm25: Bm25,
    mean: f32,
    /// For each part, the terms it has, with what one is worth.
    terms: Vec<Vec<(Entry, f32)>>,
}

impl Question {
    fn new(
        view: &View,
        bm25: Bm25,
        terms: &[(String, u32)],
        parts: &[(&Part, Inverted<'_>)],
    ) -> Self {
        let texts = view.len() as u64;
        let mut question = Self {
            bm25,
            mean: mean(view.length(), texts),
            terms: vec![Vec::new(); parts.len()],
        };
        for (term, asked) in terms {
            let found: Vec<Option<Entry>> =
                parts.iter().map(|(_, words)| words.find(term)).collect();
            let held = parts.iter().zip(&found);
            let holders = held
                .map(|((part, words), entry)| entry.map_or(0, |entry| living(part, words, entry)));
            let idf = Bm25::idf(texts, holders.sum());
            #[expect(clippy::cast_precision_loss, reason = "a question has few terms")]
            let worth = idf * *asked as f32;
            for (terms, entry) in question.terms.iter_mut().zip(found) {
                terms.extend(entry.map(|entry| (entry, worth)));
            }
        }
        question
    }

    fn score(
        &self,
        number: usize,
        part: &Part,
        words: &Inverted<'_>,
        wanted: Option<&Bits>,
        top: &mut TopK<Address>,
    ) {
        let terms = self.terms.get(number).map_or(&[][..], Vec::as_slice);
        if terms.is_empty() {
            return;
        }
        let mut scores = vec![0.0_f32; part.len()];
        for (entry, worth) in terms {
            for (row, count) in words.rows(*entry) {
                let (Some(score), Some(length)) = (
                    scores.get_mut(row as usize),
                    words.lengths.get(row as usize),
                ) else {
                    continue;
                };
                #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^24")]
                let (count, length) = (count as f32, *length as f32);
                *score += worth * self.bm25.weight(count, length, self.mean);
            }
        }
        for (row, score) in (0..).zip(scores) {
            let there = || match wanted {
                Some(wanted) => wanted.has(row),
                None => !part.dead.has(row),
            };
            if score > 0.0 && there() {
                top.push(score, Address { part: number, row });
            }
        }
    }
}

/// How many of a term's rows are there.
fn living(part: &Part, words: &Inverted<'_>, entry: Entry) -> u64 {
    if part.dead_rows == 0 {
        return entry.rows.into();
    }
    words
        .rows(entry)
        .filter(|(row, _)| !part.dead.has(*row))
        .count() as u64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a mean length needs no more digits than f32 has"
)]
fn mean(length: u64, texts: u64) -> f32 {
    (length as f64 / texts.max(1) as f64) as f32
}
