//! The store without its async face: blocking calls on an open directory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use gori_core::{Error, ErrorKind, Result, Stop};

use super::fs::{Fs, Lock};
use super::log::{Log, LogWriter, Tip};
use super::manifest::{Identity, Manifest};
use super::names::{LOCK, Span};
use super::open::{self, Opened};
use super::options::{Durability, Options, Tuning};
use super::replay::{self, End, refused};
use super::report::Report;
use super::view::View;
use super::write::{Queue, Slot, Write, Writer, answer, copy};

/// An open store.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) identity: Identity,
    pub(crate) dir: PathBuf,
    pub(crate) report: Report,
    pub(crate) durability: Durability,
    pub(crate) fs: Arc<dyn Fs>,
    /// Held by whoever indexes or merges.
    pub(crate) maintenance: Mutex<()>,
    /// Raised when the store is dropped, so that indexing and merging end early.
    pub(crate) stop: Stop,
    pub(crate) tuning: Tuning,
    /// Indexes that a reader found damaged, and its writer not yet.
    distrusted: Mutex<BTreeSet<Span>>,
    /// Told when a log was sealed.
    wake: Mutex<Option<Sender<()>>>,
    view: RwLock<Arc<View>>,
    role: Role,
}

#[derive(Debug)]
enum Role {
    Writer {
        writer: Box<Mutex<Writer>>,
        queue: Queue,
        _lock: Box<dyn Lock>,
    },
    Reader(Mutex<Followed>),
}

/// How far a reader has read what another process writes.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) stamp: Vec<u8>,
    pub(crate) log: Arc<Log>,
    pub(crate) tip: Tip,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock was held leaves a state that is whole: every change to it is one
    // assignment at the end of what may fail.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Opens the store to write, or makes it where `options` say for what.
    pub(crate) fn open(
        fs: Arc<dyn Fs>,
        dir: PathBuf,
        options: Option<&Options>,
        durability: Durability,
    ) -> Result<Self> {
        let tuning = options.map(|options| options.tuning).unwrap_or_default();
        let about = |error| Error::io(dir.display(), error);
        if let Some(options) = options {
            options.check()?;
            fs.create_dir(&dir).map_err(about)?;
        }
        let names = fs.list(&dir).map_err(about)?;
        let held = take_lock(&*fs, &dir)?;
        let mut report = Report::default();
        let manifest = match (Manifest::read(&*fs, &dir)?, options) {
            (Some(manifest), _) => manifest,
            (None, Some(options)) => {
                open::check_vacant(&*fs, &dir, &names)?;
                open::create(&*fs, &dir, Identity::new(options))?;
                report.created = true;
                Manifest::read(&*fs, &dir)?.ok_or_else(|| missing(&dir))?
            }
            (None, None) => {
                open::check_vacant(&*fs, &dir, &names)?;
                return Err(missing(&dir));
            }
        };
        if let Some(options) = options {
            manifest
                .identity
                .check(options)
                .map_err(|error| error.about(dir.display()))?;
        }
        let mut opened = open::load(&*fs, &dir, manifest, &BTreeSet::new())?;
        report.rebuilt = std::mem::take(&mut opened.damaged);
        match opened.end {
            End::Whole => {}
            End::Torn { bytes } => report.torn_bytes = bytes,
            End::Damaged { at } => return Err(refused(&opened.log, at)),
        }
        let names = fs.list(&dir).map_err(about)?;
        open::sweep(&*fs, &dir, &names, &opened.manifest, &mut report)?;
        report.points = opened.view.len() as u64;
        let log = LogWriter::resume(&*fs, &opened.log, opened.tip)?;
        let role = Role::Writer {
            writer: Box::new(Mutex::new(Writer {
                log,
                source: Arc::clone(&opened.log),
                manifest: opened.manifest.clone(),
                durability,
                points: opened.view.points_of(opened.log.span),
            })),
            queue: Queue::default(),
            _lock: held,
        };
        Ok(Self::new(
            fs,
            dir,
            opened,
            report,
            (durability, tuning),
            role,
        ))
    }

    /// Opens the store to read what another process may be writing.
    pub(crate) fn follow(fs: Arc<dyn Fs>, dir: PathBuf) -> Result<Self> {
        let load = |manifest| open::load(&*fs, &dir, manifest, &BTreeSet::new());
        let (opened, stamp) = read_while_written(&*fs, &dir, load)?;
        if let End::Damaged { at } = opened.end {
            return Err(refused(&opened.log, at));
        }
        let report = Report {
            points: opened.view.len() as u64,
            rebuilt: opened.damaged.clone(),
            ..Report::default()
        };
        let followed = Followed {
            stamp,
            log: Arc::clone(&opened.log),
            tip: opened.tip,
        };
        let role = Role::Reader(Mutex::new(followed));
        let kept = (Durability::Sync, Tuning::default());
        Ok(Self::new(fs, dir, opened, report, kept, role))
    }

    fn new(
        fs: Arc<dyn Fs>,
        dir: PathBuf,
        opened: Opened,
        report: Report,
        (durability, tuning): (Durability, Tuning),
        role: Role,
    ) -> Self {
        Self {
            identity: opened.manifest.identity,
            dir,
            report,
            durability,
            fs,
            maintenance: Mutex::new(()),
            stop: Stop::new(),
            tuning,
            distrusted: Mutex::default(),
            wake: Mutex::new(None),
            view: RwLock::new(Arc::new(opened.view)),
            role,
        }
    }

    /// Asks the view. Where an index turns out to be damaged its points are read from the logs,
    /// and the question is asked again.
    pub(crate) fn ask<T>(&self, question: impl Fn(&View) -> Result<T>) -> Result<T> {
        let view = self.view()?;
        match question(&view) {
            Err(error) if error.kind() == ErrorKind::Corrupt && self.heal(&view)? => {
                question(&*self.view()?)
            }
            answer => answer,
        }
    }

    /// Reads from the logs what damaged indexes hold; whether there were any.
    fn heal(&self, view: &View) -> Result<bool> {
        let mut damaged = view.damaged();
        if damaged.is_empty() {
            return Ok(false);
        }
        let Some(writer) = self.writer() else {
            let Role::Reader(followed) = &self.role else {
                return Ok(false);
            };
            let mut followed = lock(followed);
            self.distrust(&mut damaged);
            let (opened, stamp) = self.read_again(&damaged)?;
            followed.stamp = stamp;
            (followed.log, followed.tip) = (opened.log, opened.tip);
            self.publish(opened.view);
            return Ok(true);
        };
        let _nobody_merges = lock(&self.maintenance);
        let mut writer = lock(writer);
        if self.seen().damaged().is_empty() {
            return Ok(true);
        }
        let manifest = writer.manifest.clone();
        let opened = open::load(&*self.fs, &self.dir, manifest, &damaged)?;
        if opened.tip != writer.log.tip {
            return Err(refused(&opened.log, opened.tip.len));
        }
        writer.manifest = opened.manifest;
        self.publish(opened.view);
        if let Some(wake) = &*lock(&self.wake) {
            let _ = wake.send(());
        }
        Ok(true)
    }

    fn read_again(&self, distrusted: &BTreeSet<Span>) -> Result<(Opened, Vec<u8>)> {
        let load = |manifest| open::load(&*self.fs, &self.dir, manifest, distrusted);
        read_while_written(&*self.fs, &self.dir, load)
    }

    /// Remembers indexes that were found damaged, and adds those that were before.
    fn distrust(&self, damaged: &mut BTreeSet<Span>) {
        let mut known = lock(&self.distrusted);
        known.extend(damaged.iter().copied());
        damaged.clone_from(&known);
    }

    /// What the store holds now.
    pub(crate) fn view(&self) -> Result<Arc<View>> {
        if let Role::Reader(followed) = &self.role {
            self.catch_up(&mut lock(followed))?;
        }
        Ok(self.seen())
    }

    pub(crate) fn seen(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn publish(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// Reads what was written since.
    fn catch_up(&self, followed: &mut Followed) -> Result<()> {
        let len = followed.log.len()?;
        let stamp = Manifest::stamp(&*self.fs, &self.dir)?;
        if stamp == followed.stamp && len == followed.tip.len {
            return Ok(());
        }
        if stamp == followed.stamp && len > followed.tip.len {
            let mut view = (*self.seen()).clone();
            let (tip, _) = open::read_batches(&followed.log, followed.tip, &mut view)?;
            if tip != followed.tip {
                followed.tip = tip;
                self.publish(view);
            }
            return Ok(());
        }
        let distrusted = lock(&self.distrusted).clone();
        let (opened, stamp) = self.read_again(&distrusted)?;
        *followed = Followed {
            stamp,
            log: opened.log,
            tip: opened.tip,
        };
        self.publish(opened.view);
        Ok(())
    }

    /// Puts a write in line. From then on it will be done, before all that come later, even
    /// when nobody waits for it.
    pub(crate) fn enqueue(&self, write: Write) -> Result<Slot> {
        match &self.role {
            Role::Writer { queue, .. } => Ok(queue.push(write)),
            Role::Reader(_) => Err(
                Error::new(ErrorKind::ReadOnly, "the store was opened to read")
                    .about(self.dir.display()),
            ),
        }
    }

    /// Does all writes in line, and says how many points this one put in or took out.
    pub(crate) fn finish(&self, slot: &Slot) -> Result<u64> {
        if let Role::Writer { writer, queue, .. } = &self.role {
            let mut writer = lock(writer);
            // Whoever had the lock before may have done this along with its own.
            if let Some(answer) = answer(slot) {
                return answer;
            }
            self.drain(&mut writer, queue);
        }
        answer(slot).unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::Internal,
                "a write was left without an answer",
            ))
        })
    }

    /// Both at once.
    pub(crate) fn write(&self, write: Write) -> Result<u64> {
        self.finish(&self.enqueue(write)?)
    }

    fn drain(&self, writer: &mut Writer, queue: &Queue) {
        let (writes, slots): (Vec<_>, Vec<_>) = queue.take().into_iter().unzip();
        if writes.is_empty() {
            return;
        }
        let outcome = writer.commit(writes, &self.seen()).map(|(view, counts)| {
            self.publish(view);
            counts
        });
        for (i, slot) in slots.iter().enumerate() {
            let answer = match &outcome {
                Ok(counts) => Ok(counts.get(i).copied().unwrap_or_default()),
                Err(error) => Err(copy(error)),
            };
            *lock(slot) = Some(answer);
        }
        if writer.points >= self.tuning.seal_after {
            // What was written is safe without it; who cannot seal goes on with a longer log.
            let sealed = writer.seal(&*self.fs, &self.dir);
            // What cannot be indexed stays in memory until a merge takes it along.
            let _ = sealed.and_then(|()| self.index_sealed(writer));
            if let Some(wake) = &*lock(&self.wake) {
                let _ = wake.send(());
            }
        }
    }

    /// What is told when there is something to index.
    pub(crate) fn wake_by(&self, wake: Sender<()>) {
        // Something may have been left to do when the store was last closed.
        let _ = wake.send(());
        *lock(&self.wake) = Some(wake);
    }

    /// Nobody indexes any more, and who does stops.
    pub(crate) fn rest(&self) {
        *lock(&self.wake) = None;
        self.stop.raise();
    }

    pub(crate) fn works_in_background(&self) -> bool {
        self.tuning.background && self.is_writer()
    }

    pub(crate) fn writer(&self) -> Option<&Mutex<Writer>> {
        match &self.role {
            Role::Writer { writer, .. } => Some(writer),
            Role::Reader(_) => None,
        }
    }

    /// Makes all that was acknowledged outlive a power cut.
    pub(crate) fn flush(&self) -> Result<()> {
        match &self.role {
            Role::Writer { writer, queue, .. } => {
                let mut writer = lock(writer);
                self.drain(&mut writer, queue);
                writer.log.sync()
            }
            Role::Reader(_) => Ok(()),
        }
    }

    pub(crate) fn is_dirty(&self) -> bool {
        match &self.role {
            Role::Writer { writer, .. } => lock(writer).log.is_dirty(),
            Role::Reader(_) => false,
        }
    }

    /// Reads everything and checks every checksum.
    pub(crate) fn verify(&self) -> Result<()> {
        let view = self.view()?;
        for part in &view.parts {
            if let super::view::Data::Segment(segment) = &part.data {
                segment.verify()?;
            }
        }
        let manifest = Manifest::read(&*self.fs, &self.dir)?.ok_or_else(|| missing(&self.dir))?;
        for sealed in &manifest.sealed {
            let log = open::open_log(&*self.fs, &self.dir, &manifest, sealed.log)?;
            let (tip, _) = replay::replay(&log, log.origin(), &mut (), |_, _| Ok(()), |_| Ok(()))?;
            if tip != sealed.tip {
                return Err(refused(&log, tip.len));
            }
        }
        let log = open::open_log(&*self.fs, &self.dir, &manifest, manifest.active)?;
        match replay::replay(&log, log.origin(), &mut (), |_, _| Ok(()), |_| Ok(()))? {
            (_, End::Damaged { at }) => Err(refused(&log, at)),
            _ => Ok(()),
        }
    }

    pub(crate) fn stats(&self) -> Result<super::Stats> {
        let view = self.view()?;
        let about = |error| Error::io(self.dir.display(), error);
        let mut disk_bytes = 0;
        for name in self.fs.list(&self.dir).map_err(about)? {
            // A file may be replaced between the listing and the look at it.
            if let Ok(file) = self.fs.read(&self.dir.join(name)) {
                disk_bytes += file.len().map_err(about)?;
            }
        }
        Ok(super::Stats {
            points: view.len() as u64,
            dead: view.dead() as u64,
            disk_bytes,
        })
    }

    pub(crate) fn is_writer(&self) -> bool {
        matches!(self.role, Role::Writer { .. })
    }
}

/// Reads a store whose writer may replace and remove files meanwhile: by `load`, until CURRENT
/// is the same before and after. Gives CURRENT's stamp too.
pub(crate) fn read_while_written<T>(
    fs: &dyn Fs,
    dir: &Path,
    load: impl Fn(Manifest) -> Result<T>,
) -> Result<(T, Vec<u8>)> {
    let mut tries = 0;
    loop {
        let stamp = Manifest::stamp(fs, dir)?;
        let manifest = Manifest::read(fs, dir)?.ok_or_else(|| missing(dir))?;
        let opened = load(manifest);
        tries += 1;
        if stamp == Manifest::stamp(fs, dir)? || tries == 100 {
            return opened.map(|opened| (opened, stamp));
        }
    }
}

fn missing(dir: &Path) -> Error {
    Error::new(ErrorKind::NotFound, "there is no store")
        .about(dir.display())
        .hint("make one with `create_or_open`")
}

/// How long to wait for a lock. A write that nobody waits for any more may still hold the lock
/// of a store that was just dropped.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn take_lock(fs: &dyn Fs, dir: &Path) -> Result<Box<dyn Lock>> {
    let path = dir.join(LOCK);
    let until = Instant::now() + PATIENCE;
    loop {
        return match fs.lock(&path) {
            Ok(lock) => Ok(lock),
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => {
                Err(Error::io(path.display(), error))
            }
            Err(_) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
            Err(_) => Err(
                Error::new(ErrorKind::Busy, "somebody else writes to this store")
                    .about(dir.display())
                    .hint("open it with `LocalStore::open_to_read`, or wait"),
            ),
        };
    }
}
