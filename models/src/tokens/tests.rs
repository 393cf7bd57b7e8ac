//! That cutting, and the fast engine, never change a count; and that nothing hostile hurts.
//!
//! `GORI_CAMPAIGN=full` tries 100,000 random texts in every encoding instead of a sample.

use std::time::{Duration, Instant};

use gori_core::{Fidelity, TokenCounter};

use super::cut::{Blanks, Sizes};
use super::runs::long_run;
use super::tiktoken::count;
use super::{Encoding, Estimate, Tiktoken};

fn texts_to_try() -> usize {
    match std::env::var("GORI_CAMPAIGN") {
        Ok(size) if size == "full" => 100_000,
        _ => 3_000,
    }
}

/// What tiktoken-rs says of the whole text at once.
fn whole(encoding: Encoding, text: &str) -> usize {
    encoding.table().encode_ordinary(text).len()
}

/// Splitmix64: enough for choosing pieces, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % bound
    }
}

/// What texts are made of, chosen so that every alternative of the expressions meets every
/// other: contractions, digits, newlines of all kinds, blanks of all widths, marks, emoji.
const PIECES: &[&str] = &[
    "a",
    "word",
    "Word",
    "WORD",
    "camelCase",
    "don't",
    "'s",
    "'LL",
    "'",
    "''",
    "é",
    "e\u{301}",
    "\u{301}",
    "ſ",
    "ǅ",
    "ʰ",
    "Ω",
    "ж",
    "слово",
    "한",
    "한국어",
    "중",
    "中",
    "中文",
    "日本",
    "かな",
    "カ",
    "ไทย",
    "हिन्दी",
    "עברית",
    "عربي",
    "0",
    "12",
    "345",
    "6789",
    "٣",
    "½",
    "Ⅷ",
    ".",
    ",",
    "...",
    "://",
    "/",
    "//",
    "-",
    "--",
    "(",
    ")",
    "{\"",
    "\":",
    "#",
    "$",
    "%",
    "€",
    "→",
    "，",
    "。",
    "　",
    " ",
    " ",
    " ",
    "  ",
    "   ",
    "        ",
    "\t",
    "\t\t",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{2009}",
    "\u{b}",
    "\u{200d}",
    "👩‍👩‍👧",
    "🙂",
    "<|endoftext|>",
    "<|im_start|>",
    "\0",
    "\u{feff}",
    "_",
    "x1",
    "1x",
    "=====",
];

fn random_text(random: &mut Random) -> String {
    let length = random.below(40);
    let mut text = String::new();
    for _ in 0..length {
        let piece = PIECES[random.below(PIECES.len())];
        // Runs are where a cut is hardest.
        let times = if random.below(8) == 0 {
            1 + random.below(12)
        } else {
            1
        };
        text.extend(std::iter::repeat_n(piece, times));
    }
    text
}

#[test]
fn cutting_anywhere_it_may_never_changes_a_count() {
    let mut random = Random(7);
    let (mut tried, mut cuts) = (0, 0);
    for _ in 0..texts_to_try() {
        let text = random_text(&mut random);
        let sizes = Sizes {
            piece: 4 + random.below(40),
            long_run: 4 + random.below(6),
            window: 8 + random.below(10),
            guard: random.below(3),
        };
        for encoding in Encoding::ALL {
            assert_eq!(
                count(encoding, &text, sizes),
                whole(encoding, &text),
                "{encoding:?} {sizes:?} {text:?}"
            );
            tried += 1;
            cuts += super::cut::parts(&text, Blanks::O200k, sizes)
                .count()
                .saturating_sub(1);
        }
    }
    println!("{tried} counts, {cuts} cuts");
    assert!(cuts > tried, "the texts were hardly cut");
}

/// One run of one kind of character, which the engine would encode as one match.
fn random_run(random: &mut Random) -> String {
    let alphabet: Vec<char> = [
        "abcdefghijklmnopqrstuvwxyz",
        "etaoin",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "가나다라마바사는이다한국어를",
        "的一是不了人我在有他这中大来上",
        "אבגדה",
        "العربيةنم",
        "\u{300}\u{301}\u{302}\u{303}",
        "!#$%&()*+,-./:;<=>?@[]^_`{|}~'",
        "👩\u{200d}👧👦🙂🎉",
        "\0\u{1}\u{2}",
        "\n\r",
        " \n",
        " \t\n\r\u{3000}",
        " \t\u{a0}",
        "e\u{301}",
    ][random.below(16)]
    .chars()
    .collect();
    let few = 1 + random.below(alphabet.len());
    let length = 30 + random.below(300);
    (0..length).map(|_| alphabet[random.below(few)]).collect()
}

#[test]
fn a_run_counted_in_windows_counts_as_it_does_in_one() {
    let mut random = Random(13);
    let (mut tried, mut runs) = (0, 0);
    for _ in 0..texts_to_try() {
        let around = [random_text(&mut random), random_text(&mut random)];
        let around = around.map(|text| text.chars().take(3).collect::<String>());
        let text = format!("{}{}{}", around[0], random_run(&mut random), around[1]);
        let sizes = Sizes {
            piece: 4 + random.below(20),
            long_run: 4 + random.below(6),
            window: 8 + random.below(60),
            guard: random.below(4),
        };
        for encoding in Encoding::ALL {
            assert_eq!(
                count(encoding, &text, sizes),
                whole(encoding, &text),
                "{encoding:?} {sizes:?} {text:?}"
            );
            tried += 1;
        }
        runs += usize::from(long_run(&text, Blanks::Cl100k, sizes).is_some());
    }
    println!("{tried} counts, {runs} texts with a run worth windows");
    assert!(runs > texts_to_try() / 2);
}

/// Two symbols take the marks behind them, and the bracket too, in one match; a window that began
/// among the marks took them for a letter's, and left the bracket to the word.
#[test]
fn marks_behind_two_symbols_are_not_counted_as_a_letters() {
    let marks: String = "00111111111010010001100011110010100000011011"
        .chars()
        .map(|c| if c == '0' { '\u{300}' } else { '\u{301}' })
        .collect();
    for before in ["🙂{", "{", "e", "1", " ", "\n", "", "\u{93f}", "{\u{93f}"] {
        let text = format!("{before}{marks}(do");
        for (encoding, window) in Encoding::ALL
            .iter()
            .flat_map(|e| [8, 20, 34].map(|w| (*e, w)))
        {
            let sizes = Sizes {
                piece: 18,
                long_run: 7,
                window,
                guard: 0,
            };
            assert_eq!(
                count(encoding, &text, sizes),
                whole(encoding, &text),
                "{encoding:?} {window} {text:?}"
            );
        }
    }
}

#[test]
fn at_a_seam_counts_add_up_whatever_stands_around_it() {
    let mut random = Random(5);
    let (mut tried, mut seams) = (0, 0);
    for _ in 0..texts_to_try() {
        let (a, b) = (random_text(&mut random), random_text(&mut random));
        let (Some(before), Some(after)) = (a.chars().next_back(), b.chars().next()) else {
            continue;
        };
        tried += 1;
        for encoding in Encoding::ALL {
            let counter = Tiktoken::new(encoding);
            if counter.seam(before, after) {
                let sum = counter.count(&a) + counter.count(&b);
                assert_eq!(counter.count(&format!("{a}{b}")), sum, "{a:?} {b:?}");
                seams += 1;
            }
        }
    }
    println!("{tried} pairs, {seams} seams");
    assert!(seams > tried / 10);
}

#[cfg(feature = "fast-tokens")]
#[test]
fn the_fast_engine_counts_the_same() {
    let mut random = Random(11);
    let mut tried = 0;
    for _ in 0..texts_to_try() {
        let text = random_text(&mut random);
        for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
            if let Some(fast) = super::fast::count(encoding, &text) {
                assert_eq!(fast, whole(encoding, &text), "{encoding:?} {text:?}");
                tried += 1;
            }
        }
    }
    println!("{tried} counts");
    assert!(tried > texts_to_try());
}

#[test]
fn a_long_run_of_blanks_counts_as_it_does_uncut() {
    // As long as the engine itself survives, so that it can be asked.
    for blank in [" ", "\t", "\t ", "\u{3000}", "\u{a0}"] {
        for around in [
            ("", ""),
            ("a", "x"),
            ("a.\n", "x"),
            ("1", "\n"),
            ("\n \n", "."),
            (".\r\n\r\n", ""),
        ] {
            let text = format!("{}{}{}", around.0, blank.repeat(100_000), around.1);
            for encoding in [
                Encoding::Cl100kBase,
                Encoding::O200kBase,
                Encoding::P50kBase,
            ] {
                assert_eq!(
                    count(encoding, &text, Sizes::NORMAL),
                    whole(encoding, &text),
                    "{encoding:?} {blank:?} {around:?}"
                );
            }
        }
    }
}

/// Two megabytes each of what has crashed or stalled tokenizers.
fn hostile() -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat((2 << 20) / piece.len());
    vec![
        ("blanks then a letter", fill(" ") + "x"),
        ("blanks", fill(" ")),
        ("tabs and blanks", fill("\t ") + "x"),
        ("newlines", fill("\n") + "x"),
        ("newlines and blanks", fill("\n ") + "x"),
        ("ideographic blanks", fill("\u{3000}") + "x"),
        ("one letter", fill("a")),
        ("one capital", fill("A")),
        ("one Hangul run", fill("가나다라마바사")),
        ("one Han run", fill("的一是不了人我在有他")),
        ("combining marks", "e".to_owned() + &fill("\u{301}")),
        ("letters with marks", fill("e\u{301}")),
        ("ZWJ emoji", fill("👩‍👩‍👧‍👦")),
        ("special tokens", fill("<|endoftext|><|im_start|>")),
        ("carets", fill("^")),
        ("digits", fill("1234567890")),
        ("apostrophes", fill("'")),
        ("apostrophes and letters", fill("'s")),
        ("zero bytes", fill("\0")),
    ]
}

/// The time this thread has had a core, or where the system does not tell it, the clock's.
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(
        || START.get_or_init(Instant::now).elapsed(),
        Duration::from_nanos,
    )
}

#[test]
fn hostile_text_neither_panics_nor_stalls() {
    // The figure is one second of a free core; machines that run tests are slow and busy.
    let limit = Duration::from_secs(5);
    for encoding in [
        Encoding::Cl100kBase,
        Encoding::O200kBase,
        Encoding::R50kBase,
    ] {
        let counter = Tiktoken::new(encoding);
        counter.count("load the table");
        for (name, text) in hostile() {
            let start = cpu_time();
            let tokens = counter.count(&text);
            let took = cpu_time().saturating_sub(start);
            println!(
                "{:11} {name:26} {tokens:8} tokens {took:>10.1?}",
                counter.id()
            );
            assert!(tokens > 0 && tokens <= text.len(), "{name}");
            assert!(took < limit, "{name} took {took:?}");
        }
    }
}

#[test]
fn special_tokens_in_a_text_are_text() {
    let text = "<|endoftext|>";
    assert_eq!(Tiktoken::new(Encoding::Cl100kBase).count(text), 7);
    assert!(Tiktoken::new(Encoding::O200kHarmony).count("<|start|>system<|message|>") > 4);
}

/// The same few sentences in the scripts the estimate claims to know, and some code.
const SAMPLES: &[(&str, &str)] = &[
    (
        "English",
        "The store keeps a log of every change and writes it to disk before it answers, so that a power cut loses nothing that was acknowledged. When it starts again it reads the log, drops a torn record at the end and says so.",
    ),
    (
        "German",
        "Der Speicher führt ein Protokoll über jede Änderung und schreibt es auf die Platte, bevor er antwortet; ein Stromausfall kostet deshalb nichts, was bestätigt wurde.",
    ),
    (
        "Korean",
        "저장소는 모든 변경을 로그에 남기고 응답하기 전에 디스크에 기록하므로, 정전이 일어나도 확인된 내용은 아무것도 잃지 않습니다. 다시 시작하면 로그를 읽고 끝에서 찢어진 기록을 버린 뒤 이를 알려 줍니다.",
    ),
    (
        "Chinese",
        "存储会把每一次变更写入日志，并在答复之前落盘，因此断电不会丢失任何已确认的内容。重新启动时，它读取日志，丢弃末尾残缺的记录，并如实说明。",
    ),
    (
        "Japanese",
        "ストアはすべての変更をログに残し、応答する前にディスクへ書き込むため、停電が起きても確認済みの内容は失われません。再起動するとログを読み、末尾の壊れた記録を捨てて、そのことを伝えます。",
    ),
    (
        "Russian",
        "Хранилище записывает каждое изменение в журнал и сохраняет его на диск до ответа, поэтому отключение питания не теряет ничего из того, что было подтверждено.",
    ),
    (
        "Arabic",
        "يسجل المخزن كل تغيير في سجل ويكتبه على القرص قبل أن يجيب، ولذلك لا يضيع شيء مما تم تأكيده عند انقطاع الكهرباء.",
    ),
    (
        "Hindi",
        "भंडार हर बदलाव को लॉग में लिखता है और उत्तर देने से पहले उसे डिस्क पर सहेजता है, इसलिए बिजली जाने पर कुछ भी नहीं खोता।",
    ),
    (
        "Thai",
        "ที่เก็บข้อมูลบันทึกทุกการเปลี่ยนแปลงลงในบันทึกและเขียนลงดิสก์ก่อนตอบ จึงไม่มีสิ่งใดสูญหายเมื่อไฟดับ",
    ),
    (
        "code",
        "fn last_cut(text: &str, limit: usize) -> Option<usize> {\n    let head = text.get(..text.floor_char_boundary(limit))?;\n    let mut right = text.get(head.len()..)?.chars().next()?;\n    for (i, c) in head.chars().rev().enumerate() {\n        if c == '\\n' { return Some(i + 1); }\n    }\n    None\n}\n",
    ),
    (
        "JSON",
        "{\"id\": 1042, \"name\": \"order\", \"items\": [{\"sku\": \"A-17\", \"count\": 3, \"price\": 19.95}, {\"sku\": \"B-2\", \"count\": 1, \"price\": 250.00}], \"paid\": true, \"at\": \"2026-11-22T09:15:00Z\"}",
    ),
    (
        "numbers",
        "3.14159, 2.71828, 1.61803, 1.41421; 1024 4096 65536 1048576; 127.0.0.1:8080; 0x7fff_ffff; 2026-11-22 09:15:00",
    ),
];

#[test]
fn the_estimate_lies_above_the_truth_and_not_absurdly_so() {
    let estimate = Estimate::new();
    let Fidelity::Estimated { margin } = estimate.fidelity() else {
        panic!("an estimate says that it is one");
    };
    for (name, text) in SAMPLES {
        let guess = estimate.count(text) as f64;
        for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
            let truth = whole(encoding, text) as f64;
            println!(
                "{name:9} {:11} truth {truth:4} guess {guess:4} ratio {:.2}",
                encoding.name(),
                guess / truth
            );
            assert!(
                truth <= guess * (1.0 + f64::from(margin)),
                "{name}: {truth} > {guess}"
            );
            assert!(
                guess <= truth * 3.0 || encoding == Encoding::O200kBase,
                "{name}: {guess} for {truth}"
            );
        }
    }
}

#[test]
fn an_estimate_of_a_whole_is_no_more_than_its_parts() {
    let estimate = Estimate::new();
    let mut random = Random(3);
    for _ in 0..1_000 {
        let (a, b) = (random_text(&mut random), random_text(&mut random));
        let whole = estimate.count(&format!("{a}{b}"));
        assert!(
            whole <= estimate.count(&a) + estimate.count(&b),
            "{a:?} {b:?}"
        );
        assert!(whole + 1 >= estimate.count(&a), "{a:?} {b:?}");
    }
}
