//! The code of every diagnosis, and how far a plan's author may overrule it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a diagnosis weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Told, never refused.
    Remark,
    /// Refused unless the plan lists the code under `accept` with a reason.
    Judgement,
    /// Refused, whatever the plan says: the plan would be wrong.
    Wrong,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $weight:ident;)*) => {
        /// What is wrong with an inventory or a plan. The text of a code is stable: tests, scripts and
        /// `accept` lists may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code there is, in the order of this page.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable kebab-case text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// How it weighs.
            #[must_use]
            pub fn weight(self) -> Weight {
                match self { $(Code::$variant => Weight::$weight,)* }
            }
        }
    };
}

codes! {
    // Reading: what a type refuses to hold.
    /// The input is not TOML or JSON at all.
    Syntax = "syntax", Wrong;
    /// A field that the format does not know.
    FieldUnknown = "field-unknown", Wrong;
    /// A field that is missing or of another type.
    ValueInvalid = "value-invalid", Wrong;
    /// An underscore in a node name: BlueChi splits `NODE_UNIT` at the first one.
    NodeUnderscore = "node-underscore", Wrong;
    /// A blank or comma in a node name: BlueChi's lists are split on commas and not trimmed.
    NodeNameList = "node-name-list", Wrong;
    /// Any other character, an empty name or one that is too long.
    NodeNameInvalid = "node-name-invalid", Wrong;
    /// A unit name that systemd would not load.
    UnitNameInvalid = "unit-name-invalid", Wrong;
    /// A unit name without a known suffix.
    UnitSuffix = "unit-suffix", Wrong;
    /// `name@.service` is a template and cannot be started.
    UnitTemplate = "unit-template", Wrong;
    /// A proxy or dependency unit of BlueChi, written by hand.
    ProxyByHand = "proxy-by-hand", Wrong;
    /// Not of the form `NODE/UNIT`.
    UnitRefInvalid = "unit-ref-invalid", Wrong;
    /// The plan's name cannot become a file name and a target.
    PlanNameInvalid = "plan-name-invalid", Wrong;
    /// A control or direction-changing character in free text.
    TextControl = "text-control", Wrong;
    /// A duration that cannot be read.
    DurationInvalid = "duration-invalid", Wrong;
    /// A size in bytes that cannot be read.
    SizeInvalid = "size-invalid", Wrong;
    /// A version that cannot be read.
    VersionInvalid = "version-invalid", Wrong;
    /// Not an IP address or host name.
    AddressInvalid = "address-invalid", Wrong;
    /// A path that is relative or climbs with `..`.
    PathInvalid = "path-invalid", Wrong;
    /// Not a container image reference.
    ImageInvalid = "image-invalid", Wrong;
    /// Not a name of an environment variable.
    EnvNameInvalid = "env-name-invalid", Wrong;
    /// Not a user name.
    UserNameInvalid = "user-name-invalid", Wrong;

    // The inventory.
    /// Two nodes of one name.
    NodeDuplicate = "node-duplicate", Wrong;
    /// Two units of one name on one node.
    UnitDuplicate = "unit-duplicate", Wrong;
    /// A unit on a node that the inventory does not have.
    UnitNodeUnknown = "unit-node-unknown", Wrong;
    /// Edges between nodes, and no controller.
    ControllerMissing = "controller-missing", Wrong;
    /// An agent holds exactly one controller connection.
    ControllerMany = "controller-many", Wrong;
    /// Agents need the address of the controller.
    ControllerAddress = "controller-address", Wrong;
    /// Two system agents on one host.
    AddressShared = "address-shared", Wrong;
    /// Port 0, or a port below 1024 for a controller that runs without root.
    PortInvalid = "port-invalid", Wrong;
    /// A user agent whose user does not linger.
    UserLinger = "user-linger", Judgement;
    /// `bluechi-agent --host` of a user agent takes an IP address alone.
    UserAgentHost = "user-agent-host", Wrong;
    /// Heartbeats are off where the loss of a node has to be seen.
    HeartbeatOff = "heartbeat-off", Wrong;
    /// The threshold is not above the interval: nodes flap.
    HeartbeatThreshold = "heartbeat-threshold", Wrong;
    /// Units ask for more memory than their node has.
    MemoryExceeded = "memory-exceeded", Wrong;
    /// A CPU number that the node does not have.
    CpuOutOfRange = "cpu-out-of-range", Wrong;

    // Versions.
    /// A node of a cross-node edge has no BlueChi.
    BluechiMissing = "bluechi-missing", Wrong;
    /// BlueChi before 1.0 knows no `AllowDependenciesOn=`.
    BluechiVersion = "bluechi-version", Wrong;
    /// Agent and controller of different major versions.
    BluechiSkew = "bluechi-skew", Remark;
    /// `Upholds=` needs systemd 249.
    UpholdsVersion = "upholds-version", Wrong;
    /// `RestartMode=direct` needs systemd 254.
    RestartModeVersion = "restart-mode-version", Wrong;
    /// A container on a node without podman.
    PodmanMissing = "podman-missing", Wrong;
    /// Quadlet needs podman 4.4.
    PodmanVersion = "podman-version", Wrong;

    // Edges and units.
    /// A plan that starts and orders nothing.
    PlanEmpty = "plan-empty", Wrong;
    /// A node that the inventory does not have.
    NodeUnknown = "node-unknown", Wrong;
    /// A unit that its node does not have.
    UnitUnknown = "unit-unknown", Wrong;
    /// A node that is known to be offline.
    NodeOffline = "node-offline", Judgement;
    /// A unit that is neither installed nor a container of the inventory.
    UnitNotInstalled = "unit-not-installed", Wrong;
    /// A masked unit cannot be started.
    UnitMasked = "unit-masked", Wrong;
    /// A unit that needs itself.
    EdgeSelf = "edge-self", Wrong;
    /// The same edge twice.
    EdgeDuplicate = "edge-duplicate", Wrong;
    /// Two edges of different kinds between the same units.
    EdgeConflict = "edge-conflict", Wrong;
    /// Units that wait for each other on one node.
    CycleLocal = "cycle-local", Wrong;
    /// Units that wait for each other over several nodes: a deadlock without a message.
    CycleCross = "cycle-cross", Wrong;
    /// A proxy always appends `.service`.
    TargetNotService = "target-not-service", Wrong;
    /// A needed oneshot that does not remain active.
    OneshotWithoutRemain = "oneshot-without-remain", Wrong;
    /// `Type=simple` promises nothing about readiness.
    SimpleReadiness = "simple-readiness", Judgement;
    /// A container that does not tell when it is ready.
    ContainerReadiness = "container-readiness", Judgement;
    /// "Succeeded" only has a meaning for a oneshot.
    SucceededNotOneshot = "succeeded-not-oneshot", Wrong;
    /// The name of the proxy or of its drop-in folder is too long for a file name.
    NameTooLong = "name-too-long", Wrong;

    // Access.
    /// The node's pinned list lacks a node that an edge needs.
    AccessMissing = "access-missing", Wrong;
    /// The node's pinned list grants what no edge needs.
    AccessExcess = "access-excess", Judgement;
    /// A pinned list names a node that does not exist.
    AccessUnknown = "access-unknown", Wrong;
    /// The controller's pinned list of agents lacks a node of the plan.
    NodeNotAllowed = "node-not-allowed", Wrong;

    // Failure.
    /// The controller runs on a node whose units others need.
    ControllerCritical = "controller-critical", Judgement;
    /// `StopWhenUnneeded=` on a target of a proxy.
    StopWhenUnneeded = "stop-when-unneeded", Judgement;
    /// A target that restarts, hard sources, and nothing that brings them back.
    RestartUnrecovered = "restart-unrecovered", Judgement;
    /// A reaction without a chain of hard edges to carry it.
    ReactionNoPath = "reaction-no-path", Wrong;
    /// A reaction to the loss of a node where the policy keeps dependents running.
    ReactionKept = "reaction-kept", Wrong;
    /// The units of a reaction are the same.
    ReactionSelf = "reaction-self", Wrong;
    /// The reaction cannot happen within the time given.
    ReactionLate = "reaction-late", Wrong;
    /// The reconciler would run all the time, or never.
    ReconcileInterval = "reconcile-interval", Wrong;

    // Time.
    /// The deadline is shorter than a proxy needs for a target that is already up.
    DeadlineBelowHop = "deadline-below-hop", Wrong;
    /// The target cannot be ready in time along the critical path.
    DeadlineMissed = "deadline-missed", Wrong;
    /// One proxy, two deadlines.
    DeadlineConflict = "deadline-conflict", Wrong;
    /// The unit's own start timeout is shorter than its start.
    StartTimeout = "start-timeout", Wrong;
    /// The whole plan is to be up earlier than it can be.
    PlanDeadline = "plan-deadline", Wrong;
    /// A start time that nobody gave; the forecast assumes one.
    StartTimeAssumed = "start-time-assumed", Remark;

    // Containers.
    /// A host path that gives the container the machine.
    VolumeDenied = "volume-denied", Wrong;
    /// A capability beyond the allow-list.
    CapabilityDenied = "capability-denied", Wrong;
    /// Two containers publish one port of one node.
    PortClash = "port-clash", Wrong;
    /// A rootless container publishes a privileged port.
    PortPrivileged = "port-privileged", Wrong;

    // The goal, where a model wrote the plan.
    /// A unit that the goal does not speak of.
    GoalNotMentioned = "goal-not-mentioned", Wrong;
    /// A plain sentence of the goal that the plan does not hold.
    GoalLost = "goal-lost", Wrong;

    // Accepting.
    /// A code that no reason can make right.
    AcceptForbidden = "accept-forbidden", Wrong;
    /// Accepted, and not there.
    AcceptUnused = "accept-unused", Remark;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.as_str() == s)
            .ok_or_else(|| format!("no diagnosis has the code {s:?}"))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
