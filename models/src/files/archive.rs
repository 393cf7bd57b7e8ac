//! Taking described entries out of a package.
//!
//! An archive says where its entries want to go; nothing here listens to that. An entry is
//! found by the exact path of the description, must be a plain file of the described length,
//! and goes where the caller says. So `..`, absolute paths, links and devices in an archive
//! have no effect, and neither has a bomb: no more is unpacked than was described.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use gori_core::{Error, ErrorKind, Result};

use super::Entry;

/// Where the bytes of an entry go.
type Sink<'a> = dyn FnMut(&Entry, &mut dyn Read) -> Result<()> + 'a;

/// How the packages of a registry are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A gzipped tar archive, as npm packs.
    Tgz,
    /// A zip archive, as wheels are.
    Zip,
}

/// Hands every entry to `sink`, each once, with a reader of exactly its bytes.
///
/// # Errors
/// [`ErrorKind::Corrupt`] for an entry that is missing, no plain file, or of another length,
/// and for an archive that cannot be read; whatever `sink` says.
pub(super) fn unpack(
    package: &Path,
    format: Format,
    entries: &[Entry],
    sink: &mut Sink<'_>,
) -> Result<()> {
    let file = File::open(package).map_err(|e| Error::io(package.display(), e))?;
    match format {
        Format::Tgz => unpack_tgz(BufReader::new(file), entries, sink),
        Format::Zip => unpack_zip(BufReader::new(file), entries, sink),
    }
}

fn unpack_tgz(file: impl Read, entries: &[Entry], sink: &mut Sink<'_>) -> Result<()> {
    let mut missing: BTreeMap<&[u8], &Entry> =
        entries.iter().map(|e| (e.path.as_bytes(), e)).collect();
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for member in archive.entries().map_err(unreadable)? {
        let mut member = member.map_err(unreadable)?;
        let path = member.path_bytes().into_owned();
        let Some(entry) = missing.remove(path.as_slice()) else {
            continue;
        };
        let plain = member.header().entry_type() == tar::EntryType::Regular;
        give(entry, plain, member.size(), &mut member, sink)?;
        if missing.is_empty() {
            break;
        }
    }
    match missing.into_values().next() {
        Some(entry) => Err(absent(entry)),
        None => Ok(()),
    }
}

fn unpack_zip(file: impl Read + io::Seek, entries: &[Entry], sink: &mut Sink<'_>) -> Result<()> {
    let broken = |e: zip::result::ZipError| unreadable(io::Error::other(e));
    let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
    for entry in entries {
        let mut member = match archive.by_name(&entry.path) {
            Ok(member) => member,
            Err(zip::result::ZipError::FileNotFound) => return Err(absent(entry)),
            Err(e) => return Err(broken(e)),
        };
        let plain = member.is_file() && !member.is_symlink();
        give(entry, plain, member.size(), &mut member, sink)?;
    }
    Ok(())
}

fn give(
    entry: &Entry,
    plain: bool,
    size: u64,
    reader: &mut dyn Read,
    sink: &mut Sink<'_>,
) -> Result<()> {
    if !plain {
        return Err(corrupt("is no plain file in the package", entry));
    }
    if size != entry.size {
        let what = format!("has {size} bytes in the package, not {}", entry.size);
        return Err(corrupt(what, entry));
    }
    sink(entry, &mut reader.take(entry.size))
}

fn absent(entry: &Entry) -> Error {
    corrupt("is not in the package", entry)
}

fn corrupt(what: impl Into<std::borrow::Cow<'static, str>>, entry: &Entry) -> Error {
    Error::new(ErrorKind::Corrupt, what).about(&entry.path)
}

fn unreadable(error: io::Error) -> Error {
    Error::new(ErrorKind::Corrupt, "the package cannot be unpacked").caused_by(error)
}
