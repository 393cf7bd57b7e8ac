//! Power cuts, failing disks and flipped bits under the index by words, by the runs that the
//! local store goes through.
//!
//! `GORI_CAMPAIGN=full cargo test --release -p gori-vectorstores --test lexical_faults` tries all
//! that a plain run samples.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::sync::Arc;

use gori_core::{Result, Selection};
use gori_vectorstores::lexical::{LexicalStore, Options};
use support::fault_fs::FaultFs;
use support::script::{Model, Subject as _};
use support::{Rng, full, runs};

fn open(fs: &FaultFs) -> Result<LexicalStore> {
    let options = Options::new().seal_after(12);
    LexicalStore::create_or_open_on(Arc::new(fs.clone()), "/words", options)
}

#[test]
fn a_power_cut_loses_nothing_acknowledged_and_leaves_nothing_half_there() {
    let writes = if full() { 2_000 } else { 160 };
    let (states, torn) = runs::cut_everywhere(open, writes, false);
    assert!(states > 1_000 && torn > 50);
}

#[test]
fn an_operation_that_fails_loses_nothing_earlier() {
    assert!(runs::fail_everywhere(open) > 100);
}

/// A small index with files of all kinds in it, and what it held after each write.
fn small_index() -> (FaultFs, Vec<Model>) {
    let fs = FaultFs::default();
    let mut rng = Rng(3);
    let index = open(&fs).unwrap();
    let mut history = vec![Model::new()];
    for _ in 0..9 {
        let points: Vec<_> = (0..3).map(|_| LexicalStore::point(&mut rng, 30)).collect();
        index.blocking_upsert(&points).unwrap();
        history.push(index.content().unwrap());
    }
    let gone = Selection::Ids(&["p1", "p2"]);
    index.blocking_delete(&gone).unwrap();
    history.push(index.content().unwrap());
    drop(index);
    (fs, history)
}

#[test]
fn every_flipped_byte_is_seen_or_does_no_harm() {
    let (fs, history) = small_index();
    let (tried, seen) = runs::flip_everywhere(open, &fs, &history, 13);
    // Only the zeros after the head of a log are under no checksum.
    assert!(tried > 500 && tried - seen <= 7 * fs.names().len());
}

#[test]
fn a_file_cut_anywhere_is_seen_or_made_anew() {
    let (fs, history) = small_index();
    assert!(runs::cut_files(open, &fs, &history) > 50);
}

#[test]
fn a_repair_keeps_what_is_whole() {
    let (fs, history) = small_index();
    assert!(runs::repair_everywhere(open, &fs, history.last().unwrap()) > 50);
}
