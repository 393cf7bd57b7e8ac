//! Relations: what the ids in a part of a document stand for.

use std::collections::HashMap;

use gori_core::Result;

use crate::isolation::Bytes;
use crate::pack::Pack;
use crate::xml::{self, Node};

/// A target of a relation.
#[derive(Clone, Debug)]
pub(super) struct Rel {
    pub(super) kind: String,
    pub(super) target: String,
}

/// The relations of the part at `path`, by id. Targets inside of the document are full paths.
pub(super) fn of(
    pack: &mut Pack<'_>,
    path: &str,
    bytes: &Bytes<'_>,
) -> Result<HashMap<String, Rel>> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let mut rels = HashMap::new();
    let Some(part) = pack.read(&format!("{folder}/_rels/{file}.rels"))? else {
        return Ok(rels);
    };
    xml::walk(&part, bytes.limits, &|| bytes.stop.check(), &mut |node| {
        if let Node::Open("Relationship", attrs) = node
            && let (Some(id), Some(target)) = (attrs.get("Id"), attrs.get("Target"))
        {
            let kind = attrs.get("Type").unwrap_or_default();
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            let target = match attrs.get("TargetMode") {
                Some("External") => target.to_owned(),
                _ => join(folder, target),
            };
            rels.insert(id.to_owned(), Rel { kind, target });
        }
        Ok(())
    })?;
    Ok(rels)
}

/// A target seen from a folder. It names a part of the same ZIP file and nothing else, so
/// that steps above its root lead nowhere.
fn join(folder: &str, target: &str) -> String {
    let absolute = target.starts_with('/');
    let mut steps: Vec<&str> = if absolute {
        Vec::new()
    } else {
        folder.split('/').filter(|step| !step.is_empty()).collect()
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_seen_from_their_folder() {
        assert_eq!(join("ppt", "slides/slide1.xml"), "ppt/slides/slide1.xml");
        assert_eq!(
            join("ppt/slides", "../notesSlides/n1.xml"),
            "ppt/notesSlides/n1.xml"
        );
        assert_eq!(join("ppt", "/ppt/a.xml"), "ppt/a.xml");
        assert_eq!(join("ppt", "../../../../etc/passwd"), "etc/passwd");
    }
}
