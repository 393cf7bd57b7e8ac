//! Power cuts: a script of writes runs on a file system that remembers what is on disk, the
//! power is cut between any two of its operations, what was on its way is lost, kept, reordered
//! or torn, and the store that is found must hold all that was acknowledged, and of the write
//! that was under way all or nothing.
//!
//! `GORI_CAMPAIGN=full cargo test --release -p gori-vectorstores --test crash` cuts at every
//! operation of a script of 2,000 writes; without the variable a sample is tried.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use gori_core::VectorStore as _;
use gori_vectorstores::{Durability, LocalStore, Options};
use proptest::prelude::*;
use support::fault_fs::{CUTS, Cut, Disk, FaultFs};
use support::runs::Acknowledged;
use support::script::{Model, Step, Subject as _, steps};
use support::vectors::DIMS;
use support::{Rng, full, runs};

fn options(durability: Durability) -> Options {
    Options::new(DIMS)
        .embedder("script")
        .durability(durability)
        .seal_after(30)
        // Low enough that graphs, and more than one merged segment, are on the disk when the
        // power goes.
        .graph_from(12)
        .largest_segment(24)
        .background(false)
}

fn open(fs: &FaultFs, durability: Durability) -> gori_core::Result<LocalStore> {
    LocalStore::create_or_open_on(Arc::new(fs.clone()), "/store", options(durability))
}

/// Cuts the power everywhere in a script, and sees that there were graphs to be lost.
fn cut_everywhere(writes: usize, durability: Durability) -> (usize, usize) {
    let graphs = Cell::new(0);
    let open = |fs: &FaultFs| {
        let store = open(fs, durability)?;
        graphs.set(graphs.get() + usize::from(!store.capabilities().exact));
        Ok(store)
    };
    let tried = runs::cut_everywhere(open, writes, durability != Durability::Sync);
    println!("stores with a graph found after a crash: {}", graphs.get());
    assert!(graphs.get() > 100);
    tried
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_there() {
    let writes = if full() { 2_000 } else { 300 };
    let (states, torn) = cut_everywhere(writes, Durability::Sync);
    assert!(states > 1_000 && torn > 100);
}

#[test]
fn groups_lose_their_end_and_nothing_else() {
    let writes = if full() { 2_000 } else { 200 };
    // The period never comes, so that only opening and closing syncs.
    let durability = Durability::Group(Duration::from_secs(3600));
    let (states, torn) = cut_everywhere(writes, durability);
    assert!(states > 1_000 && torn > 50);
}

/// What may happen to a store.
#[derive(Clone, Debug)]
enum Act {
    /// The one step that this seed gives.
    Write(u64),
    Reopen,
    /// The power is cut so many operations before the last; how, and a seed.
    Crash(usize, usize, u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => any::<u64>().prop_map(Act::Write),
        1 => Just(Act::Reopen),
        2 => (0_usize..8, 0..CUTS.len(), any::<u64>()).prop_map(|(back, how, seed)| Act::Crash(back, how, seed)),
    ]
}

/// A store that is crashed again and again, with what was acknowledged since the last crash.
struct Tried {
    disk: Disk,
    fs: FaultFs,
    store: LocalStore,
    history: Vec<Acknowledged>,
}

impl Tried {
    fn new(fs: FaultFs) -> Self {
        let disk = Disk::of(&fs);
        let store = open(&fs, Durability::Sync).unwrap();
        let first = Acknowledged {
            events: 0,
            content: Arc::new(store.content().unwrap()),
        };
        Self {
            disk,
            fs,
            store,
            history: vec![first],
        }
    }

    fn model(&self) -> &Model {
        &self.history.last().unwrap().content
    }

    fn write(&mut self, step: &Step) {
        step.run(&self.store).unwrap();
        let mut next = self.model().clone();
        step.apply(&mut next);
        self.history.push(Acknowledged {
            events: self.fs.event_count(),
            content: Arc::new(next),
        });
    }

    /// What is found after the crash; it must be what one of the writes left that may be last.
    fn crash(mut self, back: usize, how: Cut, rng: &mut Rng) -> Result<Self, TestCaseError> {
        let events = self.fs.events();
        let end = events.len().saturating_sub(back);
        events[..end]
            .iter()
            .for_each(|event| self.disk.happen(event));
        let found = Self::new(self.disk.cut(how, rng));
        let done = self.history.iter().rposition(|entry| entry.events <= end);
        let done = done.unwrap_or(0);
        let mut may_be = self.history[done..].iter().take(2);
        prop_assert!(
            may_be.any(|entry| *entry.content == *found.model()),
            "{:?} {} operations before the last found {:#?}",
            how,
            back,
            found.model()
        );
        Ok(found)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if full() { 10_000 } else { 150 }))]
    #[test]
    fn a_store_is_what_a_map_is_through_any_writes_openings_and_crashes(acts in prop::collection::vec(act(), 1..40)) {
        let mut tried = Tried::new(FaultFs::default());
        for act in acts {
            match act {
                Act::Write(seed) => tried.write(&steps::<LocalStore>(&mut Rng(seed), 1, 20)[0]),
                Act::Reopen => {
                    drop(tried.store);
                    tried.store = open(&tried.fs, Durability::Sync).unwrap();
                }
                Act::Crash(back, how, seed) => {
                    tried = tried.crash(back, CUTS[how], &mut Rng(seed))?;
                }
            }
            prop_assert_eq!(&tried.store.content().unwrap(), tried.model());
        }
        let well = tried.store.searches_well(tried.model(), &mut Rng(1));
        prop_assert!(well.is_ok(), "{:?}", well);
    }
}
