//! SQL that nobody has checked.

use gori_core::{Error, ErrorKind, Result};

/// SQL that nobody has checked, such as a model writes it. It can be read and it can be
/// checked; it cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft(String);

impl Draft {
    /// A draft of this text.
    pub fn new(sql: impl Into<String>) -> Self {
        Self(sql.into())
    }

    /// The SQL in what a model wrote: the last fenced block that holds a query, or the text
    /// from the first line that begins one.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] when there is no query in it.
    pub fn from_answer(answer: &str) -> Result<Self> {
        let fenced = fenced_blocks(answer).into_iter().rfind(|b| begins_query(b));
        let text = match fenced {
            Some(block) => block,
            None => unfenced(answer).ok_or_else(|| {
                Error::new(ErrorKind::Model, "there is no SQL in the model's answer")
                    .hint("ask again, or ask another model")
            })?,
        };
        Ok(Self(text.trim().trim_end_matches(';').trim().to_owned()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// The insides of all ``` blocks, without the word behind the opening fence. A block whose
/// end is missing reaches to the end of the text.
fn fenced_blocks(answer: &str) -> Vec<&str> {
    answer
        .split("```")
        .skip(1)
        .step_by(2)
        .map(|block| match block.split_once('\n') {
            Some((word, rest)) if word.trim().chars().all(char::is_alphanumeric) => rest,
            _ => block
                .strip_prefix("sql")
                .or_else(|| block.strip_prefix("SQL"))
                .unwrap_or(block),
        })
        .collect()
}

fn begins_query(text: &str) -> bool {
    let start = text.trim_start().trim_start_matches('(').trim_start();
    ["select", "with", "values"].iter().any(|word| {
        start
            .get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word))
            && start
                .get(word.len()..)
                .and_then(|rest| rest.chars().next())
                .is_some_and(|c| !c.is_alphanumeric() && c != '_')
    })
}

/// From the first line that begins a query, to the end of the statement or a blank line after
/// which prose goes on.
fn unfenced(answer: &str) -> Option<&str> {
    let mut offset = 0;
    for line in answer.split_inclusive('\n') {
        if begins_query(line) {
            let rest = answer.get(offset..)?;
            let end = rest
                .find(";\n")
                .or_else(|| rest.find("\n\n"))
                .unwrap_or(rest.len());
            return rest.get(..end);
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_found_in_what_models_write() {
        for (answer, sql) in [
            ("SELECT 1", "SELECT 1"),
            ("```sql\nSELECT a\nFROM t;\n```", "SELECT a\nFROM t"),
            ("```sql SELECT 1```", "SELECT 1"),
            (
                "Here:\n\n```\nwith x as (select 1) select * from x\n```\nDone.",
                "with x as (select 1) select * from x",
            ),
            (
                "First ```sql\nselect 1\n``` no, better: ```sql\nselect 2\n```",
                "select 2",
            ),
            (
                "The query is\nSELECT a FROM t;\nIt selects a.",
                "SELECT a FROM t",
            ),
            ("SELECT a FROM t\n\nThis selects a.", "SELECT a FROM t"),
            ("```sql\nSELECT cut off", "SELECT cut off"),
        ] {
            assert_eq!(Draft::from_answer(answer).unwrap().text(), sql, "{answer}");
        }
    }

    #[test]
    fn no_sql_is_an_error_not_an_empty_draft() {
        for answer in [
            "",
            "I cannot answer that.",
            "```python\nprint(1)\n```",
            "selection of withs",
        ] {
            assert_eq!(
                Draft::from_answer(answer).unwrap_err().kind(),
                ErrorKind::Model
            );
        }
    }
}
