//! What the page asks for. All of it is JSON, both ways; text is put on the page as text.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gori::sql::{
    Asked, Attempt, Chart, Checked, Doubt, Draft, Knowledge, Lesson, Linked, Origin, Status,
    Target, Term, TermKind, Theme, lint, propose,
};
use gori::{Context, Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::{App, Asker};

/// The longest a question may take, the model's writing included.
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest text that is learnt, in bytes.
const LONGEST: usize = 4000;

type Answer = std::result::Result<Json<Value>, Failure>;

/// An error as an answer.
pub struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0.kind() {
            ErrorKind::InvalidInput | ErrorKind::Refused | ErrorKind::TooLarge => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::Model | ErrorKind::Network | ErrorKind::Unavailable => {
                StatusCode::BAD_GATEWAY
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let body = json!({"error": self.0.message(), "hint": self.0.advice()});
        (status, Json(body)).into_response()
    }
}

async fn asker(app: &App) -> Arc<Asker> {
    Arc::clone(&*app.ask.read().await)
}

/// The database, what is known about it, what is not, and what makes it hard to ask.
pub async fn about(State(app): State<Arc<App>>) -> Answer {
    let ask = asker(&app).await;
    let (catalog, knowledge) = (ask.guard().catalog(), ask.knowledge());
    let tables: Vec<Value> = catalog
        .tables
        .iter()
        .map(|table| {
            let about = |column: Option<&str>, comment: &Option<String>| {
                let note = knowledge.describe(&table.name, column).next();
                note.map(|note| note.text.clone()).or_else(|| comment.clone())
            };
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|column| {
                    json!({
                        "name": column.name,
                        "type": column.declared,
                        "about": about(Some(&column.name), &column.comment),
                    })
                })
                .collect();
            json!({"name": table.name, "rows": table.rows, "about": about(None, &table.comment), "columns": columns})
        })
        .collect();
    let examples: Vec<&str> = knowledge
        .examples
        .iter()
        .map(|e| e.question.as_str())
        .collect();
    Ok(Json(json!({
        "database": app.database,
        "dialect": catalog.dialect.name(),
        "model": app.model,
        "learns": app.folder.is_some(),
        "tables": tables,
        "examples": examples,
        "proposals": proposals(&ask),
        "findings": lint(catalog, knowledge),
    })))
}

/// What the database suggests and what the files propose.
fn proposals(ask: &Asker) -> Vec<Term> {
    let mut all = propose(ask.guard().catalog(), ask.knowledge());
    all.extend(
        ask.knowledge()
            .terms
            .iter()
            .filter(|t| !t.is_confirmed())
            .cloned(),
    );
    all
}

#[derive(Debug, Deserialize)]
pub struct DraftAsked {
    #[serde(flatten)]
    asked: Asked,
    #[serde(default)]
    attempts: Vec<Attempt>,
    /// Whether a doubtful question is drafted too.
    #[serde(default)]
    sure: bool,
}

/// A question becomes a statement that has not run, or a question back.
pub async fn draft(State(app): State<Arc<App>>, Json(wanted): Json<DraftAsked>) -> Answer {
    let DraftAsked {
        asked,
        attempts,
        sure,
    } = wanted;
    if asked.question.trim().is_empty() {
        return Err(Error::invalid("the question is empty").into());
    }
    let (ask, cx) = (asker(&app).await, Context::new().within(PATIENCE));
    let linked = ask.link(&cx, asked.clone()).await?;
    let named = named(&linked);
    match linked
        .doubt
        .clone()
        .filter(|_| !sure && attempts.is_empty())
    {
        Some(Doubt::Clarify { question, options }) => {
            return Ok(Json(
                json!({"kind": "clarify", "question": question, "options": options, "named": named, "unexplained": linked.unexplained}),
            ));
        }
        Some(Doubt::Unanswerable { missing }) => {
            return Ok(Json(
                json!({"kind": "unanswerable", "missing": missing, "named": named}),
            ));
        }
        None => {}
    }
    if app.model.is_none() {
        return Ok(Json(by_hand(&ask, &asked, &linked, named)));
    }
    let drafted = ask.draft(&cx, &asked, &linked, attempts).await?;
    Ok(Json(json!({
        "kind": "draft",
        "by": app.model,
        "sql": drafted.written,
        "runs_as": drafted.checked.sql(),
        "explanation": drafted.explanation,
        "assumptions": drafted.assumptions,
        "attempts": drafted.attempts,
        "named": named,
    })))
}

fn named(linked: &Linked) -> Value {
    let best = linked.tables.iter().filter(|t| t.score > 0.0).take(4);
    let tables: Vec<&str> = best.map(|t| t.item.as_str()).collect();
    let terms: Vec<String> = linked
        .terms
        .iter()
        .map(|t| format!("{} [{}]", t.names.first().unwrap_or(&t.means), t.origin))
        .collect();
    let values: Vec<String> = linked
        .values
        .iter()
        .take(6)
        .map(|hit| format!("{} in {}", hit.value, hit.target))
        .collect();
    json!({"tables": tables, "terms": terms, "values": values})
}

/// Without a model: the statement of the same question among the examples, or a beginning for a
/// person to go on with.
fn by_hand(ask: &Asker, asked: &Asked, linked: &Linked, named: Value) -> Value {
    let same = |a: &str, b: &str| {
        let plain = |text: &str| -> String {
            text.chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect()
        };
        plain(a) == plain(b)
    };
    let example = ask
        .knowledge()
        .examples
        .iter()
        .find(|e| same(&e.question, &asked.question));
    if let Some(example) = example {
        return json!({"kind": "draft", "by": format!("the example in {}", example.origin), "sql": example.sql, "named": named, "attempts": []});
    }
    let catalog = ask.guard().catalog();
    let table = linked
        .tables
        .first()
        .and_then(|best| catalog.table(&best.item));
    let sql = table.map(|table| {
        let quote = |name: &str| catalog.dialect.quote(name);
        let columns: Vec<String> = table.columns.iter().map(|c| quote(&c.name)).collect();
        format!(
            "SELECT {}\nFROM {}\nLIMIT 20",
            columns.join(", "),
            quote(&table.name)
        )
    });
    json!({"kind": "draft", "by": null, "sql": sql, "named": named, "attempts": []})
}

#[derive(Debug, Deserialize)]
pub struct RunAsked {
    #[serde(flatten)]
    asked: Asked,
    sql: String,
}

/// Checks a statement anew, whoever wrote it, and runs it.
pub async fn run(State(app): State<Arc<App>>, Json(wanted): Json<RunAsked>) -> Answer {
    let (ask, cx) = (asker(&app).await, Context::new().within(PATIENCE));
    let checked = check(&ask, &wanted.sql)?;
    let linked = ask.link(&cx, wanted.asked.clone()).await?;
    let answer = ask.run(&cx, &wanted.asked, &linked, checked).await?;
    let charts = Chart::of(&answer.question, &answer.rows).and_then(|chart| {
        Some(json!({"light": chart.svg(Theme::Light).ok()?, "dark": chart.svg(Theme::Dark).ok()?}))
    });
    Ok(Json(json!({"answer": answer, "charts": charts})))
}

fn check(ask: &Asker, sql: &str) -> gori::Result<Checked> {
    let draft = Draft::new(sql.trim().trim_end_matches(';'));
    Ok(ask.guard().check(&draft)?)
}

/// What a person confirms, corrects or adds.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Taught {
    Example {
        question: String,
        sql: String,
        #[serde(default)]
        corrected: bool,
    },
    Term {
        of: TermKind,
        names: Vec<String>,
        means: String,
        #[serde(default)]
        target: Option<Target>,
        #[serde(default)]
        value: Option<String>,
        #[serde(default)]
        sql: Option<String>,
        #[serde(default)]
        evidence: Option<String>,
    },
}

/// Writes a lesson to the folder of knowledge, and asks with it from then on.
pub async fn learn(State(app): State<Arc<App>>, Json(taught): Json<Taught>) -> Answer {
    let Some(folder) = app.folder.clone() else {
        return Err(Error::invalid("there is no folder of knowledge")
            .hint("start with sql_web DB KNOWLEDGE/")
            .into());
    };
    let _one = app.learning.lock().await;
    let ask = asker(&app).await;
    let (lesson, how) = lesson(&ask, taught)?;
    let write = move || Knowledge::learn(&folder, &lesson, &how);
    let knowledge = tokio::task::spawn_blocking(write)
        .await
        .map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))??;
    let next = Asker::clone(&ask)
        .knowing(&Context::new(), knowledge)
        .await?;
    *app.ask.write().await = Arc::new(next);
    Ok(Json(json!({"learnt": "learnt.toml"})))
}

fn lesson(ask: &Asker, taught: Taught) -> gori::Result<(Lesson, String)> {
    let day = today();
    match taught {
        Taught::Example {
            question,
            sql,
            corrected,
        } => {
            bounded([question.as_str(), sql.as_str()])?;
            check(ask, &sql)?;
            let what = if corrected { "corrected" } else { "confirmed" };
            let how = format!("{day}, a query {what} on the page");
            Ok((Lesson::Example { question, sql }, how))
        }
        Taught::Term {
            of,
            names,
            means,
            target,
            value,
            sql,
            evidence,
        } => {
            let names: Vec<String> = names.into_iter().filter(|n| !n.trim().is_empty()).collect();
            let texts = [&value, &sql, &evidence]
                .into_iter()
                .flatten()
                .chain(&names);
            bounded(texts.map(String::as_str).chain([means.as_str()]))?;
            if names.is_empty() || means.trim().is_empty() {
                return Err(Error::invalid("a term needs a name and a meaning"));
            }
            let there = |t: &Target| match &t.column {
                Some(column) => ask.guard().catalog().column(&t.table, column).is_some(),
                None => ask.guard().catalog().table(&t.table).is_some(),
            };
            if let Some(target) = target.as_ref().filter(|t| !there(t)) {
                return Err(Error::invalid(format!(
                    "there is no {target} in the database"
                )));
            }
            let lacks = match of {
                TermKind::Value => {
                    target.as_ref().is_none_or(|t| t.column.is_none()) || value.is_none()
                }
                TermKind::Formula | TermKind::Join => sql.is_none(),
                TermKind::Abbreviation => false,
            };
            if lacks {
                return Err(Error::invalid(
                    "a value needs its column, and a formula or a join its SQL",
                ));
            }
            let how = match &evidence {
                Some(_) => format!("{day}, a proposal confirmed on the page"),
                None => format!("{day}, taught on the page"),
            };
            let term = Term {
                names,
                means,
                kind: of,
                target,
                value,
                sql,
                status: Status::Confirmed,
                evidence,
                origin: Origin::default(),
            };
            Ok((Lesson::Term(term), how))
        }
    }
}

fn bounded<'t>(texts: impl IntoIterator<Item = &'t str>) -> gori::Result<()> {
    let long = texts.into_iter().any(|text| text.len() > LONGEST);
    if long {
        Err(Error::invalid("that is too long to be learnt"))
    } else {
        Ok(())
    }
}

/// The day in UTC, by the civil calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms", days_from_civil turned round).
fn today() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    let z = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
