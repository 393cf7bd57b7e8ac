//! Random prompts.

use std::sync::LazyLock;

use gori_models::tokens::{Encoding, Tiktoken};
use tiktoken_rs::CoreBPE;

use super::super::*;

/// Splitmix64: enough for choosing, and the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % bound
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Pieces at whose joins counts do not add up, among words at whose joins they do.
const PIECES: &[&str] = &[
    "a",
    "word",
    " word",
    " Word",
    "WORD",
    "don't",
    "'s",
    "'",
    "'LL",
    " é",
    "e\u{301}",
    "\u{301}",
    "слово",
    " слово",
    "한국어",
    " 문장도",
    "中文",
    "日本",
    "かな",
    "ไทย",
    "हिन्दी",
    "عربي",
    "0",
    "12",
    " 345",
    "6789",
    ".",
    ". ",
    ",",
    ", ",
    "...",
    "://",
    "/",
    "--",
    " (",
    ")",
    "{\"",
    "\": ",
    "#",
    "$",
    "→",
    "。",
    "　",
    " ",
    "  ",
    "        ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\u{a0}",
    "\u{200d}",
    "👩‍👩‍👧",
    "🙂",
    "<|endoftext|>",
    "</data>",
    "[INST]",
    "\0",
    "_",
    "x1",
    "=====",
    " the",
    " of",
    " budget",
    " tokens",
];

/// Prose of one to a few sentences, or pieces at random.
pub(super) fn text(random: &mut Random) -> String {
    let length = match random.below(8) {
        0 => random.below(3),
        1 => 150 + random.below(500),
        _ => 3 + random.below(60),
    };
    let prose = random.one_in(2);
    let mut text = String::new();
    for _ in 0..length {
        if prose {
            text += random.of(&[
                " the",
                " store",
                " keeps",
                " a",
                " log",
                " of",
                " changes",
                ". It",
                ", and",
                " 저장소는",
                ".\n",
            ]);
        } else {
            let times = if random.one_in(12) {
                1 + random.below(9)
            } else {
                1
            };
            text.extend(std::iter::repeat_n(random.of(PIECES), times));
        }
    }
    text
}

fn truncate(random: &mut Random) -> Truncate {
    let unit = random.of(&[Unit::Sentence, Unit::Line, Unit::Word, Unit::Grapheme]);
    let how = match random.below(4) {
        0 => Truncate::head(unit),
        1 => Truncate::tail(unit),
        2 => Truncate::middle(unit),
        _ => Truncate::both_ends(unit),
    };
    match random.below(4) {
        0 => how.mark("…"),
        1 => how.fill(),
        _ => how,
    }
}

fn material(random: &mut Random) -> Material {
    match random.below(6) {
        0 => {
            let items: Vec<String> = (0..random.below(8)).map(|_| text(random)).collect();
            let list = match random.below(3) {
                0 => List::best(items),
                1 => List::latest(items),
                _ => List::earliest(items),
            };
            let arrange = random.of(&[Arrange::AsGiven, Arrange::Edges, Arrange::Reversed]);
            list.separator(random.of(&["\n", "\n\n", "; ", " "]))
                .arrange(arrange)
                .into()
        }
        1 => {
            let long = text(random);
            let short: String = long.chars().take(long.chars().count() / 3).collect();
            Fallbacks::new([long, short, "short".to_owned()]).into()
        }
        _ => text(random).into(),
    }
}

fn section(random: &mut Random, n: usize) -> Section {
    let material = material(random);
    let can_shrink = !matches!(material, Material::Fallbacks(_));
    let mut section = Section::user(format!("s{n}"), material)
        .tier(random.of(&[
            Tier::Required,
            Tier::High,
            Tier::Normal,
            Tier::Normal,
            Tier::Low,
        ]))
        .weight(1 + random.below(4) as u32)
        .place(random.of(&[
            Placement::Prefix,
            Placement::Body,
            Placement::Body,
            Placement::Edges,
            Placement::Tail,
        ]));
    if can_shrink && random.one_in(2) {
        section = section.shrink(truncate(random));
    }
    if random.one_in(6) {
        section = section.min(random.below(60));
    }
    if random.one_in(6) {
        section = section.max(if random.one_in(2) {
            Size::Tokens(60 + random.below(100))
        } else {
            Size::Share(0.5)
        });
    }
    if random.one_in(5) {
        section = section.untrusted();
    }
    if random.one_in(8) {
        section = section.group(random.of(&["g", "h"]));
    }
    if n > 0 && random.one_in(8) {
        section = section.requires(format!("s{}", random.below(n)));
    }
    if random.one_in(8) {
        section = section.step(random.below(40));
    }
    section
}

/// A prompt of one text and a budget that is often too small for all of it.
pub(super) fn case(random: &mut Random) -> (Vec<Section>, &'static str, usize) {
    let sections = (0..1 + random.below(8))
        .map(|n| section(random, n))
        .collect();
    let separator = random.of(&["\n\n", "\n\n", "\n", "", " ", "'s", "\n---\n"]);
    let budget = match random.below(4) {
        0 => 20 + random.below(80),
        1 => 2_000,
        _ => 60 + random.below(600),
    };
    (sections, separator, budget)
}

pub(super) fn builder(sections: &[Section], separator: &str) -> PromptBuilder {
    PromptBuilder::text()
        .separator(separator)
        .sections(sections.to_vec())
}

/// An encoding as the planner counts in it, and tiktoken's own, which it is judged by.
pub(super) struct Judge {
    pub(super) name: &'static str,
    pub(super) counter: Tiktoken,
    pub(super) tiktoken: CoreBPE,
}

impl Judge {
    pub(super) fn count(&self, text: &str) -> usize {
        self.tiktoken.encode_ordinary(text).len()
    }
}

pub(super) static JUDGES: LazyLock<[Judge; 2]> = LazyLock::new(|| {
    [
        Judge {
            name: "cl100k",
            counter: Tiktoken::new(Encoding::Cl100kBase),
            tiktoken: tiktoken_rs::cl100k_base().unwrap(),
        },
        Judge {
            name: "o200k",
            counter: Tiktoken::new(Encoding::O200kBase),
            tiktoken: tiktoken_rs::o200k_base().unwrap(),
        },
    ]
});
