//! Names and descriptions by their meaning, for questions that say it in other words.

use std::collections::BTreeMap;
use std::sync::Arc;

use gori_core::{Context, Embedder, Embeddings, Result, Role, cosine};

use crate::sql::profile::words;
use crate::sql::{Catalog, Knowledge, Target};

/// A similarity below this says nothing; what is above adds up to this many points.
const LEAST: f64 = 0.35;
const POINTS: f64 = 8.0;

/// A vector for every column, of its name spelled out, its table and its descriptions.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    embedder: Arc<dyn Embedder>,
    targets: Vec<Target>,
    vectors: Arc<Embeddings>,
}

impl Meaning {
    pub(super) async fn new(
        cx: &Context,
        embedder: Arc<dyn Embedder>,
        catalog: &Catalog,
        knowledge: &Knowledge,
    ) -> Result<Self> {
        let (mut targets, mut texts) = (Vec::new(), Vec::new());
        for (table, column) in catalog.columns() {
            let name = spelled_out(&column.name, knowledge);
            let mut text = format!("{name} of {}", spelled_out(&table.name, knowledge));
            let notes = knowledge
                .describe(&table.name, Some(&column.name))
                .map(|note| note.text.as_str());
            for note in column.comment.as_deref().into_iter().chain(notes) {
                text.push_str(": ");
                text.push_str(note);
            }
            targets.push(Target::column(&table.name, &column.name));
            texts.push(text);
        }
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = Arc::new(embedder.embed(cx, &borrowed, Role::Document).await?);
        Ok(Self {
            embedder,
            targets,
            vectors,
        })
    }

    pub(super) fn embedder(&self) -> Arc<dyn Embedder> {
        Arc::clone(&self.embedder)
    }

    /// Points for every column that means something like the question.
    pub(super) async fn points(
        &self,
        cx: &Context,
        question: &str,
    ) -> Result<BTreeMap<Target, f64>> {
        let asked = self.embedder.embed(cx, &[question], Role::Query).await?;
        let Some(asked) = asked.row(0) else {
            return Ok(BTreeMap::new());
        };
        let share = f64::from(self.embedder.coverage(question));
        let alike = self
            .targets
            .iter()
            .zip(self.vectors.rows())
            .map(|(target, row)| {
                let points = (f64::from(cosine(asked, row)) - LEAST).max(0.0) * POINTS * share;
                (target.clone(), points)
            });
        Ok(alike.filter(|(_, points)| *points > 0.0).collect())
    }
}

fn spelled_out(name: &str, knowledge: &Knowledge) -> String {
    let words = words(name);
    let long: Vec<&str> = words
        .iter()
        .map(|word| knowledge.expand(word).unwrap_or(word))
        .collect();
    long.join(" ")
}
