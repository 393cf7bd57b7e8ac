//! One run: two stages in the caller's task, the one filling the next batch while the other
//! embeds and stores the last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use gori_core::{
    Document, Error, ErrorKind, Filter, Loaded, Point, Result, ResultExt as _, Revision, Role,
    Seen, Selection, field,
};

use super::batch::{Batch, Finished, REVISION, pending};
use super::{Ingest, Progress, Record, Records, Report, Seconds};

pub(super) async fn run(job: Ingest<'_>) -> Result<Report> {
    let start = Instant::now();
    check(&job)?;
    let known = match job.records {
        Some(records) => records.all().await.at("records")?,
        None => BTreeMap::new(),
    };
    let recipe = recipe(&job);
    // An index by words that came later, or was lost, has none of what the records call done.
    let lost = match job.lexical {
        Some(index) => index.count().await.at("lexical")? == 0,
        None => false,
    };
    let seen = Known {
        records: &known,
        recipe,
        trusted: !lost,
    };
    let mut reader = Reader {
        job: &job,
        known: &known,
        recipe,
        items: job.loader.load(&seen),
        current: None,
        sources: BTreeSet::new(),
        complete: true,
        ended: false,
        report: Report::default(),
        progress: Progress::default(),
    };
    let mut writer = Writer {
        job: &job,
        recipe,
        embedded: 0,
        seconds: Seconds::default(),
    };
    let mut batch = reader.fill().await;
    while !reader.ended || !batch.is_empty() {
        let (next, written) = futures_util::join!(reader.fill(), writer.write(batch));
        written?;
        reader.progress.embedded = writer.embedded;
        reader.tell();
        batch = next;
        job.cx.check()?;
    }
    let mut report = reader.finish(&mut writer).await?;
    report.embedded = writer.embedded;
    (report.seconds.embed, report.seconds.store) = (writer.seconds.embed, writer.seconds.store);
    Seconds::add(&mut report.seconds.total, start.elapsed());
    Ok(report)
}

/// A store made for other vectors must be refused before the first source is recorded as begun.
fn check(job: &Ingest<'_>) -> Result<()> {
    let store = job.store.capabilities();
    let (dims, id) = (job.embedder.dims(), job.embedder.id());
    let other = store.embedder.as_deref().filter(|stored| *stored != id);
    if store.dims == dims && other.is_none() {
        return Ok(());
    }
    let stored = store.embedder.as_deref().unwrap_or("another embedder");
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "the store holds {} numbers a vector by `{stored}`, the embedder `{id}` gives {dims}",
            store.dims
        ),
    )
    .hint("use the store's embedder, or another store"))
}

fn recipe(job: &Ingest<'_>) -> Revision {
    Revision::of(format!("{}\n{}", job.splitter.id(), job.embedder.id()).as_bytes())
}

struct Known<'a> {
    records: &'a BTreeMap<String, Record>,
    recipe: Revision,
    /// Whether what is recorded as done is where it should be.
    trusted: bool,
}

impl Seen for Known<'_> {
    fn revision(&self, source: &str) -> Option<Revision> {
        match self.records.get(source) {
            Some(Record::Done {
                revision, recipe, ..
            }) if *recipe == self.recipe && self.trusted => Some(*revision),
            _ => None,
        }
    }
}

/// Loads and splits.
struct Reader<'a> {
    job: &'a Ingest<'a>,
    known: &'a BTreeMap<String, Record>,
    recipe: Revision,
    items: BoxStream<'a, Result<Loaded>>,
    current: Option<Current>,
    sources: BTreeSet<Arc<str>>,
    /// The loader showed every source there is.
    complete: bool,
    ended: bool,
    report: Report,
    progress: Progress,
}

/// The source whose documents are coming in.
struct Current {
    source: Arc<str>,
    revision: Revision,
    chunks: u64,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.chunks.is_empty()
            && self.begun.is_empty()
            && self.finished.is_empty()
            && self.failed.is_empty()
    }
}

impl Reader<'_> {
    /// Reads until the batch is full or there is nothing more.
    async fn fill(&mut self) -> Batch {
        let mut batch = Batch::default();
        let limit = self.job.batch.get();
        // A record costs a sync, so many small sources share one; but not without end.
        while !self.ended && batch.chunks.len() < limit && batch.finished.len() < limit {
            let start = Instant::now();
            let item = self.items.next().await;
            Seconds::add(&mut self.report.seconds.load, start.elapsed());
            match item {
                Some(item) => self.take(item, &mut batch),
                None => {
                    self.close(&mut batch);
                    self.ended = true;
                }
            }
            self.tell();
        }
        batch
    }

    fn tell(&self) {
        if let Some(tell) = &self.job.progress {
            tell(&self.progress);
        }
    }

    fn take(&mut self, item: Result<Loaded>, batch: &mut Batch) {
        match item {
            Ok(Loaded::Document(document)) => self.document(&document, batch),
            Ok(Loaded::Unchanged(source)) => {
                self.enter(&source, batch);
                self.report.unchanged += 1;
            }
            Ok(Loaded::Skipped { source, reason }) => {
                self.enter(&source, batch);
                self.skipped(&source, batch);
                self.report.skipped.push((source, reason));
            }
            Ok(Loaded::Warning { source, message }) => self.report.warnings.push((source, message)),
            Ok(_) => {}
            Err(error) => self.failed(error, batch),
        }
    }

    /// Notes that a source is there, and closes the one before it.
    fn enter(&mut self, source: &Arc<str>, batch: &mut Batch) {
        if self
            .current
            .as_ref()
            .is_none_or(|current| current.source != *source)
        {
            self.close(batch);
        }
        if self.sources.insert(Arc::clone(source)) {
            self.progress.sources += 1;
        }
        self.progress.source = Some(Arc::clone(source));
    }

    fn document(&mut self, document: &Document, batch: &mut Batch) {
        self.enter(&document.source, batch);
        let start = Instant::now();
        let chunks = pending(document, &self.job.splitter.split(document));
        Seconds::add(&mut self.report.seconds.split, start.elapsed());
        let count = chunks.len() as u64;
        self.report.documents += 1;
        self.report.chunks += count;
        self.progress.documents = self.report.documents;
        self.progress.chunks = self.report.chunks;
        match &mut self.current {
            Some(current) => current.chunks += count,
            None => {
                batch.begun.push(Arc::clone(&document.source));
                let source = Arc::clone(&document.source);
                self.current = Some(Current {
                    source,
                    revision: document.revision,
                    chunks: count,
                });
            }
        }
        batch.chunks.extend(chunks);
    }

    /// A source that gives no document any more loses what it gave before.
    fn skipped(&mut self, source: &Arc<str>, batch: &mut Batch) {
        if self.current.is_none() && self.known.contains_key(&**source) {
            batch.begun.push(Arc::clone(source));
            let revision = Revision::of(b"");
            self.current = Some(Current {
                source: Arc::clone(source),
                revision,
                chunks: 0,
            });
        }
    }

    /// The last document of the current source was seen.
    fn close(&mut self, batch: &mut Batch) {
        let Some(Current {
            source,
            revision,
            chunks,
        }) = self.current.take()
        else {
            return;
        };
        let before = self.known.get(&*source);
        match before {
            None => self.report.added += 1,
            Some(_) => self.report.changed += 1,
        }
        batch.finished.push(Finished {
            source,
            revision,
            chunks,
            stale: before.is_some(),
        });
    }

    fn failed(&mut self, error: Error, batch: &mut Batch) {
        match error.subject().map(Arc::<str>::from) {
            None => self.complete = false,
            Some(source) => {
                if self
                    .current
                    .as_ref()
                    .is_some_and(|current| current.source == source)
                {
                    if let Some(Current {
                        source, revision, ..
                    }) = self.current.take()
                    {
                        batch.failed.push((source, revision));
                    }
                } else {
                    self.enter(&source, batch);
                }
                self.sources.insert(source);
            }
        }
        self.report.failed.push(error);
    }

    /// Deletes what is gone, once everything that is there was seen.
    async fn finish(self, writer: &mut Writer<'_>) -> Result<Report> {
        let mut report = self.report;
        // Documents of a loader that failed as a whole may only be out of sight.
        if self.complete {
            let gone = self
                .known
                .keys()
                .filter(|source| !self.sources.contains(source.as_str()));
            for source in gone {
                writer.forget(source).await?;
                report.deleted += 1;
            }
        }
        debug_assert_eq!(self.recipe, writer.recipe);
        Ok(report)
    }
}

/// Embeds and stores.
struct Writer<'a> {
    job: &'a Ingest<'a>,
    recipe: Revision,
    embedded: u64,
    seconds: Seconds,
}

impl Writer<'_> {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        let begun = batch
            .begun
            .iter()
            .map(|source| (source.to_string(), Some(Record::Begun)));
        self.record(begun.collect()).await?;
        self.store(batch.chunks).await?;
        let start = Instant::now();
        for (source, revision) in &batch.failed {
            self.delete(&of(source).and(Filter::eq(REVISION, revision.to_string())))
                .await?;
        }
        for done in batch.finished.iter().filter(|done| done.stale) {
            self.delete(&of(&done.source).and(Filter::ne(REVISION, done.revision.to_string())))
                .await?;
        }
        Seconds::add(&mut self.seconds.store, start.elapsed());
        let done = batch.finished.into_iter().map(|done| {
            let Finished {
                source,
                revision,
                chunks,
                ..
            } = done;
            let record = Record::Done {
                revision,
                recipe: self.recipe,
                chunks,
            };
            (source.to_string(), Some(record))
        });
        self.record(done.collect()).await
    }

    async fn store(&mut self, chunks: Vec<super::batch::Pending>) -> Result<()> {
        if chunks.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.embedded.as_str()).collect();
        let vectors = self
            .job
            .embedder
            .embed(&self.job.cx, &texts, Role::Document)
            .await
            .at("embed")?;
        if vectors.len() != chunks.len() {
            let message = format!("{} vectors for {} texts", vectors.len(), chunks.len());
            return Err(Error::new(ErrorKind::Model, message).at("embed"));
        }
        Seconds::add(&mut self.seconds.embed, start.elapsed());
        let start = Instant::now();
        let pairs = chunks.into_iter().zip(vectors.rows());
        let points: Vec<Point> = pairs
            .map(|(chunk, row)| chunk.into_point(row.to_vec()))
            .collect();
        self.job.store.upsert(&points).await.at("store")?;
        if let Some(lexical) = self.job.lexical {
            lexical.upsert(&points).await.at("lexical")?;
        }
        self.embedded += points.len() as u64;
        Seconds::add(&mut self.seconds.store, start.elapsed());
        Ok(())
    }

    async fn delete(&self, filter: &Filter) -> Result<()> {
        self.job
            .store
            .delete(&Selection::Filter(filter))
            .await
            .at("store")?;
        if let Some(lexical) = self.job.lexical {
            lexical
                .delete(&Selection::Filter(filter))
                .await
                .at("lexical")?;
        }
        Ok(())
    }

    async fn forget(&mut self, source: &str) -> Result<()> {
        self.delete(&of(source)).await?;
        self.record(vec![(source.to_owned(), None)]).await
    }

    async fn record(&mut self, records: Vec<(String, Option<Record>)>) -> Result<()> {
        let start = Instant::now();
        if let (Some(journal), false) = (self.job.records, records.is_empty()) {
            Records::write(journal, &records).await.at("records")?;
        }
        Seconds::add(&mut self.seconds.store, start.elapsed());
        Ok(())
    }
}

fn of(source: &str) -> Filter {
    Filter::eq(field::SOURCE, source)
}
