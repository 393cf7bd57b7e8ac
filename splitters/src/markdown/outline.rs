//! The sections of a Markdown document and the path of headings to each.

use std::ops::Range;

use super::blocks::{Block, Content};

/// The blocks from one heading to the next.
#[derive(Debug)]
pub(crate) struct Section<'b, 't> {
    pub(crate) range: Range<usize>,
    pub(crate) blocks: &'b [Block<'t>],
}

/// The sections of a range, in order. A heading that a deeper one follows at once is part of
/// the deeper one's section.
pub(crate) fn sections<'b, 't>(
    blocks: &'b [Block<'t>],
    range: Range<usize>,
) -> impl Iterator<Item = Section<'b, 't>> {
    let (mut rest, mut start) = (blocks, range.start);
    std::iter::from_fn(move || {
        if start >= range.end {
            return None;
        }
        let (section, after) = rest.split_at_checked(length(rest)).unwrap_or((rest, &[]));
        let end = after.first().map_or(range.end, |block| block.start);
        let section = Section {
            range: start..end,
            blocks: section,
        };
        (rest, start) = (after, end);
        Some(section)
    })
}

/// How many blocks the first section has.
fn length(blocks: &[Block<'_>]) -> usize {
    let mut headings = 0;
    let mut before = None;
    for block in blocks {
        match (before, block.level()) {
            (None, Some(level)) => before = Some(level),
            (Some(outer), Some(level)) if level > outer => before = Some(level),
            _ => break,
        }
        headings += 1;
    }
    let body = blocks.get(headings..).unwrap_or_default();
    // A section that begins with no heading may still end at one.
    headings
        + body
            .iter()
            .take_while(|block| block.level().is_none())
            .count()
}

/// Brings the path of headings to where these blocks leave it.
pub(crate) fn follow<'t>(path: &mut Vec<(u8, &'t str)>, blocks: &[Block<'t>]) {
    for block in blocks {
        if let Content::Heading { level, title } = block.content {
            path.retain(|(outer, _)| *outer < level);
            if !title.is_empty() {
                path.push((level, title));
            }
        }
    }
}
