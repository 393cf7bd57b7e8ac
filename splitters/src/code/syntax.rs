//! Code as tree-sitter reads it: a border before every node that begins a line, the outer ones
//! before those within, and the items with their names.

use std::cell::Cell;
use std::ops::{ControlFlow, Range};

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree, TreeCursor};

use super::grammar::{Kind, Name};
use super::path::Syntax;
use crate::items::Items;
use crate::ranked::{Content, DEEPEST, Ranked};

/// Longer code than this, in bytes, is cut without a grammar: a tree takes some tens of times
/// the memory of its text.
const LONGEST: usize = 8 << 20;

/// A parser may ask so many times whether to go on, and once more for every few bytes. It asks
/// about once in a hundred steps, and code as people write it takes about a step a byte; some
/// texts make it try again and again. A count and no clock, so that every run gives the same.
const PATIENCE: usize = 300;
const BYTES_PER_QUESTION: usize = 32;

/// It is given the text in pieces of so many bytes, and each no more often than this on the
/// average: a comment without an end is read to the end of the text at every try.
const PIECE: usize = 4 << 10;
const READINGS: usize = 32;

/// A text is tried in windows of so many bytes before it is read as a whole. An error costs the
/// parser time by how deep it lies, so that texts which only ever open, such as `-(-(-(` and
/// `a<a<a<`, take it a time that grows with the square of their length, some of it in steps that
/// nothing can interrupt. Their windows show it: they are as deep as they are long.
const WINDOW: usize = 1 << 10;

/// A window of code as people write it is less deep than this (50 was seen), and has fewer errors,
/// even where it begins in a comment. How far all windows together may go beyond.
const DEEP: usize = 80;
const ERRORS: usize = 200;
const BEYOND: usize = 200;

/// A name in a path has at most so many characters.
const NAME: usize = 80;

pub(super) fn read<'t>(language: &Language, kinds: &[Kind], text: &'t str) -> Option<Syntax<'t>> {
    let tree = parse(language, text)?;
    let mut walk = Walk {
        text,
        kinds,
        syntax: Syntax {
            borders: Ranked::new(text),
            items: Items::new(),
        },
        levels: vec![Level::default()],
        lead: (usize::MAX, 0),
    };
    walk.all(&mut tree.walk());
    Some(walk.syntax)
}

fn parse(language: &Language, text: &str) -> Option<Tree> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    if !is_tame(&mut parser, text) {
        return None;
    }
    let questions = Cell::new(PATIENCE + text.len() / BYTES_PER_QUESTION);
    let pieces = Cell::new(READINGS * (text.len() / PIECE + 4));
    let mut goes_on = |_: &ParseState| match spend(&questions) && pieces.get() > 0 {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    };
    let bytes = text.as_bytes();
    let mut from = |at: usize, _| {
        let end = if spend(&pieces) { at + PIECE } else { at };
        bytes.get(at..end.min(bytes.len())).unwrap_or_default()
    };
    let options = ParseOptions::new().progress_callback(&mut goes_on);
    let tree = parser.parse_with_options(&mut from, None, Some(options));
    // Where the pieces ran out, the tree is that of another text.
    tree.filter(|_| pieces.get() > 0)
}

/// Whether the windows of a text look like code.
fn is_tame(parser: &mut Parser, text: &str) -> bool {
    if text.len() <= WINDOW {
        return true;
    }
    let mut left = BEYOND;
    text.as_bytes().chunks(WINDOW).all(|window| {
        let tree = parser.parse(window, None);
        let (depth, errors) = tree.as_ref().map_or((0, 0), shape);
        let beyond = depth.saturating_sub(DEEP) + errors.saturating_sub(ERRORS);
        let rest = left.checked_sub(beyond);
        left = rest.unwrap_or_default();
        rest.is_some()
    })
}

/// How many nodes of a tree lie within each other, and how many stand for an error.
fn shape(tree: &Tree) -> (usize, usize) {
    let mut cursor = tree.walk();
    let (mut depth, mut deepest, mut errors) = (0, 0, 0);
    loop {
        let node = cursor.node();
        errors += usize::from(node.is_error() || node.is_missing());
        if cursor.goto_first_child() {
            depth += 1;
            deepest = deepest.max(depth);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return (deepest, errors);
            }
            depth -= 1;
        }
    }
}

/// Takes one of what is left; whether there was one.
fn spend(left: &Cell<usize>) -> bool {
    let before = left.get();
    left.set(before.saturating_sub(1));
    before > 0
}

/// The siblings that are being walked.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// Where the comments and attributes began that wait for their item.
    notes: Option<usize>,
    /// The item that all of them are in.
    item: Option<usize>,
    /// They stand in a node that is no item but begins with one, such as an export: where.
    wrapped: Option<usize>,
    /// The sibling before is an item.
    behind_item: bool,
}

struct Walk<'w, 't> {
    text: &'t str,
    kinds: &'w [Kind],
    syntax: Syntax<'t>,
    levels: Vec<Level>,
    /// How many line breaks stand in the blanks before an offset: the last that was looked at.
    lead: (usize, usize),
}

impl Walk<'_, '_> {
    /// Walks the tree without recursion, since code may nest as deep as it likes.
    fn all(&mut self, cursor: &mut TreeCursor<'_>) {
        if !cursor.goto_first_child() {
            return;
        }
        loop {
            let inner = self.enter(cursor);
            if let Some(level) = inner
                && cursor.goto_first_child()
            {
                self.levels.push(level);
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() || self.levels.len() <= 1 {
                    return;
                }
                self.levels.pop();
            }
        }
    }

    /// Takes a node; gives the level of its children where they are to be looked at.
    fn enter(&mut self, cursor: &TreeCursor<'_>) -> Option<Level> {
        let node = cursor.node();
        let range = node.byte_range();
        let rank = self.levels.len() - 1;
        let mut level = self.levels.last().copied().unwrap_or_default();
        let breaks = self.breaks_before(range.start);
        if is_note(node) {
            self.note(&mut level, node, breaks);
            self.leave(level);
            return None;
        }
        if !node.is_named() {
            // The bracket that closes a body stands apart, so that the last item fits whole.
            if level.behind_item && breaks > 0 {
                self.syntax
                    .borders
                    .mark(range.start, rank, Content::Verbatim);
            }
            level.behind_item = false;
            self.leave(level);
            return None;
        }
        let notes = level.notes.take().filter(|_| breaks < 2);
        let known = level.wrapped.take().or(notes);
        // What has a name in its parent's rule is no member of a list: a body, a condition.
        let listed = matches!(cursor.field_name(), None | Some("member"));
        let member = listed && node.kind() != "where_clause";
        if known.is_none() && member && breaks > 0 {
            self.syntax
                .borders
                .mark(range.start, rank, Content::Verbatim);
        }
        let start = known.unwrap_or(range.start);
        let item = self.item(node, start, level.item);
        level.behind_item = item.is_some() || is_wrapper(node);
        self.leave(level);
        let one_line = node.start_position().row == node.end_position().row;
        (!one_line && rank < DEEPEST).then(|| Level {
            item: item.or(level.item),
            wrapped: is_wrapper(node).then_some(start),
            ..Level::default()
        })
    }

    fn leave(&mut self, level: Level) {
        if let Some(last) = self.levels.last_mut() {
            *last = level;
        }
    }

    /// Takes a comment or an attribute: behind code in its line it belongs there, else to what
    /// follows, unless a blank line parts them.
    fn note(&mut self, level: &mut Level, node: Node<'_>, breaks: usize) {
        let start = node.start_byte();
        let apart = breaks > 1 && is_comment(node);
        if breaks > 0 && (level.notes.is_none() || apart) {
            let rank = self.levels.len() - 1;
            self.syntax.borders.mark(start, rank, Content::Verbatim);
            level.notes = Some(start);
        }
    }

    /// How many line breaks stand in the blanks before an offset. A text begins after one.
    fn breaks_before(&mut self, at: usize) -> usize {
        if self.lead.0 != at {
            let before = self.text.get(..at).unwrap_or_default();
            let blanks = before.get(before.trim_end().len()..).unwrap_or_default();
            let breaks = blanks.bytes().filter(|byte| *byte == b'\n').count();
            let start = blanks.len() == before.len();
            self.lead = (at, breaks.max(usize::from(start)));
        }
        self.lead.1
    }

    /// Adds the node to the items, if it is one and has a name.
    fn item(&mut self, node: Node<'_>, start: usize, parent: Option<usize>) -> Option<usize> {
        let kind = self.kinds.iter().find(|kind| kind.node == node.kind())?;
        // `struct point p` names a type and makes none.
        if kind.node.ends_with("_specifier") && node.child_by_field_name("body").is_none() {
            return None;
        }
        let name = name(node, kind, self.text)?;
        let end = node.end_byte().max(start);
        Some(self.syntax.items.push(start..end, parent, name))
    }
}

/// Comments, and what else stands before an item and belongs to it.
fn is_note(node: Node<'_>) -> bool {
    is_comment(node) || matches!(node.kind(), "attribute_item" | "decorator")
}

fn is_comment(node: Node<'_>) -> bool {
    matches!(node.kind(), "comment" | "line_comment" | "block_comment")
}

/// Nodes that an item stands in with what is said of it.
fn is_wrapper(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "decorated_definition"
            | "export_statement"
            | "ambient_declaration"
            | "template_declaration"
            | "type_declaration"
            | "lexical_declaration"
            | "expression_statement"
            | "declaration"
    )
}

/// The name of an item in a path.
fn name(node: Node<'_>, kind: &Kind, text: &str) -> Option<Box<str>> {
    let field = |name: &str| node.child_by_field_name(name);
    let written = |range: Range<usize>| text.get(range).map(one_line);
    let found = match kind.name {
        Name::Field => written(field("name")?.byte_range())?,
        Name::Called => written(field("name")?.byte_range())? + "()",
        Name::Bound => {
            let value = field("value")?.kind();
            if !value.contains("function") && !value.contains("class") {
                return None;
            }
            let name = field("name").or_else(|| field("property"))?;
            written(name.byte_range())?
        }
        Name::Declarator => declared(node, text)?,
        Name::Head => {
            let end = field("body").map_or(node.end_byte(), |body| body.start_byte());
            let head = written(node.start_byte()..end)?;
            head.split(" where ")
                .next()
                .unwrap_or_default()
                .trim_end_matches([' ', '{', ';'])
                .to_owned()
        }
    };
    let short: String = found.chars().take(NAME).collect();
    match kind.keyword {
        _ if short.is_empty() => None,
        "" => Some(short.into()),
        keyword => Some(format!("{keyword} {short}").into()),
    }
}

/// The name at the end of C's declarators, with `()` where it is that of a function.
fn declared(node: Node<'_>, text: &str) -> Option<String> {
    let mut inner = node.child_by_field_name("declarator")?;
    let mut called = false;
    for _ in 0..DEEPEST {
        called |= inner.kind() == "function_declarator";
        match inner.child_by_field_name("declarator") {
            Some(deeper) => inner = deeper,
            None => break,
        }
    }
    let name = one_line(text.get(inner.byte_range())?);
    Some(if called { name + "()" } else { name })
}

/// A text with one blank where it has several, or a line break.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().take(NAME).collect();
    words.join(" ")
}
