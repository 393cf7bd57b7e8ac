//! A file system in memory that remembers what is on disk and what is only on its way, so
//! that every state a power cut may leave can be made; and that fails when told.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gori_vectorstores::local::fs::{Fs, Lock, Map, ReadFile, WriteFile};

use super::Rng;

/// Everything that changes a file system.
#[derive(Clone, Debug)]
pub enum Event {
    Create(PathBuf, usize),
    Write(usize, usize, Vec<u8>),
    Truncate(usize, usize),
    Sync(usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncDir,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The device gives an error; of a write, half was done.
    Io,
    /// The disk is full; of a write, half was done.
    Full,
}

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<PathBuf, usize>,
    files: Vec<Vec<u8>>,
    events: Vec<Event>,
    locked: Vec<PathBuf>,
    fail: Option<(usize, Failure, bool)>,
    failed: usize,
}

impl State {
    /// Counts an operation; whether it is to fail.
    fn begin(&mut self) -> Option<Failure> {
        let (left, how, once) = self
            .fail
            .as_mut()
            .map(|fail| (&mut fail.0, fail.1, fail.2))?;
        if *left > 0 {
            *left -= 1;
            return None;
        }
        self.failed += 1;
        if once {
            self.fail = None;
        }
        Some(how)
    }
}

impl Failure {
    fn error(self) -> io::Error {
        match self {
            // EIO and ENOSPC.
            Self::Io => io::Error::other("the device failed on purpose"),
            Self::Full => ErrorKind::StorageFull.into(),
        }
    }
}

/// The file system. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct FaultFs(Arc<Mutex<State>>);

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FaultFs {
    /// Lets the operation fail that comes after so many others, and when `once` is false all
    /// that follow too.
    pub fn fail_after(&self, operations: usize, how: Failure, once: bool) {
        hold(&self.0).fail = Some((operations, how, once));
    }

    pub fn heal(&self) {
        hold(&self.0).fail = None;
    }

    pub fn failed(&self) -> usize {
        hold(&self.0).failed
    }

    pub fn events(&self) -> Vec<Event> {
        hold(&self.0).events.clone()
    }

    pub fn event_count(&self) -> usize {
        hold(&self.0).events.len()
    }

    pub fn file(&self, path: &Path) -> Option<Vec<u8>> {
        let state = hold(&self.0);
        Some(state.files[*state.names.get(path)?].clone())
    }

    pub fn names(&self) -> Vec<PathBuf> {
        hold(&self.0).names.keys().cloned().collect()
    }

    /// A copy with other content in one file.
    pub fn with_file(&self, path: &Path, content: Vec<u8>) -> Self {
        let state = hold(&self.0);
        let mut copy = State {
            names: state.names.clone(),
            files: state.files.clone(),
            ..State::default()
        };
        copy.files[state.names[path]] = content;
        Self(Arc::new(Mutex::new(copy)))
    }

    fn change(
        &self,
        event: Event,
        apply: impl FnOnce(&mut State) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut state = hold(&self.0);
        if let Some(how) = state.begin() {
            return Err(how.error());
        }
        apply(&mut state)?;
        state.events.push(event);
        Ok(())
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let found = hold(&self.0).names.get(path).copied();
        found.ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Fs for FaultFs {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = hold(&self.0);
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let inode = hold(&self.0).files.len();
        self.change(Event::Create(path.to_owned(), inode), |state| {
            state.files.push(Vec::new());
            state.names.insert(path.to_owned(), inode);
            Ok(())
        })?;
        Ok(Box::new(File {
            fs: self.clone(),
            inode,
        }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let inode = self.find(path)?;
        Ok(Box::new(File {
            fs: self.clone(),
            inode,
        }))
    }

    fn read(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        let inode = self.find(path)?;
        Ok(Arc::new(File {
            fs: self.clone(),
            inode,
        }))
    }

    fn map(&self, path: &Path) -> io::Result<Map> {
        let inode = self.find(path)?;
        Ok(Map::copied(&hold(&self.0).files[inode]))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(Event::Rename(from.to_owned(), to.to_owned()), |state| {
            let inode = state.names.remove(from).ok_or(ErrorKind::NotFound)?;
            state.names.insert(to.to_owned(), inode);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(Event::Remove(path.to_owned()), |state| {
            state
                .names
                .remove(path)
                .map(drop)
                .ok_or(ErrorKind::NotFound.into())
        })
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.change(Event::SyncDir, |_| Ok(()))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let mut state = hold(&self.0);
        if state.locked.iter().any(|held| held == path) {
            return Err(ErrorKind::WouldBlock.into());
        }
        state.locked.push(path.to_owned());
        Ok(Box::new(Held {
            fs: self.clone(),
            path: path.to_owned(),
        }))
    }
}

#[derive(Debug)]
struct Held {
    fs: FaultFs,
    path: PathBuf,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        hold(&self.fs.0).locked.retain(|held| *held != self.path);
    }
}

#[derive(Debug)]
struct File {
    fs: FaultFs,
    inode: usize,
}

impl WriteFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = hold(&self.fs.0);
        let failure = state.begin();
        let bytes = if failure.is_some() {
            &bytes[..bytes.len() / 2]
        } else {
            bytes
        };
        let at = state.files[self.inode].len();
        state.files[self.inode].extend_from_slice(bytes);
        state
            .events
            .push(Event::Write(self.inode, at, bytes.to_vec()));
        failure.map_or(Ok(()), |how| Err(how.error()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.fs.change(Event::Sync(self.inode), |_| Ok(()))
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let (inode, len) = (self.inode, len as usize);
        self.fs.change(Event::Truncate(inode, len), |state| {
            state.files[inode].resize(len, 0);
            Ok(())
        })
    }
}

impl ReadFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(hold(&self.fs.0).files[self.inode].len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let state = hold(&self.fs.0);
        let start = offset as usize;
        let bytes = state.files[self.inode].get(start..start + buffer.len());
        buffer.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// What a power cut makes of what was on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing of it arrived.
    Drop,
    /// All of it arrived.
    Keep,
    /// Some of the writes arrived, in any order.
    Some,
    /// Every block of this many bytes arrived or not.
    Torn(usize),
    /// The writes arrived up to some byte.
    Prefix,
    /// The files grew, but the new bytes are zeros.
    Zeros,
    /// The files grew, but the new bytes are anything.
    Garbage,
}

/// Every way of cutting.
pub const CUTS: [Cut; 8] = [
    Cut::Drop,
    Cut::Keep,
    Cut::Some,
    Cut::Torn(512),
    Cut::Torn(4096),
    Cut::Prefix,
    Cut::Zeros,
    Cut::Garbage,
];

/// A disk on which events happen one after the other, and which may lose its power between
/// any two.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: Vec<(Vec<u8>, Vec<Event>)>,
    names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<Event>,
}

impl Disk {
    /// One that holds what a file system does, all of it for good.
    pub fn of(fs: &FaultFs) -> Self {
        let state = hold(&fs.0);
        let files = state.files.iter();
        Self {
            files: files.map(|file| (file.clone(), Vec::new())).collect(),
            names: state.names.clone(),
            pending_names: Vec::new(),
        }
    }

    pub fn happen(&mut self, event: &Event) {
        match event {
            Event::Create(_, inode) => {
                self.files
                    .resize(self.files.len().max(inode + 1), Default::default());
                self.pending_names.push(event.clone());
            }
            Event::Write(inode, ..) | Event::Truncate(inode, _) => {
                self.files[*inode].1.push(event.clone());
            }
            Event::Sync(inode) => {
                let (durable, pending) = &mut self.files[*inode];
                for event in pending.drain(..) {
                    apply(durable, &event);
                }
            }
            Event::Rename(..) | Event::Remove(_) => self.pending_names.push(event.clone()),
            Event::SyncDir => {
                let pending = std::mem::take(&mut self.pending_names);
                pending
                    .iter()
                    .for_each(|event| name(&mut self.names, event));
            }
        }
    }

    /// What is found when the power is back.
    pub fn cut(&self, how: Cut, rng: &mut Rng) -> FaultFs {
        let mut state = State {
            names: self.names.clone(),
            ..State::default()
        };
        // Names may be lost or kept apart from what is in the files.
        let (all, few) = (
            self.pending_names.len(),
            rng.below(self.pending_names.len() + 1),
        );
        let style = rng.below(3);
        for (i, event) in self.pending_names.iter().enumerate() {
            let kept = match how {
                Cut::Drop => false,
                Cut::Keep => i < all,
                _ if style == 0 => i < few,
                _ if style == 1 => rng.coin(),
                _ => true,
            };
            if kept {
                name(&mut state.names, event);
            }
        }
        for (durable, pending) in &self.files {
            state.files.push(cut(durable, pending, how, rng));
        }
        FaultFs(Arc::new(Mutex::new(state)))
    }
}

fn name(names: &mut BTreeMap<PathBuf, usize>, event: &Event) {
    match event {
        Event::Create(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        Event::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        Event::Remove(path) => {
            names.remove(path);
        }
        _ => {}
    }
}

fn apply(file: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Write(_, at, bytes) => {
            if file.len() < at + bytes.len() {
                file.resize(at + bytes.len(), 0);
            }
            file[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        Event::Truncate(_, len) => file.resize(*len, 0),
        _ => {}
    }
}

fn cut(durable: &[u8], pending: &[Event], how: Cut, rng: &mut Rng) -> Vec<u8> {
    let mut file = durable.to_vec();
    let mut whole = durable.to_vec();
    pending.iter().for_each(|event| apply(&mut whole, event));
    match how {
        Cut::Drop => {}
        Cut::Keep => file = whole,
        Cut::Some => {
            let mut kept: Vec<&Event> = pending.iter().filter(|_| rng.coin()).collect();
            for i in (1..kept.len()).rev() {
                kept.swap(i, rng.below(i + 1));
            }
            kept.iter().for_each(|event| apply(&mut file, event));
        }
        Cut::Torn(block) => {
            let len = if rng.coin() {
                whole.len()
            } else {
                durable.len().max(rng.below(whole.len() + 1))
            };
            file.resize(len.min(whole.len()).max(durable.len().min(whole.len())), 0);
            for start in (0..file.len()).step_by(block) {
                if rng.coin() {
                    let end = file.len().min(start + block);
                    file[start..end].copy_from_slice(&whole[start..end]);
                }
            }
        }
        Cut::Prefix => {
            let same = durable.len().min(whole.len());
            whole.truncate(same + rng.below(whole.len() - same + 1));
            file = whole;
        }
        Cut::Zeros | Cut::Garbage => {
            let grown = whole.len().max(file.len());
            let start = file.len();
            file.resize(grown, 0);
            if how == Cut::Garbage {
                file[start..].fill_with(|| rng.next() as u8);
            }
        }
    }
    file
}
