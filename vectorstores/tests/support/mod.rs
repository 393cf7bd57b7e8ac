//! What the tests of faults share.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout
)]

pub mod fault_fs;
pub mod meanwhile;
pub mod runs;
pub mod script;
pub mod vectors;
pub mod words;

/// A small generator of numbers that are the same in every run: SplitMix64, from Steele,
/// Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// Whether the whole campaign was asked for, with `GORI_CAMPAIGN=full`, and not the sample that
/// every test run does.
pub fn full() -> bool {
    std::env::var("GORI_CAMPAIGN").is_ok_and(|value| value == "full")
}
