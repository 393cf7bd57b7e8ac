//! The order in which a model is looked for, and what is told when it is nowhere.

use std::fs;
use std::path::Path;

use gori_core::{Error, ErrorKind, Result, Stop};

use super::cache::{Lock, Place};
use super::folder::{verified, verified_file};
use super::source::Work;
use super::{Fetch, Model, ModelDir, Phase, Source};

const OFFLINE: &str = "not asked, since GORI_OFFLINE is set";
const FORBIDDEN: &str = "not asked, since GORI_SOURCES does not allow it";

/// Looks for a model and lets its sources bring it when it is not here.
pub(super) fn obtain(model: &Model, settings: &Fetch, stop: &Stop) -> Result<ModelDir> {
    model.check()?;
    let dir = match local(model, settings, stop)? {
        Some(dir) => dir,
        None => cached(model, settings, stop)?,
    };
    let size = model.size();
    settings.report(&model.name, Phase::Ready, None, size, size);
    Ok(dir)
}

/// Looks for the model that another one is made from. A path that was given for the other
/// says nothing about this one, and nothing is ready for the user yet.
pub(super) fn obtain_nested(model: &Model, settings: &Fetch, stop: &Stop) -> Result<ModelDir> {
    let settings = Fetch {
        path: None,
        ..settings.clone()
    };
    match local(model, &settings, stop)? {
        Some(dir) => Ok(dir),
        None => cached(model, &settings, stop),
    }
}

/// The places that belong to the user. What is wrong there is the user's to mend: it is told,
/// and not passed over in silence.
fn local(model: &Model, settings: &Fetch, stop: &Stop) -> Result<Option<ModelDir>> {
    let mend = |e: Error| {
        e.at(model.name.clone()).hint(
            "put the described file there, or open the path without the name of the model, \
             to use a file of your own",
        )
    };
    if let Some(path) = &settings.path {
        let found = match path.is_file() {
            true => verified_file(model, path, settings, stop),
            false => verified(model, path, settings, stop),
        };
        return found.map(Some).map_err(mend);
    }
    let Some(models) = &settings.models else {
        return Ok(None);
    };
    let names = [&model.name].into_iter().chain(&model.aliases);
    match names.map(|name| models.join(name)).find(|f| f.is_dir()) {
        Some(folder) => verified(model, &folder, settings, stop)
            .map(Some)
            .map_err(mend),
        None => Ok(None),
    }
}

fn cached(model: &Model, settings: &Fetch, stop: &Stop) -> Result<ModelDir> {
    let place = Place::new(settings.cache_folder()?, model);
    let mut tried = Tried::default();
    // No lock is needed to read: a folder in the cache is always whole.
    if let Some(dir) = look(model, &place, settings, stop, &mut tried)? {
        return Ok(dir);
    }
    if settings.offline {
        // Nothing is made, and no lock is asked for, unless it can lead to something.
        tried.note("sources", OFFLINE);
        let here = |s: &Source| match s {
            Source::Rounded(from) => obtain_nested(from, settings, stop).is_ok(),
            _ => false,
        };
        if !model.sources.iter().any(here) {
            return Err(tried.into_error(model, &place));
        }
    }
    let lock = place.lock(model, settings, stop)?;
    // Whoever held the lock before us may have brought it.
    tried = Tried::default();
    if let Some(dir) = look(model, &place, settings, stop, &mut tried)? {
        return Ok(dir);
    }
    place.discard(&lock)?;
    let allowed = settings.allowed()?;
    for (number, source) in model.sources.iter().enumerate() {
        let label = source.label();
        if let Some(kind) = source.kind() {
            let why_not = match settings.offline {
                true => Some(OFFLINE),
                false if !allowed.contains(&kind) => Some(FORBIDDEN),
                false => None,
            };
            if let Some(why) = why_not {
                tried.note(&label, why);
                continue;
            }
        }
        let work = Work {
            model,
            source,
            folder: place.partial().join(number.to_string()),
            settings,
            stop,
        };
        match from_source(&work, &place, &lock) {
            Ok(dir) => return Ok(dir),
            Err(e) if is_final(&e, stop) => return Err(e.at(model.name.clone())),
            Err(e) => {
                tracing::warn!(model = model.name, source = label, error = %e, "no luck");
                if let Some(progress) = &settings.progress {
                    progress.failed(&label, &e);
                }
                tried.failed(&label, e);
            }
        }
    }
    Err(tried.into_error(model, &place))
}

/// The model in the cache, if it is there and in order.
fn look(
    model: &Model,
    place: &Place,
    settings: &Fetch,
    stop: &Stop,
    tried: &mut Tried,
) -> Result<Option<ModelDir>> {
    let folder = place.complete();
    if !folder.is_dir() {
        tried.note("cache", "not there");
        return Ok(None);
    }
    match verified(model, &folder, settings, stop) {
        Ok(dir) => Ok(Some(dir)),
        Err(e) if is_final(&e, stop) => Err(e),
        Err(e) => {
            tracing::warn!(model = model.name, error = %e, "damaged in the cache");
            tried.failed("cache", e);
            Ok(None)
        }
    }
}

fn from_source(work: &Work<'_>, place: &Place, lock: &Lock) -> Result<ModelDir> {
    place.check_space(work.space())?;
    let ready = work.bring()?;
    match verified(work.model, &ready, work.settings, work.stop) {
        Ok(_) => {}
        Err(e) => {
            // A part that is wrong would be wrong again: the next try starts from nothing.
            if e.kind() == ErrorKind::Corrupt {
                let _ = fs::remove_dir_all(&work.folder);
            }
            return Err(e);
        }
    }
    place.install(work.model, &ready, lock)?;
    Ok(ModelDir::unchecked(work.model, &place.complete()))
}

/// Whether no other source can help: the caller is gone, or the disk takes nothing.
fn is_final(error: &Error, stop: &Stop) -> bool {
    stop.is_raised() || error.kind() == ErrorKind::Io
}

/// What was tried, and why it did not do.
#[derive(Default)]
struct Tried {
    list: Vec<String>,
    last: Option<Error>,
    transient: bool,
}

impl Tried {
    fn note(&mut self, place: &str, why: &str) {
        self.list.push(format!("{place}: {why}"));
    }

    fn failed(&mut self, place: &str, error: Error) {
        self.note(place, &brief(&error));
        self.transient |= error.is_transient();
        self.last = Some(error);
    }

    fn into_error(self, model: &Model, place: &Place) -> Error {
        let kind = match self.transient {
            true => ErrorKind::Unavailable,
            false => ErrorKind::NotFound,
        };
        let what = format!("could not be had; tried {}", self.list.join(" | "));
        let error = Error::new(kind, what)
            .about(&model.name)
            .hint(by_hand(model, &place.complete()));
        match self.last {
            Some(last) => error.caused_by(last),
            None => error,
        }
    }
}

/// What happened, without the advice: the list of what was tried ends in advice of its own.
fn brief(error: &Error) -> String {
    match error.subject() {
        Some(subject) => format!("{}: {subject}: {}", error.kind(), error.message()),
        None => format!("{}: {}", error.kind(), error.message()),
    }
}

/// How to do it without any source.
fn by_hand(model: &Model, cache: &Path) -> String {
    let file = |file: &super::File| {
        format!(
            "{} ({} bytes, SHA-256 {})",
            file.name, file.size, file.sha256
        )
    };
    let files: Vec<_> = model.files.iter().take(4).map(file).collect();
    let more = match model.files.len().saturating_sub(4) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(
        "to place it by hand, put {}{more} into {}, or into DIR/{} and set GORI_MODELS=DIR",
        files.join(", "),
        cache.display(),
        model.name
    )
}
