//! What holds for every prompt, whatever is in it.

use std::collections::HashMap;

use super::super::*;
use super::campaign;
use super::cases::{JUDGES, Judge, Random, builder, case};

#[derive(Debug, Default)]
struct Tried {
    plans: usize,
    overflows: usize,
    cut: usize,
    dropped: usize,
}

/// Plans a random case and holds every law against it.
fn hold(random: &mut Random, judge: &Judge, memo: &Memo<'_>, tried: &mut Tried) {
    let (sections, separator, budget) = case(random);
    let told = || format!("{} {budget} {separator:?} {sections:#?}", judge.name);
    let draft = builder(&sections, separator).build().unwrap();
    let plan = match draft.plan_with(&Budget::of(budget), memo) {
        Ok(plan) => plan,
        Err(overflow) => {
            assert!(
                overflow.needed > budget || overflow.sections.iter().any(|s| s.max.is_some()),
                "{overflow}"
            );
            tried.overflows += 1;
            return;
        }
    };
    tried.plans += 1;
    let report = plan.report();
    let truth = judge.count(&plan.text());
    assert!(truth <= budget, "{truth} over the budget: {}", told());
    assert_eq!(
        plan.total().tokens,
        truth,
        "the total is not the truth: {}\n{}",
        told(),
        plan.text()
    );
    assert_eq!(report.total + report.slack, budget);
    assert_eq!(signed(report.sections_alone) + report.joins, signed(truth));
    sections_hold(&sections, &plan, judge, budget, &told);
    together(&sections, report, &told);
    let cut = |row: &&SectionReport| matches!(row.outcome, Outcome::Cut { .. });
    tried.cut += report.sections.iter().filter(cut).count();
    tried.dropped += report
        .sections
        .iter()
        .filter(|row| gone(&row.outcome))
        .count();
    let again = draft.plan(&Budget::of(budget), judge.counter).unwrap();
    assert_eq!(
        again.text(),
        plan.text(),
        "another memo, another text: {}",
        told()
    );
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

fn gone(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Dropped(_))
}

fn sections_hold(
    sections: &[Section],
    plan: &PromptPlan,
    judge: &Judge,
    budget: usize,
    told: &dyn Fn() -> String,
) {
    for (section, row) in sections.iter().zip(&plan.report().sections) {
        let id = &section.id;
        let max = section.max.map_or(usize::MAX, |max| max.of(budget));
        let min = section.min.map_or(0, |min| min.of(budget)).min(row.wanted);
        assert!(row.got <= max, "{id} has more than its maximum: {}", told());
        assert!(
            gone(&row.outcome)
                || row.outcome == Outcome::Empty
                || row.got >= min
                || matches!(section.material, Material::Fallbacks(_)),
            "{id} {row:?} has less than its minimum: {}",
            told()
        );
        assert!(
            row.got <= row.wanted || matches!(section.material, Material::Fallbacks(_)),
            "{id} {row:?} {}",
            told()
        );
        if section.tier == Tier::Required {
            assert!(!gone(&row.outcome), "{id} is required: {}", told());
        }
        if let (Outcome::Kept, Material::Text(text), None) =
            (&row.outcome, &section.material, &section.tag)
        {
            assert!(
                plan.text().contains(text.as_str()),
                "{id} was not kept word for word: {}",
                told()
            );
            assert_eq!(row.got, judge.count(text.as_str()), "{}", told());
        }
        if let (Outcome::Cut { out, .. }, Material::Text(text)) = (&row.outcome, &section.material)
        {
            assert!(!out.is_empty(), "{id} {row:?} {}", told());
            let mut at = 0;
            for span in out {
                assert!(
                    at <= span.from && span.from < span.to && span.to <= text.len(),
                    "{row:?} {}",
                    told()
                );
                assert!(
                    text.as_str().is_char_boundary(span.from)
                        && text.as_str().is_char_boundary(span.to)
                );
                if section.tag.is_none() {
                    let kept = text.as_str().get(at..span.from).unwrap();
                    assert!(
                        plan.text().contains(kept),
                        "{id}: {kept:?} was kept: {}",
                        told()
                    );
                }
                at = span.to;
            }
        }
    }
}

fn together(sections: &[Section], report: &Report, told: &dyn Fn() -> String) {
    let rows: HashMap<&str, &SectionReport> =
        report.sections.iter().map(|row| (&*row.id, row)).collect();
    let mut groups: HashMap<&str, Vec<bool>> = HashMap::new();
    for section in sections {
        let row = rows[&*section.id];
        if row.outcome == Outcome::Empty {
            continue;
        }
        if let Some(group) = &section.group {
            groups.entry(group).or_default().push(gone(&row.outcome));
        }
        for other in &section.requires {
            assert!(
                gone(&row.outcome) || !gone(&rows[&**other].outcome),
                "{} without {other}: {}",
                section.id,
                told()
            );
        }
    }
    for (group, gone) in groups {
        assert!(
            gone.iter().all(|g| *g == gone[0]),
            "{group} was torn: {}",
            told()
        );
    }
}

#[test]
fn no_prompt_is_over_budget_and_every_total_is_tiktokens_own() {
    let cases = if campaign() { 100_000 } else { 2_000 };
    let mut random = Random(1);
    let memos = JUDGES.each_ref().map(|judge| Memo::new(judge.counter));
    let mut all = [Tried::default(), Tried::default()];
    for n in 0..cases {
        let one = n % 2;
        hold(&mut random, &JUDGES[one], &memos[one], &mut all[one]);
    }
    for (judge, tried) in JUDGES.iter().zip(&all) {
        println!("{}: {tried:?}", judge.name);
        assert!(tried.plans > cases / 4, "most cases end in a plan");
        assert!(
            tried.overflows > 10 && tried.dropped > 100 && tried.cut > 100,
            "cases of every kind"
        );
    }
}

#[test]
fn a_sum_of_parts_in_place_of_the_count_is_noticed() {
    let (mut random, mut over, mut off, mut tried) = (Random(1), 0, 0, 0);
    for n in 0..2_000 {
        let judge = &JUDGES[n % 2];
        let (sections, separator, budget) = case(&mut random);
        let draft = builder(&sections, separator).build().unwrap();
        let wrong = Memo::summing(judge.counter);
        if let Ok(plan) = draft.plan_with(&Budget::of(budget), &wrong) {
            let truth = judge.count(&plan.text());
            tried += 1;
            over += usize::from(truth > budget);
            off += usize::from(truth != plan.total().tokens);
        }
    }
    println!("{tried} plans by sums: {off} totals off, {over} over budget");
    assert!(
        off > tried / 10,
        "the law above would not notice a sum of parts"
    );
    assert!(over > 0, "a sum of parts is no upper bound either");
}

/// How full budgets were.
#[derive(Debug, Default)]
struct Used {
    prompts: usize,
    sum: f64,
    less: f64,
}

impl Used {
    fn add(&mut self, used: f64) {
        self.prompts += 1;
        self.sum += used;
        self.less = self.less.max(1.0 - used);
    }

    fn told(&self) -> String {
        let (mean, worst) = (self.sum / self.prompts as f64, 1.0 - self.less);
        format!(
            "{} prompts, used {mean:.4} on average, {worst:.4} at worst",
            self.prompts
        )
    }
}

#[test]
fn a_full_budget_is_used_to_99_per_cent() {
    let cases = if campaign() { 5_000 } else { 200 };
    let mut random = Random(3);
    let (mut filled, mut held) = (Used::default(), Used::default());
    let judge = &JUDGES[1];
    let memo = Memo::new(judge.counter);
    for n in 0..cases {
        let (mut sections, separator, _) = case(&mut random);
        sections.retain(|s| {
            s.max.is_none() && s.step.is_none() && s.tier != Tier::Required && s.requires.is_empty()
        });
        let long: String = (0..60).map(|_| super::cases::text(&mut random)).collect();
        let budget = 1_000 + random.below(2_000);
        if judge.count(&long) < budget {
            continue;
        }
        let unit = random.of(&[Unit::Grapheme, Unit::Word, Unit::Line, Unit::Sentence]);
        let how = match n % 4 {
            0 => Truncate::head(unit),
            1 => Truncate::tail(unit),
            2 => Truncate::middle(unit),
            _ => Truncate::both_ends(unit),
        };
        let coarse = unit > Unit::Word;
        for fill in [true, false] {
            let how = how.clone();
            let how = if fill { how.fill() } else { how };
            let fill = Section::user("fill", long.as_str()).low().shrink(how);
            let draft = builder(&sections, separator).section(fill.clone()).build();
            let plan = draft
                .unwrap()
                .plan_with(&Budget::of(budget), &memo)
                .unwrap();
            let last = plan.report().sections.last().unwrap();
            if matches!(last.outcome, Outcome::Dropped(_)) {
                continue;
            }
            let used = judge.count(&plan.text()) as f64 / budget as f64;
            let holds = coarse && !fill.shrink.is_some_and(|how| how.fill);
            assert!(
                used >= 0.99 || holds,
                "{used} of {budget} {unit:?}\n{}",
                plan.report()
            );
            let group = if holds { &mut held } else { &mut filled };
            group.add(used);
        }
    }
    println!("by words, characters, or with `fill`: {}", filled.told());
    println!("held to lines and sentences: {}", held.told());
}
