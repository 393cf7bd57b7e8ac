//! Stored values, found in a question by their words.

use std::collections::{BTreeMap, BTreeSet};

use gori_core::{Context, Result};
use serde::{Deserialize, Serialize};

use super::text::Question;
use crate::sql::{Catalog, Kind, Source, Target};

/// The most values of a column that are kept.
const MOST: usize = 20_000;
/// The most words of a value that are looked for.
const LONGEST: usize = 8;

/// A stored value that a question names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueHit {
    /// The column that holds it.
    pub target: Target,
    /// The value as it is stored.
    pub value: String,
    /// How many words of the question it spans.
    pub words: usize,
    /// The words of the question.
    pub said: String,
}

/// Values by their normal form, with where each is.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    by_text: BTreeMap<String, Vec<(Target, String)>>,
    read: BTreeSet<Target>,
}

/// Case, punctuation and the plural of a single word aside.
fn normal(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

impl Values {
    pub(super) fn of_profiles(catalog: &Catalog) -> Self {
        let mut values = Self::default();
        for (table, column) in catalog.columns() {
            let target = Target::column(&table.name, &column.name);
            let texts = column
                .profile
                .iter()
                .flat_map(|p| &p.frequent)
                .filter_map(|(cell, _)| cell.as_str());
            for text in texts {
                values.add(&target, text);
            }
        }
        values
    }

    fn add(&mut self, target: &Target, text: &str) {
        let key = normal(text);
        if key.is_empty()
            || key.split(' ').count() > LONGEST
            || key.chars().all(|c| c.is_ascii_digit() || c == ' ')
        {
            return;
        }
        let places = self.by_text.entry(key).or_default();
        if !places
            .iter()
            .any(|(at, value)| at == target && value == text)
        {
            places.push((target.clone(), text.to_owned()));
        }
    }

    pub(super) async fn read(
        &mut self,
        cx: &Context,
        source: &dyn Source,
        catalog: &Catalog,
    ) -> Result<()> {
        for (table, column) in catalog.columns() {
            let target = Target::column(&table.name, &column.name);
            let personal = column
                .profile
                .as_ref()
                .is_some_and(|p| p.personal.is_some());
            let whole = column
                .profile
                .as_ref()
                .is_some_and(crate::sql::Profile::is_complete);
            if personal
                || whole
                || !matches!(column.kind, Kind::Text | Kind::Other)
                || !self.read.insert(target.clone())
            {
                continue;
            }
            for text in source.values(cx, &table.name, &column.name, MOST).await? {
                self.add(&target, &text);
            }
        }
        Ok(())
    }

    /// Values whose words stand in the question. Words that a longer value took are not looked
    /// at again; a code of one or two letters counts only where it is written in capitals.
    pub(super) fn find(&self, question: &Question) -> Vec<ValueHit> {
        let words = &question.words;
        let mut taken = vec![false; words.len()];
        let mut hits = Vec::new();
        for length in (1..=LONGEST.min(words.len())).rev() {
            for (start, window) in words.windows(length).enumerate() {
                let range = start..start + length;
                if taken.get(range.clone()).is_some_and(|t| t.contains(&true))
                    || window.iter().all(|w| w.stop)
                {
                    continue;
                }
                let said: Vec<&str> = window.iter().map(|w| w.shown.as_str()).collect();
                let said = said.join(" ");
                let found = self
                    .places(&said)
                    .filter(|(_, value)| is_meant(&said, value, window.iter().any(|w| w.quoted)));
                let before = hits.len();
                hits.extend(found.map(|(target, value)| ValueHit {
                    target: target.clone(),
                    value: value.clone(),
                    words: length,
                    said: said.clone(),
                }));
                if hits.len() > before {
                    taken
                        .iter_mut()
                        .skip(start)
                        .take(length)
                        .for_each(|t| *t = true);
                }
            }
        }
        hits
    }

    /// Where a text is stored, as it is or with its last word in the singular or without a
    /// possessive ending.
    fn places(&self, said: &str) -> impl Iterator<Item = &(Target, String)> {
        let bare = said.trim_end_matches("'s").trim_end_matches("’s");
        let key = normal(bare);
        let exact = self.by_text.get(&key);
        let singular = key
            .strip_suffix('s')
            .filter(|_| exact.is_none() && key.len() > 4)
            .and_then(|key| self.by_text.get(key));
        exact.or(singular).into_iter().flatten()
    }
}

fn is_meant(said: &str, value: &str, quoted: bool) -> bool {
    let code = value.chars().count() <= 3
        && value
            .chars()
            .all(|c| c.is_uppercase() || c.is_ascii_digit());
    // A one-word value in small letters in the middle of a question is often just a word.
    quoted || !code || said == value
}
