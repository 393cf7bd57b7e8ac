//! What there is: nodes, and the services installed on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::{
    AbsPath, Address, EnvName, ImageRef, NodeName, Text, UnitName, UnitRef, UserName,
};
use crate::quantity::{Bytes, Span, Version};

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The nodes, their units, and the settings of BlueChi that hold for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The nodes, each one agent of BlueChi.
    pub nodes: Vec<Node>,
    /// The units that are installed, and the containers that the plan's bundle brings along.
    #[serde(default)]
    pub units: Vec<Unit>,
    /// How BlueChi is set up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bluechi: Bluechi,
    /// Settings of the Kubernetes manifests; without them none are rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,
}

/// One agent of BlueChi: a machine, or a user's services on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The name its agent registers.
    pub name: NodeName,
    /// Where Ansible, and for the controller the agents, reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Whether the controller of BlueChi runs here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub controller: bool,
    /// Set to `false` for a node that is known to be away.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub online: bool,
    /// Version of systemd.
    pub systemd: Version,
    /// Version of BlueChi, if it is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bluechi: Option<Version>,
    /// Version of podman, if it is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub podman: Option<Version>,
    /// The user, where the agent is a user's own; without it the agent is the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserAgent>,
    /// Number of CPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// The nodes that this node's units may depend on, where someone pinned them. Without it the plan's own edges
    /// decide, and nothing more is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_dependencies_on: Option<Vec<NodeName>>,
}

fn yes() -> bool {
    true
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

/// The user of a user agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserAgent {
    /// The user's name.
    pub name: UserName,
    /// The user's number.
    pub uid: u32,
    /// The user's home, where the drop-ins go beneath `.config/systemd/user`.
    pub home: AbsPath,
    /// Whether `loginctl enable-linger` was done, so that the user's services start at boot.
    #[serde(default)]
    pub linger: bool,
}

/// One unit of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// The node it is on.
    pub node: NodeName,
    /// Its full name.
    pub name: UnitName,
    /// `Type=` of the service. Units that are not services have none.
    #[serde(default, rename = "type")]
    pub service_type: ServiceType,
    /// `RemainAfterExit=`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub remain_after_exit: bool,
    /// `StopWhenUnneeded=`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stop_when_unneeded: bool,
    /// How long it takes from the start of its job until it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Span>,
    /// Whether that time was measured, or someone guessed it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub measured: bool,
    /// `TimeoutStartSec=` of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timeout: Option<Span>,
    /// `Restart=`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restart: Restart,
    /// Whether `RestartMode=direct` is to be set, so that a restart does not pass through `failed`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restart_direct: bool,
    /// Whether the unit is on its node already.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub preinstalled: bool,
    /// Whether the unit is masked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub masked: bool,
    /// Units of the same node that its installed file orders it after already (`After=`); they take part in the
    /// search for cycles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<UnitName>,
    /// Other names that people use for it, in any language; the goal may say them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Text>,
    /// What it may use.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resources: Resources,
    /// The container, if the bundle is to bring the unit as a Quadlet file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
}

impl Unit {
    /// Where it is, and its name.
    #[must_use]
    pub fn at(&self) -> UnitRef {
        UnitRef::new(self.node.clone(), self.name.clone())
    }
}

/// `Type=` of a service: what "active" means for those who wait.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum ServiceType {
    /// Active as soon as it is forked: no promise at all.
    Simple,
    /// As simple, and later.
    Idle,
    /// Active when the binary was executed.
    Exec,
    /// Active when the parent has exited.
    Forking,
    /// Active when the command has succeeded.
    Oneshot,
    /// Active when the name is on the bus.
    Dbus,
    /// Active when the service says so.
    #[default]
    Notify,
}

/// `Restart=` of a service.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// After a failure.
    OnFailure,
    /// Always.
    Always,
}

/// What a unit may use; passed through to systemd, which gives no real-time promise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// `MemoryMax=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_max: Option<Bytes>,
    /// `CPUAffinity=`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu_affinity: Vec<u32>,
    /// `CPUWeight=`, 1 to 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_weight: Option<CpuWeight>,
    /// `CPUSchedulingPolicy=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<Scheduling>,
}

/// A weight from 1 to 10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct CpuWeight(u16);

impl TryFrom<u16> for CpuWeight {
    type Error = String;
    fn try_from(n: u16) -> Result<Self, String> {
        if (1..=10_000).contains(&n) {
            Ok(Self(n))
        } else {
            Err(format!("{n} is not a CPU weight from 1 to 10000"))
        }
    }
}

impl From<CpuWeight> for u16 {
    fn from(w: CpuWeight) -> u16 {
        w.0
    }
}

/// Scheduling policies that systemd can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheduling {
    /// First in, first out, real-time.
    Fifo,
    /// Round robin, real-time.
    Rr,
    /// Batch.
    Batch,
}

/// A container, rendered as a Quadlet file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// The image.
    pub image: ImageRef,
    /// Arguments for the image's entry point, each one argument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exec: Vec<Text>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<EnvName, Text>,
    /// Named volumes and host folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// Ports that the host listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<Port>,
    /// Whether the program in the container tells systemd when it is ready.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub notify: bool,
    /// Capabilities beyond none at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// Whether the container may write to its own file system.
    #[serde(default, skip_serializing_if = "is_default")]
    pub writable: bool,
}

/// A volume of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// A volume's name, or an absolute path of the host.
    pub source: VolumeSource,
    /// Where it is in the container.
    pub target: AbsPath,
    /// Whether it is read only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_only: bool,
}

/// Where a volume's data are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VolumeSource {
    /// A volume that podman keeps; the name obeys the rules of a plan name.
    Named(crate::name::PlanName),
    /// A folder of the host.
    Host(AbsPath),
}

/// A published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// On the host.
    pub host: u16,
    /// In the container.
    pub container: u16,
}

/// The capabilities a container may be asked to have; more are refused by the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capability {
    /// Bind ports below 1024.
    NetBindService,
    /// Raw sockets.
    NetRaw,
    /// Raise its own priority and use real-time scheduling.
    SysNice,
    /// Lock memory.
    IpcLock,
    /// Change owners of files.
    Chown,
    /// Become another user.
    Setuid,
    /// Become another group.
    Setgid,
    /// Configure the network: refused.
    NetAdmin,
    /// Nearly root: refused.
    SysAdmin,
    /// Trace other processes: refused.
    SysPtrace,
    /// Load kernel modules: refused.
    SysModule,
    /// Go round file permissions: refused.
    DacOverride,
}

impl Capability {
    /// Capabilities that open the machine to the container.
    #[must_use]
    pub fn is_denied(self) -> bool {
        matches!(
            self,
            Self::NetAdmin | Self::SysAdmin | Self::SysPtrace | Self::SysModule | Self::DacOverride
        )
    }
}

/// How BlueChi is set up on all nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bluechi {
    /// The controller's TCP port.
    pub port: u16,
    /// `HeartbeatInterval=` of agents and controller; BlueChi's own default for the controller is off.
    pub heartbeat: Span,
    /// `NodeHeartbeatThreshold=` and `ControllerHeartbeatThreshold=`: silence that counts as a loss.
    pub threshold: Span,
    /// The agents the controller may let in, where someone pinned them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_nodes: Option<Vec<NodeName>>,
}

impl Default for Bluechi {
    fn default() -> Self {
        Self {
            port: 842,
            heartbeat: Span::from_millis(500),
            threshold: Span::from_millis(2000),
            allowed_nodes: None,
        }
    }
}

/// What Kubernetes manifests need besides the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// An image with `kubectl` as its entry point, for the init containers that wait.
    pub wait_image: ImageRef,
}
