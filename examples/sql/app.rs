//! The command line of `sql`, and what its commands do.

use std::process::ExitCode;

use crate::support::fail;
use gori::sql::{
    Ask, AskOptions, Draft, Guard, Knowledge, Reply, Rows, Source as _, SqlAnswer, Sqlite, lint,
    propose,
};
use gori::{Chain as _, Context, Error, Result};

const USAGE: &str = "\
usage: sql lint DB [KNOWLEDGE]            what makes the database hard to ask
       sql propose DB [KNOWLEDGE]         terms that its names suggest, as TOML to look through
       sql check DB SQL                   what the guard says of a statement, and its rows
       sql ask DB [KNOWLEDGE] QUESTION --llm URL [FLAGS]

  DB                  an SQLite file; it is opened read-only
  KNOWLEDGE           a folder of *.toml, *.md and *.sql
  --llm URL           an OpenAI-compatible server, such as http://127.0.0.1:8080/v1#MODEL;
                      a key is read from OPENAI_API_KEY
  --show-prompt       print what the model would be sent, and stop
  --no-gate           answer doubtful questions too
  --repairs N         how often a draft may be mended [2]
  --json              the reply as JSON
  --help              this text";

#[derive(Debug, Default)]
struct Args {
    words: Vec<String>,
    llm: Option<String>,
    show_prompt: bool,
    json: bool,
    help: bool,
    options: AskOptions,
}

impl Args {
    fn read() -> std::result::Result<Self, lexopt::Error> {
        use lexopt::prelude::*;
        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("llm") => args.llm = Some(parser.value()?.string()?),
                Long("show-prompt") => args.show_prompt = true,
                Long("no-gate") => args.options.gate = false,
                Long("repairs") => args.options.repairs = parser.value()?.parse()?,
                Long("json") => args.json = true,
                Long("help") | Short('h') => args.help = true,
                Value(word) => args.words.push(word.string()?),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(args)
    }
}

#[tokio::main]
pub async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn run() -> Result<ExitCode> {
    let args = Args::read().map_err(|e| Error::invalid(e.to_string()).hint("see --help"))?;
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        _ if args.help => println!("{USAGE}"),
        ["lint", db, folder @ ..] if folder.len() <= 1 => {
            return show_lint(db, folder.first()).await;
        }
        ["propose", db, folder @ ..] if folder.len() <= 1 => {
            let catalog = Sqlite::open(db)?.catalog(&Context::new()).await?;
            let terms = propose(&catalog, &knowledge(folder.first())?);
            print!("{}", Knowledge::proposals_as_toml(&terms));
        }
        ["check", db, sql] => {
            let (source, cx) = (Sqlite::open(db)?, Context::new());
            let checked = Guard::new(source.catalog(&cx).await?).check(&Draft::new(*sql))?;
            eprintln!("runs as: {}", checked.sql());
            print_rows(&source.run(&cx, &checked).await?);
        }
        ["ask", db, question] => ask(&args, db, None, question).await?,
        ["ask", db, folder, question] => ask(&args, db, Some(folder), question).await?,
        _ => return Err(Error::invalid("the command is not understood").hint("see --help")),
    }
    Ok(ExitCode::SUCCESS)
}

fn knowledge(folder: Option<&&str>) -> Result<Knowledge> {
    folder.map_or_else(|| Ok(Knowledge::default()), Knowledge::read)
}

async fn show_lint(db: &str, folder: Option<&&str>) -> Result<ExitCode> {
    let catalog = Sqlite::open(db)?.catalog(&Context::new()).await?;
    let findings = lint(&catalog, &knowledge(folder)?);
    for finding in &findings {
        println!(
            "{:?} {}\n    {}\n    mend: {}",
            finding.fault, finding.place, finding.evidence, finding.mend
        );
    }
    println!(
        "{} findings in {} tables",
        findings.len(),
        catalog.tables.len()
    );
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

async fn ask(args: &Args, db: &str, folder: Option<&&str>, question: &str) -> Result<()> {
    let url = args
        .llm
        .as_deref()
        .ok_or_else(|| Error::invalid("no model is given").hint("see --llm in --help"))?;
    let (llm, counter) = crate::support::llm::open(url).await?;
    let cx = Context::new();
    let ask = Ask::new(&cx, Sqlite::open(db)?, llm, counter, knowledge(folder)?)
        .await?
        .options(args.options);
    if args.show_prompt {
        let linked = ask.link(&cx, question).await?;
        for message in ask.prompt(question, &linked)?.messages {
            println!("{:?}:\n{}\n", message.speaker, message.to_text());
        }
        return Ok(());
    }
    let reply = ask.call(&cx, question.to_owned()).await?;
    if args.json {
        let text =
            serde_json::to_string_pretty(&reply).map_err(|e| Error::invalid(e.to_string()))?;
        println!("{text}");
        return Ok(());
    }
    match reply {
        Reply::Answer(answer) => print_answer(&answer),
        Reply::Clarify { question, options } => {
            println!("{question}");
            options.iter().for_each(|option| println!("  - {option}"));
        }
        Reply::Unanswerable { missing } => println!(
            "Nothing here could answer that; missing: {}",
            missing.join(", ")
        ),
    }
    Ok(())
}

fn print_answer(answer: &SqlAnswer) {
    println!(
        "{}\n\n{}\n\n{}\n",
        answer.sentence, answer.sql, answer.explanation
    );
    print_rows(&answer.rows);
    for (title, list) in [
        ("Assumed", &answer.assumptions),
        ("Ask on", &answer.follow_ups),
    ] {
        if !list.is_empty() {
            println!("\n{title}:");
            list.iter().for_each(|line| println!("  - {line}"));
        }
    }
    let mended = answer
        .attempts
        .iter()
        .filter_map(|attempt| attempt.trouble.as_ref());
    mended.for_each(|trouble| println!("\nMended: {trouble}"));
}

fn print_rows(rows: &Rows) {
    println!("{}", rows.columns.join(" | "));
    for row in &rows.rows {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        println!("{}", cells.join(" | "));
    }
    if rows.cut.is_some() {
        println!("… there are more rows");
    }
}
