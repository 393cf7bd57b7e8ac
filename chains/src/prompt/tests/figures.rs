//! Times and hostile texts. Times are judged in the campaign only, in release, on a quiet machine.

use std::time::Duration;

use gori_core::TokenCounter;
use gori_models::tokens::Tiktoken;
use rustix::time::{ClockId, clock_gettime};

use super::super::decide::{Pin, Table};
use super::super::size::Sizer;
use super::super::*;
use super::cases::{JUDGES, Random};
use super::{campaign, size_of_campaign};

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

/// The time this thread has had a core.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = Duration::from_secs(u64::try_from(now.tv_sec).unwrap());
    seconds + Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap())
}

/// The processor time of one run, and what it gave.
fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = cpu_time();
    let made = run();
    (cpu_time() - start, made)
}

fn median<T: Copy + PartialOrd>(mut all: Vec<T>) -> T {
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all[all.len() / 2]
}

/// The median time of some runs.
fn median_of<T>(times: usize, mut run: impl FnMut() -> T) -> (Duration, T) {
    let took = (0..times).map(|_| timed(&mut run).0).collect();
    (median(took), run())
}

#[inline(never)]
fn count_once(counter: Tiktoken, text: &str) -> usize {
    counter.count(text)
}

#[inline(never)]
fn plan_cold(counter: Tiktoken, texts: &[String], unit: Unit, budget: usize) -> PromptPlan {
    let section = |(n, text): (usize, &String)| {
        Section::user(format!("s{n}"), text.as_str()).shrink(Truncate::tail(unit))
    };
    let builder = PromptBuilder::text().sections(texts.iter().enumerate().map(section));
    builder.plan(&Budget::of(budget), counter).unwrap()
}

/// Counting and planning take turns, since a machine that others use is fast now and slow then;
/// the ratio of neighbours hardly moves.
///
/// `GORI_CAMPAIGN=instructions` under callgrind takes one turn: its `--dump-after` of `count_once`
/// and `plan_cold` tells how many instructions each took.
#[test]
fn planning_110_000_tokens_cold_takes_little_more_than_counting_them_once() {
    // A word of these is 1.7 tokens.
    let (words, turns) = match size_of_campaign().as_str() {
        "full" => (65_000, 21),
        "instructions" => (65_000, 1),
        _ => (6_500, 3),
    };
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
        let total = count_once(counter, &whole);
        for (name, budget) in [("all fits", total + 10), ("half fits", total / 2)] {
            let (mut once, mut cold, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
            let mut used = 0;
            for _ in 0..turns {
                let (counted, _) = timed(|| count_once(counter, &whole));
                let (planned, plan) = timed(|| plan_cold(counter, &texts, unit, budget));
                used = plan.total().tokens;
                assert!(used <= budget);
                once.push(counted);
                cold.push(planned);
                ratio.push(planned.as_secs_f64() / counted.as_secs_f64());
            }
            let ratio = median(ratio);
            println!(
                "{total} tokens, {sections} sections cut at a {unit:?}, {name}: counted once {:.1?}, planned {:.1?}, {ratio:.2}x, {used} used",
                median(once),
                median(cold),
            );
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
    let (warm, plan) = median_of(20, || draft.plan_with(&budget, &memo).unwrap());
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
    let (decided, _) = median_of(20, || table.decide(budget.input()));
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
