//! Times and hostile texts. Times are judged in the campaign only, in release, on a quiet machine.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use gori_core::TokenCounter;

use super::super::decide::{Pin, Table};
use super::super::size::Sizer;
use super::super::*;
use super::campaign;
use super::cases::{JUDGES, Random};

fn prose(random: &mut Random, tokens: usize) -> String {
    let words = [
        " the",
        " store",
        " keeps",
        " a",
        " log",
        " of",
        " every",
        " change",
        " and",
        " writes",
        " it",
        ". It",
        ", so",
        " 2026",
        " 저장소는",
        ".\n\nA",
        " (see below)",
        " `upsert`",
    ];
    let mut text = String::from("A");
    for _ in 0..tokens {
        text += random.of(&words);
    }
    text
}

/// The time this thread has had a core, or where the system does not tell it, the clock's.
fn cpu_time() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(
        || START.get_or_init(Instant::now).elapsed(),
        Duration::from_nanos,
    )
}

/// The least processor time of some runs. The system keeps it by ticks of some milliseconds, so
/// each of the runs is of several.
fn best_of<T>(times: u32, mut run: impl FnMut() -> T) -> (Duration, T) {
    const AT_ONCE: u32 = 8;
    let mut least = Duration::MAX;
    for _ in 0..times {
        let start = cpu_time();
        for _ in 0..AT_ONCE {
            std::hint::black_box(run());
        }
        least = least.min((cpu_time() - start) / AT_ONCE);
    }
    (least, run())
}

#[test]
fn planning_110_000_tokens_cold_takes_little_more_than_counting_them_once() {
    // A word of these is 1.7 tokens.
    let (words, times) = if campaign() { (65_000, 5) } else { (6_500, 1) };
    let counter = JUDGES[1].counter;
    let (mut random, mut ratios) = (Random(5), Vec::new());
    for (sections, unit) in [1, 20, 200]
        .into_iter()
        .flat_map(|n| [(n, Unit::Sentence), (n, Unit::Word)])
    {
        let texts: Vec<String> = (0..sections)
            .map(|_| prose(&mut random, words / sections))
            .collect();
        let whole = texts.join("\n\n");
        let (once, total) = best_of(times, || counter.count(&whole));
        for (name, budget) in [("all fits", total + 10), ("half fits", total / 2)] {
            let (cold, plan) = best_of(times, || {
                let section = |(n, text): (usize, &String)| {
                    Section::user(format!("s{n}"), text.as_str()).shrink(Truncate::tail(unit))
                };
                let builder = PromptBuilder::text().sections(texts.iter().enumerate().map(section));
                builder.plan(&Budget::of(budget), counter).unwrap()
            });
            let ratio = cold.as_secs_f64() / once.as_secs_f64();
            println!(
                "{total} tokens, {sections} sections cut at a {unit:?}, {name}: counted once {once:.1?}, planned {cold:.1?}, {ratio:.2}x, {} used",
                plan.total().tokens
            );
            assert!(plan.total().tokens <= budget);
            ratios.push(ratio);
        }
    }
    // Told whole before it is judged.
    assert!(
        !campaign() || ratios.iter().all(|ratio| *ratio <= 1.3),
        "{ratios:.2?}"
    );
}

#[test]
fn a_thousand_cached_sections_are_decided_and_joined_in_no_time() {
    let counter = JUDGES[1].counter;
    let mut random = Random(6);
    let tiers = [Tier::High, Tier::Normal, Tier::Low];
    let sections: Vec<Section> = (0..1_000)
        .map(|n| {
            let length = 60 + random.below(100);
            let text = prose(&mut random, length);
            let section = Section::user(format!("s{n}"), text)
                .tier(tiers[n % 3])
                .weight(n as u32 % 7 + 1);
            if n % 10 == 0 {
                section.shrink(Truncate::tail(Unit::Word))
            } else {
                section
            }
        })
        .collect();
    let draft = PromptBuilder::text().sections(sections).build().unwrap();
    let memo = Memo::new(counter);
    let budget = Budget::of(60_000);
    let first = draft.plan_with(&budget, &memo).unwrap();
    let (warm, plan) = best_of(5, || draft.plan_with(&budget, &memo).unwrap());
    assert_eq!(plan.text(), first.text());

    let sizer = Sizer::new(&memo, None, budget.input());
    let sizes: Vec<_> = draft.nodes().iter().map(|node| sizer.size(node)).collect();
    let table = Table {
        nodes: draft.nodes(),
        sizes: &sizes,
        order: draft.order(),
        separator: 1,
        sizer: &sizer,
        pins: &vec![Pin::Free; 1_000],
    };
    table.decide(budget.input());
    let (decided, _) = best_of(5, || table.decide(budget.input()));
    let kept = plan.report().sections.iter().filter(|s| s.got > 0).count();
    println!(
        "1000 cached sections, {kept} kept, {} of {} tokens: decided in {decided:.1?}, planned with exact joins in {warm:.1?}",
        plan.total().tokens,
        budget.input()
    );
    assert!(
        !campaign() || decided <= Duration::from_millis(1),
        "{decided:?}"
    );
    assert!(!campaign() || warm <= Duration::from_millis(5), "{warm:?}");
}

/// Two megabytes each of what has crashed or stalled tokenizers.
fn hostile() -> Vec<(&'static str, String)> {
    let size = if campaign() { 2 << 20 } else { 200 << 10 };
    let fill = |piece: &str| piece.repeat(size / piece.len());
    vec![
        ("a million blanks", fill(" ")),
        ("blanks, then a letter", fill(" ") + "x"),
        ("tabs", fill("\t")),
        ("newlines", fill("\n")),
        ("one letter", fill("a")),
        ("one Hangul run", fill("가나다라마바사")),
        ("combining marks", "e".to_owned() + &fill("\u{301}")),
        ("ZWJ emoji", fill("👩‍👩‍👧‍👦")),
        ("special tokens", fill("<|endoftext|><|im_start|>")),
        ("fences", fill("</data>")),
        ("zero bytes", fill("\0")),
        ("digits", fill("1234567890")),
        ("apostrophes", fill("'s")),
    ]
}

#[test]
fn hostile_text_is_planned_in_bounded_time_and_without_a_panic() {
    // The figure is one second of a free core in release; machines that run tests are slower.
    let limit = Duration::from_secs(if campaign() { 1 } else { 10 });
    let ways = [
        ("tail", Truncate::tail(Unit::Sentence)),
        ("head", Truncate::head(Unit::Word)),
        ("middle", Truncate::middle(Unit::Line)),
        ("ends", Truncate::both_ends(Unit::Grapheme)),
    ];
    let mut slow = Vec::new();
    for judge in JUDGES.iter() {
        judge.counter.count(&" ".repeat(100_000));
        for (n, (name, text)) in hostile().iter().enumerate() {
            // A sample cuts each text in one way, both encodings in another.
            let all = ways.iter().enumerate();
            let some = all.filter(|(way, _)| campaign() || (n + judge.name.len()) % 4 == *way);
            for (_, (lose, how)) in some {
                let start = cpu_time();
                let plan = PromptBuilder::text()
                    .section(Section::system("rules", "Be brief.").required())
                    .section(
                        Section::user("evil", text.as_str())
                            .shrink(how.clone())
                            .untrusted(),
                    )
                    .plan(&Budget::of(8_000), judge.counter)
                    .unwrap();
                let took = cpu_time() - start;
                println!(
                    "{:7} {name:22} {lose:6} {:>5} of 8000 tokens in {took:>9.1?}",
                    judge.name,
                    plan.total().tokens
                );
                assert!(plan.total().tokens <= 8_000);
                assert!(plan.total().tokens > 1_000, "{name} was left out");
                if took > limit {
                    slow.push((judge.name, *name, took));
                }
            }
        }
    }
    assert!(slow.is_empty(), "{slow:.1?}");
}
