//! Writes on their way into the log. Those that wait for the same sync share it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gori_core::{Error, ErrorKind, Point, Result};

use super::analyse::Analyzer;
use super::chunk::{Body, Builder};
use super::view::View;
use crate::local::codec::Put;
use crate::local::engine::lock;
use crate::local::log::{Log, Place};
use crate::local::record::{Frames, Kind, MAX_BODY};
use crate::local::write::{Slot, Which};

/// One write.
#[derive(Debug)]
pub(crate) enum Write {
    /// Points without vectors, checked.
    Upsert(Vec<Point>),
    Delete(Which),
}

/// Checks all points, and copies what an index by words keeps of them. Of equal ids the last
/// counts.
pub(crate) fn texts(points: &[Point]) -> Result<Vec<Point>> {
    points.iter().try_for_each(Point::check_text)?;
    let last: HashMap<&str, usize> = points
        .iter()
        .map(|point| point.id.as_str())
        .zip(0..)
        .collect();
    let kept = points
        .iter()
        .zip(0_usize..)
        .filter(|(point, at)| last.get(point.id.as_str()) == Some(at));
    let kept = kept.map(|(point, _)| Point {
        id: point.id.clone(),
        vector: Vec::new(),
        text: point.text.clone(),
        metadata: point.metadata.clone(),
    });
    Ok(kept.collect())
}

impl Write {
    /// Applies the write to the view as if it lay at byte `at` of the log, and gives what to
    /// append and how many texts it put in or took out.
    pub(crate) fn stage(
        self,
        analyzer: &Analyzer,
        log: &Arc<Log>,
        at: u64,
        view: &mut View,
    ) -> Result<(Frames, u64)> {
        let mut frames = Frames::default();
        match self {
            Self::Upsert(points) => {
                let mut rows = Builder::default();
                for point in &points {
                    let start = at + frames.byte_len();
                    frames.push(Kind::Put, |body| encode(point, body))?;
                    let len = u32::try_from(at + frames.byte_len() - start).unwrap_or(u32::MAX);
                    rows.add(analyzer, point, Body::Logged(Place { at: start, len }));
                }
                for id in rows.ids() {
                    view.remove(id)?;
                }
                if let Some(chunk) = rows.finish(Some(Arc::clone(log))) {
                    view.push(chunk)?;
                }
                Ok((frames, points.len() as u64))
            }
            Self::Delete(which) => {
                let found = view.selected(&which)?;
                for address in &found {
                    let id = view.id(*address)?;
                    let Ok(()) = frames.push(Kind::Delete, |body| {
                        body.extend_from_slice(id.as_bytes());
                        Ok::<(), std::convert::Infallible>(())
                    });
                    view.kill(*address)?;
                }
                Ok((frames, found.len() as u64))
            }
        }
    }
}

fn encode(point: &Point, body: &mut Vec<u8>) -> Result<()> {
    let before = body.len();
    Put::encode(point, body)?;
    let len = body.len() - before;
    if len > MAX_BODY as usize {
        let message = format!("a text of {len} bytes is larger than {MAX_BODY}");
        return Err(Error::new(ErrorKind::TooLarge, message).about(&point.id));
    }
    Ok(())
}

/// The writes that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Vec<(Write, Slot)>>);

impl Queue {
    pub(crate) fn push(&self, write: Write) -> Slot {
        let slot = Slot::default();
        lock(&self.0).push((write, Arc::clone(&slot)));
        slot
    }

    pub(crate) fn take(&self) -> Vec<(Write, Slot)> {
        std::mem::take(&mut *lock(&self.0))
    }
}
