//! Putting sections together, and the checks that need no counting.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result, TokenCounter, Tool};

use super::draft::Draft;
use super::fence::{Fence, defuse, is_tag};
use super::framing::Framing;
use super::node::{Body, Entry, EntryBody, Node, Said};
use super::section::{Item, ItemBody, List, Material, Section};
use super::text::Text;
use super::{Budget, PromptPlan};

/// Puts a prompt together from sections.
///
/// See the [module](super) for an example.
#[derive(Clone, Debug)]
pub struct PromptBuilder {
    pub(super) form: Form,
    separator: Text,
    sections: Vec<Section>,
    tools: Vec<Tool>,
}

/// What comes out: one text, or the messages of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Chat(Framing),
}

impl PromptBuilder {
    fn new(form: Form) -> Self {
        Self {
            form,
            separator: Text::from("\n\n"),
            sections: Vec::new(),
            tools: Vec::new(),
        }
    }

    /// One text, whose count is exact where the counter is.
    pub fn text() -> Self {
        Self::new(Form::Text)
    }

    /// The messages of a chat. What a template adds around them is an estimate.
    pub fn chat(framing: Framing) -> Self {
        Self::new(Form::Chat(framing))
    }

    /// Adds a section.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// Adds sections.
    #[must_use]
    pub fn sections(mut self, sections: impl IntoIterator<Item = Section>) -> Self {
        self.sections.extend(sections);
        self
    }

    /// The tools of the request, which take room too: an estimate.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// What stands between sections of one text or message; an empty line where nothing else
    /// is said.
    #[must_use]
    pub fn separator(mut self, separator: impl Into<Text>) -> Self {
        self.separator = separator.into();
        self
    }

    /// Checks what can be checked without counting, once for all plans.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] about the section: its id is empty or taken, it requires one that is
    /// not there, its share is no share, its fence is no tag, messages in a prompt that is one
    /// text, a shrink that its material has no use for, or untrusted text whose pieces would
    /// touch and could form a new fence.
    pub fn build(self) -> Result<Draft> {
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        for (place, section) in self.sections.iter().enumerate() {
            check(section, self.form).map_err(|error| error.about(&section.id))?;
            if places.insert(Arc::clone(&section.id), place).is_some() {
                return Err(wrong("two sections have this id").about(&section.id));
            }
        }
        let along = relations(&self.sections, &places)?;
        let nodes = self.sections.into_iter().zip(along);
        let nodes = nodes
            .map(|(section, along)| prepare(section, along))
            .collect();
        Ok(Draft::new(self.form, self.separator, nodes, self.tools))
    }

    /// [`build`](Self::build) and [`Draft::plan`] in one.
    ///
    /// # Errors
    /// Those of `build`, and [`ErrorKind::TooLarge`] where what is required does not fit.
    pub fn plan(self, budget: &Budget, counter: impl TokenCounter) -> Result<PromptPlan> {
        Ok(self.build()?.plan(budget, counter)?)
    }
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::Config, what)
}

fn check(section: &Section, form: Form) -> Result<()> {
    if section.id.trim().is_empty() {
        return Err(wrong("a section needs an id").hint("it names the section in the report"));
    }
    for size in [section.min, section.max].into_iter().flatten() {
        if !size.is_sound() {
            return Err(wrong("a share of the budget lies between 0 and 1"));
        }
    }
    if section.tag.as_ref().is_some_and(|tag| !is_tag(tag)) {
        return Err(wrong("a fence's tag has letters, digits, `-` and `_` only"));
    }
    let untrusted = section.tag.is_some();
    if untrusted && section.shrink.as_ref().is_some_and(|how| !how.has_mark()) {
        return Err(wrong("untrusted text that is cut needs a mark")
            .hint("without one the pieces touch and could form a fence"));
    }
    match &section.material {
        Material::Text(_) => Ok(()),
        Material::List(list) => check_list(list, form, untrusted),
        Material::Fallbacks(fallbacks) if fallbacks.0.is_empty() => {
            Err(wrong("there is no text to fall back to"))
        }
        Material::Fallbacks(_) if section.shrink.is_some() => {
            Err(wrong("a text with fallbacks is not cut too").hint("add a shorter fallback"))
        }
        Material::Fallbacks(_) => Ok(()),
    }
}

fn check_list(list: &List, form: Form, untrusted: bool) -> Result<()> {
    let messages = |item: &Item| matches!(item.body, ItemBody::Messages(_));
    if form == Form::Text && list.items.iter().any(messages) {
        return Err(wrong("messages have no place in a prompt that is one text")
            .hint("start with `PromptBuilder::chat`"));
    }
    if list.items.iter().any(messages) && !list.items.iter().all(messages) {
        return Err(wrong("a list holds texts or messages, not both")
            .hint("make the texts messages, or a section of their own"));
    }
    if untrusted && list.items.iter().any(messages) {
        return Err(wrong("messages are not fenced, their texts are")
            .hint("leave `untrusted` out, or give the texts as items"));
    }
    if untrusted && list.separator.is_empty() {
        return Err(wrong("untrusted items need a separator")
            .hint("without one they touch and could form a fence"));
    }
    Ok(())
}

/// What is kept along with each section: its group and what it requires, followed to the end.
fn relations(sections: &[Section], places: &HashMap<Arc<str>, usize>) -> Result<Vec<Vec<usize>>> {
    let mut groups: HashMap<&Arc<str>, Vec<usize>> = HashMap::new();
    let mut next: Vec<Vec<usize>> = Vec::with_capacity(sections.len());
    for (place, section) in sections.iter().enumerate() {
        if let Some(group) = &section.group {
            groups.entry(group).or_default().push(place);
        }
        let required = section.requires.iter().map(|id| {
            places.get(id).copied().ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    format!("it requires `{id}`, which is not there"),
                )
                .about(&section.id)
            })
        });
        next.push(required.collect::<Result<_>>()?);
    }
    for (section, next) in sections.iter().zip(&mut next) {
        if let Some(group) = &section.group {
            next.extend(groups.get(group).into_iter().flatten());
        }
    }
    Ok((0..sections.len())
        .map(|place| reach(place, &next))
        .collect())
}

fn reach(start: usize, next: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(place) = open.pop() {
        for other in next.get(place).into_iter().flatten() {
            if seen.insert(*other) {
                open.push(*other);
            }
        }
    }
    seen.into_iter().collect()
}

fn prepare(section: Section, along: Vec<usize>) -> Node {
    let tag = section.tag.as_deref();
    let safe = |text: Text| match tag {
        Some(tag) => defuse(&text, tag),
        None => text,
    };
    let mut fence = tag.map(|tag| Fence::new(tag, &section.id));
    let body = match section.material {
        Material::Text(text) => Body::Text(safe(text)),
        Material::Fallbacks(texts) => Body::Fallbacks(texts.0.into_iter().map(safe).collect()),
        Material::List(list) => {
            let labelled = tag.filter(|_| list.items.iter().any(|item| item.label.is_some()));
            if labelled.is_some() {
                fence = None;
            }
            let entry = |item: Item| Entry {
                fence: labelled
                    .map(|tag| Fence::new(tag, item.label.as_deref().unwrap_or_default())),
                body: match item.body {
                    ItemBody::Text(text) => EntryBody::Text(safe(text)),
                    ItemBody::Messages(messages) => {
                        EntryBody::Messages(messages.into_iter().map(Said::new).collect())
                    }
                },
            };
            Body::List {
                entries: list.items.into_iter().map(entry).collect(),
                pick: list.pick,
                arrange: list.arrange,
                separator: list.separator,
                min_items: list.min_items.max(1),
            }
        }
    };
    Node {
        id: section.id,
        speaker: section.speaker,
        tier: section.tier,
        weight: section.weight,
        min: section.min,
        max: section.max,
        shrink: section.shrink,
        placement: section.placement,
        step: section.step,
        fence,
        body,
        along,
    }
}
