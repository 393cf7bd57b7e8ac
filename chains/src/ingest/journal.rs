//! Records in a file.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use gori_core::{Error, ErrorKind, Result, Revision};

use super::records::{Record, Records, apply};

const HEADER: &str = "gori-ingest-journal 1";

/// Records in an append-only file: one line a record, with a checksum, synced before it
/// counts. A line that a crash cut short is dropped when the file is opened; a file with more
/// dead lines than live ones is then written anew, by rename.
///
/// One process at a time: the file is locked while it is open.
#[derive(Clone, Debug)]
pub struct Journal {
    state: Arc<Mutex<State>>,
    path: Arc<Path>,
}

#[derive(Debug)]
struct State {
    file: File,
    records: BTreeMap<String, Record>,
    /// After a failed write or sync nobody knows what the file holds: nothing more is written.
    broken: bool,
}

type Line = (String, Option<Record>);

impl Journal {
    /// Opens the journal, or makes a new one.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for a file that is no journal or is damaged before its last line,
    /// [`ErrorKind::Busy`] when another process has it open, and what the file system says.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path: PathBuf = path.into();
        let fail = |error| Error::io(path.display(), error);
        let mut file = options().open(&path).map_err(fail)?;
        file.try_lock().map_err(|error| locked(&path, error))?;
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        read.map_err(|error| {
            Error::new(ErrorKind::Corrupt, error.to_string()).about(path.display())
        })?;
        let (records, whole, lines) = parse(&text).map_err(|error| error.about(path.display()))?;
        if whole == 0 || lines > 2 * records.len() + 64 {
            file = rewrite(&path, &records).map_err(fail)?;
        } else if whole < text.len() {
            file.set_len(whole as u64).map_err(fail)?;
            file.sync_data().map_err(fail)?;
        }
        let state = State {
            file,
            records,
            broken: false,
        };
        Ok(Self {
            state: Arc::new(Mutex::new(state)),
            path: path.into(),
        })
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    options
}

fn locked(path: &Path, error: std::fs::TryLockError) -> Error {
    match error {
        std::fs::TryLockError::WouldBlock => {
            Error::new(ErrorKind::Busy, "another process is ingesting here")
                .hint("wait until it has ended")
                .about(path.display())
        }
        std::fs::TryLockError::Error(error) => Error::io(path.display(), error),
    }
}

/// The records, how many bytes are whole lines, and how many lines.
fn parse(text: &str) -> Result<(BTreeMap<String, Record>, usize, usize)> {
    let mut records = BTreeMap::new();
    let (mut whole, mut lines) = (0, 0);
    let mut rest = text.split_inclusive('\n').peekable();
    match rest.next() {
        None => return Ok((records, 0, 0)),
        Some(line) if line.strip_suffix('\n') == Some(HEADER) => whole += line.len(),
        // A crash while the very first line was written.
        Some(line) if rest.peek().is_none() && HEADER.starts_with(line) => {
            return Ok((records, 0, 0));
        }
        Some(_) => {
            return Err(Error::new(ErrorKind::Corrupt, "this is no ingest journal")
                .hint("choose another folder, or move the file away"));
        }
    }
    while let Some(line) = rest.next() {
        match decode(line) {
            Some(record) => {
                apply(&mut records, [record]);
                whole += line.len();
                lines += 1;
            }
            // A write that was cut short does not end its line.
            None if rest.peek().is_none() && !line.ends_with('\n') => break,
            None => {
                return Err(Error::new(
                    ErrorKind::Corrupt,
                    format!("line {} of the ingest journal is damaged", lines + 2),
                )
                .hint("delete the store's folder to ingest anew"));
            }
        }
    }
    Ok((records, whole, lines))
}

fn decode(line: &str) -> Option<Line> {
    let (sum, json) = line.strip_suffix('\n')?.split_once(' ')?;
    (sum == Revision::of(json.as_bytes()).to_string()).then_some(())?;
    serde_json::from_str(json).ok()
}

fn encode(line: &Line) -> std::io::Result<String> {
    let json = serde_json::to_string(line)?;
    Ok(format!("{} {json}\n", Revision::of(json.as_bytes())))
}

fn rewrite(path: &Path, records: &BTreeMap<String, Record>) -> std::io::Result<File> {
    let temporary = path.with_extension("new");
    let mut text = format!("{HEADER}\n");
    for (source, record) in records {
        text += &encode(&(source.clone(), Some(record.clone())))?;
    }
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options().open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    // The lock lies on the file and not on its name, so the new one is locked before it counts.
    file.try_lock().map_err(std::io::Error::from)?;
    std::fs::rename(&temporary, path)?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

impl State {
    fn append(&mut self, lines: &[Line]) -> std::io::Result<()> {
        let text = lines
            .iter()
            .map(encode)
            .collect::<std::io::Result<String>>()?;
        self.broken = true;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.broken = false;
        apply(&mut self.records, lines.iter().cloned());
        Ok(())
    }
}

#[async_trait]
impl Records for Journal {
    async fn all(&self) -> Result<BTreeMap<String, Record>> {
        Ok(self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .records
            .clone())
    }

    async fn write(&self, records: &[(String, Option<Record>)]) -> Result<()> {
        let (state, lines) = (Arc::clone(&self.state), records.to_vec());
        let path = Arc::clone(&self.path);
        let append = move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.broken {
                let error = Error::new(ErrorKind::ReadOnly, "an earlier write failed");
                return Err(error.hint("open it again").about(path.display()));
            }
            state
                .append(&lines)
                .map_err(|error| Error::io(path.display(), error))
        };
        tokio::task::spawn_blocking(append)
            .await
            .unwrap_or_else(|error| {
                Err(Error::new(ErrorKind::Internal, "the journal's writer died").caused_by(error))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(n: u8) -> Record {
        let revision = Revision::of(&[n]);
        Record::Done {
            revision,
            recipe: revision,
            chunks: n.into(),
        }
    }

    #[tokio::test]
    async fn what_was_written_is_there_when_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        let odd = "a \"b\"\n\u{2028}고리".to_owned();
        journal
            .write(&[
                ("x".into(), Some(Record::Begun)),
                (odd.clone(), Some(done(1))),
            ])
            .await
            .unwrap();
        journal.write(&[("x".into(), None)]).await.unwrap();
        drop(journal);
        let all = Journal::open(&path).unwrap().all().await.unwrap();
        assert_eq!(all, [(odd, done(1))].into());
    }

    #[tokio::test]
    async fn cut_anywhere_it_keeps_every_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        for n in 0..5_u8 {
            journal
                .write(&[(n.to_string(), Some(done(n)))])
                .await
                .unwrap();
        }
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        for cut in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let lines = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
            let journal = Journal::open(&path).unwrap();
            assert_eq!(
                journal.all().await.unwrap().len(),
                lines.saturating_sub(1),
                "cut at {cut}"
            );
            journal
                .write(&[("new".into(), Some(Record::Begun))])
                .await
                .unwrap();
            drop(journal);
            let all = Journal::open(&path).unwrap().all().await.unwrap();
            assert!(all.contains_key("new"), "cut at {cut}");
        }
        println!("{} cuts", bytes.len() + 1);
    }

    #[tokio::test]
    async fn damage_in_the_middle_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        for n in 0..3_u8 {
            journal
                .write(&[(n.to_string(), Some(done(n)))])
                .await
                .unwrap();
        }
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        let last_line = bytes[..bytes.len() - 1]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .unwrap();
        for at in 0..=last_line {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(
                Journal::open(&path).unwrap_err().kind(),
                ErrorKind::Corrupt,
                "byte {at}"
            );
        }
    }

    #[test]
    fn two_at_once_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let _open = Journal::open(&path).unwrap();
        assert_eq!(Journal::open(&path).unwrap_err().kind(), ErrorKind::Busy);
    }

    #[tokio::test]
    async fn dead_lines_are_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        for n in 0..200_u8 {
            journal
                .write(&[("same".into(), Some(done(n)))])
                .await
                .unwrap();
        }
        drop(journal);
        let before = std::fs::metadata(&path).unwrap().len();
        let all = Journal::open(&path).unwrap().all().await.unwrap();
        assert_eq!(all, [("same".to_owned(), done(199))].into());
        assert!(std::fs::metadata(&path).unwrap().len() < before / 50);
        assert_eq!(Journal::open(&path).unwrap().all().await.unwrap().len(), 1);
    }
}
