//! Waves, judgement and the way back.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use gori_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::{ActiveState, Executor};
use crate::check::Checked;
use crate::name::UnitRef;
use crate::plan::Plan;
use crate::render::{keepers, render, start_waves, stop_waves};

/// What a start may take where no edge has a deadline, the same as the bundle's gate.
const DEFAULT_LIMIT: Duration = Duration::from_secs(90);

/// Whether anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Only say what would be done.
    #[default]
    Dry,
    /// Do it.
    Live,
}

/// What is done with one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// It would be started or stopped; the run is dry.
    Would {
        /// The unit.
        unit: UnitRef,
        /// The wave, from 1.
        wave: usize,
    },
    /// It was active already and is left alone.
    Already {
        /// The unit.
        unit: UnitRef,
    },
    /// It was started.
    Started {
        /// The unit.
        unit: UnitRef,
    },
    /// It could not be started, and nothing needs it hard, or it is a part of what keeps the plan true and not one of
    /// its units: the plan goes on.
    Missed {
        /// The unit.
        unit: UnitRef,
        /// Why.
        why: String,
    },
    /// It could not be started: the run is taken back.
    Failed {
        /// The unit.
        unit: UnitRef,
        /// Why.
        why: String,
    },
    /// It was stopped.
    Stopped {
        /// The unit.
        unit: UnitRef,
    },
    /// It could not be stopped.
    Stuck {
        /// The unit.
        unit: UnitRef,
        /// Why.
        why: String,
    },
}

/// The steps of a run, in order.
pub type Steps = Vec<Step>;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether everything that the plan needs is active (or would be, in a dry run).
    pub ok: bool,
    /// Whether the run failed and everything that it had started was stopped again. A failed run without it has left
    /// units behind: those of the steps [`Step::Stuck`].
    pub rolled_back: bool,
    /// What was done.
    pub steps: Steps,
}

/// Starts a plan. `hash` has to be that of the bundle that the plan renders to: who applies has seen what.
///
/// When all units are up, the plan's targets and its reconciler are started too, so that what stops later with
/// something it needs is brought back. If one of those does not come, the units stay up and the step is a
/// [`Step::Missed`].
///
/// # Errors
/// [`ErrorKind::Refused`] if the hash is another one. Failures of units are no errors but part of the report.
pub async fn apply<E: Executor + ?Sized>(
    plan: &Checked<Plan>,
    hash: &str,
    mode: Mode,
    executor: &E,
) -> Result<Report> {
    demand(plan, hash)?;
    let waves = start_waves(plan);
    if mode == Mode::Dry {
        return Ok(Report {
            ok: true,
            rolled_back: false,
            steps: would(&waves),
        });
    }
    let mut run = Run {
        plan,
        executor,
        steps: Vec::new(),
        started: Vec::new(),
    };
    let ok = run.up(&waves).await;
    if ok {
        run.keep().await;
    }
    let rolled_back = !ok && run.back().await;
    Ok(Report {
        ok,
        rolled_back,
        steps: run.steps,
    })
}

/// Stops a plan in the reverse of the order of starting. The reconciler is stopped before, since it would bring back
/// what has stopped, and the plan's targets behind: a target takes all its units with it at once.
///
/// # Errors
/// [`ErrorKind::Refused`] if the hash is another one.
pub async fn stop<E: Executor + ?Sized>(
    plan: &Checked<Plan>,
    hash: &str,
    mode: Mode,
    executor: &E,
) -> Result<Report> {
    demand(plan, hash)?;
    let waves = stop_waves(plan);
    if mode == Mode::Dry {
        return Ok(Report {
            ok: true,
            rolled_back: false,
            steps: would(&waves),
        });
    }
    let mut run = Run {
        plan,
        executor,
        steps: Vec::new(),
        started: Vec::new(),
    };
    let keepers = keepers(plan);
    for unit in keepers.reconciler.into_iter().flatten() {
        run.down(&[unit]).await;
    }
    for wave in &waves {
        run.down(wave).await;
    }
    run.down(&keepers.targets).await;
    let ok = !run.steps.iter().any(|s| matches!(s, Step::Stuck { .. }));
    Ok(Report {
        ok,
        rolled_back: false,
        steps: run.steps,
    })
}

/// Whether the hash is that of the bundle which the plan renders to.
fn demand(plan: &Checked<Plan>, hash: &str) -> Result<()> {
    let own = render(plan).hash();
    if own == hash.trim() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Refused,
        format!("the hash given is not the plan's, which is {own}"),
    )
    .hint("look at the bundle again, deploy it, and give the hash that it has now"))
}

fn would(waves: &[Vec<UnitRef>]) -> Steps {
    let each = |(i, wave): (usize, &Vec<UnitRef>)| {
        wave.iter()
            .map(move |unit| Step::Would {
                unit: unit.clone(),
                wave: i + 1,
            })
            .collect::<Vec<_>>()
    };
    waves.iter().enumerate().flat_map(each).collect()
}

struct Run<'a, E: ?Sized> {
    plan: &'a Checked<Plan>,
    executor: &'a E,
    steps: Steps,
    /// What this run has asked to start, in order, and whether that went well.
    started: Vec<(UnitRef, bool)>,
}

impl<E: Executor + ?Sized> Run<'_, E> {
    async fn up(&mut self, waves: &[Vec<UnitRef>]) -> bool {
        // What is active before anything starts is not this run's, whoever asks for it later.
        let mut before = BTreeSet::new();
        for unit in waves.iter().flatten() {
            match self.executor.state(unit).await {
                Ok(state) if state.is_up() => {
                    before.insert(unit.clone());
                }
                Ok(_) => {}
                Err(error) if self.is_vital(unit) => {
                    self.steps.push(Step::Failed {
                        unit: unit.clone(),
                        why: error.to_string(),
                    });
                    return false;
                }
                Err(_) => {}
            }
        }
        for wave in waves {
            let (already, start): (Vec<_>, Vec<_>) = wave.iter().partition(|u| before.contains(*u));
            self.steps.extend(
                already
                    .into_iter()
                    .map(|u| Step::Already { unit: u.clone() }),
            );
            let executor = self.executor;
            let jobs = start
                .iter()
                .map(|unit| executor.start(unit, self.limit(unit)));
            let results = join_all(jobs).await;
            let mut ok = true;
            for (unit, result) in start.into_iter().zip(results) {
                self.started.push((unit.clone(), result.is_ok()));
                let step = match result {
                    Ok(()) => Step::Started { unit: unit.clone() },
                    Err(error) if self.is_vital(unit) => {
                        ok = false;
                        Step::Failed {
                            unit: unit.clone(),
                            why: error.to_string(),
                        }
                    }
                    Err(error) => Step::Missed {
                        unit: unit.clone(),
                        why: error.to_string(),
                    },
                };
                self.steps.push(step);
            }
            if !ok {
                return false;
            }
        }
        true
    }

    /// Starts what keeps the plan true. It is not taken back if it fails: the targets would take units with them that
    /// were up before this run.
    async fn keep(&mut self) {
        let keepers = keepers(self.plan);
        let timer = keepers.reconciler.into_iter().flatten().next();
        for unit in keepers.targets.into_iter().chain(timer) {
            let up = matches!(self.executor.state(&unit).await, Ok(state) if state.is_up());
            let step = if up {
                Step::Already { unit }
            } else {
                match self.executor.start(&unit, DEFAULT_LIMIT).await {
                    Ok(()) => Step::Started { unit },
                    Err(error) => Step::Missed {
                        unit,
                        why: error.to_string(),
                    },
                }
            };
            self.steps.push(step);
        }
    }

    /// Stops what this run has started, the last first; says whether nothing of it is left.
    async fn back(&mut self) -> bool {
        for (unit, went_well) in std::mem::take(&mut self.started).into_iter().rev() {
            // A unit whose start failed may come up late, or be on its way; if it is neither, there is nothing to stop,
            // and systemd would refuse to stop a unit that it does not know.
            let state = self.executor.state(&unit).await;
            let is_down = matches!(state, Ok(ActiveState::Inactive | ActiveState::Failed));
            if went_well || !is_down {
                self.down(&[unit]).await;
            }
        }
        !self.steps.iter().any(|s| matches!(s, Step::Stuck { .. }))
    }

    async fn down(&mut self, wave: &[UnitRef]) {
        let executor = self.executor;
        let results = join_all(wave.iter().map(|unit| executor.stop(unit, DEFAULT_LIMIT))).await;
        for (unit, result) in wave.iter().zip(results) {
            self.steps.push(match result {
                Ok(()) => Step::Stopped { unit: unit.clone() },
                Err(error) => Step::Stuck {
                    unit: unit.clone(),
                    why: error.to_string(),
                },
            });
        }
    }

    /// Whether the plan is wrong without the unit: it is to be started by itself, or something needs it hard.
    fn is_vital(&self, unit: &UnitRef) -> bool {
        self.plan.roots().contains(unit)
            || self
                .plan
                .plan()
                .edges
                .iter()
                .any(|e| e.needs == *unit && e.kind.is_hard())
    }

    /// The shortest deadline of those who wait for it.
    fn limit(&self, unit: &UnitRef) -> Duration {
        let deadlines = self
            .plan
            .plan()
            .edges
            .iter()
            .filter(|e| e.needs == *unit)
            .filter_map(|e| e.deadline);
        deadlines
            .min()
            .map_or(DEFAULT_LIMIT, crate::quantity::Span::as_duration)
    }
}
