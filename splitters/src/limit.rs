//! How large a chunk may be, and in what unit.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use gori_core::{Chunk, Error, ErrorKind, Result, TokenCounter};

use crate::cut::Cut;
use crate::measure::{Bytes, Chars, Measure, Tokens};

/// The largest size of a chunk and how much of it the next chunk repeats, in one unit.
#[derive(Clone)]
pub(crate) struct Limit {
    unit: Unit,
    size: usize,
    overlap: usize,
}

#[derive(Clone)]
enum Unit {
    Chars,
    Bytes,
    Tokens(Arc<dyn TokenCounter>),
}

/// What a splitter does to a text once the unit is known. The unit is a type parameter, so
/// that measuring by characters costs nothing for being one of three.
pub(crate) trait Plan {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>);
}

impl Limit {
    pub(crate) fn chars(size: usize) -> Self {
        Self::new(Unit::Chars, size)
    }

    pub(crate) fn bytes(size: usize) -> Self {
        Self::new(Unit::Bytes, size)
    }

    pub(crate) fn tokens(size: usize, counter: impl TokenCounter + 'static) -> Self {
        Self::new(Unit::Tokens(Arc::new(counter)), size)
    }

    fn new(unit: Unit, size: usize) -> Self {
        // A limit of nothing could not make progress; one is the least that can.
        let size = size.max(1);
        Self {
            unit,
            size,
            overlap: 0,
        }
    }

    pub(crate) fn overlap(mut self, overlap: usize) -> Result<Self> {
        if overlap >= self.size {
            return Err(Error::new(
                ErrorKind::Config,
                format!("an overlap of {overlap} leaves no progress in chunks of {self}"),
            )
            .hint("let the overlap be smaller than the size; a tenth to a fifth is usual"));
        }
        self.overlap = overlap;
        Ok(self)
    }

    /// Runs the plan over a range of the text.
    pub(crate) fn run<'d>(
        &self,
        text: &'d str,
        range: Range<usize>,
        plan: &impl Plan,
    ) -> Vec<Chunk<'d>> {
        let (size, overlap) = (self.size, self.overlap);
        match &self.unit {
            Unit::Chars => cut(text, range, plan, Chars::new(text, size, overlap)),
            Unit::Bytes => cut(text, range, plan, Bytes::new(size, overlap)),
            Unit::Tokens(counter) => {
                let tokens = Tokens::new(text, counter.as_ref(), size, overlap, range.start);
                cut(text, range, plan, tokens)
            }
        }
    }
}

fn cut<'d, M: Measure>(
    text: &'d str,
    range: Range<usize>,
    plan: &impl Plan,
    measure: M,
) -> Vec<Chunk<'d>> {
    let mut cut = Cut::new(text, measure);
    plan.cut(&mut cut, range);
    cut.finish()
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Unit::Chars => write!(f, "{} characters", self.size),
            Unit::Bytes => write!(f, "{} bytes", self.size),
            Unit::Tokens(counter) => write!(f, "{} tokens of {}", self.size, counter.id()),
        }?;
        match self.overlap {
            0 => Ok(()),
            overlap => write!(f, ", {overlap} shared"),
        }
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The constructors and the overlap that every splitter with a limit has.
macro_rules! limited {
    ($splitter:ident) => {
        impl $splitter {
            /// Chunks of at most this many characters (Unicode scalar values); 0 counts as 1.
            pub fn chars(size: usize) -> Self {
                Self::with($crate::limit::Limit::chars(size))
            }

            /// Chunks of at most this many bytes of UTF-8; 0 counts as 1.
            pub fn bytes(size: usize) -> Self {
                Self::with($crate::limit::Limit::bytes(size))
            }

            /// Chunks of at most this many tokens, as the counter counts them; 0 counts as 1.
            pub fn tokens(size: usize, counter: impl gori_core::TokenCounter + 'static) -> Self {
                Self::with($crate::limit::Limit::tokens(size, counter))
            }

            /// Lets a chunk repeat up to this much of the end of the one before, in the unit
            /// of the size.
            ///
            /// # Errors
            /// [`ErrorKind::Config`](gori_core::ErrorKind::Config) when it is not smaller than
            /// the size.
            pub fn overlap(mut self, overlap: usize) -> gori_core::Result<Self> {
                self.limit = self.limit.overlap(overlap)?;
                Ok(self)
            }
        }
    };
}
pub(crate) use limited;
