//! A chart of the rows as a Vega-Lite specification: data that this crate makes, never code and
//! never anything that a model wrote.

#[cfg(feature = "chart")]
mod svg;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

#[cfg(feature = "chart")]
pub use svg::Theme;

use crate::sql::{Cell, Rows};

/// More marks than these are no chart.
const MOST: usize = 200;

/// How the rows of a [`Chart`] are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// A line over time.
    Line,
    /// A bar for each name.
    Bar,
    /// A point for each pair of numbers.
    Point,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Number,
    Time,
    Name,
}

/// What of some rows is drawn, and how. The kinds of the columns decide, never a model.
#[derive(Clone, Debug)]
pub struct Chart<'r> {
    title: &'r str,
    rows: &'r Rows,
    mark: Mark,
    x: usize,
    y: usize,
}

impl<'r> Chart<'r> {
    /// A line over time, bars over names, points over two numbers; `None` where there is no
    /// number, one row or no row, or more rows than a chart can show.
    pub fn of(title: &'r str, rows: &'r Rows) -> Option<Self> {
        if !(2..=MOST).contains(&rows.rows.len()) || rows.columns.len() < 2 {
            return None;
        }
        let sorts: Vec<Sort> = (0..rows.columns.len()).map(|at| sort(rows, at)).collect();
        let y = sorts.iter().rposition(|s| *s == Sort::Number)?;
        let x = sorts
            .iter()
            .position(|s| *s == Sort::Time)
            .or_else(|| sorts.iter().position(|s| *s == Sort::Name))
            .or_else(|| (0..y).next())?;
        let mark = match sorts.get(x)? {
            Sort::Time => Mark::Line,
            Sort::Name => Mark::Bar,
            Sort::Number => Mark::Point,
        };
        Some(Self {
            title,
            rows,
            mark,
            x,
            y,
        })
    }

    /// How the rows are drawn.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// A [Vega-Lite](https://vega.github.io/vega-lite/) specification with the rows in it.
    pub fn vega_lite(&self) -> Json {
        let (x, y) = (field(self.rows, self.x), field(self.rows, self.y));
        let order = match self.mark {
            Mark::Line => json!({"field": x, "type": "temporal"}),
            Mark::Bar => json!({"field": x, "type": "nominal", "sort": null}),
            Mark::Point => json!({"field": x, "type": "quantitative"}),
        };
        json!({
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "title": self.title,
            "data": {"values": values(self.rows)},
            "mark": self.mark,
            "encoding": {"x": order, "y": {"field": y, "type": "quantitative"}},
        })
    }
}

/// The name of a column, made different from those before it. Dots and brackets in a field
/// name are paths to Vega-Lite.
fn field(rows: &Rows, at: usize) -> String {
    let plain = |name: &str| name.replace(['.', '[', ']', '\\'], "_");
    let name = rows
        .columns
        .get(at)
        .map_or_else(String::new, |name| plain(name));
    let before = rows
        .columns
        .iter()
        .take(at)
        .any(|other| plain(other) == name);
    if before {
        format!("{name} ({})", at + 1)
    } else {
        name
    }
}

fn sort(rows: &Rows, at: usize) -> Sort {
    let cells = || {
        rows.rows
            .iter()
            .filter_map(|row| row.get(at))
            .filter(|cell| !cell.is_null())
    };
    let all = |test: fn(&Cell) -> bool| cells().next().is_some() && cells().all(test);
    let name = rows
        .columns
        .get(at)
        .map_or_else(String::new, |name| name.to_lowercase());
    if all(is_time)
        || (["year", "month", "day", "date"]
            .iter()
            .any(|word| name.ends_with(word))
            && all(|cell| matches!(cell, Cell::Text(_))))
    {
        Sort::Time
    } else if all(|cell| matches!(cell, Cell::Int(_) | Cell::Real(_))) {
        if name.ends_with("id") || name.ends_with("year") {
            Sort::Name
        } else {
            Sort::Number
        }
    } else {
        Sort::Name
    }
}

/// `2024`, `2024-06`, `2024-06-01` or with a time behind it.
fn is_time(cell: &Cell) -> bool {
    let Some(text) = cell.as_str() else {
        return false;
    };
    let date = text.get(..10).unwrap_or(text);
    let parts: Vec<&str> = date.split('-').collect();
    let digits = parts
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    digits
        && parts.first().is_some_and(|year| year.len() == 4)
        && parts.len() <= 3
        && parts.iter().skip(1).all(|p| p.len() == 2)
}

fn values(rows: &Rows) -> Json {
    let names: Vec<String> = (0..rows.columns.len()).map(|at| field(rows, at)).collect();
    let row = |cells: &Vec<Cell>| {
        let pairs = names.iter().cloned().zip(
            cells
                .iter()
                .map(|cell| serde_json::to_value(cell).unwrap_or_default()),
        );
        Json::Object(pairs.collect::<Map<_, _>>())
    };
    Json::Array(rows.rows.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(columns: &[&str], cells: Vec<Vec<Cell>>) -> Rows {
        Rows {
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: cells,
            ..Rows::default()
        }
    }

    #[test]
    fn the_mark_follows_from_the_columns() {
        let text = |t: &str| Cell::Text(t.to_owned());
        let years = rows(
            &["year", "sum"],
            vec![
                vec![text("2021"), Cell::Real(1.5)],
                vec![text("2022"), Cell::Int(2)],
            ],
        );
        let names = rows(
            &["Name", "n"],
            vec![
                vec![text("Rock"), Cell::Int(1)],
                vec![text("</script>"), Cell::Int(2)],
            ],
        );
        let points = rows(
            &["a", "b"],
            vec![
                vec![Cell::Int(1), Cell::Int(1)],
                vec![Cell::Int(2), Cell::Int(4)],
            ],
        );
        for (rows, mark) in [(years, "line"), (names, "bar"), (points, "point")] {
            let chart = Chart::of("t", &rows).unwrap().vega_lite();
            assert_eq!(chart["mark"], mark);
            assert_eq!(chart["data"]["values"].as_array().unwrap().len(), 2);
        }
        assert!(Chart::of("t", &rows(&["n"], vec![vec![Cell::Int(1)]])).is_none());
    }
}
