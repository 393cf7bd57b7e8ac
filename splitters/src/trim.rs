//! Blanks at the ends of a chunk, and grapheme clusters at its borders.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

/// Whether `at` does not cut a grapheme cluster, given that `base` does not.
///
/// The rules of a cluster look back no further than its start, so looking from `base` is
/// enough, and keeps the cost bounded by the window that the caller works in. The inside of
/// CR LF counts as a border: chunks are trimmed, so that it never is the end of one.
pub(crate) fn is_border(text: &str, base: usize, at: usize) -> bool {
    let bytes = text.as_bytes();
    match (bytes.get(at.wrapping_sub(1)), bytes.get(at)) {
        (None, _) | (_, None) => true,
        (Some(before), Some(after)) if before.is_ascii() && after.is_ascii() => true,
        _ => text.is_char_boundary(at) && is_cluster_border(text, base, at),
    }
}

fn is_cluster_border(text: &str, base: usize, at: usize) -> bool {
    let (Some(window), Some(offset)) = (text.get(base..), at.checked_sub(base)) else {
        return true;
    };
    // The whole rest of the text is at hand, so the cursor never asks for more of it.
    GraphemeCursor::new(offset, window.len(), true)
        .is_boundary(window, 0)
        .unwrap_or(true)
}

/// The range without the blanks at its ends; `None` when nothing is left.
///
/// A blank stays where a combining mark makes it part of a cluster.
pub(crate) fn trim(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let inner = text.get(range.clone())?;
    let tail = inner.trim_start();
    if tail.is_empty() {
        return None;
    }
    let mut start = range.end - tail.len();
    if start > range.start && !is_border(text, range.start, start) {
        start = text.get(range.start..start)?.char_indices().next_back()?.0 + range.start;
    }
    let mut end = start.max(range.end - tail.len()) + tail.trim_end().len();
    if end < range.end && !is_border(text, start, end) {
        end += text.get(end..)?.chars().next()?.len_utf8();
    }
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_go_from_both_ends() {
        assert_eq!(trim("\r\n a b \u{3000}\n", 0..11), Some(3..6));
        assert_eq!(trim("a   b", 1..4), None);
        assert_eq!(trim("", 0..0), None);
    }

    #[test]
    fn a_blank_that_carries_a_mark_stays() {
        let text = "a  \u{301}b";
        assert_eq!(trim(text, 1..text.len()), Some(2..text.len()));
        // An Arabic number sign takes what follows into its cluster, even a blank.
        let text = "x\u{600}  y";
        assert_eq!(trim(text, 0..5), Some(0..4));
    }
}
