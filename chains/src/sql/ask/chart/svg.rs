//! The chart as SVG, drawn by plotters: shapes and escaped text, without scripts, styles,
//! links or fonts of its own.

use gori_core::{Error, ErrorKind, Result};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::{Chart, Mark};
use crate::sql::{Cell, Rows};

/// The most bars that are drawn; the sentence and the table tell the rest.
const BARS: usize = 40;
/// Numbers farther from zero than this are not drawn: between two of them lies more than an `f64`
/// can hold, and plotters looks for the marks of an endless axis for ever.
const FARTHEST: f64 = 1e300;
/// The most characters of a label.
const LABEL: usize = 22;
const WIDTH: u32 = 720;

/// The colours of what it is shown on; the ground itself is left transparent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    fn ink(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(40, 46, 54),
            Self::Dark => RGBColor(222, 226, 232),
        }
    }

    fn grid(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(216, 220, 226),
            Self::Dark => RGBColor(62, 68, 78),
        }
    }

    fn mark(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(29, 99, 168),
            Self::Dark => RGBColor(110, 176, 240),
        }
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Chart<'_> {
    /// The chart as an SVG of 720 pixels' width.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] when no row has a number to draw.
    pub fn svg(&self, theme: Theme) -> Result<String> {
        let marks = self.marks();
        if marks.is_empty() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "there is no number to draw",
            ));
        }
        let bars = u32::try_from(marks.len().min(BARS)).unwrap_or(1);
        let height = match self.mark {
            Mark::Bar => 70 + bars * 24,
            Mark::Line | Mark::Point => 360,
        };
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
            let drawn = match self.mark {
                Mark::Bar => self.bars(&area, theme, &marks),
                Mark::Line => self.line(&area, theme, &marks),
                Mark::Point => self.points(&area, theme, &marks),
            };
            drawn.map_err(|what| {
                Error::new(ErrorKind::Internal, format!("the chart failed: {what}"))
            })?;
        }
        Ok(text)
    }

    /// The rows with a number, in the order in which they are drawn.
    fn marks(&self) -> Vec<(String, f64, f64)> {
        let cell = |row: &[Cell], at: usize| row.get(at).cloned().unwrap_or(Cell::Null);
        let mut marks: Vec<(String, f64, f64)> = (0_u32..)
            .zip(&self.rows.rows)
            .filter_map(|(place, row)| {
                let (x, y) = (cell(row, self.x), cell(row, self.y).as_number()?);
                let place = match self.mark {
                    Mark::Point => x.as_number().filter(|x| x.abs() <= FARTHEST)?,
                    Mark::Line | Mark::Bar => f64::from(place),
                };
                Some((label(&x), place, y)).filter(|_| y.abs() <= FARTHEST)
            })
            .collect();
        if self.mark == Mark::Line {
            marks.sort_by(|a, b| a.0.cmp(&b.0));
            for (place, mark) in (0_u32..).zip(&mut marks) {
                mark.1 = f64::from(place);
            }
        }
        marks
    }

    fn bars(&self, area: &Area<'_>, theme: Theme, all: &[(String, f64, f64)]) -> Drawn {
        let shown = all.get(..all.len().min(BARS)).unwrap_or(all);
        let count = shown.len();
        let name = |at: &SegmentValue<usize>| match at {
            SegmentValue::CenterOf(at) => shown
                .get(count - 1 - (*at).min(count - 1))
                .map_or_else(String::new, |(label, ..)| label.clone()),
            SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
        };
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .x_label_area_size(38)
            .y_label_area_size(168)
            .build_cartesian_2d(
                range(shown.iter().map(|m| m.2), true),
                (0..count.saturating_sub(1)).into_segmented(),
            )
            .map_err(said)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .axis_style(theme.grid())
            .bold_line_style(theme.grid())
            .light_line_style(TRANSPARENT)
            .label_style(("sans-serif", 13).into_font().color(&theme.ink()))
            .y_labels(count)
            .x_labels(6)
            .y_label_formatter(&name)
            .x_label_formatter(&number)
            .x_desc(column(self.rows, self.y))
            .draw()
            .map_err(said)?;
        let bars = (0..).zip(shown).map(|(at, (_, _, y))| {
            let at = count - 1 - at;
            // The last segment has no successor of its own.
            let top = if at + 1 == count {
                SegmentValue::Last
            } else {
                SegmentValue::Exact(at + 1)
            };
            let mut bar = Rectangle::new(
                [(0.0, SegmentValue::Exact(at)), (*y, top)],
                theme.mark().filled(),
            );
            bar.set_margin(3, 3, 0, 0);
            bar
        });
        chart.draw_series(bars).map_err(said)?;
        area.present().map_err(said)
    }

    fn line(&self, area: &Area<'_>, theme: Theme, marks: &[(String, f64, f64)]) -> Drawn {
        let last = marks.len().saturating_sub(1);
        let name = |place: &f64| {
            let near = marks.iter().find(|m| (m.1 - place).abs() < 1e-6);
            near.map_or_else(String::new, |(label, ..)| label.clone())
        };
        let places = f64::from(u32::try_from(last).unwrap_or(u32::MAX));
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .x_label_area_size(38)
            .y_label_area_size(76)
            .build_cartesian_2d(-0.2..places + 0.2, range(marks.iter().map(|m| m.2), true))
            .map_err(said)?;
        mesh(&mut chart, theme, |mesh| {
            mesh.x_labels(marks.len().min(8))
                .x_label_formatter(&name)
                .y_label_formatter(&number)
                .x_desc(column(self.rows, self.x))
                .y_desc(column(self.rows, self.y));
        })?;
        let line = LineSeries::new(
            marks.iter().map(|m| (m.1, m.2)),
            theme.mark().stroke_width(2),
        );
        chart.draw_series(line).map_err(said)?;
        let dots = marks
            .iter()
            .map(|m| Circle::new((m.1, m.2), 3, theme.mark().filled()));
        chart.draw_series(dots).map_err(said)?;
        area.present().map_err(said)
    }

    fn points(&self, area: &Area<'_>, theme: Theme, marks: &[(String, f64, f64)]) -> Drawn {
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .x_label_area_size(38)
            .y_label_area_size(76)
            .build_cartesian_2d(
                range(marks.iter().map(|m| m.1), false),
                range(marks.iter().map(|m| m.2), false),
            )
            .map_err(said)?;
        mesh(&mut chart, theme, |mesh| {
            mesh.x_label_formatter(&number)
                .y_label_formatter(&number)
                .x_desc(column(self.rows, self.x))
                .y_desc(column(self.rows, self.y));
        })?;
        let dots = marks
            .iter()
            .map(|m| Circle::new((m.1, m.2), 4, theme.mark().filled()));
        chart.draw_series(dots).map_err(said)?;
        area.present().map_err(said)
    }
}

type Drawn = std::result::Result<(), String>;
type Plane<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Axes and grid of a chart over two numbers.
fn mesh<'a, 'b, 'c>(
    chart: &'c mut Plane<'a, 'b>,
    theme: Theme,
    settle: impl FnOnce(
        &mut plotters::chart::MeshStyle<
            'a,
            'c,
            plotters::coord::types::RangedCoordf64,
            plotters::coord::types::RangedCoordf64,
            SVGBackend<'b>,
        >,
    ),
) -> Drawn {
    let mut style = chart.configure_mesh();
    style
        .axis_style(theme.grid())
        .bold_line_style(theme.grid())
        .light_line_style(TRANSPARENT)
        .label_style(("sans-serif", 13).into_font().color(&theme.ink()));
    settle(&mut style);
    style.draw().map_err(said)
}

/// The span of some numbers with a little air; from zero where lengths are compared.
fn range(numbers: impl Iterator<Item = f64>, zero: bool) -> std::ops::Range<f64> {
    let (mut low, mut high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), n| {
        (low.min(n), high.max(n))
    });
    if zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let air = ((high - low) * 0.05).max(high.abs() * 1e-3).max(1e-6);
    let below = if zero && low >= 0.0 { 0.0 } else { air };
    let above = if zero && high <= 0.0 { 0.0 } else { air };
    low - below..high + above
}

/// A number as an axis shows it: `1.2M`, `35k`, `0.99`.
fn number(value: &f64) -> String {
    let scaled = |by: f64, unit: &str| {
        let text = format!("{:.1}", value / by);
        format!("{}{unit}", text.trim_end_matches(".0"))
    };
    match value.abs() {
        n if n >= 1e9 => scaled(1e9, "G"),
        n if n >= 1e6 => scaled(1e6, "M"),
        n if n >= 1e4 => scaled(1e3, "k"),
        n if n >= 10.0 || n == 0.0 => scaled(1.0, ""),
        _ => {
            let text = format!("{value:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

fn column(rows: &Rows, at: usize) -> String {
    rows.columns.get(at).map_or_else(String::new, |n| cut(n))
}

fn label(cell: &Cell) -> String {
    cut(&cell.to_string())
}

/// Text as a label: on one line, not too long, and without what XML cannot hold.
fn cut(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if is_xml(c) { c } else { ' ' })
        .collect();
    if plain.chars().count() <= LABEL {
        return plain;
    }
    let short: String = plain.chars().take(LABEL - 1).collect();
    format!("{short}…")
}

fn is_xml(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(cells: Vec<(Cell, Cell)>) -> Rows {
        Rows {
            columns: vec!["<name>".into(), "a&b".into()],
            rows: cells.into_iter().map(|(a, b)| vec![a, b]).collect(),
            ..Rows::default()
        }
    }

    #[test]
    fn the_three_marks_are_drawn_in_both_themes() {
        let text = |t: &str| Cell::Text(t.to_owned());
        let all = [
            vec![
                (text("2021-01"), Cell::Int(1)),
                (text("2021-02"), Cell::Int(4)),
            ],
            vec![
                (text("Rock"), Cell::Int(1)),
                (text("Jazz"), Cell::Real(-2.5)),
            ],
            vec![(Cell::Int(1), Cell::Int(2)), (Cell::Int(3), Cell::Int(5))],
        ];
        for cells in all {
            let rows = rows(cells);
            let chart = Chart::of("t", &rows).unwrap();
            let (light, dark) = (
                chart.svg(Theme::Light).unwrap(),
                chart.svg(Theme::Dark).unwrap(),
            );
            assert!(light.starts_with("<svg") && light.trim_end().ends_with("</svg>"));
            assert!(light.contains("a&amp;b"), "{light}");
            assert_ne!(light, dark);
        }
    }

    #[test]
    fn every_bar_has_one_label() {
        for count in [2, 3, 7, 40] {
            let cells = (0..count)
                .map(|n| (Cell::Text(format!("name-{n}-")), Cell::Int(n + 1)))
                .collect();
            let rows = rows(cells);
            let svg = Chart::of("t", &rows).unwrap().svg(Theme::Light).unwrap();
            for n in 0..count {
                assert_eq!(
                    svg.matches(&format!("name-{n}-")).count(),
                    1,
                    "{n} of {count}"
                );
            }
        }
    }

    #[test]
    fn stored_values_cannot_become_markup() {
        let evil = "</text><script>alert(1)</script>\" onload='x' \u{0}\u{b}";
        let cells = vec![
            (Cell::Text(evil.into()), Cell::Int(1)),
            (Cell::Text("plain".into()), Cell::Int(2)),
        ];
        let rows = rows(cells);
        let svg = Chart::of(evil, &rows).unwrap().svg(Theme::Light).unwrap();
        assert!(!svg.contains("<script") && !svg.contains('\u{0}'), "{svg}");
    }

    #[test]
    fn numbers_too_far_apart_do_not_hang_the_axis() {
        let cell = |name: &str, number| (Cell::Text(name.into()), Cell::Real(number));
        let rows = rows(vec![
            cell("a", -f64::MAX),
            cell("b", f64::MAX),
            cell("c", 1.0),
        ]);
        assert!(Chart::of("t", &rows).unwrap().svg(Theme::Dark).is_ok());
    }

    proptest! {
        #[test]
        fn any_rows_give_a_chart_or_an_error(cells in prop::collection::vec((".{0,30}", any::<f64>()), 2..60)) {
            let cells = cells.into_iter().map(|(a, b)| (Cell::Text(a), Cell::Real(b))).collect();
            let rows = rows(cells);
            if let Some(chart) = Chart::of("t", &rows) {
                let tags = |svg: &str| svg.matches('<').count() == svg.matches('>').count();
                prop_assert!(chart.svg(Theme::Dark).map_or(true, |svg| tags(&svg)));
            }
        }
    }
}
