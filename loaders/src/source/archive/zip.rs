//! ZIP files.

use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;

use ::zip::ZipArchive;
use ::zip::result::ZipError;
use gori_core::{Error, ErrorKind};

use super::{Stopped, Unpack};

pub(super) fn unpack(unpack: &mut Unpack, file: File) -> Result<(), Stopped> {
    let shown = unpack.archive.path.display().to_string();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
        Error::new(
            ErrorKind::Corrupt,
            format!("{shown}: no readable ZIP file: {error}"),
        )
    })?;
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).and_then(Result::ok);
        let name = name.map_or_else(|| format!("entry {index}"), Cow::into_owned);
        let entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                unpack.skip(&name, &refused(&error))?;
                continue;
            }
        };
        if entry.is_dir() || !unpack.meet(&name)? {
            continue;
        }
        if entry.is_symlink() {
            unpack.skip(&name, "a link")?;
            continue;
        }
        let packed = entry.compressed_size();
        unpack.entry(&name, Some(packed), entry)?;
    }
    Ok(())
}

fn refused(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(what) if what.contains("assword") => "encrypted".to_owned(),
        error => format!("cannot be unpacked: {error}"),
    }
}
