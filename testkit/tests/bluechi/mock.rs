//! A mock of BlueChi's controller, made from the public signatures of its interfaces.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gori_planner::apply::BluechiExecutor;
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, fdo, interface};

/// What a unit does when it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Becomes active.
    Normal,
    /// The job fails because its proxy is denied.
    Denied,
    /// Never ends, until it is cancelled.
    Hangs,
    /// The job is done and the unit is dead.
    DoneButDead,
    /// The controller knows no such unit.
    NoSuchUnit,
    /// The node goes offline with the start.
    Offline,
    /// Becomes active, and the end of the job is never announced: the connection has gone deaf.
    Deaf,
    /// The controller never answers the call.
    Mute,
    /// Virtual events and the ends of other jobs come before its own.
    Noisy,
}

#[derive(Debug, Default)]
struct World {
    units: BTreeMap<String, (Behaviour, String)>,
    offline: Vec<String>,
    jobs: BTreeMap<u32, String>,
    calls: Vec<String>,
    next: u32,
}

type Shared = Arc<Mutex<World>>;

pub struct Mock {
    world: Shared,
    _server: Connection,
}

struct Controller;

#[interface(name = "org.eclipse.bluechi.Controller")]
impl Controller {
    async fn get_node(&self, name: String) -> OwnedObjectPath {
        OwnedObjectPath::try_from(format!("/org/eclipse/bluechi/node/{name}")).unwrap()
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: OwnedObjectPath,
        node: String,
        unit: String,
        result: String,
    ) -> zbus::Result<()>;
}

struct Monitor;

#[interface(name = "org.eclipse.bluechi.Monitor")]
impl Monitor {
    #[zbus(signal)]
    async fn unit_state_changed(
        emitter: &SignalEmitter<'_>,
        node: String,
        unit: String,
        active: String,
        sub: String,
        reason: String,
    ) -> zbus::Result<()>;
}

struct Node {
    name: String,
    world: Shared,
}

struct Job {
    id: u32,
    world: Shared,
}

fn job_path(id: u32) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("/org/eclipse/bluechi/job/{id}")).unwrap()
}

async fn removed(bus: Connection, id: u32, unit: String, result: &str) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    let emitter = SignalEmitter::new(&bus, "/org/eclipse/bluechi").unwrap();
    let (node, unit) = unit.split_once('/').unwrap();
    Controller::job_removed(
        &emitter,
        id,
        job_path(id),
        node.into(),
        unit.into(),
        result.into(),
    )
    .await
    .unwrap();
}

impl Node {
    async fn job(&self, bus: &Connection, unit: &str, what: &str) -> fdo::Result<OwnedObjectPath> {
        let name = format!("{}/{unit}", self.name);
        let (id, behaviour) = {
            let mut world = self.world.lock().unwrap();
            world.calls.push(format!("{what} {name}"));
            world.next += 1;
            let id = world.next;
            world.jobs.insert(id, name.clone());
            let behaviour = world.units.get(&name).map_or(Behaviour::Normal, |u| u.0);
            (
                id,
                if what == "stop" {
                    Behaviour::Normal
                } else {
                    behaviour
                },
            )
        };
        if behaviour == Behaviour::Mute {
            std::future::pending::<()>().await;
        }
        if behaviour == Behaviour::NoSuchUnit {
            return Err(fdo::Error::Failed(format!("Unit {unit} not found.")));
        }
        bus.object_server()
            .at(
                job_path(id),
                Job {
                    id,
                    world: self.world.clone(),
                },
            )
            .await?;
        let (state, result) = match behaviour {
            Behaviour::Normal | Behaviour::Noisy | Behaviour::Deaf => {
                (if what == "stop" { "inactive" } else { "active" }, "done")
            }
            Behaviour::DoneButDead => ("failed", "done"),
            _ => ("inactive", "dependency"),
        };
        {
            let mut world = self.world.lock().unwrap();
            world
                .units
                .entry(name.clone())
                .or_insert((Behaviour::Normal, String::new()))
                .1 = state.into();
            if behaviour == Behaviour::Offline {
                world.offline.push(self.name.clone());
            }
        }
        if behaviour == Behaviour::Noisy {
            let emitter = SignalEmitter::new(bus, "/org/eclipse/bluechi/monitor/1").unwrap();
            Monitor::unit_state_changed(
                &emitter,
                self.name.clone(),
                unit.into(),
                "inactive".into(),
                "dead".into(),
                "virtual".into(),
            )
            .await?;
            removed(bus.clone(), id + 1000, name.clone(), "failed").await;
        }
        if !matches!(behaviour, Behaviour::Hangs | Behaviour::Deaf) {
            tokio::spawn(removed(bus.clone(), id, name, result));
        }
        Ok(job_path(id))
    }
}

#[interface(name = "org.eclipse.bluechi.Node")]
impl Node {
    async fn start_unit(
        &self,
        #[zbus(connection)] bus: &Connection,
        name: String,
        mode: String,
    ) -> fdo::Result<OwnedObjectPath> {
        assert_eq!(mode, "replace");
        self.job(bus, &name, "start").await
    }

    async fn stop_unit(
        &self,
        #[zbus(connection)] bus: &Connection,
        name: String,
        mode: String,
    ) -> fdo::Result<OwnedObjectPath> {
        assert_eq!(mode, "replace");
        self.job(bus, &name, "stop").await
    }

    async fn get_unit_property(
        &self,
        name: String,
        interface: String,
        property: String,
    ) -> fdo::Result<OwnedValue> {
        assert_eq!(
            (interface.as_str(), property.as_str()),
            ("org.freedesktop.systemd1.Unit", "ActiveState")
        );
        let world = self.world.lock().unwrap();
        let state = world
            .units
            .get(&format!("{}/{name}", self.name))
            .map_or("inactive", |u| u.1.as_str());
        Ok(Value::from(state).try_into().unwrap())
    }

    #[zbus(property)]
    async fn status(&self) -> String {
        let away = self.world.lock().unwrap().offline.contains(&self.name);
        if away {
            "offline".into()
        } else {
            "online".into()
        }
    }
}

#[interface(name = "org.eclipse.bluechi.Job")]
impl Job {
    async fn cancel(&self, #[zbus(connection)] bus: &Connection) {
        let unit = {
            let mut world = self.world.lock().unwrap();
            let unit = world.jobs.get(&self.id).cloned().unwrap();
            world.calls.push(format!("cancel {unit}"));
            unit
        };
        tokio::spawn(removed(bus.clone(), self.id, unit, "cancelled"));
    }
}

/// Puts the controller's objects on a connection.
fn serve<'b>(server: Builder<'b>, world: &Shared) -> Builder<'b> {
    let mut server = server
        .serve_at("/org/eclipse/bluechi", Controller)
        .unwrap()
        .serve_at("/org/eclipse/bluechi/monitor/1", Monitor)
        .unwrap();
    for name in ["node1", "node2", "node3"] {
        let node = Node {
            name: name.into(),
            world: world.clone(),
        };
        let path = format!("/org/eclipse/bluechi/node/{name}");
        server = server.serve_at(path, node).unwrap();
    }
    server
}

/// A bus of its own, which ends with the test.
pub struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    /// `None` where there is no dbus-daemon.
    pub fn start() -> Option<Self> {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut address = String::new();
        BufReader::new(daemon.stdout.take()?)
            .read_line(&mut address)
            .ok()?;
        let address = address.trim().to_owned();
        let bus = Self { daemon, address };
        (!bus.address.is_empty()).then_some(bus)
    }

    pub async fn connect(&self) -> Connection {
        let builder = Builder::address(self.address.as_str()).unwrap();
        builder.build().await.unwrap()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Mock {
    /// The mock, and an executor that talks to it peer to peer.
    pub async fn new() -> (Self, BluechiExecutor) {
        let (a, b) = tokio::net::UnixStream::pair().unwrap();
        let world = Shared::default();
        let server = Builder::unix_stream(a)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p();
        let server = serve(server, &world).build();
        let (server, client) = tokio::join!(server, Builder::unix_stream(b).p2p().build());
        let mock = Self {
            world,
            _server: server.unwrap(),
        };
        (mock, BluechiExecutor::over(client.unwrap()))
    }

    /// The same on a bus, where signals come by the bus's own rules.
    pub async fn on(bus: &Bus) -> (Self, BluechiExecutor) {
        let world = Shared::default();
        let server = Builder::address(bus.address.as_str())
            .unwrap()
            .name("org.eclipse.bluechi")
            .unwrap();
        let server = serve(server, &world).build().await.unwrap();
        let client = bus.connect().await;
        let mock = Self {
            world,
            _server: server,
        };
        (mock, BluechiExecutor::over(client))
    }

    pub fn set(&self, unit: &str, behaviour: Behaviour, state: &str) {
        self.world
            .lock()
            .unwrap()
            .units
            .insert(unit.into(), (behaviour, state.into()));
    }

    pub fn state(&self, unit: &str) -> String {
        self.world
            .lock()
            .unwrap()
            .units
            .get(unit)
            .map_or("inactive".into(), |u| u.1.clone())
    }

    pub fn calls(&self) -> Vec<String> {
        self.world.lock().unwrap().calls.clone()
    }

    pub async fn wait_for(&self, call: &str) {
        for _ in 0..500 {
            if self.calls().iter().any(|c| c == call) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{call} never came: {:?}", self.calls());
    }
}
