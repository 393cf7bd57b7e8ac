//! What shall be: the order, what needs what, by when, and what happens on failure.

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::name::{PlanName, Text, UnitRef};
use crate::quantity::Span;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A plan over the units of an inventory. Nothing is rendered from it before it is
/// [`Checked`](crate::check::Checked).
///
/// ```
/// let plan: gori_planner::Plan = gori_planner::input::plan_from_toml(r#"
///     name = "drive"
///     start = ["node3/planner.service"]
///     [[edges]]
///     unit = "node3/planner.service"
///     needs = "node2/perception.service"
///     kind = "hard"
///     deadline = "3s"
///     reason = "plans from what is perceived"
/// "#).unwrap();
/// assert_eq!(plan.edges.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The name, part of every file's name.
    pub name: PlanName,
    /// The units that `<plan>.target` starts; the edges pull in the rest. If empty, every unit that nothing needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<UnitRef>,
    /// What needs what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
    /// What has to happen on a failure, and how soon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// What holds for the whole plan.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: Policy,
    /// Diagnoses that the author has weighed and accepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<Accept>,
}

impl Plan {
    /// A plan without edges.
    #[must_use]
    pub fn new(name: PlanName) -> Self {
        Self {
            name,
            start: Vec::new(),
            edges: Vec::new(),
            reactions: Vec::new(),
            policy: Policy::default(),
            accept: Vec::new(),
        }
    }
}

/// `unit` starts after `needs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The unit that waits (BlueChi: the source).
    pub unit: UnitRef,
    /// The unit it waits for (BlueChi: the target).
    pub needs: UnitRef,
    /// How strong the need is.
    #[serde(default)]
    pub kind: EdgeKind,
    /// How long `needs` may take from being asked for until it is active; then the start fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Span>,
    /// What happens to `unit` when the node of `needs` is lost; without it, what the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_node_loss: Option<NodeLoss>,
    /// Why, for the reader of the unit file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

/// How strong a need is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// `BindsTo=` and `After=`: without it the unit does not start, and stops when it stops.
    #[default]
    Hard,
    /// `Wants=` and `After=`: waited for, started without it if it fails.
    Soft,
    /// `Requires=` and `After=` on a oneshot that remains active: it has to have succeeded.
    Succeeded,
    /// `Upholds=` and `After=`: as soft, and started again whenever it is found stopped.
    Upheld,
}

impl EdgeKind {
    /// Whether the unit stops when what it needs stops.
    #[must_use]
    pub fn is_hard(self) -> bool {
        matches!(self, Self::Hard | Self::Succeeded)
    }

    /// The directive of systemd that stands for it, beside `After=`.
    #[must_use]
    pub fn directive(self) -> &'static str {
        match self {
            Self::Hard => "BindsTo",
            Self::Soft => "Wants",
            Self::Succeeded => "Requires",
            Self::Upheld => "Upholds",
        }
    }
}

/// What happens to a unit when the node of something it needs is lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum NodeLoss {
    /// The fence on the controller's host stops it.
    #[default]
    Stop,
    /// It runs on: BlueChi alone does not stop it.
    Keep,
}

/// "If `when` fails (or its node is lost), `unit` stops within `within`."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// The unit that is watched.
    pub when: UnitRef,
    /// What happens to it.
    #[serde(default)]
    pub event: Event,
    /// The unit that stops.
    pub stop: UnitRef,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

/// What happens to a watched unit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It fails or stops.
    #[default]
    Failure,
    /// Its node is lost.
    NodeLoss,
}

/// What holds for the whole plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// What happens to units when the node of something they need hard is lost.
    pub on_node_loss: NodeLoss,
    /// How often the reconciler looks whether a unit is down whose needs are up again; `None` for no reconciler.
    #[serde(with = "off_or_span")]
    pub reconcile: Option<Span>,
    /// By when everything has to be active, counted from the start of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_within: Option<Span>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            on_node_loss: NodeLoss::Stop,
            reconcile: Some(Span::from_millis(1000)),
            ready_within: None,
        }
    }
}

/// `"off"` or a duration: TOML has no null.
mod off_or_span {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::quantity::Span;

    #[allow(
        clippy::ref_option,
        reason = "serde calls it with a reference to the field"
    )]
    pub(super) fn serialize<S: Serializer>(value: &Option<Span>, s: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(span) => s.collect_str(span),
            None => s.serialize_str("off"),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Span>, D::Error> {
        let text = String::deserialize(d)?;
        if text == "off" {
            return Ok(None);
        }
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}

/// A diagnosis that the author has weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Which one.
    pub code: Code,
    /// Why it is all right here.
    pub reason: Text,
}
