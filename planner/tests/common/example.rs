//! An example of this crate, which `cargo test` builds beside the tests.

use std::path::{Path, PathBuf};

pub fn built(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let folder = here.parent().and_then(Path::parent).unwrap();
    folder
        .join("examples")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}
