//! How well questions are answered, measured with a comparator that is stated.

mod compare;

use std::collections::BTreeSet;

use gori_core::{Context, Error, ErrorKind, Result, ResultExt as _};
use serde::{Deserialize, Serialize};

pub use compare::{Verdict, compare};

use super::{Draft, Guard, Linker, Rows, Source, Target};

/// A question with the SQL that answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Names it in recordings.
    pub id: String,
    /// The question.
    pub question: String,
    /// The SQL that answers it.
    pub sql: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    #[serde(default)]
    case: Vec<Case>,
}

impl Case {
    /// Reads cases written as TOML: `[[case]]` with `id`, `question` and `sql`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the text is not such, has no case, or an id twice.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        let config = |what: String| Error::new(ErrorKind::Config, what);
        let cases: Cases = toml::from_str(text).map_err(|e| config(e.message().to_owned()))?;
        let mut ids = BTreeSet::new();
        if let Some(twice) = cases.case.iter().find(|case| !ids.insert(&case.id)) {
            return Err(config(format!("the id `{}` is there twice", twice.id)));
        }
        if cases.case.is_empty() {
            return Err(config("there is no [[case]] in it".to_owned()));
        }
        Ok(cases.case)
    }

    /// The rows of the gold SQL.
    ///
    /// # Errors
    /// When the gold SQL does not pass the guard or does not run: then the case is wrong.
    pub async fn gold(&self, cx: &Context, guard: &Guard, source: &dyn Source) -> Result<Rows> {
        let checked = guard
            .check(&Draft::new(&self.sql))
            .map_err(Error::from)
            .about(&self.id)?;
        source.run(cx, &checked).await.about(&self.id)
    }

    /// Whether the order of the rows counts: the gold SQL sorts its outermost query.
    pub fn is_ordered(&self) -> bool {
        let upper = self.sql.to_ascii_uppercase();
        match (upper.rfind("ORDER BY"), upper.rfind(')')) {
            (Some(order), Some(close)) => {
                order > close || !upper.get(order..).is_some_and(unbalanced)
            }
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

/// Whether more parentheses close than open: the text began inside one.
fn unbalanced(text: &str) -> bool {
    let mut depth = 0_i32;
    text.chars().any(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0
    })
}

/// How often linking, which asks no model, names what the gold SQL uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFigures {
    /// Cases.
    pub cases: usize,
    /// Cases whose gold tables are all among the first four.
    pub tables_in_4: usize,
    /// Texts that gold SQL compares a column with.
    pub values: usize,
    /// Those whose column is among the first five.
    pub values_in_5: usize,
    /// Cases that would be asked back or called unanswerable.
    pub doubted: usize,
    /// Ids of cases whose tables, or one of whose values, were missed.
    pub missed: Vec<String>,
}

/// Measures linking over cases.
///
/// # Errors
/// When a gold SQL does not pass the guard.
pub fn linking(cases: &[Case], linker: &Linker, guard: &Guard) -> Result<LinkFigures> {
    let mut figures = LinkFigures::default();
    for case in cases {
        let checked = guard
            .check(&Draft::new(&case.sql))
            .map_err(Error::from)
            .about(&case.id)?;
        let linked = linker.link(&case.question);
        let best: Vec<&str> = linked
            .tables
            .iter()
            .take(4)
            .map(|t| t.item.as_str())
            .collect();
        let tables = checked.tables().all(|table| best.contains(&table));
        let columns: Vec<Target> = linked.value_columns().into_iter().take(5).collect();
        let values = checked
            .compared()
            .iter()
            .map(|c| columns.iter().any(|t| t.is(&c.table, Some(&c.column))));
        let values: Vec<bool> = values.collect();
        figures.cases += 1;
        figures.tables_in_4 += usize::from(tables);
        figures.values += values.len();
        figures.values_in_5 += values.iter().filter(|found| **found).count();
        figures.doubted += usize::from(linked.doubt.is_some());
        if !tables || values.contains(&false) {
            figures.missed.push(case.id.clone());
        }
    }
    Ok(figures)
}

/// What a paired comparison of two arms over the same cases says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paired {
    /// Right in both.
    pub both: usize,
    /// Right in the first alone.
    pub first: usize,
    /// Right in the second alone.
    pub second: usize,
    /// Right in neither.
    pub neither: usize,
}

impl Paired {
    /// Counts the pairs.
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        pairs.into_iter().fold(Self::default(), |mut all, pair| {
            let count = match pair {
                (true, true) => &mut all.both,
                (true, false) => &mut all.first,
                (false, true) => &mut all.second,
                (false, false) => &mut all.neither,
            };
            *count += 1;
            all
        })
    }

    /// How probable a difference at least so large is when both arms are equally good: the
    /// exact two-sided test of McNemar.
    pub fn p_value(&self) -> f64 {
        let (n, k) = (self.first + self.second, self.first.min(self.second));
        #[expect(clippy::cast_precision_loss, reason = "counts of questions")]
        let term =
            |i: usize| (1..=i).fold(0.0, |sum, j| sum + ((n - i + j) as f64 / j as f64).ln());
        #[expect(clippy::cast_precision_loss, reason = "counts of questions")]
        let half = n as f64 * 2_f64.ln();
        let tail: f64 = (0..=k).map(|i| (term(i) - half).exp()).sum();
        (2.0 * tail).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_counts_where_the_outermost_query_sorts() {
        let ordered = |sql: &str| {
            Case {
                id: String::new(),
                question: String::new(),
                sql: sql.into(),
            }
            .is_ordered()
        };
        assert!(ordered("SELECT a FROM t ORDER BY a"));
        assert!(ordered("SELECT a FROM t ORDER BY sum(a) DESC LIMIT 3"));
        assert!(!ordered(
            "SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 3) x"
        ));
        assert!(!ordered("SELECT rank() OVER (ORDER BY a) FROM t"));
        assert!(!ordered("SELECT a FROM t"));
    }

    #[test]
    fn the_paired_test_agrees_with_the_binomial() {
        let paired = Paired {
            first: 1,
            second: 9,
            ..Paired::default()
        };
        assert!((paired.p_value() - 2.0 * 11.0 / 1024.0).abs() < 1e-12);
        assert!((Paired::default().p_value() - 1.0).abs() < 1e-12);
    }
}
