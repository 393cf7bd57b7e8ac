//! Sizes in characters, that is in Unicode scalar values.

use super::Measure;
use crate::borders::Borders;

#[derive(Debug)]
pub(crate) struct Chars<'t> {
    bytes: &'t [u8],
    size: usize,
    overlap: usize,
}

impl<'t> Chars<'t> {
    pub(crate) fn new(text: &'t str, size: usize, overlap: usize) -> Self {
        Self {
            bytes: text.as_bytes(),
            size,
            overlap,
        }
    }

    /// The offset this many characters behind `from`, at most `end`.
    fn forward(&self, from: usize, end: usize, mut chars: usize) -> usize {
        let mut at = from;
        // A character has at least one byte, so that many bytes never hold too many.
        while chars > 0 && at < end {
            let step = at.saturating_add(chars).min(end);
            chars -= count(&self.bytes[at..step]);
            at = step;
        }
        while at < end && !starts_char(self.bytes[at]) {
            at += 1;
        }
        at
    }

    /// The offset this many characters before `to`, at least `start`.
    fn backward(&self, start: usize, to: usize, mut chars: usize) -> usize {
        let mut at = to;
        while chars > 0 && at > start {
            let step = at.saturating_sub(chars).max(start);
            chars -= count(&self.bytes[step..at]);
            at = step;
        }
        at
    }
}

impl Measure for Chars<'_> {
    fn fits(&mut self, from: usize, to: usize) -> bool {
        to - from <= self.size || self.forward(from, to, self.size) == to
    }

    fn last_fit(&mut self, borders: &impl Borders, from: usize, end: usize) -> Option<usize> {
        let reach = self.forward(from, end, self.size);
        if reach == end {
            return Some(end);
        }
        borders.last(from, reach, end)
    }

    fn share(&mut self, borders: &impl Borders, from: usize, to: usize, next: usize) -> usize {
        let shared = self.backward(from, to, self.overlap);
        let earliest = shared.max(self.backward(from, next, self.size));
        borders.first(from, earliest, to).unwrap_or(to)
    }

    fn shares(&self) -> bool {
        self.overlap > 0
    }
}

/// Every byte of UTF-8 starts a character except those of the form 10xxxxxx.
fn starts_char(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// How many characters start in these bytes.
fn count(bytes: &[u8]) -> usize {
    // Sums of up to 255 fit a byte, which lets the compiler add 16 or 32 bytes at a time.
    let blocks = bytes.chunks(255);
    blocks
        .map(|block| usize::from(block.iter().map(|b| u8::from(starts_char(*b))).sum::<u8>()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn forward_and_backward_are_what_the_characters_say(text: String, n in 0_usize..40) {
            let chars = Chars::new(&text, 1, 0);
            let slow = text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
            prop_assert_eq!(chars.forward(0, text.len(), n), slow);
            let slow = match n {
                0 => text.len(),
                n => text.char_indices().nth_back(n - 1).map_or(0, |(at, _)| at),
            };
            prop_assert_eq!(chars.backward(0, text.len(), n), slow);
        }
    }
}
