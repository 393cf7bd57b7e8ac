//! The timeline as an SVG Gantt chart.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::timeline::{Simulation, What};

const ROW: u64 = 24;
const LEFT: u64 = 260;
const WIDTH: u64 = 900;

impl Simulation {
    /// A bar for each unit: grey while it waits, amber while it starts, green while it is active. Only what happens
    /// up to one tenth after the last event is drawn.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let names: Vec<String> = self.end.iter().map(|(unit, _)| unit.to_string()).collect();
        let rows: BTreeMap<&str, u64> = names.iter().map(String::as_str).zip(0..).collect();
        let last = self.timeline.last().map_or(1, |m| m.at.as_millis()).max(1);
        let end = last + last / 10 + 1;
        let x = |at: u64| LEFT + at * WIDTH / end;
        let height = (rows.len() as u64 + 2) * ROW;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{height}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
            LEFT + WIDTH + 20
        );
        for (name, row) in &rows {
            let _ = writeln!(
                svg,
                "<text x=\"4\" y=\"{}\">{}</text>",
                row * ROW + 16,
                escape(name)
            );
        }
        let mut open: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for moment in &self.timeline {
            let Some((name, row)) = rows.get_key_value(moment.who.as_str()) else {
                continue;
            };
            let colour = match moment.what {
                What::Queued => Some("#c8ccd2"),
                What::Starts => Some("#f0b429"),
                What::Active => Some("#3fa34d"),
                What::Stops | What::Fails => None,
                _ => continue,
            };
            let at = moment.at.as_millis();
            if let Some((from, colour)) = open.remove(name) {
                bar(&mut svg, x(from), x(at), *row, colour, name);
            }
            match colour {
                Some(colour) => {
                    open.insert(name, (at, colour));
                }
                None => {
                    let _ = writeln!(
                        svg,
                        "<line x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\" stroke=\"#c81e1e\" stroke-width=\"2\"/>",
                        x(at),
                        row * ROW + 2,
                        row * ROW + 22
                    );
                }
            }
        }
        for (name, (from, colour)) in open {
            if let Some(row) = rows.get(name) {
                bar(&mut svg, x(from), x(end), *row, colour, name);
            }
        }
        for tick in 0..=10 {
            let at = end * tick / 10;
            let y = rows.len() as u64 * ROW + 16;
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{y}\" fill=\"#555\">{at} ms</text>",
                x(at)
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn bar(svg: &mut String, from: u64, to: u64, row: u64, colour: &str, name: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{from}\" y=\"{}\" width=\"{}\" height=\"16\" fill=\"{colour}\"><title>{}</title></rect>",
        row * ROW + 4,
        to.saturating_sub(from).max(1),
        escape(name)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
