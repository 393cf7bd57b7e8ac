//! Before any model is asked: which tables, columns, terms and stored values a question names.

mod gate;
mod meaning;
mod path;
mod score;
mod text;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use gori_core::{Context, Embedder, Result};
use serde::{Deserialize, Serialize};

pub use gate::Doubt;
pub(crate) use text::overlap;
pub use values::ValueHit;

use super::{Catalog, Knowledge, Source, Target, Term};
use meaning::Meaning;
use score::Elements;
use text::Question;
use values::Values;

/// Something of the catalog with how well a question names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored<T> {
    /// The thing.
    pub item: T,
    /// Higher is better; comparable within one question.
    pub score: f64,
}

/// What a question names.
#[derive(Clone, Debug, PartialEq)]
pub struct Linked {
    /// Tables, best first, with those that join them. Every table of the catalog is in it.
    pub tables: Vec<Scored<String>>,
    /// Columns, best first.
    pub columns: Vec<Scored<Target>>,
    /// Confirmed terms that the question names.
    pub terms: Vec<Term>,
    /// Stored values that the question names, the longest first.
    pub values: Vec<ValueHit>,
    /// Words of the question that nothing explains.
    pub unexplained: Vec<String>,
    /// Why the question should be asked back, or cannot be answered.
    pub doubt: Option<Doubt>,
}

impl Linked {
    /// The columns that most likely hold the values of the question: those of found values
    /// first, then the columns in their order.
    pub fn value_columns(&self) -> Vec<Target> {
        let mut all: Vec<Target> = Vec::new();
        let hits = self.values.iter().map(|hit| &hit.target);
        let named = self
            .terms
            .iter()
            .filter(|t| t.value.is_some())
            .filter_map(|t| t.target.as_ref());
        for target in hits
            .chain(named)
            .chain(self.columns.iter().map(|c| &c.item))
        {
            if !all.contains(target) {
                all.push(target.clone());
            }
        }
        all
    }
}

/// Finds what questions name. It keeps an index of names, descriptions, terms and stored values.
#[derive(Clone, Debug)]
pub struct Linker {
    catalog: Arc<Catalog>,
    knowledge: Arc<Knowledge>,
    elements: Elements,
    values: Values,
    meaning: Option<Meaning>,
}

impl Linker {
    /// An index of the catalog and of what is known about it, without stored values beyond
    /// those that the profiles hold.
    pub fn new(catalog: impl Into<Arc<Catalog>>, knowledge: impl Into<Arc<Knowledge>>) -> Self {
        let (catalog, knowledge) = (catalog.into(), knowledge.into());
        let elements = Elements::new(&catalog, &knowledge);
        let values = Values::of_profiles(&catalog);
        Self {
            catalog,
            knowledge,
            elements,
            values,
            meaning: None,
        }
    }

    /// The same with the stored values of every text column that is not personal data, up to
    /// 20,000 of a column.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn with_values(mut self, cx: &Context, source: &dyn Source) -> Result<Self> {
        self.values.read(cx, source, &self.catalog).await?;
        Ok(self)
    }

    /// The same with vectors of names and descriptions, for questions that say it in other
    /// words. [`Linker::link_by_meaning`] uses them.
    ///
    /// # Errors
    /// Those of the embedder.
    pub async fn with_embedder(
        mut self,
        cx: &Context,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Self> {
        let meaning = Meaning::new(cx, embedder, &self.catalog, &self.knowledge).await?;
        self.meaning = Some(meaning);
        Ok(self)
    }

    /// The same with other knowledge; the stored values are kept, not read again.
    ///
    /// # Errors
    /// Those of the embedder, where there is one.
    pub async fn knowing(
        mut self,
        cx: &Context,
        knowledge: impl Into<Arc<Knowledge>>,
    ) -> Result<Self> {
        self.knowledge = knowledge.into();
        self.elements = Elements::new(&self.catalog, &self.knowledge);
        match self.meaning.take() {
            Some(meaning) => self.with_embedder(cx, meaning.embedder()).await,
            None => Ok(self),
        }
    }

    /// What the question names, by its words alone.
    pub fn link(&self, question: &str) -> Linked {
        self.linked(question, &BTreeMap::new())
    }

    /// What the question names, by its words and, with an embedder, by their meaning.
    ///
    /// # Errors
    /// Those of the embedder.
    pub async fn link_by_meaning(&self, cx: &Context, question: &str) -> Result<Linked> {
        let points = match &self.meaning {
            Some(meaning) => meaning.points(cx, question).await?,
            None => BTreeMap::new(),
        };
        Ok(self.linked(question, &points))
    }

    fn linked(&self, question: &str, points: &BTreeMap<Target, f64>) -> Linked {
        let question = Question::new(question);
        let terms = score::terms(&question, &self.knowledge);
        let values = self.values.find(&question);
        let mut columns = self.elements.columns(&question);
        for (target, points) in points {
            *columns.entry(target.clone()).or_default() += points;
        }
        score::boost_columns(&mut columns, &terms, &values);
        let mut tables = self.elements.tables(&question, &columns);
        score::boost_tables(&mut tables, &self.catalog, &terms, &values);
        path::connect(&self.catalog, &self.knowledge, &mut tables);
        let columns = ranked(columns);
        let tables = ranked(tables);
        let unexplained = gate::unexplained(&question, &self.elements, &terms, &values);
        let doubt = gate::doubt(&gate::Evidence {
            question: &question,
            catalog: &self.catalog,
            knowledge: &self.knowledge,
            tables: &tables,
            values: &values,
            unexplained: &unexplained,
        });
        Linked {
            tables,
            columns,
            terms,
            values,
            unexplained,
            doubt,
        }
    }
}

fn ranked<T: Ord>(scores: BTreeMap<T, f64>) -> Vec<Scored<T>> {
    let mut all: Vec<Scored<T>> = scores
        .into_iter()
        .map(|(item, score)| Scored { item, score })
        .collect();
    all.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.item.cmp(&b.item))
    });
    all
}
