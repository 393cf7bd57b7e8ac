//! Whether two results are the same.
//!
//! Rows are compared as a bag, and in their order where the gold SQL sorts. Columns may stand in
//! any order; their names do not count. `1` is `1.0`; numbers are the same up to one part in a
//! million, a number and the text that spells it are not. The number of columns must be equal
//! for [`Verdict::Same`]; a result that holds the gold columns and others is
//! [`Verdict::Wider`], and counted apart.

use serde::{Deserialize, Serialize};

use crate::sql::{Cell, Rows};

/// How a result compares with the gold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same.
    Same,
    /// The same with further columns.
    Wider,
    /// Something else.
    Different,
}

/// Compares a result with the gold one.
pub fn compare(gold: &Rows, got: &Rows, ordered: bool) -> Verdict {
    let (wide, narrow) = (got.columns.len(), gold.columns.len());
    if gold.rows.len() != got.rows.len() || wide < narrow {
        return Verdict::Different;
    }
    let gold_columns: Vec<Vec<String>> = (0..narrow).map(|at| column(gold, at)).collect();
    let got_columns: Vec<Vec<String>> = (0..wide).map(|at| column(got, at)).collect();
    let mut search = Search {
        gold: &gold_columns,
        got: &got_columns,
        ordered,
        tries: 20_000,
    };
    match (search.assign(&mut Vec::new()), wide == narrow) {
        (true, true) => Verdict::Same,
        (true, false) => Verdict::Wider,
        (false, _) => Verdict::Different,
    }
}

fn column(rows: &Rows, at: usize) -> Vec<String> {
    rows.rows
        .iter()
        .map(|row| row.get(at).map_or_else(String::new, normal))
        .collect()
}

/// A cell in a form that is equal when the cells are.
fn normal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Text(text) => format!("t{text}"),
        Cell::Bytes { bytes } => format!("b{bytes}"),
        number => {
            let n = number.as_number().unwrap_or(f64::NAN);
            // Seven significant digits: the same up to one part in a million.
            if n == 0.0 {
                "n0".to_owned()
            } else {
                format!("n{n:.6e}")
            }
        }
    }
}

/// Looks for an assignment of gold columns to columns of the result.
struct Search<'a> {
    gold: &'a [Vec<String>],
    got: &'a [Vec<String>],
    ordered: bool,
    tries: usize,
}

impl Search<'_> {
    fn assign(&mut self, chosen: &mut Vec<usize>) -> bool {
        let Some(wanted) = self.gold.get(chosen.len()) else {
            return self.rows_agree(chosen);
        };
        for (at, column) in self.got.iter().enumerate() {
            if chosen.contains(&at) || !self.may_be(wanted, column) || self.tries == 0 {
                continue;
            }
            self.tries -= 1;
            chosen.push(at);
            if self.assign(chosen) {
                return true;
            }
            chosen.pop();
        }
        false
    }

    /// Whether two columns hold the same cells, in order where that counts.
    fn may_be(&self, a: &[String], b: &[String]) -> bool {
        if self.ordered {
            return a == b;
        }
        let sorted = |column: &[String]| {
            let mut column = column.to_vec();
            column.sort();
            column
        };
        sorted(a) == sorted(b)
    }

    fn rows_agree(&self, chosen: &[usize]) -> bool {
        let count = self.gold.first().map_or(0, Vec::len);
        let gold = self.gold.iter().collect();
        let got = chosen.iter().filter_map(|at| self.got.get(*at)).collect();
        self.rows(count, gold) == self.rows(count, got)
    }

    /// The columns as rows, sorted where their order does not count.
    fn rows<'c>(&self, count: usize, columns: Vec<&'c Vec<String>>) -> Vec<Vec<&'c str>> {
        let row = |at: usize| {
            let cells = columns.iter().filter_map(|c| c.get(at));
            cells.map(String::as_str).collect()
        };
        let mut rows: Vec<Vec<&str>> = (0..count).map(row).collect();
        if !self.ordered {
            rows.sort();
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(cells: &[&[Cell]]) -> Rows {
        let width = cells.first().map_or(0, |row| row.len());
        Rows {
            columns: (0..width).map(|n| format!("c{n}")).collect(),
            rows: cells.iter().map(|row| row.to_vec()).collect(),
            ..Rows::default()
        }
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn what_is_the_same_and_what_is_not() {
        let gold = rows(&[&[text("a"), Cell::Int(1)], &[text("b"), Cell::Int(2)]]);
        let swapped = rows(&[&[Cell::Real(2.0), text("b")], &[Cell::Real(1.0), text("a")]]);
        assert_eq!(compare(&gold, &swapped, false), Verdict::Same);
        assert_eq!(compare(&gold, &swapped, true), Verdict::Different);
        // The same columns, paired otherwise.
        let crossed = rows(&[&[text("a"), Cell::Int(2)], &[text("b"), Cell::Int(1)]]);
        assert_eq!(compare(&gold, &crossed, false), Verdict::Different);
        let wider = rows(&[
            &[text("a"), Cell::Int(1), Cell::Null],
            &[text("b"), Cell::Int(2), Cell::Null],
        ]);
        assert_eq!(compare(&gold, &wider, false), Verdict::Wider);
        assert_eq!(compare(&wider, &gold, false), Verdict::Different);
        let twice = rows(&[&[text("a")], &[text("a")]]);
        assert_eq!(
            compare(&twice, &rows(&[&[text("a")]]), false),
            Verdict::Different
        );
        assert_eq!(
            compare(
                &rows(&[&[Cell::Real(1.0)]]),
                &rows(&[&[Cell::Real(1.01)]]),
                false
            ),
            Verdict::Different
        );
        assert_eq!(
            compare(&rows(&[&[Cell::Int(1)]]), &rows(&[&[text("1")]]), false),
            Verdict::Different
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_order_of_rows_and_columns_is_the_same(cells in proptest::collection::vec(proptest::collection::vec(0_i64..4, 3), 1..8), turn in 0_usize..3, start in 0_usize..8) {
            let of = |cells: &[Vec<i64>]| {
                let rows: Vec<Vec<Cell>> = cells.iter().map(|row| row.iter().map(|n| Cell::Int(*n)).collect()).collect();
                Rows { columns: vec!["a".into(), "b".into(), "c".into()], rows, ..Rows::default() }
            };
            let mut turned = cells.clone();
            turned.iter_mut().for_each(|row| row.rotate_left(turn));
            turned.rotate_left(start % cells.len());
            prop_assert_eq!(compare(&of(&cells), &of(&turned), false), Verdict::Same);
            let mut other = cells.clone();
            other[0][0] += 10;
            prop_assert_eq!(compare(&of(&cells), &of(&other), false), Verdict::Different);
        }
    }
}
