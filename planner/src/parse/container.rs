//! A Quadlet file as the container it describes.

use std::collections::BTreeMap;

use super::ParseError;
use super::text::Line;
use crate::inventory::{Capability, Container, Port, Volume, VolumeSource};
use crate::name::{AbsPath, EnvName, ImageRef, NameError, PlanName, Text};
use crate::render::escape::unword;
use crate::render::ini::Key;

pub(super) fn parse(path: &str, lines: &[Line]) -> Result<Container, ParseError> {
    let wrong = |message: String| ParseError {
        path: path.to_owned(),
        message,
    };
    let name = |e: NameError| wrong(e.to_string());
    let mut image = None;
    let mut container = Container {
        // Replaced below; a file without an image is refused.
        image: ImageRef::parse("none").map_err(name)?,
        exec: Vec::new(),
        environment: BTreeMap::new(),
        volumes: Vec::new(),
        publish: Vec::new(),
        notify: false,
        capabilities: Vec::new(),
        writable: false,
    };
    for line in lines.iter().filter(|l| l.section == "Container") {
        let value = line.value.as_str();
        match line.key {
            Key::Image => image = Some(ImageRef::parse(value).map_err(name)?),
            Key::Exec => {
                for word in split_words(value)
                    .ok_or_else(|| wrong(format!("{value:?} is not split into words")))?
                {
                    container.exec.push(Text::parse(&word).map_err(name)?);
                }
            }
            Key::Environment => {
                let pair = unword(value, true)
                    .ok_or_else(|| wrong(format!("{value:?} is not one word")))?;
                let (key, value) = pair
                    .split_once('=')
                    .ok_or_else(|| wrong(format!("{pair:?} sets nothing")))?;
                container.environment.insert(
                    EnvName::parse(key).map_err(name)?,
                    Text::parse(value).map_err(name)?,
                );
            }
            Key::Volume => container
                .volumes
                .push(volume(value).map_err(|e| wrong(e.to_string()))?),
            Key::PublishPort => container
                .publish
                .push(port(value).ok_or_else(|| wrong(format!("{value:?} is no port")))?),
            Key::Notify => container.notify = value == "true",
            Key::ReadOnly => container.writable = value != "true",
            Key::NoNewPrivileges if value == "true" => {}
            Key::DropCapability if value == "all" => {}
            Key::AddCapability => {
                let known = value
                    .strip_prefix("CAP_")
                    .and_then(|v| serde_json::from_value::<Capability>(v.into()).ok())
                    .filter(|c| !c.is_denied())
                    .ok_or_else(|| wrong(format!("the capability {value} is not allowed")))?;
                container.capabilities.push(known);
            }
            key => {
                return Err(wrong(format!(
                    "{}={value} does not belong there",
                    key.as_str()
                )));
            }
        }
    }
    container.image = image.ok_or_else(|| wrong("there is no image".to_owned()))?;
    Ok(container)
}

/// Words that were each written in double quotes, with one blank between them.
fn split_words(value: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut open, mut escaped) = (false, false);
    for c in value.chars() {
        match c {
            ' ' if !open => {
                words.push(unword(&std::mem::take(&mut word), true)?);
                continue;
            }
            '"' if !escaped => open = !open,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        word.push(c);
    }
    words.push(unword(&word, true)?);
    Some(words)
}

fn volume(value: &str) -> Result<Volume, NameError> {
    let mut parts = value.split(':');
    let (source, target) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let source = match source.strip_suffix(".volume") {
        Some(name) if !name.starts_with('/') => VolumeSource::Named(PlanName::parse(name)?),
        _ => VolumeSource::Host(AbsPath::parse(source)?),
    };
    Ok(Volume {
        source,
        target: AbsPath::parse(target)?,
        read_only: parts.next() == Some("ro"),
    })
}

fn port(value: &str) -> Option<Port> {
    let (host, container) = value.split_once(':')?;
    Some(Port {
        host: host.parse().ok()?,
        container: container.parse().ok()?,
    })
}
