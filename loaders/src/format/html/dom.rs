//! The tree of a page: an arena of nodes, built by html5ever's tree builder.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, ExpandedName, LocalName, QualName};

/// Where a node stands in the arena.
pub(super) type Id = usize;

/// What a node is.
#[derive(Debug)]
pub(super) enum Data {
    /// The document, or the content of a template.
    Root,
    Element {
        name: LocalName,
        attrs: Vec<Attribute>,
    },
    Text(String),
    /// A comment or a processing instruction: of no use to a reader.
    Other,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) data: Data,
    parent: Option<Id>,
    first: Option<Id>,
    last: Option<Id>,
    previous: Option<Id>,
    pub(super) next: Option<Id>,
    depth: usize,
}

/// A finished tree.
#[derive(Debug)]
pub(super) struct Document {
    nodes: Vec<Node>,
}

impl Document {
    pub(super) fn root(&self) -> Id {
        0
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub(super) fn parent(&self, id: Id) -> Option<Id> {
        self.node(id)?.parent
    }

    /// The children of a node, in order.
    pub(super) fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        let first = self.node(id).and_then(|node| node.first);
        std::iter::successors(first, |id| self.node(*id)?.next)
    }

    /// The name of an element.
    pub(super) fn name(&self, id: Id) -> Option<&str> {
        match &self.node(id)?.data {
            Data::Element { name, .. } => Some(name),
            _ => None,
        }
    }

    /// An attribute of an element.
    pub(super) fn attr(&self, id: Id, name: &str) -> Option<&str> {
        match &self.node(id)?.data {
            Data::Element { attrs, .. } => attrs
                .iter()
                .find(|attr| &*attr.name.local == name)
                .map(|attr| &*attr.value),
            _ => None,
        }
    }

    /// The node after `id` in document order that is no descendant of it, within `root`.
    pub(super) fn after(&self, id: Id, root: Id) -> Option<Id> {
        let mut at = id;
        while at != root {
            let node = self.node(at)?;
            if node.next.is_some() {
                return node.next;
            }
            at = node.parent?;
        }
        None
    }

    /// All nodes under `root`, itself first, in document order.
    pub(super) fn descendants(&self, root: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(Some(root), move |id| {
            self.node(*id)?.first.or_else(|| self.after(*id, root))
        })
    }

    /// All text under a node, with runs of blanks as one blank.
    pub(super) fn text(&self, root: Id) -> String {
        let mut text = String::new();
        for id in self.descendants(root) {
            if let Some(Data::Text(piece)) = self.node(id).map(|node| &node.data) {
                text.push_str(piece);
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The first element of this name, in document order.
    pub(super) fn first(&self, name: &str) -> Option<Id> {
        self.descendants(self.root())
            .find(|id| self.name(*id) == Some(name))
    }

    pub(super) fn title(&self) -> Option<String> {
        let title = self.first("title").map(|id| self.text(id));
        let title = title.filter(|title| !title.is_empty());
        title.or_else(|| self.first("h1").map(|id| self.text(id)))
    }

    /// The content of a `<meta name=…>`.
    pub(super) fn meta(&self, wanted: &str) -> Option<String> {
        let found = self.descendants(self.root()).find(|id| {
            self.name(*id) == Some("meta")
                && self
                    .attr(*id, "name")
                    .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        })?;
        self.attr(found, "content")
            .map(|text| text.trim().to_owned())
    }
}

/// A node as the tree builder holds it. The name is beside the id, since the builder asks for
/// it all the time and the arena is behind a cell.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    id: Id,
    name: Rc<QualName>,
}

/// Receives the tree.
#[derive(Debug)]
pub(super) struct Sink {
    nodes: RefCell<Vec<Node>>,
    no_name: Rc<QualName>,
    /// The depth of the deepest element appended so far.
    deepest: Cell<usize>,
}

impl Sink {
    pub(super) fn new() -> Self {
        Self {
            nodes: RefCell::new(vec![Node::new(Data::Root)]),
            no_name: Rc::new(QualName::new(None, html5ever::ns!(), LocalName::from(""))),
            deepest: Cell::new(0),
        }
    }

    pub(super) fn deepest(&self) -> usize {
        self.deepest.get()
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    fn push(&self, data: Data) -> Id {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node::new(data));
        nodes.len() - 1
    }

    fn unnamed(&self, data: Data) -> Handle {
        Handle {
            id: self.push(data),
            name: self.no_name.clone(),
        }
    }
}

impl Node {
    fn new(data: Data) -> Self {
        Self {
            data,
            parent: None,
            first: None,
            last: None,
            previous: None,
            next: None,
            depth: 0,
        }
    }
}

/// Takes a node out of its parent.
fn detach(nodes: &mut [Node], id: Id) {
    let Some(node) = nodes.get_mut(id) else {
        return;
    };
    let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
    if let Some(previous) = previous.and_then(|id| nodes.get_mut(id)) {
        previous.next = next;
    } else if let Some(parent) = parent.and_then(|id| nodes.get_mut(id)) {
        parent.first = next;
    }
    if let Some(next) = next.and_then(|id| nodes.get_mut(id)) {
        next.previous = previous;
    } else if let Some(parent) = parent.and_then(|id| nodes.get_mut(id)) {
        parent.last = previous;
    }
}

/// Puts a node in front of `next`, or at the end of `parent`. Gives its depth.
fn attach(nodes: &mut [Node], parent: Id, next: Option<Id>, id: Id) -> usize {
    detach(nodes, id);
    let depth = nodes.get(parent).map_or(0, |node| node.depth) + 1;
    let previous = match next {
        Some(next) => nodes.get(next).and_then(|node| node.previous),
        None => nodes.get(parent).and_then(|node| node.last),
    };
    if let Some(node) = nodes.get_mut(id) {
        node.parent = Some(parent);
        node.previous = previous;
        node.next = next;
        node.depth = depth;
    }
    match previous.and_then(|id| nodes.get_mut(id)) {
        Some(previous) => previous.next = Some(id),
        None => {
            if let Some(parent) = nodes.get_mut(parent) {
                parent.first = Some(id);
            }
        }
    }
    match next.and_then(|id| nodes.get_mut(id)) {
        Some(next) => next.previous = Some(id),
        None => {
            if let Some(parent) = nodes.get_mut(parent) {
                parent.last = Some(id);
            }
        }
    }
    depth
}

impl Sink {
    fn insert(&self, parent: Id, next: Option<Id>, child: NodeOrText<Handle>) {
        match child {
            NodeOrText::AppendNode(handle) => {
                let depth = attach(&mut self.nodes.borrow_mut(), parent, next, handle.id);
                self.deepest.set(self.deepest.get().max(depth));
            }
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                let before = match next {
                    Some(next) => nodes.get(next).and_then(|node| node.previous),
                    None => nodes.get(parent).and_then(|node| node.last),
                };
                let before = before.and_then(|id| nodes.get_mut(id));
                if let Some(Data::Text(start)) = before.map(|node| &mut node.data) {
                    start.push_str(&text);
                } else {
                    nodes.push(Node::new(Data::Text(text.to_string())));
                    let id = nodes.len() - 1;
                    attach(&mut nodes, parent, next, id);
                }
            }
        }
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Document;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Document {
        Document {
            nodes: self.nodes.into_inner(),
        }
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle {
            id: 0,
            name: self.no_name.clone(),
        }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, _: ElementFlags) -> Handle {
        let data = Data::Element {
            name: name.local.clone(),
            attrs,
        };
        Handle {
            id: self.push(data),
            name: Rc::new(name),
        }
    }

    fn create_comment(&self, _text: StrTendril) -> Handle {
        self.unnamed(Data::Other)
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> Handle {
        self.unnamed(Data::Other)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.id, None, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Handle,
        previous: &Handle,
        child: NodeOrText<Handle>,
    ) {
        let has_parent = self
            .nodes
            .borrow()
            .get(element.id)
            .is_some_and(|node| node.parent.is_some());
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Handle) -> Handle {
        // What a template holds is shown by no reader; it hangs below its element all the
        // same, so that its depth counts.
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.id == other.id
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        let parent = self
            .nodes
            .borrow()
            .get(sibling.id)
            .and_then(|node| node.parent);
        if let Some(parent) = parent {
            self.insert(parent, Some(sibling.id), child);
        }
    }

    fn add_attrs_if_missing(&self, _target: &Handle, _attrs: Vec<Attribute>) {}

    fn remove_from_parent(&self, target: &Handle) {
        detach(&mut self.nodes.borrow_mut(), target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut nodes = self.nodes.borrow_mut();
        while let Some(child) = nodes.get(node.id).and_then(|node| node.first) {
            attach(&mut nodes, new_parent.id, None, child);
        }
    }
}
