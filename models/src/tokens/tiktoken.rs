//! OpenAI's encodings, counted exactly and without the ways in which counting can go wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use gori_core::{Fidelity, TokenCounter};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use tiktoken_rs::{CoreBPE, Rank};

use super::cut::{Blanks, Part, Sizes, is_cut, parts};
use super::runs;

/// A published encoding of OpenAI's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// GPT-4o, GPT-4.1, GPT-5 and the o series.
    O200kBase,
    /// gpt-oss. Its texts count as in [`Encoding::O200kBase`]; only its control tokens differ.
    O200kHarmony,
    /// GPT-4, GPT-3.5 and the text-embedding models.
    Cl100kBase,
    /// Codex and text-davinci-002 and -003.
    P50kBase,
    /// GPT-2 and GPT-3.
    R50kBase,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::O200kBase,
        Self::O200kHarmony,
        Self::Cl100kBase,
        Self::P50kBase,
        Self::R50kBase,
    ];

    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::O200kHarmony => "o200k_harmony",
            Self::Cl100kBase => "cl100k_base",
            Self::P50kBase => "p50k_base",
            Self::R50kBase => "r50k_base",
        }
    }

    /// The table, read on first use (some 60 to 150 ms) and shared from then on.
    pub(super) fn table(self) -> &'static CoreBPE {
        match self {
            Self::O200kBase | Self::O200kHarmony => tiktoken_rs::o200k_base_singleton(),
            Self::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
            Self::P50kBase => tiktoken_rs::p50k_base_singleton(),
            Self::R50kBase => tiktoken_rs::r50k_base_singleton(),
        }
    }

    const fn blanks(self) -> Blanks {
        match self {
            Self::O200kBase | Self::O200kHarmony => Blanks::O200k,
            Self::Cl100kBase => Blanks::Cl100k,
            Self::P50kBase | Self::R50kBase => Blanks::Gpt2,
        }
    }
}

/// Counts tokens as OpenAI's models do, exactly.
///
/// All text is text: `<|endoftext|>` in a document counts as its thirteen characters and
/// never as a control token. Long texts are counted in pieces, cut where that provably does
/// not change the count, so neither a million blanks nor a megabyte without a blank is
/// dangerous or slow. Copies share one table, read on first use.
///
/// ```
/// use gori_models::tokens::{Encoding, Tiktoken};
/// use gori_core::TokenCounter;
///
/// let counter = Tiktoken::new(Encoding::Cl100kBase);
/// assert_eq!(counter.count("Hello, world!"), 4);
/// assert_eq!(counter.count("<|endoftext|>"), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiktoken {
    encoding: Encoding,
}

impl Tiktoken {
    /// A counter of this encoding. Nothing is read yet.
    pub const fn new(encoding: Encoding) -> Self {
        Self { encoding }
    }

    /// What it counts in.
    pub const fn encoding(self) -> Encoding {
        self.encoding
    }
}

impl TokenCounter for Tiktoken {
    fn id(&self) -> &str {
        self.encoding.name()
    }

    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }

    fn count(&self, text: &str) -> usize {
        #[cfg(feature = "fast-tokens")]
        if let Some(count) = super::fast::count(self.encoding, text) {
            return count;
        }
        count(self.encoding, text, Sizes::NORMAL)
    }

    fn seam(&self, before: char, after: char) -> bool {
        is_cut(before, after)
    }
}

/// The count by tiktoken-rs.
pub(super) fn count(encoding: Encoding, text: &str, sizes: Sizes) -> usize {
    let (table, blanks) = (encoding.table(), encoding.blanks());
    parts(text, blanks, sizes)
        .map(|part| match part {
            Part::Text(text) if text.len() <= sizes.piece => {
                fenced(text, || table.encode_ordinary(text).len())
            }
            Part::Text(text) => fenced(text, || runs::count(table, text, blanks, sizes)),
            Part::Run(run) => blank_table(encoding).map_or(run.len(), |table| {
                let all = (0, run.len());
                fenced(run, || runs::count_in_windows(table, run, all, sizes))
            }),
        })
        .sum()
}

/// The last fence: should the engine still panic, the bytes of the piece are counted, which
/// is never too few since no token is shorter than a byte.
fn fenced(text: &str, count: impl FnOnce() -> usize) -> usize {
    catch_unwind(AssertUnwindSafe(count)).unwrap_or(text.len())
}

/// The encoding for one match that is all blanks: the tokens that can occur in it, and no
/// regular expression to speak of. The engine keeps its ranks to itself but gives the bytes
/// of any token, of which some hundreds matter here.
fn blank_table(encoding: Encoding) -> Option<&'static CoreBPE> {
    const MORE_THAN_ANY: Rank = 1 << 18;
    static TABLES: [OnceLock<Option<CoreBPE>>; Encoding::ALL.len()] =
        [const { OnceLock::new() }; Encoding::ALL.len()];
    let make = || {
        let table = encoding.table();
        let ranks: FxHashMap<Vec<u8>, Rank> = (0..MORE_THAN_ANY)
            .filter_map(|rank| Some((table.decode_bytes(&[rank]).ok()?, rank)))
            .filter(|(bytes, _)| bytes.iter().copied().all(occurs_in_a_blank))
            .collect();
        CoreBPE::new(ranks, FxHashMap::default(), r"[\s\S]+").ok()
    };
    TABLES.get(encoding as usize)?.get_or_init(make).as_ref()
}

/// Whether the byte occurs in the UTF-8 of a white space character, at any place.
fn occurs_in_a_blank(byte: u8) -> bool {
    matches!(byte, 0x09..=0x0d | 0x20 | 0x80..=0x8a | 0x9a | 0x9f | 0xa0 | 0xa8 | 0xa9 | 0xaf | 0xc2 | 0xe1..=0xe3)
}
