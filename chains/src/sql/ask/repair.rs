//! What a model is told about a draft that failed.

use gori_core::{Error, Message, Prompt};

use super::Attempt;
use crate::sql::{Catalog, Cell, Checked, Rejected, Rows, guard};

/// What was wrong with a draft, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) what: String,
}

impl Trouble {
    pub(super) fn of_check(rejected: &Rejected) -> Self {
        Self {
            what: rejected.to_string(),
        }
    }

    pub(super) fn of_error(error: &Error) -> Self {
        let advice = error
            .advice()
            .map_or_else(String::new, |advice| format!("; {advice}"));
        Self {
            what: format!("{}{advice}", error.message()),
        }
    }
}

/// The prompt, and behind it what was tried with what was wrong with it. The text of a failed
/// draft is a model's own: it is cut, so that many of them cannot fill the window.
pub(super) fn conversation(base: &Prompt, attempts: &[Attempt]) -> Prompt {
    let mut prompt = base.clone();
    for attempt in attempts {
        let (sql, what) = (
            short(&attempt.sql, 2000),
            short(attempt.trouble.as_deref().unwrap_or("it is not right"), 600),
        );
        let request = format!(
            "That does not work: {what}.\nWrite the corrected SQL statement, and nothing else."
        );
        prompt
            .messages
            .push(Message::assistant(format!("```sql\n{sql}\n```")));
        prompt.messages.push(Message::user(request));
        prompt.tokens = None;
    }
    prompt
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// An empty result of a comparison with a text that the column does not hold.
pub(super) fn missed_value(checked: &Checked, rows: &Rows, catalog: &Catalog) -> Option<Trouble> {
    if !rows.is_empty() && !is_zero(rows) {
        return None;
    }
    checked.compared().iter().find_map(|compared| {
        let profile = catalog
            .column(&compared.table, &compared.column)?
            .profile
            .as_ref()?;
        let values: Vec<&str> = profile
            .frequent
            .iter()
            .filter_map(|(cell, _)| cell.as_str())
            .collect();
        if !profile.is_complete() || values.contains(&compared.text.as_str()) {
            return None;
        }
        let near = guard::nearest(&compared.text, values.iter().copied());
        let hint = near.map_or_else(
            || {
                let some: Vec<String> = values.iter().take(15).map(|v| format!("'{v}'")).collect();
                format!("its values are {}", some.join(", "))
            },
            |near| format!("did you mean '{near}'?"),
        );
        Some(Trouble {
            what: format!(
                "nothing was found, since {}.{} never is '{}'; {hint}",
                compared.table, compared.column, compared.text
            ),
        })
    })
}

/// A count of nothing.
fn is_zero(rows: &Rows) -> bool {
    matches!(rows.rows.as_slice(), [row] if row.iter().all(|cell| cell.is_null() || matches!(cell, Cell::Int(0))))
}
