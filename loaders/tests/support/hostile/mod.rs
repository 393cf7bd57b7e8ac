//! Files made to harm whoever reads them: the same on every run, sixty and more of each
//! format.

pub mod archive;
pub mod mail;
pub mod markup;
pub mod packed;
pub mod pdf;
pub mod table;
pub mod text;

use super::Random;

/// A hostile file, made when it is asked for: all of them together would fill the memory.
pub struct Bomb {
    pub name: String,
    pub make: Box<dyn Fn() -> Vec<u8>>,
}

impl Bomb {
    pub fn new(name: impl Into<String>, make: impl Fn() -> Vec<u8> + 'static) -> Self {
        Self {
            name: name.into(),
            make: Box::new(make),
        }
    }

    /// A piece that is repeated, with something before and after it.
    pub fn repeated(
        name: impl Into<String>,
        before: impl Into<Vec<u8>>,
        piece: impl Into<Vec<u8>>,
        times: usize,
        after: impl Into<Vec<u8>>,
    ) -> Self {
        let (before, piece, after) = (before.into(), piece.into(), after.into());
        Self::new(format!("{} x {times}", name.into()), move || {
            [before.clone(), piece.repeat(times), after.clone()].concat()
        })
    }
}

/// Every family of bombs, by the extension of its files.
pub fn families() -> Vec<(&'static str, Vec<Bomb>)> {
    vec![
        ("txt", text::texts()),
        ("md", text::markdown()),
        ("html", markup::html()),
        ("csv", table::csv()),
        ("json", table::json()),
        ("jsonl", table::json_lines()),
        ("ipynb", table::notebooks()),
        ("srt", text::subtitles()),
        ("xml", markup::feeds()),
        ("eml", mail::messages()),
        ("mbox", mail::mailboxes()),
        ("docx", packed::docx()),
        ("pptx", packed::pptx()),
        ("xlsx", packed::xlsx()),
        ("epub", packed::epub()),
        ("pdf", pdf::bombs()),
    ]
}

/// A file with damage of one kind or several: bits, bytes, numbers, pieces that are lost,
/// doubled or moved, an end that is missing.
pub fn mutated(file: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = random.below(bytes.len());
        let length = 1 + random.below(64.min(bytes.len() - at));
        match random.below(9) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            5 => bytes[at..at + length].fill(b"\0\xff9( "[random.below(5)]),
            6 => number(&mut bytes, random),
            7 => {
                let piece = bytes[at..at + length].repeat(1 + random.below(300));
                drop(bytes.splice(at..at, piece));
            }
            _ => {
                let to = random.below(bytes.len() - length + 1);
                bytes.copy_within(at..at + length, to);
            }
        }
    }
    bytes
}

/// Another number in place of one that is there: sizes, offsets and counts are numbers.
fn number(bytes: &mut Vec<u8>, random: &mut Random) {
    const NUMBERS: [&str; 12] = [
        "0",
        "-1",
        "1",
        "255",
        "65536",
        "2147483647",
        "4294967295",
        "-2147483648",
        "9223372036854775807",
        "18446744073709551616",
        "1e308",
        "99999999999999999999999999",
    ];
    let from = random.below(bytes.len());
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = bytes[from..].iter().position(is_digit) else {
        return;
    };
    let start = from + start;
    let length = bytes[start..]
        .iter()
        .take_while(|byte| is_digit(byte))
        .count();
    let other = NUMBERS[random.below(NUMBERS.len())];
    drop(bytes.splice(start..start + length, other.bytes()));
}

/// Damaged copies of a file as bombs.
pub fn damaged(file: Vec<u8>, count: usize, seed: u64) -> impl Iterator<Item = Bomb> {
    let file = std::sync::Arc::new(file);
    (0..count as u64).map(move |i| {
        let file = file.clone();
        Bomb::new(format!("damaged {seed}/{i}"), move || {
            mutated(&file, &mut Random(seed << 32 | i))
        })
    })
}
