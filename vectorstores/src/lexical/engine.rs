//! The index without its async face: blocking calls on an open directory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gori_core::{Error, ErrorKind, Filter, Hit, Result};

use super::keep::{Effort, House, tidy};
use super::open::{Lacking, Opened, load, read_batches};
use super::options::Options;
use super::view::{Data, View};
use super::write::{Queue, Write};
use crate::local::engine::{Followed, lock, read_while_written, take_lock};
use crate::local::fs::{Fs, Lock};
use crate::local::log::{Log, LogWriter, Tip};
use crate::local::manifest::{Identity, Manifest};
use crate::local::names::Span;
use crate::local::open::{self as files, open_log};
use crate::local::replay::{self, End, refused};
use crate::local::write::{Slot, Writer, answer, copy};
use crate::local::{Durability, Report};

/// What stands in the place of an embedder's id in the identity of an index by words, whose
/// points have no numbers.
const WORDS: &str = "words";

/// A log is sealed when it is this long, however few its texts.
const SEAL_BYTES: u64 = 64 << 20;

/// An open index.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) dir: PathBuf,
    pub(crate) report: Report,
    fs: Arc<dyn Fs>,
    options: Options,
    view: RwLock<Arc<View>>,
    /// Files that a reader found damaged, and its writer not yet.
    distrusted: Mutex<BTreeSet<Span>>,
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

impl Engine {
    /// Opens the index, or makes it.
    pub(crate) fn open(fs: Arc<dyn Fs>, dir: PathBuf, options: Options) -> Result<Self> {
        let about = |error| Error::io(dir.display(), error);
        fs.create_dir(&dir).map_err(about)?;
        let held = take_lock(&*fs, &dir)?;
        let mut report = Report::default();
        let manifest = match Manifest::read(&*fs, &dir)? {
            Some(manifest) => manifest,
            None => {
                files::check_vacant(&*fs, &dir, &fs.list(&dir).map_err(about)?)?;
                let identity = crate::Options::new(0).embedder(WORDS);
                files::create(&*fs, &dir, Identity::new(&identity))?;
                report.created = true;
                Manifest::read(&*fs, &dir)?.ok_or_else(|| {
                    Error::new(ErrorKind::Internal, "the new index is not there")
                        .about(dir.display())
                })?
            }
        };
        check_identity(&manifest.identity, &dir)?;
        let house = House {
            fs: &*fs,
            dir: &dir,
            analyzer: options.analyzer.id(),
        };
        let opened = load(
            &house,
            &options.analyzer,
            manifest.clone(),
            &BTreeSet::new(),
            Lacking::Made,
        )?;
        report.rebuilt.clone_from(&opened.rebuilt);
        match opened.end {
            End::Whole => {}
            End::Torn { bytes } => report.torn_bytes = bytes,
            End::Damaged { at } => return Err(refused(&opened.log, at)),
        }
        report.points = opened.view.len() as u64;
        let active = |part: &&super::view::Part| part.logs().contains(&opened.manifest.active);
        let mut writer = Writer {
            log: LogWriter::resume(&*fs, &opened.log, opened.tip)?,
            source: Arc::clone(&opened.log),
            manifest,
            durability: Durability::Sync,
            points: opened
                .view
                .parts
                .iter()
                .filter(active)
                .map(|part| part.len())
                .sum(),
        };
        if opened.manifest != writer.manifest {
            writer.switch(&*fs, &dir, opened.manifest)?;
        }
        let names = fs.list(&dir).map_err(about)?;
        files::sweep(&*fs, &dir, &names, &writer.manifest, &mut report)?;
        Ok(Self {
            dir,
            report,
            fs,
            options,
            view: RwLock::new(Arc::new(opened.view)),
            distrusted: Mutex::default(),
            role: Role::Writer {
                writer: Box::new(Mutex::new(writer)),
                queue: Queue::default(),
                _lock: held,
            },
        })
    }

    /// Opens the index to read what another process may be writing.
    pub(crate) fn follow(fs: Arc<dyn Fs>, dir: PathBuf, options: Options) -> Result<Self> {
        let (opened, stamp) = follow(&fs, &dir, &options, &BTreeSet::new())?;
        if let End::Damaged { at } = opened.end {
            return Err(refused(&opened.log, at));
        }
        let report = Report {
            points: opened.view.len() as u64,
            rebuilt: opened.rebuilt,
            ..Report::default()
        };
        let followed = Followed {
            stamp,
            log: opened.log,
            tip: opened.tip,
        };
        Ok(Self {
            dir,
            report,
            fs,
            options,
            view: RwLock::new(Arc::new(opened.view)),
            distrusted: Mutex::default(),
            role: Role::Reader(Mutex::new(followed)),
        })
    }

    fn house(&self) -> House<'_> {
        House {
            fs: &*self.fs,
            dir: &self.dir,
            analyzer: self.options.analyzer.id(),
        }
    }

    /// What the index holds now.
    pub(crate) fn view(&self) -> Result<Arc<View>> {
        if let Role::Reader(followed) = &self.role {
            self.catch_up(&mut lock(followed))?;
        }
        Ok(self.seen())
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
            let analyzer = &self.options.analyzer;
            let (tip, _) = read_batches(analyzer, &followed.log, followed.tip, &mut view)?;
            if tip != followed.tip {
                followed.tip = tip;
                self.publish(view);
            }
            return Ok(());
        }
        let distrusted = lock(&self.distrusted).clone();
        self.read_again(followed, &distrusted)
    }

    /// Reads all anew, but for these files.
    fn read_again(&self, followed: &mut Followed, distrusted: &BTreeSet<Span>) -> Result<()> {
        let (opened, stamp) = follow(&self.fs, &self.dir, &self.options, distrusted)?;
        *followed = Followed {
            stamp,
            log: opened.log,
            tip: opened.tip,
        };
        self.publish(opened.view);
        Ok(())
    }

    fn seen(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    pub(crate) fn search(
        &self,
        question: &str,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Hit>> {
        let terms = self.options.analyzer.question(question);
        let ask = |view: &View| view.search(self.options.bm25, &terms, k, filter);
        let view = self.view()?;
        match ask(&view) {
            Err(error) if error.kind() == ErrorKind::Corrupt && self.heal(&view)? => {
                ask(&self.seen())
            }
            answer => answer,
        }
    }

    /// Makes damaged files anew from the logs; whether there were any.
    fn heal(&self, view: &View) -> Result<bool> {
        let damaged = view.damaged();
        if damaged.is_empty() {
            return Ok(false);
        }
        let writer = match &self.role {
            Role::Writer { writer, .. } => writer,
            Role::Reader(followed) => {
                let mut followed = lock(followed);
                let mut distrusted = lock(&self.distrusted);
                distrusted.extend(damaged);
                self.read_again(&mut followed, &distrusted)?;
                return Ok(true);
            }
        };
        let mut writer = lock(writer);
        if self.seen().damaged().is_empty() {
            return Ok(true);
        }
        let manifest = writer.manifest.clone();
        let opened: Opened = load(
            &self.house(),
            &self.options.analyzer,
            manifest,
            &damaged,
            Lacking::Made,
        )?;
        if opened.tip != writer.log.tip {
            return Err(refused(&opened.log, opened.tip.len));
        }
        writer.switch(&*self.fs, &self.dir, opened.manifest)?;
        self.publish(opened.view);
        Ok(true)
    }

    /// Puts a write in line. From then on it will be done, before all that come later, even
    /// when nobody waits for it.
    pub(crate) fn enqueue(&self, write: Write) -> Result<Slot> {
        match &self.role {
            Role::Writer { queue, .. } => Ok(queue.push(write)),
            Role::Reader(_) => Err(self.is_read_only()),
        }
    }

    fn is_read_only(&self) -> Error {
        Error::new(ErrorKind::ReadOnly, "the index was opened to read").about(self.dir.display())
    }

    /// Does all writes in line, and says how many texts this one put in or took out.
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

    fn drain(&self, writer: &mut Writer, queue: &Queue) {
        let (writes, slots): (Vec<_>, Vec<_>) = queue.take().into_iter().unzip();
        let outcome = self.commit(writer, writes);
        for (i, slot) in slots.iter().enumerate() {
            let answer = match &outcome {
                Ok(counts) => Ok(counts.get(i).copied().unwrap_or_default()),
                Err(error) => Err(copy(error)),
            };
            *lock(slot) = Some(answer);
        }
        let full = writer.points >= self.options.seal_after || writer.log.tip.len >= SEAL_BYTES;
        if full && writer.seal(&*self.fs, &self.dir).is_ok() {
            // What was written is safe without it, and the next sealed log brings the next try.
            let _ = self.tidy(writer, Effort::Usual);
        }
    }

    /// Appends the writes, syncs once for all, and shows them. All are there or, after an error,
    /// none.
    fn commit(&self, writer: &mut Writer, writes: Vec<Write>) -> Result<Vec<u64>> {
        let mut next = (*self.seen()).clone();
        let (mut batches, mut counts) = (Vec::new(), Vec::new());
        let (mut at, mut points) = (writer.log.tip.len, 0);
        for write in writes {
            if let Write::Upsert(texts) = &write {
                points += texts.len();
            }
            let (frames, count) =
                write.stage(&self.options.analyzer, &writer.source, at, &mut next)?;
            at += frames.byte_len();
            batches.push(frames);
            counts.push(count);
        }
        batches.retain(|frames| frames.len() > 0);
        writer.log.append(&mut batches)?;
        writer.log.sync()?;
        writer.points += points;
        self.publish(next);
        Ok(counts)
    }

    fn tidy(&self, writer: &mut Writer, effort: Effort) -> Result<()> {
        let house = self.house();
        while let Some(next) = tidy(&house, &writer.manifest, &self.seen(), effort)? {
            writer.switch(&*self.fs, &self.dir, next.manifest)?;
            self.publish(next.view);
            for name in next.garbage {
                // What stays behind is swept when the index is next opened.
                let _ = self.fs.remove(&self.dir.join(name));
            }
        }
        Ok(())
    }

    /// Drops what is dead and merges all into one file.
    pub(crate) fn compact(&self) -> Result<()> {
        let Role::Writer { writer, .. } = &self.role else {
            return Err(self.is_read_only());
        };
        let mut writer = lock(writer);
        if writer.log.tip.len > writer.source.start {
            writer.seal(&*self.fs, &self.dir)?;
        }
        self.tidy(&mut writer, Effort::All)
    }

    /// Reads everything and checks every checksum.
    pub(crate) fn verify(&self) -> Result<()> {
        for part in &self.view()?.parts {
            if let Data::Segment(segment) = &part.data {
                segment.rows.verify()?;
            }
        }
        match &self.role {
            Role::Writer { writer, .. } => {
                let writer = lock(writer);
                self.verify_logs(&writer.manifest, writer.log.tip)
            }
            // What the writer appends meanwhile may be half there.
            Role::Reader(_) => {
                let load = |manifest: Manifest| {
                    let (log, tip) = {
                        let log = open_log(&*self.fs, &self.dir, &manifest, manifest.active)?;
                        let (tip, end) = whole(&log)?;
                        if let End::Damaged { at } = end {
                            return Err(refused(&log, at));
                        }
                        (log, tip)
                    };
                    drop(log);
                    self.verify_logs(&manifest, tip)
                };
                read_while_written(&*self.fs, &self.dir, load).map(drop)
            }
        }
    }

    /// Reads all logs, of which the active one ends here.
    fn verify_logs(&self, manifest: &Manifest, tip: Tip) -> Result<()> {
        let sealed = manifest.sealed.iter();
        let sealed = sealed.map(|sealed| (sealed.log, sealed.tip));
        for (span, tip) in sealed.chain([(manifest.active, tip)]) {
            let log = open_log(&*self.fs, &self.dir, manifest, span)?;
            let (found, _) = whole(&log)?;
            if found.len < tip.len || (found != tip && span != manifest.active) {
                return Err(refused(&log, found.len));
            }
        }
        Ok(())
    }
}

/// How far a log is whole.
fn whole(log: &Log) -> Result<(Tip, End)> {
    replay::replay(log, log.origin(), &mut (), |_, _| Ok(()), |_| Ok(()))
}

fn check_identity(identity: &Identity, dir: &Path) -> Result<()> {
    if identity.dims == 0 && identity.embedder.as_deref() == Some(WORDS) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "this is a store of vectors, not of words",
    )
    .about(dir.display())
    .hint("give the index by words a folder of its own"))
}

/// Reads an index that another process may be writing.
fn follow(
    fs: &Arc<dyn Fs>,
    dir: &Path,
    options: &Options,
    distrusted: &BTreeSet<Span>,
) -> Result<(Opened, Vec<u8>)> {
    let house = House {
        fs: &**fs,
        dir,
        analyzer: options.analyzer.id(),
    };
    read_while_written(&**fs, dir, |manifest| {
        check_identity(&manifest.identity, dir)?;
        load(
            &house,
            &options.analyzer,
            manifest,
            distrusted,
            Lacking::Held,
        )
    })
}
