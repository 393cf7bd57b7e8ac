//! What a damaged file claims to hold is not believed: opening and reading a damaged store
//! takes no more memory than a whole one does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    unsafe_code,
    reason = "an allocator that counts can only be written with it"
)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gori_vectorstores::{LocalStore, Options};
use support::fault_fs::FaultFs;
use support::script::Subject as _;
use support::vectors::{DIMS, point};
use support::{Rng, full};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by the system's allocator; what is added only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(held, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What reading takes whatever the size of the store, its windows on the logs above all.
const FIXED: usize = 3 << 20;

fn open(fs: &FaultFs) -> gori_core::Result<LocalStore> {
    let options = Options::new(DIMS)
        .seal_after(12)
        .graph_from(2)
        .background(false);
    LocalStore::create_or_open_on(Arc::new(fs.clone()), "/store", options)
}

/// The most that was held at once while a store was opened and read, beyond what was before.
fn peak(fs: &FaultFs) -> usize {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    if let Ok(store) = open(fs) {
        let _ = store.content();
        let _ = store.blocking_search(&gori_core::Search::new(&[1.0; DIMS], 3));
    }
    PEAK.load(Relaxed) - before
}

#[test]
fn no_damage_makes_a_store_take_more_than_twice_its_files() {
    let fs = FaultFs::default();
    let mut rng = Rng(5);
    let store = open(&fs).unwrap();
    for round in 0..12 {
        let points: Vec<_> = (0..3).map(|_| point(&mut rng, 40)).collect();
        store.blocking_upsert(&points).unwrap();
        if round == 8 {
            store.blocking_compact().unwrap();
        }
    }
    drop(store);
    let names = fs.names();
    let bytes: usize = names.iter().map(|name| fs.file(name).unwrap().len()).sum();
    let (mut tried, mut most) = (0, 0);
    for name in &names {
        let whole = fs.file(name).unwrap();
        for at in (0..whole.len()).step_by(if full() { 1 } else { 5 }) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let damaged = fs.with_file(name, damaged);
            most = most.max(peak(&damaged));
            tried += 1;
        }
    }
    println!("damaged in {tried} places: {most} bytes at most, the files have {bytes}");
    assert!(most <= 2 * bytes + FIXED, "{most}");
}
