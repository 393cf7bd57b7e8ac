//! tar files, plain and gzipped.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read};
use std::rc::Rc;

use ::tar::Archive;
use flate2::read::MultiGzDecoder;
use gori_core::{Error, ErrorKind};

use super::{Stopped, Unpack};
use crate::limits::too_large;

/// An archive may unpack to this much whatever the ratio says.
const SMALL: u64 = 8 << 20;

pub(super) fn unpack(unpack: &mut Unpack, file: File) -> Result<(), Stopped> {
    entries(unpack, BufReader::new(file), &Cell::new(false))
}

pub(super) fn unpack_gzip(unpack: &mut Unpack, file: File) -> Result<(), Stopped> {
    let packed = Rc::new(Cell::new(0));
    let passed = Rc::new(Cell::new(false));
    let file = Counted(BufReader::new(file), packed.clone());
    let plain = Bounded {
        reader: MultiGzDecoder::new(BufReader::new(file)),
        unpacked: 0,
        packed,
        ratio: unpack.archive.reader.kept_limits().ratio,
        passed: passed.clone(),
    };
    entries(unpack, plain, &passed)
}

fn entries(unpack: &mut Unpack, reader: impl Read, passed: &Cell<bool>) -> Result<(), Stopped> {
    let shown = unpack.archive.path.display().to_string();
    let ratio = unpack.archive.reader.kept_limits().ratio;
    let broken = |error: std::io::Error| {
        if passed.get() {
            return too_large(
                &format!("{shown}: what each of its bytes unpacks to"),
                ratio,
            );
        }
        let what = format!("{shown}: no readable tar file: {error}");
        Error::new(ErrorKind::Corrupt, what)
    };
    let mut archive = Archive::new(reader);
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() || !unpack.meet(&name)? {
            continue;
        }
        if !(kind.is_file() || kind.is_contiguous()) {
            unpack.skip(&name, "a link or a device")?;
            continue;
        }
        unpack.entry(&name, None, entry)?;
    }
    Ok(())
}

/// Counts what is read through it.
struct Counted<R>(R, Rc<Cell<u64>>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.set(self.1.get() + read as u64);
        Ok(read)
    }
}

/// Ends with an error once the ratio is passed: what is skipped is unpacked all the same, so
/// that looking at the entries alone would be too late.
struct Bounded<R> {
    reader: R,
    unpacked: u64,
    packed: Rc<Cell<u64>>,
    ratio: u64,
    passed: Rc<Cell<bool>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.unpacked += read as u64;
        if self.unpacked > SMALL.max(self.packed.get().saturating_mul(self.ratio)) {
            self.passed.set(true);
            return Err(std::io::Error::other("above the ratio"));
        }
        Ok(read)
    }
}
