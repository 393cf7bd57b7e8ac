//! Unit files and BlueChi configuration, built from a list of directives that may appear at all.

use std::fmt::Write as _;

macro_rules! keys {
    ($($name:ident),* $(,)?) => {
        /// The directives that a bundle may hold. What is not here cannot be written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(clippy::enum_variant_names, reason = "the names are systemd's")]
        pub(crate) enum Key { $($name,)* }

        impl Key {
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            pub(crate) fn find(text: &str) -> Option<Self> {
                match text { $(stringify!($name) => Some(Self::$name),)* _ => None }
            }
        }
    };
}

keys! {
    Description, PartOf, BindsTo, Wants, Requires, Upholds, After, JobTimeoutSec, StartLimitIntervalSec, WantedBy,
    Type, ExecStart, ExecStartPre, ExecStopPost, TimeoutStartSec, Restart, RestartSec, RestartMode,
    MemoryMax, CPUAffinity, CPUWeight, CPUSchedulingPolicy, NoNewPrivileges, ProtectSystem, ProtectHome, PrivateTmp,
    OnActiveSec, OnUnitActiveSec, AccuracySec, Unit,
    Image, Exec, Environment, Volume, PublishPort, Notify, ReadOnly, DropCapability, AddCapability, VolumeName,
    Root, Reaction,
    NodeName, ControllerHost, ControllerPort, HeartbeatInterval, ControllerHeartbeatThreshold,
    NodeHeartbeatThreshold, AllowedNodeNames, AllowDependenciesOn,
}

/// A file under construction.
#[derive(Debug, Default)]
pub(super) struct Ini(String);

impl Ini {
    pub(super) fn new(comment: &str) -> Self {
        Self(format!("# {comment}\n"))
    }

    /// The name of a section is a constant, or a constant and a node name.
    pub(super) fn section(&mut self, name: &str) -> &mut Self {
        let _ = write!(self.0, "\n[{name}]\n");
        self
    }

    pub(super) fn set(&mut self, key: Key, value: impl AsRef<str>) -> &mut Self {
        let _ = writeln!(self.0, "{}={}", key.as_str(), value.as_ref());
        self
    }

    pub(super) fn maybe(&mut self, key: Key, value: Option<String>) -> &mut Self {
        if let Some(value) = value {
            self.set(key, value);
        }
        self
    }

    /// A list of BlueChi: commas without blanks, and no line near its limit of 500 bytes. Indented lines continue it.
    pub(super) fn list(&mut self, key: Key, values: &[&str]) -> &mut Self {
        let mut line = format!("{}=", key.as_str());
        for (i, value) in values.iter().enumerate() {
            if line.len() + value.len() > 400 {
                self.0.push_str(&line);
                self.0.push('\n');
                line = "    ".to_owned();
            }
            line.push_str(value);
            if i + 1 < values.len() {
                line.push(',');
            }
        }
        self.0.push_str(&line);
        self.0.push('\n');
        self
    }

    /// A comment with free text, in quotes so that no backslash ends the line.
    pub(super) fn reason(&mut self, text: &str) -> &mut Self {
        let _ = writeln!(self.0, "# reason: \"{text}\"");
        self
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn done(self) -> String {
        self.0
    }
}
