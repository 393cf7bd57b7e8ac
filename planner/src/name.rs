//! Names that cannot be wrong: what a type here holds can be written into a unit file, a path or a BlueChi list as
//! it stands.
//!
//! Each type is made with `parse` or through serde, and refuses with a [`NameError`] that carries the code of the
//! diagnosis. Refused, never repaired: a stripped newline would hide that somebody tried one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::code::Code;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    /// The code of the diagnosis.
    pub code: Code,
    /// What is wrong, why it matters, and what to write instead.
    pub message: String,
}

impl NameError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// The code stands in brackets in front, so that it survives the passage through a serde error.
impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.message)
    }
}

impl std::error::Error for NameError {}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads one; refuses what the type must not hold.
            ///
            /// # Errors
            /// A [`NameError`] with the code of the diagnosis.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(s: &str) -> Result<Self, NameError> {
                Self::parse(s)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_type! {
    /// The name of a node, as its agent registers it with the controller: letters, digits, `.` and `-`, at most 64.
    ///
    /// ```
    /// use gori_planner::name::NodeName;
    /// use gori_planner::code::Code;
    /// assert!(NodeName::parse("agent03").is_ok());
    /// assert_eq!(NodeName::parse("agent_03").unwrap_err().code, Code::NodeUnderscore);
    /// assert_eq!(NodeName::parse("node3, node1").unwrap_err().code, Code::NodeNameList);
    /// ```
    NodeName, check_node
}
text_type! {
    /// The full name of a unit with its suffix, such as `camera.service` or `cam@left.service`.
    UnitName, check_unit
}
text_type! {
    /// The name of a plan: lower-case letters, digits and `-`, at most 40, so that it can be part of file names and
    /// of `<plan>.target`.
    PlanName, check_plan
}
text_type! {
    /// An IPv4 or IPv6 address or a host name.
    Address, check_address
}
text_type! {
    /// An absolute path without `.`, `..`, doubled slashes or blanks.
    AbsPath, check_path
}
text_type! {
    /// One line of free text: a reason, a description. Control and direction-changing characters are refused.
    Text, check_text
}
text_type! {
    /// A container image reference, such as `localhost/camera:1.2`.
    ImageRef, check_image
}
text_type! {
    /// The name of an environment variable.
    EnvName, check_env_name
}
text_type! {
    /// The name of a user of the machine.
    UserName, check_user_name
}

fn check_node(s: &str) -> Result<(), NameError> {
    if s.contains('_') {
        return Err(NameError::new(
            Code::NodeUnderscore,
            format!(
                "the node name {s:?} holds an underscore: BlueChi splits the instance NODE_UNIT of a proxy at the \
                 first underscore and would look for another node; rename the node, for example with a dash"
            ),
        ));
    }
    if s.contains([' ', '\t', ',']) {
        return Err(NameError::new(
            Code::NodeNameList,
            format!(
                "the node name {s:?} holds a blank or a comma: BlueChi splits its lists on commas without trimming, \
                 so this would deny the node without a message; write one name for each entry of the list"
            ),
        ));
    }
    let fine = s
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if s.is_empty() || s.len() > 64 || !fine || s.starts_with(['.', '-']) || s.contains("..") {
        return Err(NameError::new(
            Code::NodeNameInvalid,
            format!(
                "the node name {s:?} is not 1 to 64 letters, digits, dots and dashes that begin with a letter or digit"
            ),
        ));
    }
    Ok(())
}

/// The unit types of systemd that can be ordered.
const SUFFIXES: [&str; 9] = [
    ".service",
    ".target",
    ".socket",
    ".mount",
    ".timer",
    ".path",
    ".slice",
    ".device",
    ".automount",
];

fn check_unit(s: &str) -> Result<(), NameError> {
    let invalid = |why: &str| {
        Err(NameError::new(
            Code::UnitNameInvalid,
            format!("the unit name {s:?} {why}"),
        ))
    };
    if s.len() > 200 {
        return invalid("is longer than 200 bytes");
    }
    if s.starts_with(['.', '-']) || s.contains("..") {
        return invalid("begins with a dot or dash, or holds `..`");
    }
    if !unit_bytes_fine(s) {
        return invalid(
            "holds a character that systemd does not allow in a unit name (letters, digits, `:-_.@` and `\\xHH` are \
             allowed); escape a path with systemd-escape",
        );
    }
    let Some(stem) = SUFFIXES.iter().find_map(|suffix| s.strip_suffix(suffix)) else {
        return Err(NameError::new(
            Code::UnitSuffix,
            format!(
                "the unit name {s:?} has no suffix that systemd knows; write {s}.service if it is a service"
            ),
        ));
    };
    if stem.is_empty() || stem.starts_with('@') {
        return invalid("has nothing in front of its suffix");
    }
    if stem.ends_with('@') {
        return Err(NameError::new(
            Code::UnitTemplate,
            format!(
                "{s:?} is a template, which cannot be started; name an instance, such as {stem}one.service"
            ),
        ));
    }
    if ["bluechi-proxy@", "bluechi-dep@"]
        .iter()
        .any(|p| s.starts_with(p))
    {
        return Err(NameError::new(
            Code::ProxyByHand,
            format!(
                "{s:?} is a unit of BlueChi's own: write the dependency as NODE/UNIT and the proxy \
                 bluechi-proxy@NODE_UNIT.service is made from it, with both names in it"
            ),
        ));
    }
    Ok(())
}

/// Whether only systemd's characters are there, a backslash only as the `\xHH` that systemd-escape writes.
fn unit_bytes_fine(s: &str) -> bool {
    let b = s.as_bytes();
    let mut i = 0;
    while let Some(&c) = b.get(i) {
        if c == b'\\' {
            let hex = b.get(i + 2..i + 4).unwrap_or_default();
            if b.get(i + 1) != Some(&b'x')
                || hex.len() != 2
                || !hex.iter().all(u8::is_ascii_hexdigit)
            {
                return false;
            }
            i += 4;
        } else if c.is_ascii_alphanumeric() || b":_.@-".contains(&c) {
            i += 1;
        } else {
            return false;
        }
    }
    !s.is_empty()
}

fn check_plan(s: &str) -> Result<(), NameError> {
    let fine = s
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if s.is_empty() || s.len() > 40 || !fine || s.starts_with('-') || s.ends_with('-') {
        return Err(NameError::new(
            Code::PlanNameInvalid,
            format!(
                "the plan name {s:?} is not 1 to 40 lower-case letters, digits and inner dashes; it becomes a file name"
            ),
        ));
    }
    Ok(())
}

fn check_address(s: &str) -> Result<(), NameError> {
    let host = |s: &str| {
        s.len() <= 253
            && s.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
            && !s.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    if s.parse::<std::net::IpAddr>().is_ok() || host(s) {
        return Ok(());
    }
    Err(NameError::new(
        Code::AddressInvalid,
        format!("{s:?} is neither an IP address nor a host name"),
    ))
}

fn check_path(s: &str) -> Result<(), NameError> {
    let fine = s.len() > 1
        && s.len() <= 4096
        && s.strip_prefix('/').is_some_and(|rest| {
            rest.split('/').all(|part| {
                !matches!(part, "" | "." | "..")
                    && part
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"._-+@".contains(&b))
            })
        });
    if fine {
        return Ok(());
    }
    Err(NameError::new(
        Code::PathInvalid,
        format!(
            "{s:?} is not an absolute path of letters, digits and `._-+@` without `.`, `..` or empty parts"
        ),
    ))
}

/// Characters that end a line somewhere, hide text or turn its direction round.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn check_text(s: &str) -> Result<(), NameError> {
    if let Some(c) = s.chars().find(|c| is_control(*c)) {
        return Err(NameError::new(
            Code::TextControl,
            format!(
                "the text holds the control character U+{:04X}, which could end a line of a unit file or hide what \
                 stands there; write the text on one line without it",
                c as u32
            ),
        ));
    }
    if s.len() > 2000 {
        return Err(NameError::new(
            Code::TextControl,
            "the text is longer than 2,000 bytes; shorten it",
        ));
    }
    Ok(())
}

fn check_image(s: &str) -> Result<(), NameError> {
    let fine = !s.is_empty()
        && s.len() <= 255
        && s.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/:@+".contains(&b))
        && s.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !s.contains("..")
        && !s.contains("//");
    if fine {
        return Ok(());
    }
    Err(NameError::new(
        Code::ImageInvalid,
        format!("{s:?} is not a container image reference such as localhost/camera:1.2"),
    ))
}

fn check_env_name(s: &str) -> Result<(), NameError> {
    let fine = !s.is_empty()
        && s.len() <= 128
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !s.starts_with(|c: char| c.is_ascii_digit());
    if fine {
        return Ok(());
    }
    Err(NameError::new(
        Code::EnvNameInvalid,
        format!(
            "{s:?} is not the name of an environment variable: letters, digits and underscores"
        ),
    ))
}

fn check_user_name(s: &str) -> Result<(), NameError> {
    let fine = !s.is_empty()
        && s.len() <= 31
        && s.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
        && s.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if fine {
        return Ok(());
    }
    Err(NameError::new(
        Code::UserNameInvalid,
        format!("{s:?} is not a user name"),
    ))
}

impl NodeName {
    /// The name of the proxy, on another node, for `unit` of this one. Only services have proxies.
    pub(crate) fn proxy_of(&self, unit: &UnitName) -> String {
        format!("bluechi-proxy@{}_{}.service", self, unit.stem())
    }
}

impl UnitName {
    /// The name without its suffix.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.as_str()
            .rsplit_once('.')
            .map_or(self.as_str(), |(stem, _)| stem)
    }

    /// Whether it is a service.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.as_str().ends_with(".service")
    }
}

/// A unit on a node, written `NODE/UNIT`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitRef {
    /// The node.
    pub node: NodeName,
    /// The unit on it.
    pub unit: UnitName,
}

impl UnitRef {
    /// A unit on a node.
    #[must_use]
    pub fn new(node: NodeName, unit: UnitName) -> Self {
        Self { node, unit }
    }

    /// Reads `NODE/UNIT`.
    ///
    /// # Errors
    /// [`Code::UnitRefInvalid`] without a slash, and the codes of the two names.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.starts_with("bluechi-proxy@") || text.starts_with("bluechi-dep@") {
            check_unit(text)?;
        }
        let Some((node, unit)) = text.split_once('/') else {
            return Err(NameError::new(
                Code::UnitRefInvalid,
                format!("{text:?} names no node; write NODE/UNIT, such as node1/camera.service"),
            ));
        };
        Ok(Self {
            node: NodeName::parse(node)?,
            unit: UnitName::parse(unit)?,
        })
    }

    /// The name of the proxy for this unit on every node that needs it.
    #[must_use]
    pub fn proxy(&self) -> String {
        self.node.proxy_of(&self.unit)
    }
}

impl fmt::Display for UnitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.node, self.unit)
    }
}

impl fmt::Debug for UnitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl FromStr for UnitRef {
    type Err = NameError;
    fn from_str(s: &str) -> Result<Self, NameError> {
        Self::parse(s)
    }
}

impl Serialize for UnitRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnitRef {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}
