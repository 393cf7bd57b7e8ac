//! A folder that has, or claims to have, the files of a model.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gori_core::{Error, ErrorKind, Result, Stop};

use super::{Fetch, File, Model, Phase, Sha256};

/// The files of a model on this machine, each with the digest of the description at the time
/// it was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDir {
    name: String,
    path: PathBuf,
    files: BTreeMap<String, PathBuf>,
}

impl ModelDir {
    /// The model in `folder`, for files whose digests were checked already.
    pub(super) fn unchecked(model: &Model, folder: &Path) -> Self {
        let pair = |file: &File| (file.name.clone(), folder.join(&file.name));
        Self {
            name: model.name.clone(),
            path: folder.to_owned(),
            files: model.files.iter().map(pair).collect(),
        }
    }

    /// The name of the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that holds the files.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file by the name that the description gives it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the model has no such file.
    pub fn file(&self, name: &str) -> Result<&Path> {
        self.files
            .get(name)
            .map(PathBuf::as_path)
            .ok_or_else(|| self.lacks(format!("has no file `{name}`")))
    }

    /// The one file with this ending, such as `gguf`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none or more than one.
    pub fn only(&self, extension: &str) -> Result<&Path> {
        let fits = |path: &&PathBuf| path.extension().is_some_and(|e| e == extension);
        let mut found = self.files.values().filter(fits);
        match (found.next(), found.next()) {
            (Some(path), None) => Ok(path),
            (None, _) => Err(self.lacks(format!("has no .{extension} file"))),
            _ => Err(self.lacks(format!("has more than one .{extension} file"))),
        }
    }

    /// Every file: its name in the description, and where it is.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        let pair = |(name, path)| (String::as_str(name), PathBuf::as_path(path));
        self.files.iter().map(pair)
    }

    fn lacks(&self, what: String) -> Error {
        let names: Vec<_> = self.files.keys().map(String::as_str).collect();
        Error::new(ErrorKind::NotFound, what)
            .about(&self.name)
            .hint(format!("it has {}", names.join(", ")))
    }
}

/// The model in `folder`, every digest checked.
///
/// # Errors
/// [`ErrorKind::NotFound`] when a file is missing, [`ErrorKind::Corrupt`] when one is not what
/// it should be.
pub(super) fn verified(
    model: &Model,
    folder: &Path,
    settings: &Fetch,
    stop: &Stop,
) -> Result<ModelDir> {
    checked(model, ModelDir::unchecked(model, folder), settings, stop)
}

/// The model that consists of a single file, wherever that is and whatever it is called.
pub(super) fn verified_file(
    model: &Model,
    file: &Path,
    settings: &Fetch,
    stop: &Stop,
) -> Result<ModelDir> {
    let [only] = model.files.as_slice() else {
        let what = format!("the model has {} files: give a folder", model.files.len());
        return Err(Error::invalid(what).about(file.display()));
    };
    let dir = ModelDir {
        name: model.name.clone(),
        path: file.parent().unwrap_or(Path::new("")).to_owned(),
        files: [(only.name.clone(), file.to_owned())].into(),
    };
    checked(model, dir, settings, stop)
}

fn checked(model: &Model, dir: ModelDir, settings: &Fetch, stop: &Stop) -> Result<ModelDir> {
    // Lengths cost nothing: a missing or torn file is found before gigabytes are read.
    for file in &model.files {
        check_length(file, dir.file(&file.name)?)?;
    }
    let total = model.size();
    let report = |done| settings.report(&model.name, Phase::Verifying, None, done, total);
    report(0);
    let mut before = 0;
    for file in &model.files {
        check_digest(file, dir.file(&file.name)?, stop, |n| report(before + n))?;
        before += file.size;
    }
    Ok(dir)
}

fn check_length(file: &File, path: &Path) -> Result<()> {
    let found = fs::metadata(path).map_err(|e| Error::io(path.display(), e))?;
    if found.is_file() && found.len() == file.size {
        return Ok(());
    }
    let what = format!("has {} bytes instead of {}", found.len(), file.size);
    Err(Error::new(ErrorKind::Corrupt, what).about(path.display()))
}

fn check_digest(file: &File, path: &Path, stop: &Stop, mut seen: impl FnMut(u64)) -> Result<()> {
    // A report for every few MiB is enough for any eye.
    let mut last = 0;
    let found = Sha256::of_file(path, stop, |n| {
        if n - last >= 8 << 20 || n == file.size {
            last = n;
            seen(n);
        }
    })?;
    if found == file.sha256 {
        return Ok(());
    }
    let what = format!("has the SHA-256 {found} instead of {}", file.sha256);
    Err(Error::new(ErrorKind::Corrupt, what).about(path.display()))
}
