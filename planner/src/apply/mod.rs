//! Applying a plan: its own step, with the plan's hash, and dry unless asked otherwise.
//!
//! The files come to the nodes by the bundle's Ansible playbook. What happens here is the start: wave by wave, each
//! unit judged by its job's result and by its own state, a deadline that cancels the job, and on failure a way back
//! that stops exactly what this run has started.

#[cfg(feature = "bluechi")]
mod bluechi;
mod run;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use gori_core::Result;
use serde::Serialize;

use crate::name::UnitRef;

#[cfg(feature = "bluechi")]
pub use bluechi::BluechiExecutor;
pub use run::{Mode, Report, Step, Steps, apply, stop};

/// What systemd says of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActiveState {
    /// It runs.
    Active,
    /// It is reloading, which is running.
    Reloading,
    /// It does not run.
    Inactive,
    /// It is broken.
    Failed,
    /// It is starting.
    Activating,
    /// It is stopping.
    Deactivating,
}

impl ActiveState {
    /// The state that systemd calls so.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Some(match text {
            "active" => Self::Active,
            "reloading" => Self::Reloading,
            "inactive" => Self::Inactive,
            "failed" => Self::Failed,
            "activating" => Self::Activating,
            "deactivating" => Self::Deactivating,
            _ => return None,
        })
    }

    /// Whether the unit runs.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Active | Self::Reloading)
    }
}

/// Starts and stops units on nodes. BlueChi is one way to do it.
///
/// # For implementors
/// - `start` returns only when the unit is active, or with an error that says why it is not. A job that is reported
///   done proves nothing: look at the unit.
/// - When the time is over or the future is dropped, cancel the job.
/// - Never report a state that was not asked from the unit's own node.
#[async_trait]
pub trait Executor: Debug + Send + Sync {
    /// Starts a unit and waits until it is active, at most for `limit`.
    async fn start(&self, unit: &UnitRef, limit: Duration) -> Result<()>;

    /// Stops a unit and waits until it is, at most for `limit`.
    async fn stop(&self, unit: &UnitRef, limit: Duration) -> Result<()>;

    /// The state of a unit now.
    async fn state(&self, unit: &UnitRef) -> Result<ActiveState>;
}
