//! What a simulation tells.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::name::UnitRef;
use crate::quantity::Span;

/// The state of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not running.
    Inactive,
    /// Asked for, and waiting.
    Queued,
    /// Starting.
    Starting,
    /// Running.
    Active,
    /// Broken.
    Failed,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When, from the start of the simulation.
    pub at: Span,
    /// To what: a unit, a proxy (`node -> unit`) or a node.
    pub who: String,
    /// What.
    pub what: What,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A start job exists.
    Queued,
    /// A unit begins to start.
    Starts,
    /// A unit is active.
    Active,
    /// A unit stops.
    Stops,
    /// A unit fails.
    Fails,
    /// A proxy is denied.
    Denied,
    /// A proxy hangs.
    Hangs,
    /// A proxy waits for its agent.
    Gated,
    /// A proxy no longer hears its target.
    Deaf,
    /// A proxy has run out of time.
    Timeout,
    /// An event of the controller that agents ignore.
    Virtual,
    /// A node or agent goes.
    Lost,
    /// A node or agent comes.
    Online,
    /// The fence acts.
    Fenced,
    /// The resync unit acts.
    Resynced,
    /// The reconciler acts.
    Reconciled,
}

/// A time in which a unit that had been active was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outage {
    /// The unit.
    pub unit: UnitRef,
    /// When it went.
    pub from: Span,
    /// When it was back; `None` if it stayed away.
    pub until: Option<Span>,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Simulation {
    /// Everything that happened, in order.
    pub timeline: Vec<Moment>,
    /// The state of every unit of the plan at the end.
    pub end: Vec<(UnitRef, State)>,
    /// What went away and what came back by itself.
    pub outages: Vec<Outage>,
    /// Units that run at the end although something they need hard does not: nobody told them.
    pub unaware: Vec<UnitRef>,
}

impl Simulation {
    /// The state of a unit at the end.
    #[must_use]
    pub fn state(&self, unit: &UnitRef) -> Option<State> {
        self.end.iter().find(|(u, _)| u == unit).map(|(_, s)| *s)
    }

    /// When a unit was first active.
    #[must_use]
    pub fn first_active(&self, unit: &UnitRef) -> Option<Span> {
        let name = unit.to_string();
        self.timeline
            .iter()
            .find(|m| m.what == What::Active && m.who == name)
            .map(|m| m.at)
    }

    /// The timeline as lines of text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for moment in &self.timeline {
            let note = if moment.note.is_empty() {
                String::new()
            } else {
                format!("  ({})", moment.note)
            };
            let at = moment.at.as_millis();
            let _ = writeln!(
                text,
                "{:>7}.{:03} s  {:<10} {}{note}",
                at / 1000,
                at % 1000,
                moment.what,
                moment.who
            );
        }
        for outage in &self.outages {
            let _ = match outage.until {
                Some(until) => writeln!(
                    text,
                    "{} was down for {} ms and came back by itself",
                    outage.unit,
                    until.as_millis() - outage.from.as_millis()
                ),
                None => writeln!(text, "{} stays down from {}", outage.unit, outage.from),
            };
        }
        for unit in &self.unaware {
            let _ = writeln!(text, "{unit} runs although something it needs does not");
        }
        text
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Queued => "queued",
            Self::Starts => "starts",
            Self::Active => "active",
            Self::Stops => "stops",
            Self::Fails => "fails",
            Self::Denied => "denied",
            Self::Hangs => "hangs",
            Self::Gated => "gated",
            Self::Deaf => "deaf",
            Self::Timeout => "timeout",
            Self::Virtual => "virtual",
            Self::Lost => "lost",
            Self::Online => "online",
            Self::Fenced => "fenced",
            Self::Resynced => "resynced",
            Self::Reconciled => "reconciled",
        })
    }
}
