//! BlueChi over D-Bus: org.eclipse.bluechi on the system bus of the controller's host.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use gori_core::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep, timeout_at};
use zbus::message::Type;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};
use zbus::{Connection, MatchRule, MessageStream};

use super::{ActiveState, Executor};
use crate::name::UnitRef;

const SERVICE: &str = "org.eclipse.bluechi";
const CONTROLLER_PATH: &str = "/org/eclipse/bluechi";
const CONTROLLER: &str = "org.eclipse.bluechi.Controller";
const NODE: &str = "org.eclipse.bluechi.Node";
const JOB: &str = "org.eclipse.bluechi.Job";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const UNIT: &str = "org.freedesktop.systemd1.Unit";

/// How often a unit that is starting is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How long any one call may take.
const CALL: Duration = Duration::from_secs(10);

/// How long a unit whose deadline has passed is asked for its state, for the message only.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Starts and stops through BlueChi's controller. Has to run on the controller's host, as root by BlueChi's policy.
#[derive(Debug, Clone)]
pub struct BluechiExecutor {
    bus: Connection,
}

impl BluechiExecutor {
    /// Over the system bus.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if there is no system bus.
    pub async fn system() -> Result<Self> {
        let bus = Connection::system().await.map_err(|e| {
            Error::new(
                ErrorKind::Unavailable,
                "there is no system bus to reach BlueChi's controller on",
            )
            .hint("run this on the controller's host")
            .caused_by(e)
        })?;
        Ok(Self::over(bus))
    }

    /// Over a connection that is there already, to a bus or to a peer.
    #[must_use]
    pub fn over(bus: Connection) -> Self {
        Self { bus }
    }

    /// Calls a method and waits for its answer until `end`, but never longer than [`CALL`].
    async fn call<B, R>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
        end: Instant,
    ) -> Result<R>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType + Sync,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let call = self
            .bus
            .call_method(Some(SERVICE), path, Some(interface), method, body);
        let reply = timeout_at(end.min(Instant::now() + CALL), call)
            .await
            .map_err(|_| {
                Error::new(
                    ErrorKind::Timeout,
                    format!("BlueChi's controller did not answer {method} in time"),
                )
                .hint("look whether bluechi-controller.service works on this host")
            })?
            .map_err(|e| refused(method, e))?;
        reply.body().deserialize().map_err(|e| {
            Error::new(
                ErrorKind::Protocol,
                format!("the answer to {method} is not what BlueChi's interface says"),
            )
            .caused_by(e)
        })
    }

    /// The object of the unit's node, if the node is online.
    async fn node(&self, unit: &UnitRef, end: Instant) -> Result<OwnedObjectPath> {
        let name = unit.node.as_str();
        let (path,): (OwnedObjectPath,) = self
            .call(CONTROLLER_PATH, CONTROLLER, "GetNode", &(name,), end)
            .await?;
        let body = (NODE, "Status");
        let (status,): (OwnedValue,) = self
            .call(path.as_str(), PROPERTIES, "Get", &body, end)
            .await?;
        let status = String::try_from(status).unwrap_or_default();
        if status != "online" {
            return Err(
                Error::new(ErrorKind::Unavailable, format!("{name} is {status}"))
                    .hint("BlueChi waits without limit for a node that is away; bring it up first")
                    .about(unit),
            );
        }
        Ok(path)
    }

    async fn active_state(&self, unit: &UnitRef, end: Instant) -> Result<ActiveState> {
        let node = self.node(unit, end).await?;
        let body = (unit.unit.as_str(), UNIT, "ActiveState");
        let (value,): (OwnedValue,) = self
            .call(node.as_str(), NODE, "GetUnitProperty", &body, end)
            .await?;
        let text = String::try_from(value).unwrap_or_default();
        ActiveState::named(&text).ok_or_else(|| {
            Error::new(
                ErrorKind::Protocol,
                format!("systemd knows no state {text:?}"),
            )
            .about(unit)
        })
    }

    /// The ends of jobs from now on. A signal of anybody else on the bus is not let through.
    async fn removals(&self) -> Result<MessageStream> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SERVICE)
            .and_then(|r| r.path(CONTROLLER_PATH))
            .and_then(|r| r.interface(CONTROLLER))
            .and_then(|r| r.member("JobRemoved"))
            .map_err(|e| {
                Error::new(ErrorKind::Internal, "the rule for JobRemoved is not valid").caused_by(e)
            })?
            .build();
        MessageStream::for_match_rule(rule, &self.bus, None)
            .await
            .map_err(|e| refused("AddMatch", e))
    }

    /// Sends a job and waits for its end. The listener is there before the job, so its end cannot be missed.
    async fn job(&self, unit: &UnitRef, method: &str, end: Instant) -> Result<()> {
        let node = self.node(unit, end).await?;
        let mut removed = self.removals().await?;
        let body = (unit.unit.as_str(), "replace");
        let (job,): (OwnedObjectPath,) = self.call(node.as_str(), NODE, method, &body, end).await?;
        let mut cancel = CancelOnDrop {
            bus: self.bus.clone(),
            job: Some(job.clone()),
        };
        let Ok(result) = timeout_at(end, result_of(&job, &mut removed)).await else {
            drop(cancel);
            return Err(self.late(unit).await);
        };
        let result = result.map_err(|e| e.about(unit))?;
        cancel.job = None;
        if result == "done" {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::Refused, format!("the job ended with {result:?}"))
                .hint(hint(&result))
                .about(unit),
        )
    }

    /// What is said when a job's deadline has passed: also what the unit is by then, since a controller that has gone
    /// deaf never announces the end of a job that went well.
    async fn late(&self, unit: &UnitRef) -> Error {
        let error = |now: &str| {
            Error::new(
                ErrorKind::Timeout,
                format!("the end of the job was not announced by its deadline, so it was cancelled; {now}"),
            )
            .about(unit)
        };
        match self.active_state(unit, Instant::now() + LAST_LOOK).await {
            Ok(state) if state.is_up() => {
                error(&format!("the unit is {state:?} all the same")).hint(
                    "the controller seems deaf: look at its log and at the agent's on the unit's node",
                )
            }
            Ok(state) => error(&format!("the unit is {state:?}"))
                .hint("give it more time, or look at the unit's journal on its node"),
            Err(_) => error("its state cannot be asked"),
        }
    }
}

/// The result with which a job ends, out of the ends of all jobs.
async fn result_of(job: &OwnedObjectPath, removed: &mut MessageStream) -> Result<String> {
    loop {
        let message = removed
            .next()
            .await
            .ok_or_else(|| Error::new(ErrorKind::Network, "the bus closed its connection"))?
            .map_err(|e| refused("JobRemoved", e))?;
        let body = message.body();
        let parts = body.deserialize::<(u32, ObjectPath<'_>, String, String, String)>();
        match parts {
            Ok((_, path, _, _, result)) if path.as_str() == job.as_str() => return Ok(result),
            _ => {}
        }
    }
}

fn hint(result: &str) -> &'static str {
    match result {
        "dependency" => {
            "something that the unit needs did not start; a denied proxy ends like this too"
        }
        "timeout" => "the unit's own start timeout has passed",
        "cancelled" => "somebody cancelled it, or another job took its place",
        _ => "look at the unit's journal on its node",
    }
}

fn refused(method: &str, error: zbus::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("BlueChi's controller did not do {method}: {error}"),
    )
    .caused_by(error)
}

/// Cancels a job that nobody waits for any more.
struct CancelOnDrop {
    bus: Connection,
    job: Option<OwnedObjectPath>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        let Some(job) = self.job.take() else { return };
        let bus = self.bus.clone();
        // The connection's own executor sends the message; nothing of this run is needed for it.
        let send = async move {
            let _ = bus
                .call_method(Some(SERVICE), job.as_str(), Some(JOB), "Cancel", &())
                .await;
        };
        self.bus
            .executor()
            .spawn(send, "cancel a job of BlueChi")
            .detach();
    }
}

#[async_trait]
impl Executor for BluechiExecutor {
    async fn start(&self, unit: &UnitRef, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        self.job(unit, "StartUnit", end).await?;
        // "done" is no promise: with Type=simple the process may have died since.
        loop {
            match self.state(unit).await? {
                state if state.is_up() => return Ok(()),
                ActiveState::Activating if Instant::now() < end => sleep(LOOK).await,
                state => {
                    return Err(Error::new(
                        ErrorKind::Refused,
                        format!("the job ended with \"done\", but the unit is {state:?}"),
                    )
                    .hint(
                        "Type=simple calls a unit started before it works; use Type=notify or exec",
                    )
                    .about(unit));
                }
            }
        }
    }

    async fn stop(&self, unit: &UnitRef, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        self.job(unit, "StopUnit", end).await?;
        match self.state(unit).await? {
            ActiveState::Inactive | ActiveState::Failed => Ok(()),
            state => Err(Error::new(
                ErrorKind::Refused,
                format!("the stop is done, but the unit is {state:?}"),
            )
            .hint("something starts it again: stop the plan's reconciler first")
            .about(unit)),
        }
    }

    async fn state(&self, unit: &UnitRef) -> Result<ActiveState> {
        self.active_state(unit, Instant::now() + CALL).await
    }
}
