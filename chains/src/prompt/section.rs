//! Sections: the parts of a prompt, and what each may become when room is short.

use std::sync::Arc;

use gori_core::{Message, Speaker};
use serde::{Deserialize, Serialize};

use super::fence;
use super::text::Text;
use super::truncate::Truncate;

/// How badly a section is needed. A lower tier gets room only when the higher ones have what
/// they want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Without it there is no prompt: planning fails rather than leave it out.
    Required,
    /// Before everything that is not required.
    High,
    /// The usual.
    Normal,
    /// Only if there is room to spare.
    Low,
}

impl Tier {
    pub(super) const ALL: [Self; 4] = [Self::Required, Self::High, Self::Normal, Self::Low];
}

/// A number of tokens, or a share of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// So many tokens.
    Tokens(usize),
    /// This share of the budget's input, from 0 to 1.
    Share(f32),
}

impl Size {
    pub(super) fn is_sound(self) -> bool {
        match self {
            Self::Tokens(_) => true,
            Self::Share(share) => (0.0..=1.0).contains(&share),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a window needs no more than the 53 bits of an f64, and is not negative"
    )]
    pub(super) fn of(self, input: usize) -> usize {
        match self {
            Self::Tokens(tokens) => tokens,
            Self::Share(share) => (f64::from(share) * input as f64) as usize,
        }
    }
}

impl From<usize> for Size {
    fn from(tokens: usize) -> Self {
        Self::Tokens(tokens)
    }
}

/// Where in the prompt a section stands. Within a place, sections keep the order in which they
/// were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// At the beginning, among what stays the same from turn to turn, so that a provider's
    /// cache of prompts finds it again. What is cut of it is cut in steps.
    Prefix,
    /// In the middle.
    #[default]
    Body,
    /// In the middle, the most important at both ends of it and the least important between,
    /// since models read the middle of a long prompt worst.
    Edges,
    /// At the end, where a question belongs.
    Tail,
}

/// A part of a prompt.
///
/// ```
/// use gori_chains::prompt::{List, Section, Size, Truncate, Unit};
///
/// let rules = Section::system("rules", "Answer from the passages alone.").required();
/// let passages = Section::user("passages", List::best(["first", "second"]))
///     .high()
///     .max(Size::Share(0.6))
///     .untrusted();
/// let manual = Section::user("manual", "A long text. It goes on.")
///     .shrink(Truncate::tail(Unit::Sentence))
///     .min(200);
/// let question = Section::user("question", "Why?").required().tail();
/// ```
#[derive(Clone, Debug)]
pub struct Section {
    pub(super) id: Arc<str>,
    pub(super) speaker: Speaker,
    pub(super) material: Material,
    pub(super) tier: Tier,
    pub(super) weight: u32,
    pub(super) min: Option<Size>,
    pub(super) max: Option<Size>,
    pub(super) shrink: Option<Truncate>,
    pub(super) group: Option<Arc<str>>,
    pub(super) requires: Vec<Arc<str>>,
    pub(super) placement: Placement,
    pub(super) tag: Option<Arc<str>>,
    pub(super) step: Option<usize>,
}

impl Section {
    /// A section that this speaker says. Normal, weight 1, kept whole or left out.
    pub fn new(id: impl Into<Arc<str>>, speaker: Speaker, material: impl Into<Material>) -> Self {
        Self {
            id: id.into(),
            speaker,
            material: material.into(),
            tier: Tier::Normal,
            weight: 1,
            min: None,
            max: None,
            shrink: None,
            group: None,
            requires: Vec::new(),
            placement: Placement::Body,
            tag: None,
            step: None,
        }
    }

    /// A section of the rules, in the stable prefix.
    pub fn system(id: impl Into<Arc<str>>, material: impl Into<Material>) -> Self {
        Self::new(id, Speaker::System, material).place(Placement::Prefix)
    }

    /// A section of the person's message.
    pub fn user(id: impl Into<Arc<str>>, material: impl Into<Material>) -> Self {
        Self::new(id, Speaker::User, material)
    }

    /// A section that the model is shown as its own words.
    pub fn assistant(id: impl Into<Arc<str>>, material: impl Into<Material>) -> Self {
        Self::new(id, Speaker::Assistant, material)
    }

    /// How badly it is needed.
    #[must_use]
    pub fn tier(self, tier: Tier) -> Self {
        Self { tier, ..self }
    }

    /// Planning fails rather than leave it out. It is never cut, unless it may shrink.
    #[must_use]
    pub fn required(self) -> Self {
        self.tier(Tier::Required)
    }

    /// [`Tier::High`].
    #[must_use]
    pub fn high(self) -> Self {
        self.tier(Tier::High)
    }

    /// [`Tier::Low`].
    #[must_use]
    pub fn low(self) -> Self {
        self.tier(Tier::Low)
    }

    /// Its share of the room that its tier has, against the others of the tier: the heavier
    /// come first, and those that can shrink share what is left in proportion.
    #[must_use]
    pub fn weight(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// With less room than this it is left out; a required one always gets it. Where the whole
    /// is smaller, the whole.
    #[must_use]
    pub fn min(self, size: impl Into<Size>) -> Self {
        let min = Some(size.into());
        Self { min, ..self }
    }

    /// It never gets more than this, whatever room there is. Fence and labels count.
    #[must_use]
    pub fn max(self, size: impl Into<Size>) -> Self {
        let max = Some(size.into());
        Self { max, ..self }
    }

    /// It may be cut: a text itself, of a list the item that no longer fits.
    #[must_use]
    pub fn shrink(self, how: Truncate) -> Self {
        let shrink = Some(how);
        Self { shrink, ..self }
    }

    /// Kept or left out together with every section of the same group, such as a question and
    /// its SQL.
    #[must_use]
    pub fn group(self, group: impl Into<Arc<str>>) -> Self {
        let group = Some(group.into());
        Self { group, ..self }
    }

    /// Kept only together with that section, which comes along if need be.
    #[must_use]
    pub fn requires(mut self, id: impl Into<Arc<str>>) -> Self {
        self.requires.push(id.into());
        self
    }

    /// Where it stands.
    #[must_use]
    pub fn place(self, placement: Placement) -> Self {
        Self { placement, ..self }
    }

    /// [`Placement::Tail`].
    #[must_use]
    pub fn tail(self) -> Self {
        self.place(Placement::Tail)
    }

    /// Its text comes from somewhere else: it is fenced and labelled, and what could end the
    /// fence or speak to the chat template is defused. Put
    /// [`UNTRUSTED_RULE`](super::UNTRUSTED_RULE) among the rules.
    #[must_use]
    pub fn untrusted(self) -> Self {
        self.untrusted_as(fence::TAG)
    }

    /// [`Section::untrusted`] with a tag of your own, such as `passage`. Only letters, digits,
    /// `-` and `_`.
    #[must_use]
    pub fn untrusted_as(self, tag: impl Into<Arc<str>>) -> Self {
        let tag = Some(tag.into());
        Self { tag, ..self }
    }

    /// What is cut away is rounded up to a multiple of so many tokens, so that the place of the
    /// cut stays the same over turns and a provider's cache finds the beginning again. In the
    /// stable prefix a sixteenth of the budget unless said otherwise; elsewhere nothing.
    #[must_use]
    pub fn step(self, tokens: usize) -> Self {
        let step = Some(tokens);
        Self { step, ..self }
    }
}

/// What a section consists of. Made from a text, a [`List`] or [`Fallbacks`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Material {
    /// One text.
    Text(Text),
    /// Items, some of which may be left out.
    List(List),
    /// The same in several lengths.
    Fallbacks(Fallbacks),
}

impl<T: Into<Text>> From<T> for Material {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl From<List> for Material {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl From<Fallbacks> for Material {
    fn from(fallbacks: Fallbacks) -> Self {
        Self::Fallbacks(fallbacks)
    }
}

/// Which items of a list are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The list is best first: each in turn, and one that does not fit is passed over.
    Best,
    /// The last ones, without a gap: a conversation.
    Latest,
    /// The first ones, without a gap.
    Earliest,
}

/// The order in which the kept items stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrange {
    /// As they were given.
    #[default]
    AsGiven,
    /// The first ones given at both ends, the last in the middle.
    Edges,
    /// The first one given stands last, nearest to what follows.
    Reversed,
}

/// Items of which some may be left out.
#[derive(Clone, Debug)]
pub struct List {
    pub(super) items: Vec<Item>,
    pub(super) pick: Pick,
    pub(super) arrange: Arrange,
    pub(super) separator: Text,
    pub(super) min_items: usize,
}

impl List {
    fn new<I: Into<Item>>(pick: Pick, items: impl IntoIterator<Item = I>) -> Self {
        Self {
            items: items.into_iter().map(Into::into).collect(),
            pick,
            arrange: Arrange::AsGiven,
            separator: Text::from("\n\n"),
            min_items: 1,
        }
    }

    /// Items best first; one that does not fit is passed over for a later one that does.
    pub fn best<I: Into<Item>>(items: impl IntoIterator<Item = I>) -> Self {
        Self::new(Pick::Best, items)
    }

    /// Items oldest first, of which the last ones are kept without a gap.
    pub fn latest<I: Into<Item>>(items: impl IntoIterator<Item = I>) -> Self {
        Self::new(Pick::Latest, items)
    }

    /// Items of which the first ones are kept without a gap.
    pub fn earliest<I: Into<Item>>(items: impl IntoIterator<Item = I>) -> Self {
        Self::new(Pick::Earliest, items)
    }

    /// What stands between items that are texts; an empty line where nothing else is said.
    #[must_use]
    pub fn separator(self, separator: impl Into<Text>) -> Self {
        let separator = separator.into();
        Self { separator, ..self }
    }

    /// The order in which the kept items stand.
    #[must_use]
    pub fn arrange(self, arrange: Arrange) -> Self {
        Self { arrange, ..self }
    }

    /// With fewer items than this the section is left out.
    #[must_use]
    pub fn min_items(self, min_items: usize) -> Self {
        Self { min_items, ..self }
    }
}

/// An item of a list: a text, or messages that are never torn apart, such as a tool call with
/// its result.
#[derive(Clone, Debug)]
pub struct Item {
    pub(super) label: Option<String>,
    pub(super) body: ItemBody,
}

#[derive(Clone, Debug)]
pub(super) enum ItemBody {
    Text(Text),
    Messages(Vec<Message>),
}

impl Item {
    /// A text with a label for the fence around it, such as where it comes from. It shows when
    /// the section is untrusted.
    pub fn labelled(label: impl Into<String>, text: impl Into<Text>) -> Self {
        Self {
            label: Some(label.into()),
            body: ItemBody::Text(text.into()),
        }
    }
}

impl<T: Into<Text>> From<T> for Item {
    fn from(text: T) -> Self {
        Self {
            label: None,
            body: ItemBody::Text(text.into()),
        }
    }
}

impl From<Message> for Item {
    fn from(message: Message) -> Self {
        Self::from(vec![message])
    }
}

impl From<Vec<Message>> for Item {
    fn from(messages: Vec<Message>) -> Self {
        Self {
            label: None,
            body: ItemBody::Messages(messages),
        }
    }
}

/// The same thing said in several lengths, the best first: the first that fits is taken.
#[derive(Clone, Debug)]
pub struct Fallbacks(pub(super) Vec<Text>);

impl Fallbacks {
    /// The texts, the one to be preferred first.
    pub fn new<T: Into<Text>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self(texts.into_iter().map(Into::into).collect())
    }
}
