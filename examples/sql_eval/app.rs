//! The command line of `sql_eval`, and what its commands do.

use std::process::ExitCode;
use std::sync::Arc;

use crate::replay::{Recorder, Tape};
use crate::support::{fail, progress};
use gori::models::tokens::Estimate;
use gori::sql::eval::{Case, Paired, Verdict, compare, linking};
use gori::sql::{Ask, AskOptions, Guard, Knowledge, Linker, Reply, Source as _, Sqlite};
use gori::{Chain as _, Context, Error, Llm, Result, TokenCounter};

const USAGE: &str = "\
usage: sql_eval DB QUESTIONS.toml [FLAGS]

  DB                  an SQLite file, or a script *.sql that one is made from for this run
  --knowledge DIR     what is known about the database
  --llm URL           an OpenAI-compatible server; without it linking alone is measured
  --record FILE       write every answer of the model to a file; a run that was stopped goes on
                      from what it holds
  --replay FILE       take the model's answers from such a file
  --arms A,B,...      of bare, bare-norepair, known, known-norepair [bare,known]; an arm without
                      repair takes the first drafts of the one with it, where that ran before:
                      at temperature 0 they are the same
  --tables N          how many tables the model is shown [5]
  --json              the figures as one JSON object
  --help              this text";

#[derive(Debug, Default)]
struct Args {
    paths: Vec<String>,
    knowledge: Option<String>,
    llm: Option<String>,
    record: Option<String>,
    replay: Option<String>,
    arms: Vec<String>,
    tables: usize,
    json: bool,
    help: bool,
}

impl Args {
    fn read() -> std::result::Result<Self, lexopt::Error> {
        use lexopt::prelude::*;
        let mut args = Self {
            arms: vec!["bare".into(), "known".into()],
            tables: AskOptions::default().tables,
            ..Self::default()
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("knowledge") => args.knowledge = Some(parser.value()?.string()?),
                Long("llm") => args.llm = Some(parser.value()?.string()?),
                Long("record") => args.record = Some(parser.value()?.string()?),
                Long("replay") => args.replay = Some(parser.value()?.string()?),
                Long("arms") => {
                    args.arms = parser
                        .value()?
                        .string()?
                        .split(',')
                        .map(str::to_owned)
                        .collect()
                }
                Long("tables") => args.tables = parser.value()?.parse()?,
                Long("json") => args.json = true,
                Long("help") | Short('h') => args.help = true,
                Value(path) => args.paths.push(path.string()?),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(args)
    }
}

#[tokio::main]
pub async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn run() -> Result<()> {
    let args = Args::read().map_err(|e| Error::invalid(e.to_string()).hint("see --help"))?;
    let [db, questions] = args.paths.as_slice() else {
        println!("{USAGE}");
        return if args.help {
            Ok(())
        } else {
            Err(Error::invalid(
                "a database and a file of questions are needed",
            ))
        };
    };
    let text = std::fs::read_to_string(questions).map_err(|e| Error::io(questions, e))?;
    let cases = Case::parse(&text)?;
    let known = args
        .knowledge
        .as_ref()
        .map_or_else(|| Ok(Knowledge::default()), Knowledge::read)?;
    let folder = tempfile::tempdir().map_err(|e| Error::io("a folder for the database", e))?;
    let source = open(db, folder.path())?;
    show_linking(&cases, &source, &known).await?;

    let (llm, counter): (Option<Arc<dyn Llm>>, Arc<dyn TokenCounter>) =
        match (&args.llm, &args.replay) {
            (Some(url), _) => {
                let (llm, counter) = crate::support::llm::open(url).await?;
                (Some(llm), counter)
            }
            (None, Some(_)) => (None, Arc::new(Estimate::new())),
            (None, None) => return Ok(()),
        };
    let model = llm.as_ref().map(|llm| llm.id());
    let tape = Tape::open(model, args.record.as_deref(), args.replay.as_deref())?;
    println!("the answers are those of {}", tape.model());
    let tape = Arc::new(tape);
    let mut all: Vec<(String, Vec<Verdict>)> = Vec::new();
    for arm in &args.arms {
        let (knowledge, repairs) = match arm.as_str() {
            "bare" => (Knowledge::default(), 2),
            "bare-norepair" => (Knowledge::default(), 0),
            "known" => (known.clone(), 2),
            "known-norepair" => (known.clone(), 0),
            other => {
                return Err(Error::invalid(format!("there is no arm `{other}`")).hint("see --help"));
            }
        };
        // Every question is drafted in every arm, so that the arms are paired; what the gate
        // would have asked back is counted with the linking.
        let options = AskOptions {
            repairs,
            gate: false,
            tables: args.tables,
            ..AskOptions::default()
        };
        let recorder = Recorder::new(llm.clone(), Arc::clone(&tape), arm);
        let ask = Ask::new(
            &Context::new(),
            source.clone(),
            recorder.clone(),
            Arc::clone(&counter),
            knowledge,
        )
        .await?
        .options(options);
        let verdicts = run_arm(arm, &cases, &ask, &recorder, &source).await?;
        all.push((arm.clone(), verdicts));
    }
    show(&args, &cases, &all);
    Ok(())
}

fn open(db: &str, folder: &std::path::Path) -> Result<Sqlite> {
    if !db.ends_with(".sql") {
        return Sqlite::open(db);
    }
    let script = std::fs::read_to_string(db).map_err(|e| Error::io(db, e))?;
    Sqlite::create(folder.join("data.sqlite"), &script)
}

async fn show_linking(cases: &[Case], source: &Sqlite, known: &Knowledge) -> Result<()> {
    let cx = Context::new();
    let catalog = Arc::new(source.catalog(&cx).await?);
    let guard = Guard::new(Arc::clone(&catalog));
    for (name, knowledge) in [("without", Knowledge::default()), ("with", known.clone())] {
        if name == "with" && knowledge.is_empty() {
            continue;
        }
        let linker = Linker::new(Arc::clone(&catalog), knowledge)
            .with_values(&cx, source)
            .await?;
        let f = linking(cases, &linker, &guard)?;
        println!(
            "linking {name} knowledge: gold tables in the first 4 for {} of {} questions, columns of gold values in the first 5 for {} of {}, asked back {}; missed {}",
            f.tables_in_4,
            f.cases,
            f.values_in_5,
            f.values,
            f.doubted,
            f.missed.join(" ")
        );
    }
    Ok(())
}

async fn run_arm(
    arm: &str,
    cases: &[Case],
    ask: &Ask<Sqlite, Recorder>,
    recorder: &Recorder,
    source: &Sqlite,
) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for (number, case) in (1..).zip(cases) {
        progress(&format!("{arm}: {number} of {}", cases.len()));
        let cx = Context::new();
        let gold = case.gold(&cx, ask.guard(), source).await?;
        recorder.begin(&case.id);
        let verdict = match ask.call(&cx, case.question.clone()).await {
            Ok(Reply::Answer(answer)) => {
                let verdict = compare(&gold, &answer.rows, case.is_ordered());
                eprintln!("{arm} {} {verdict:?} {}", case.id, answer.sql);
                verdict
            }
            Ok(reply) => {
                eprintln!("{arm} {} {reply:?}", case.id);
                Verdict::Different
            }
            // A draft that cannot be mended is a wrong answer; a server that is away is not.
            Err(error) if error.kind() == gori::ErrorKind::Model => {
                eprintln!("{arm} {} failed: {error}", case.id);
                Verdict::Different
            }
            Err(error) => return Err(error.about(&case.id)),
        };
        verdicts.push(verdict);
    }
    progress("");
    Ok(verdicts)
}

fn show(args: &Args, cases: &[Case], all: &[(String, Vec<Verdict>)]) {
    let count = |verdicts: &[Verdict], wanted| verdicts.iter().filter(|v| **v == wanted).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of questions")]
    let percent = |n: usize| 100.0 * n as f64 / cases.len() as f64;
    let mut json = serde_json::Map::new();
    for (arm, verdicts) in all {
        let (same, wider) = (
            count(verdicts, Verdict::Same),
            count(verdicts, Verdict::Wider),
        );
        println!(
            "{arm}: execution accuracy {same} of {} ({:.1} %), with further columns allowed {} ({:.1} %)",
            cases.len(),
            percent(same),
            same + wider,
            percent(same + wider)
        );
        json.insert(
            arm.clone(),
            serde_json::json!({"same": same, "wider": wider, "cases": cases.len()}),
        );
    }
    for (i, (first, a)) in all.iter().enumerate() {
        for (second, b) in all.iter().skip(i + 1) {
            let right = |v: &Verdict| *v == Verdict::Same;
            let paired = Paired::of(a.iter().zip(b).map(|(a, b)| (right(a), right(b))));
            println!(
                "{first} against {second}: both {}, {first} alone {}, {second} alone {}, neither {}; McNemar p = {:.4}",
                paired.both,
                paired.first,
                paired.second,
                paired.neither,
                paired.p_value()
            );
        }
    }
    if args.json {
        println!("{}", serde_json::Value::Object(json));
    }
}
