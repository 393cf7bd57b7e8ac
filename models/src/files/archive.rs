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

use flate2::read::{DeflateDecoder, GzDecoder};
use gori_core::{Error, ErrorKind, Result};
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

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
        Format::Zip => unpack_zip(file, entries, sink),
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

/// Where an entry lies in a zip archive, and how.
struct Member {
    at: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    plain: bool,
}

fn unpack_zip(file: File, entries: &[Entry], sink: &mut Sink<'_>) -> Result<()> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(broken)?;
    let mut members = BTreeMap::new();
    let mut listed = archive.entries(&mut buffer);
    while let Some(record) = listed.next_entry().map_err(broken)? {
        let path = record.file_path();
        let Some(entry) = entries.iter().find(|e| e.path.as_bytes() == path.as_ref()) else {
            continue;
        };
        let member = Member {
            at: record.wayfinder(),
            method: record.compression_method(),
            plain: !record.is_dir() && !record.mode().is_symlink(),
        };
        members.insert(entry.path.as_str(), member);
    }
    for entry in entries {
        let member = members
            .get(entry.path.as_str())
            .ok_or_else(|| absent(entry))?;
        let data = archive.get_entry(member.at).map_err(broken)?;
        let size = member.at.uncompressed_size_hint();
        let mut reader: Box<dyn Read + '_> = match member.method {
            CompressionMethod::STORE => Box::new(data.reader()),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(data.reader())),
            other => {
                return Err(corrupt(
                    format!("is packed as {other:?}, which no wheel is"),
                    entry,
                ));
            }
        };
        give(entry, member.plain, size, &mut reader, sink)?;
    }
    Ok(())
}

fn broken(error: rawzip::Error) -> Error {
    unreadable(io::Error::other(error))
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
