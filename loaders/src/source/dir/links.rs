//! Symbolic links. One that stays under its root leads to something that is mostly found by
//! its own name, and must not be loaded twice; so links wait until all else was seen, and then
//! those are followed whose target was not.

use std::path::{Path, PathBuf};

use super::open;
use super::walk::{Gone, Walk};

/// A link that stays under its root.
pub(super) struct Link {
    path: PathBuf,
    inside: PathBuf,
    target: PathBuf,
    root: PathBuf,
}

/// Looks at a link on the way.
pub(super) fn meet(walk: &mut Walk, path: &Path, inside: &Path, root: &Path) -> Result<(), Gone> {
    let Ok(target) = path.canonicalize() else {
        return walk.skip(path, "a symbolic link to nothing");
    };
    if !target.starts_with(root) {
        return walk.skip(path, "a symbolic link that leaves the folder");
    }
    walk.links.push(Link {
        path: path.to_owned(),
        inside: inside.to_owned(),
        target,
        root: root.to_owned(),
    });
    Ok(())
}

/// Follows the links whose targets were not seen otherwise.
pub(super) fn follow(walk: &mut Walk) -> Result<(), Gone> {
    // Following a link to a folder may meet further links.
    let mut next = 0;
    while let Some(link) = walk.links.get(next) {
        next += 1;
        let (path, inside) = (link.path.clone(), link.inside.clone());
        let (target, root) = (link.target.clone(), link.root.clone());
        let Ok(metadata) = target.metadata() else {
            walk.skip(&path, "a symbolic link to nothing")?;
            continue;
        };
        let seen = open::file_id(&metadata).is_none_or(|id| walk.visited.contains(&id));
        if seen || root.starts_with(&target) {
            continue;
        }
        if metadata.is_dir() {
            walk.folder(&path, &target)?;
        } else if walk.dir.wanted.wants(&inside) {
            walk.file(&path, &target, &metadata)?;
        }
    }
    Ok(())
}
