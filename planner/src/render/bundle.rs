//! The files of a plan, in memory and on disk.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest, Sha256};

/// The name of the file that holds the hash.
const HASH_FILE: &str = "HASH";

/// Rendered files by their path beneath the output root, `/` between its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bundle {
    files: BTreeMap<String, String>,
}

/// Why a bundle could not be written or read.
#[derive(Debug)]
pub enum BundleError {
    /// A file is there already and holds something else, and overwriting was not asked for.
    Exists(String),
    /// A path of the bundle runs over a symbolic link or something that is no folder.
    NotBeneathRoot(String),
    /// The operating system refused.
    Io(String, io::Error),
}

impl std::fmt::Display for BundleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exists(path) => {
                write!(
                    f,
                    "{path} is there already and holds something else; choose another folder or ask for overwriting"
                )
            }
            Self::NotBeneathRoot(path) => {
                write!(
                    f,
                    "{path} is a symbolic link or no folder, so what is written there could end up outside the output root; choose another folder"
                )
            }
            Self::Io(path, error) => write!(f, "{path}: {error}"),
        }
    }
}

impl std::error::Error for BundleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}

impl Bundle {
    pub(super) fn put(&mut self, path: impl Into<String>, content: String) {
        self.files.insert(path.into(), content);
    }

    pub(crate) fn from_files<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        Self {
            files: files
                .into_iter()
                .map(|(p, c)| (p.to_owned(), c.to_owned()))
                .collect(),
        }
    }

    /// The files: path and content, in the order of the paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(p, c)| (p.as_str(), c.as_str()))
    }

    /// The content of one file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// SHA-256 over all paths and contents, in hexadecimal. The same plan and inventory give the same hash.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut sha = Sha256::new();
        for (path, content) in self.files.iter().filter(|(p, _)| *p != HASH_FILE) {
            for part in [path, content] {
                sha.update((part.len() as u64).to_le_bytes());
                sha.update(part);
            }
        }
        let mut text = String::with_capacity(64);
        for byte in sha.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Writes the hash into the bundle itself.
    pub(super) fn seal(&mut self) {
        let hash = self.hash();
        self.put(HASH_FILE, format!("{hash}\n"));
    }

    /// Whether the hash in the bundle is that of its files.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.get(HASH_FILE)
            .is_some_and(|h| h.trim_end() == self.hash())
    }

    /// Writes all files beneath `root`, which is made if need be. Each file is written beside its place and renamed.
    /// No symbolic link is followed beneath the root.
    ///
    /// # Errors
    /// [`BundleError::Exists`] before anything is written, if a file is there with other content and `overwrite` is
    /// false; [`BundleError::NotBeneathRoot`]; [`BundleError::Io`].
    pub fn write(&self, root: &Path, overwrite: bool) -> Result<(), BundleError> {
        let failed = |path: &Path, e| BundleError::Io(path.display().to_string(), e);
        std::fs::create_dir_all(root).map_err(|e| failed(root, e))?;
        for (path, content) in &self.files {
            let place = safe_place(root, path)?;
            match std::fs::symlink_metadata(&place) {
                Ok(meta) if !meta.is_file() => {
                    return Err(BundleError::NotBeneathRoot(place.display().to_string()));
                }
                Ok(_) if !overwrite => {
                    let there = std::fs::read(&place).map_err(|e| failed(&place, e))?;
                    if there != content.as_bytes() {
                        return Err(BundleError::Exists(place.display().to_string()));
                    }
                }
                _ => {}
            }
        }
        for (path, content) in &self.files {
            let place = safe_place(root, path)?;
            let folder = place.parent().unwrap_or(root);
            std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
            // The folders may have been made by someone else since they were looked at.
            let place = safe_place(root, path)?;
            replace(&place, content).map_err(|e| failed(&place, e))?;
        }
        Ok(())
    }

    /// Reads a folder that a bundle was written to. Symbolic links and files that are not text are left out.
    ///
    /// # Errors
    /// [`BundleError::Io`].
    pub fn read(root: &Path) -> Result<Self, BundleError> {
        let mut bundle = Self::default();
        bundle.read_into(root, "")?;
        Ok(bundle)
    }

    fn read_into(&mut self, folder: &Path, prefix: &str) -> Result<(), BundleError> {
        let failed = |e| BundleError::Io(folder.display().to_string(), e);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                self.read_into(&entry.path(), &format!("{prefix}{name}/"))?;
            } else if kind.is_file()
                && let Ok(content) = std::fs::read_to_string(entry.path())
            {
                self.put(format!("{prefix}{name}"), content);
            }
        }
        Ok(())
    }
}

/// Joins a path of the bundle to the root, part by part, and refuses what is not an ordinary folder on the way.
fn safe_place(root: &Path, path: &str) -> Result<std::path::PathBuf, BundleError> {
    let mut place = root.to_path_buf();
    let parts: Vec<&str> = path.split('/').collect();
    for (i, part) in parts.iter().enumerate() {
        if matches!(*part, "" | "." | "..") {
            return Err(BundleError::NotBeneathRoot(path.to_owned()));
        }
        place.push(part);
        let last = i + 1 == parts.len();
        if !last && std::fs::symlink_metadata(&place).is_ok_and(|m| !m.is_dir()) {
            return Err(BundleError::NotBeneathRoot(place.display().to_string()));
        }
    }
    Ok(place)
}

fn replace(place: &Path, content: &str) -> io::Result<()> {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    // Names of drop-in folders may be near the limit, those of the files in them are not.
    name.push(format!(".{}.new", std::process::id()));
    let beside = place.with_file_name(name);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    let written = file
        .write_all(content.as_bytes())
        .and_then(|()| file.sync_all());
    drop(file);
    written
        .and_then(|()| std::fs::rename(&beside, place))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&beside);
        })
}
