//! What a text is cut at, coarsest first.

use std::fmt;

use gori_core::{Error, ErrorKind, Result};

use crate::borders::{Any, Literal, Side};

/// One place to cut: a string, and the side of it that is cut.
///
/// A plain string cuts before itself, as LangChain does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Separator<'s> {
    text: &'s str,
    side: Side,
}

impl<'s> Separator<'s> {
    /// The piece behind the cut begins with this string, as a line begins with `fn `.
    pub const fn before(text: &'s str) -> Self {
        let side = Side::Before;
        Self { text, side }
    }

    /// The piece before the cut ends with this string, as a sentence ends with a stop.
    pub const fn behind(text: &'s str) -> Self {
        let side = Side::Behind;
        Self { text, side }
    }
}

impl<'s> From<&'s str> for Separator<'s> {
    fn from(text: &'s str) -> Self {
        Self::before(text)
    }
}

/// Separators in ranks: a text is cut at those of the first rank, a piece that is still too
/// long at those of the second, and so on, and in the end between grapheme clusters.
///
/// ```
/// use gori_splitters::{Separator, Separators};
///
/// let separators = Separators::new([
///     vec![Separator::before("\n\n")],
///     vec![Separator::behind(". "), Separator::behind("? ")],
///     vec![Separator::before(" ")],
/// ])?;
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Separators {
    pub(crate) levels: Vec<Level>,
    /// What [`fmt::Debug`] shows.
    shown: String,
}

/// The separators of one rank.
#[derive(Clone, Debug)]
pub(crate) enum Level {
    One(Box<Literal>),
    Any(Any),
}

impl Separators {
    /// Separators in ranks, the coarsest first.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when a separator is empty, or when there are more than an
    /// automaton can hold.
    pub fn new<'s, R, S>(ranks: impl IntoIterator<Item = R>) -> Result<Self>
    where
        R: IntoIterator<Item = S>,
        S: Into<Separator<'s>>,
    {
        let mut levels = Vec::new();
        let mut shown = String::new();
        for rank in ranks {
            let rank: Vec<_> = rank.into_iter().map(Into::into).collect();
            if rank.iter().any(|separator| separator.text.is_empty()) {
                return Err(
                    Error::new(ErrorKind::Config, "an empty separator cuts nowhere").hint(
                        "leave it out: what is still too long is cut between characters anyway",
                    ),
                );
            }
            if let Some(level) = Level::new(&rank)? {
                show(&mut shown, &rank);
                levels.push(level);
            }
        }
        Ok(Self { levels, shown })
    }

    /// No separators: everything is cut between grapheme clusters.
    pub fn none() -> Self {
        Self {
            levels: Vec::new(),
            shown: String::new(),
        }
    }
}

impl Level {
    fn new(rank: &[Separator<'_>]) -> Result<Option<Self>> {
        Ok(match rank {
            [] => None,
            [one] => Some(Self::One(Box::new(Literal::new(one.text, one.side)))),
            many => {
                let needles: Vec<_> = many.iter().map(|s| (s.text, s.side)).collect();
                Some(Self::Any(Any::new(&needles)?))
            }
        })
    }
}

fn show(shown: &mut String, rank: &[Separator<'_>]) {
    if !shown.is_empty() {
        shown.push_str(" > ");
    }
    for (i, separator) in rank.iter().enumerate() {
        let escaped = separator.text.escape_debug();
        let comma = if i == 0 { "" } else { " " };
        shown.push_str(&match separator.side {
            Side::Before => format!("{comma}|{escaped}"),
            Side::Behind => format!("{comma}{escaped}|"),
        });
    }
}

impl fmt::Debug for Separators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
