//! Fuzz targets: `cargo +nightly fuzz run log` in `vectorstores/`.
//!
//! The input is a list of edits to the files of a small store that lies in memory. A store that
//! is opened after them may say that it is damaged; a panic, an abort, a hang and an answer with
//! a point that was never put in are defects. What lies behind the checksums is read by the
//! target `codec`.

#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::sync::{Arc, LazyLock};

use gori_core::{Metadata, Point, Search, Selection};
use gori_vectorstores::lexical::{self, LexicalStore};
use gori_vectorstores::{LocalStore, Options};
use support::fault_fs::FaultFs;

fn point(number: usize) -> Point {
    Point {
        id: format!("p{number}"),
        vector: vec![number as f32, 1.0, -0.5],
        text: format!("the key of door {number}"),
        metadata: Metadata::from([("n".to_owned(), (number as i64).into())]),
    }
}

fn open_vectors(fs: &FaultFs) -> gori_core::Result<LocalStore> {
    let options = Options::new(3).seal_after(12).graph_from(8).background(false);
    LocalStore::create_or_open_on(Arc::new(fs.clone()), "/store", options)
}

fn open_words(fs: &FaultFs) -> gori_core::Result<LexicalStore> {
    let options = lexical::Options::new().seal_after(12);
    LexicalStore::create_or_open_on(Arc::new(fs.clone()), "/store", options)
}

thread_local! {
    static VECTORS: LazyLock<FaultFs> = const { LazyLock::new(|| {
        let fs = FaultFs::default();
        let store = open_vectors(&fs).unwrap();
        for batch in (0..40).map(point).collect::<Vec<_>>().chunks(5) {
            store.blocking_upsert(batch).unwrap();
        }
        store.blocking_delete(&Selection::Ids(&["p3"])).unwrap();
        store.blocking_compact().unwrap();
        store.blocking_upsert(&[point(41)]).unwrap();
        drop(store);
        fs
    }) };
    static WORDS: LazyLock<FaultFs> = const { LazyLock::new(|| {
        let fs = FaultFs::default();
        let store = open_words(&fs).unwrap();
        for batch in (0..40).map(point).collect::<Vec<_>>().chunks(5) {
            store.blocking_upsert(batch).unwrap();
        }
        drop(store);
        fs
    }) };
}

/// Three bytes of an edit say which file and where, the fourth what is done to it there.
fn edited(fs: &FaultFs, data: &[u8], touches: impl Fn(&str) -> bool) -> FaultFs {
    let names = fs.names();
    let names: Vec<_> = names
        .iter()
        .filter(|name| name.file_name().is_some_and(|name| touches(&name.to_string_lossy())))
        .collect();
    let mut edited = fs.clone();
    for edit in data.chunks_exact(4) {
        let (Some(name), &[_, high, low, what]) = (names.get(usize::from(edit[0]) % names.len().max(1)), edit) else {
            continue;
        };
        let mut bytes = edited.file(name).unwrap();
        let at = (usize::from(high) << 8 | usize::from(low)) % (bytes.len() + 1);
        match what % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, what),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= what;
                }
            }
        }
        edited = edited.with_file(name, bytes);
    }
    edited
}

/// A store of vectors after edits to the files of these names.
pub fn vectors(data: &[u8], touches: impl Fn(&str) -> bool) {
    let fs = VECTORS.with(|fs| edited(fs, data, touches));
    if let Ok(store) = open_vectors(&fs)
        && let Ok(hits) = store.blocking_search(&Search::new(&[1.0, 1.0, 0.5], 50))
    {
        for hit in hits {
            let number: usize = hit.id.trim_start_matches('p').parse().unwrap();
            assert_eq!(hit.text, point(number).text);
        }
    }
    let _ = LocalStore::repair_on(&fs, "/store");
}

/// An index by words after edits to any of its files.
pub fn words(data: &[u8]) {
    let fs = WORDS.with(|fs| edited(fs, data, |_| true));
    if let Ok(store) = open_words(&fs)
        && let Ok(hits) = store.blocking_search("key door 7", 50, None)
    {
        for hit in hits {
            let number: usize = hit.id.trim_start_matches('p').parse().unwrap();
            assert_eq!(hit.text, point(number).text);
        }
    }
    let _ = LexicalStore::repair_on(&fs, "/store");
}
