//! Globs that were checked when they were added.

use std::path::Path;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use gori_core::{Error, Result};

/// Which paths are wanted: those of `include`, or all where it is empty, without those of
/// `exclude`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) include: Globs,
    pub(crate) exclude: Globs,
}

impl Wanted {
    pub(crate) fn wants(&self, path: &Path) -> bool {
        (self.include.globs.is_empty() || self.include.matches(path)) && !self.exclude.matches(path)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Globs {
    globs: Vec<Glob>,
    set: GlobSet,
}

impl Globs {
    /// Adds a glob: `*` stops at `/`, `**` does not; one without `/` matches the last step.
    ///
    /// # Errors
    /// `InvalidInput` when it is no glob.
    pub(crate) fn add(&mut self, glob: &str) -> Result<()> {
        let wrong = |error: globset::Error| {
            Error::invalid(format!("no glob: {error}"))
                .about(glob)
                .hint("write it as in .gitignore: `*.md`, `docs/**/*.pdf`, `{a,b}/*`")
        };
        let anchored = match glob.contains('/') {
            true => glob.trim_start_matches('/').to_owned(),
            false => format!("**/{glob}"),
        };
        let built = GlobBuilder::new(&anchored).literal_separator(true).build();
        self.globs.push(built.map_err(wrong)?);
        let mut builder = GlobSetBuilder::new();
        for glob in &self.globs {
            builder.add(glob.clone());
        }
        self.set = builder.build().map_err(wrong)?;
        Ok(())
    }

    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.set.is_match(path)
    }
}
