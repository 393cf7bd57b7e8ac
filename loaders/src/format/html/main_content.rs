//! Which part of a page is worth reading.

use super::dom::{Data, Document, Id};

/// Text of a candidate, in characters, below which a page is taken whole.
const ENOUGH: usize = 200;

/// Elements whose text is no content, wherever they stand.
pub(super) const SILENT: &[&str] = &[
    "script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object", "canvas",
    "select", "button", "dialog",
];

/// Elements around the content of a page.
const AROUND: &[&str] = &["nav", "aside", "footer", "form", "header"];

/// The element that holds the main content, or the root where none can be told apart.
///
/// What the author marked comes first: `<main>`, one `<article>`, `role="main"`. Else the
/// element whose paragraphs hold most text outside of links, when it holds the better part
/// of all such text on the page.
pub(super) fn find(document: &Document) -> Id {
    let root = document.root();
    let weights = weights(document);
    let weight = |id: Id| weights.get(id).copied().unwrap_or_default();
    let marked = document
        .descendants(root)
        .filter(|id| is_marked(document, *id));
    if let Some(best) = marked.max_by_key(|id| weight(*id))
        && weight(best) * 2 >= weight(root)
    {
        return best;
    }
    let best = dense(document, &weights);
    match best {
        Some(best) if weight(best) >= ENOUGH && weight(best) * 5 >= weight(root) * 3 => best,
        _ => root,
    }
}

/// Whether an element belongs to the frame of a page and not to its content.
pub(super) fn is_around(document: &Document, id: Id) -> bool {
    let Some(name) = document.name(id) else {
        return false;
    };
    let role = document.attr(id, "role").unwrap_or_default();
    // A header inside of an article is its title; outside it is the page's banner.
    let in_content = || {
        std::iter::successors(document.parent(id), |id| document.parent(*id))
            .any(|id| matches!(document.name(id), Some("article" | "main" | "section")))
    };
    match name {
        "header" | "footer" => !in_content(),
        "body" | "html" | "main" | "article" => false,
        _ => {
            AROUND.contains(&name)
                || matches!(role, "navigation" | "banner" | "contentinfo" | "search")
        }
    }
}

fn is_marked(document: &Document, id: Id) -> bool {
    matches!(document.name(id), Some("main" | "article"))
        || document.attr(id, "role") == Some("main")
}

/// Characters of text outside of links and frames under each node, by its id.
fn weights(document: &Document) -> Vec<usize> {
    let root = document.root();
    let mut weights = vec![0; document.len()];
    let mut order = Vec::new();
    let mut next = Some(root);
    while let Some(id) = next {
        let silent = document
            .name(id)
            .is_some_and(|name| name == "a" || SILENT.contains(&name) || is_around(document, id));
        if silent {
            next = document.after(id, root);
            continue;
        }
        order.push(id);
        if let (Some(Data::Text(text)), Some(weight)) = (
            document.node(id).map(|node| &node.data),
            weights.get_mut(id),
        ) {
            *weight = text
                .split_whitespace()
                .map(|word| word.chars().count() + 1)
                .sum();
        }
        next = document
            .children(id)
            .next()
            .or_else(|| document.after(id, root));
    }
    // Children stand behind their parent in document order: from the back, every node is
    // complete before it is added to its parent.
    for id in order.into_iter().rev() {
        let own = weights.get(id).copied().unwrap_or_default();
        let above = document.parent(id).and_then(|id| weights.get_mut(id));
        if let Some(above) = above {
            *above += own;
        }
    }
    weights
}

/// The deepest element that holds four fifths of what its parent holds, from the top down.
fn dense(document: &Document, weights: &[usize]) -> Option<Id> {
    let weight = |id: Id| weights.get(id).copied().unwrap_or_default();
    let mut at = document.root();
    loop {
        let elements = document
            .children(at)
            .filter(|id| document.name(*id).is_some());
        let heaviest = elements.max_by_key(|id| weight(*id))?;
        if weight(heaviest) * 5 < weight(at) * 4 || weight(heaviest) == 0 {
            return Some(at).filter(|id| document.name(*id).is_some());
        }
        // Below a paragraph or a table there is no further frame to take off.
        if matches!(
            document.name(heaviest),
            Some("p" | "table" | "ul" | "ol" | "pre" | "blockquote" | "dl")
        ) {
            return Some(at).filter(|id| document.name(*id).is_some());
        }
        at = heaviest;
    }
}
