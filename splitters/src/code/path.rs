//! What a chunk of code is in, and which items it has.

use std::ops::Range;

use crate::items::Items;
use crate::ranked::Ranked;

/// More names than this are given by the first and the last.
const NAMES: usize = 4;

/// Where code may be cut, and its named items.
#[derive(Debug)]
pub(super) struct Syntax<'t> {
    pub(super) borders: Ranked<'t>,
    pub(super) items: Items<Box<str>>,
}

impl Syntax<'_> {
    /// The items around the span, outermost first, and those it has of the innermost.
    pub(super) fn path(&self, text: &str, span: Range<usize>) -> Option<String> {
        let marks = ['}', ')', ']', ';', ','];
        let (place, span) = self.items.home(text, span, &marks);
        let mut path: Vec<&str> = self
            .items
            .names(place)
            .into_iter()
            .map(|name| &**name)
            .collect();
        let whole = place.and_then(|place| self.items.get(place));
        let listed;
        if whole.is_none_or(|item| item.range != span) {
            let touched = self.items.touched(place, &span).into_iter();
            let names: Vec<&str> = touched
                .filter_map(|place| Some(&*self.items.get(place)?.name))
                .collect();
            listed = match &names[..] {
                [first, .., last] if names.len() > NAMES => format!("{first} … {last}"),
                names => names.join(", "),
            };
            path.push(&listed);
        }
        path.retain(|name| !name.is_empty());
        (!path.is_empty()).then(|| path.join(" > "))
    }
}
