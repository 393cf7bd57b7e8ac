//! What became of each section, for a person as a table and for a program as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::decide::Fate;
use super::draft::with_margin;
use super::node::{Body, EntryBody, Node, Rendition};
use super::section::{Placement, Tier};
use super::size::{Size, Sizer};
use super::tally::Sum;
use super::text::Text;
use super::truncate::{Cut, Unit};

/// What a plan did, and why. `Display` is a table; serde gives the same as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The tokens the prompt could have.
    pub budget: usize,
    /// The tokens it has.
    pub total: usize,
    /// What is left.
    pub slack: usize,
    /// Whether the total is what the model will see; if not, an estimate with its margin.
    pub exact: bool,
    /// Of the total: what the sections have by themselves.
    pub sections_alone: usize,
    /// Of the total: separators, and what joining texts saved or cost.
    pub joins: i64,
    /// Of the total: what is estimated around messages, and for tools.
    pub around: usize,
    /// Of the total: the margin of a counter that estimates.
    pub margin: usize,
    /// How many tokens the stable prefix has, about.
    pub prefix_tokens: usize,
    /// The sections, in the order in which they were added.
    pub sections: Vec<SectionReport>,
}

/// What became of a section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SectionReport {
    /// The section.
    pub id: String,
    /// How badly it was needed.
    pub tier: Tier,
    /// Against the others of its tier.
    pub weight: u32,
    /// Where it stands.
    pub placement: Placement,
    /// The tokens of all of it.
    pub wanted: usize,
    /// The tokens it has.
    pub got: usize,
    /// What was done.
    pub outcome: Outcome,
    /// About the smallest budget at which it would have been whole, everything else being the
    /// same; `None` where it is, or where its own maximum forbids it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub whole_at: Option<usize>,
}

/// What was done with a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "did")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing was cut.
    Kept,
    /// A text was cut.
    Cut {
        /// The bytes of the source that were left out.
        out: Vec<Span>,
        /// At which border.
        at: Unit,
    },
    /// Items were left out.
    Picked {
        /// The items that were kept, counted from 0.
        kept: Vec<usize>,
        /// How many items there were.
        of: usize,
        /// The item that was cut, and the bytes of it that were left out.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cut: Option<(usize, Vec<Span>)>,
    },
    /// A shorter text was taken.
    FellBack {
        /// Which one, counted from 0, the preferred one.
        to: usize,
        /// How many there were.
        of: usize,
    },
    /// It was left out.
    Dropped(Reason),
    /// There was nothing in it.
    Empty,
}

/// Bytes from the first to before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub from: usize,
    /// One past the last byte.
    pub to: usize,
}

/// Why a section was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
#[non_exhaustive]
pub enum Reason {
    /// It needed more than was left when its turn came.
    NoRoom {
        /// What it needed at least, with what must come along.
        needed: usize,
        /// What was left.
        left: usize,
    },
    /// It, or a section that must come along, can never be kept: it needs more than its own
    /// maximum, or has fewer items than its least.
    Impossible {
        /// The section that cannot be kept.
        section: String,
    },
    /// It, or a section that must come along, was not in the prefix that is kept from before.
    PrefixHeld {
        /// The section that was not in the prefix.
        section: String,
    },
}

/// What a report is made from.
pub(super) struct Account<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) order: &'a [usize],
    pub(super) sizes: &'a [Size],
    pub(super) sizer: &'a Sizer<'a>,
    pub(super) separator: usize,
    pub(super) fates: &'a [Fate],
    pub(super) sum: Sum,
    pub(super) budget: usize,
    pub(super) total: usize,
    pub(super) margin: f32,
    pub(super) prefix_tokens: usize,
    pub(super) exact: bool,
}

impl Account<'_> {
    pub(super) fn report(&self) -> Report {
        let alone: usize = self.fates.iter().map(Fate::tokens).sum();
        let (all, around) = (signed(self.sum.all()), signed(self.sum.around));
        // Message items carry their own frames, which then are not counted twice.
        let framed = around.min(signed(self.sum.all().saturating_sub(alone)));
        Report {
            budget: self.budget,
            total: self.total,
            slack: self.budget.saturating_sub(self.total),
            exact: self.exact,
            sections_alone: alone,
            joins: all - signed(alone) - framed,
            around: usize::try_from(framed).unwrap_or(0),
            margin: self.total - self.sum.all(),
            prefix_tokens: self.prefix_tokens,
            sections: self.sections(),
        }
    }

    fn sections(&self) -> Vec<SectionReport> {
        let whole_at = self.whole_at();
        let rows = self
            .nodes
            .iter()
            .zip(self.sizes)
            .zip(self.fates)
            .zip(whole_at);
        rows.map(|(((node, size), fate), whole_at)| SectionReport {
            id: node.id.to_string(),
            tier: node.tier,
            weight: node.weight,
            placement: node.placement,
            wanted: size.wanted,
            got: fate.tokens(),
            outcome: self.outcome(node, fate),
            whole_at,
        })
        .collect()
    }

    fn outcome(&self, node: &Node, fate: &Fate) -> Outcome {
        let name = |place: &usize| {
            let node = self.nodes.get(*place);
            node.map_or_else(String::new, |node| node.id.to_string())
        };
        match fate {
            Fate::Empty => Outcome::Empty,
            Fate::NoRoom { needed, left } => Outcome::Dropped(Reason::NoRoom {
                needed: *needed,
                left: *left,
            }),
            Fate::TooLarge(place) => Outcome::Dropped(Reason::Impossible {
                section: name(place),
            }),
            Fate::HeldOut(place) => Outcome::Dropped(Reason::PrefixHeld {
                section: name(place),
            }),
            Fate::Kept(rendition, _) => kept(node, rendition),
        }
    }

    /// The budget at which each section that is not whole would be. Everything of higher tiers
    /// is then whole too, and of its own tier everything that shares with it.
    fn whole_at(&self) -> Vec<Option<usize>> {
        let whole = |place: usize| {
            matches!(
                self.fates.get(place),
                Some(Fate::Kept(Rendition::Whole, _) | Fate::Empty)
            )
        };
        let mut all = vec![None; self.nodes.len()];
        if (0..self.nodes.len()).all(whole) {
            return all;
        }
        let goal = |place: usize| self.sizes.get(place).map_or(0, |s| s.goal + self.separator);
        let least = |place: usize| {
            let (node, size) = (self.nodes.get(place)?, self.sizes.get(place)?);
            self.sizer.floor(place, node, size)
        };
        let floor = |place: usize| least(place).unwrap_or(0) + self.separator;
        for tier in Tier::ALL {
            let of = |wanted: fn(&Tier, &Tier) -> bool| {
                move |place: &&usize| {
                    self.nodes
                        .get(**place)
                        .is_some_and(|n| wanted(&n.tier, &tier))
                }
            };
            let above: usize = self
                .order
                .iter()
                .filter(of(|a, b| a < b))
                .map(|p| goal(*p))
                .sum();
            let mine: Vec<usize> = self
                .order
                .iter()
                .filter(of(|a, b| a == b))
                .copied()
                .collect();
            let shared: usize = mine.iter().map(|place| goal(*place)).sum();
            let mut before = 0;
            for place in mine {
                before += floor(place);
                let (Some(node), Some(size)) = (self.nodes.get(place), self.sizes.get(place))
                else {
                    continue;
                };
                let indivisible = least(place) == Some(size.goal);
                let along = node.along.iter().filter(|other| {
                    **other != place && self.nodes.get(**other).is_some_and(|n| n.tier > tier)
                });
                let along: usize = along.map(|other| floor(*other)).sum();
                let needed = above + along + if indivisible { before } else { shared };
                let possible = size.goal >= size.wanted && least(place).is_some();
                if let Some(at) = all
                    .get_mut(place)
                    .filter(|_| possible && !whole(place) && !node.is_empty())
                {
                    *at = Some(with_margin(needed + self.sum.around, self.margin));
                }
            }
        }
        all
    }
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn kept(node: &Node, rendition: &Rendition) -> Outcome {
    match (&node.body, rendition) {
        (Body::Text(text), Rendition::Cut(cut)) => Outcome::Cut {
            out: left_out(text, cut),
            at: cut.at,
        },
        (Body::List { entries, .. }, Rendition::Items { kept, cut }) => Outcome::Picked {
            kept: kept.clone(),
            of: entries.len(),
            cut: cut
                .as_ref()
                .and_then(|(n, cut)| match &entries.get(*n)?.body {
                    EntryBody::Text(text) => Some((*n, left_out(text, cut))),
                    EntryBody::Messages(_) => None,
                }),
        },
        (Body::Fallbacks(all), Rendition::Variant(n)) if *n > 0 => Outcome::FellBack {
            to: *n,
            of: all.len(),
        },
        _ => Outcome::Kept,
    }
}

/// What a cut left out, in bytes of the text as the caller gave it.
fn left_out(text: &Text, cut: &Cut) -> Vec<Span> {
    let mut out = Vec::new();
    let mut from = 0;
    let ends = cut.kept.iter().map(|range| (range.start, range.end));
    for (start, end) in ends.chain([(text.len(), text.len())]) {
        if from < start {
            out.push(Span {
                from: text.source_offset(from),
                to: text.source_offset(start),
            });
        }
        from = end;
    }
    out
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept"),
            Self::Empty => f.write_str("empty"),
            Self::Cut { out, at } => {
                write!(f, "cut at a {}:", unit(*at))?;
                spans(f, out)
            }
            Self::Picked { kept, of, cut } => {
                write!(f, "{} of {of} items", kept.len())?;
                if let Some((item, out)) = cut {
                    write!(f, ", item {item} cut:")?;
                    spans(f, out)?;
                }
                Ok(())
            }
            Self::FellBack { to, of } => write!(f, "fell back to text {} of {of}", to + 1),
            Self::Dropped(Reason::NoRoom { needed, left }) => {
                write!(f, "left out: needs {needed}, {left} were left")
            }
            Self::Dropped(Reason::Impossible { section }) => {
                write!(
                    f,
                    "left out: {section} is over its own maximum or has too few items"
                )
            }
            Self::Dropped(Reason::PrefixHeld { section }) => {
                write!(
                    f,
                    "left out: the prefix is kept as it was, without {section}"
                )
            }
        }
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Grapheme => "character",
        Unit::Word => "word",
        Unit::Line => "line",
        Unit::Sentence => "sentence",
    }
}

fn spans(f: &mut fmt::Formatter<'_>, spans: &[Span]) -> fmt::Result {
    for (n, Span { from, to }) in spans.iter().enumerate() {
        write!(f, "{} bytes {from}-{to}", if n == 0 { "" } else { "," })?;
    }
    f.write_str(" out")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.sections.iter().map(|s| s.id.chars().count()).max();
        let width = width.unwrap_or(0).max("section".len());
        writeln!(
            f,
            "{:width$}  tier      wanted     got  what happened",
            "section"
        )?;
        for section in &self.sections {
            let tier = format!("{:?}", section.tier).to_lowercase();
            write!(
                f,
                "{:width$}  {tier:8}  {:>6}  {:>6}  {}",
                section.id, section.wanted, section.got, section.outcome
            )?;
            if let Some(at) = section.whole_at {
                write!(f, "; whole with a budget of about {at}")?;
            }
            writeln!(f)?;
        }
        write!(
            f,
            "total {} of {} tokens{}, {} left (sections {}, joins {:+}, around {}, margin {}); prefix about {}",
            self.total,
            self.budget,
            if self.exact { "" } else { ", estimated" },
            self.slack,
            self.sections_alone,
            self.joins,
            self.around,
            self.margin,
            self.prefix_tokens
        )
    }
}
