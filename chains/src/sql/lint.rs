//! What makes a database hard to ask, each finding with its evidence and a way to mend it.

mod described;
mod keys;
mod names;
mod values;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Catalog, Knowledge, Target};

/// What sort of thing makes it hard, to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// A short form in a name that nothing explains.
    UndocumentedAbbreviation,
    /// Codes whose meaning nothing tells.
    UndocumentedCode,
    /// Columns of one name with different types.
    SameNameOtherType,
    /// A description that only repeats the name.
    EmptyDescription,
    /// A table without a primary key.
    MissingPrimaryKey,
    /// A reference to another table that no foreign key declares.
    MissingForeignKey,
    /// A table that the knowledge speaks of and the database does not have.
    UndefinedTable,
    /// A column that the knowledge speaks of and the database does not have.
    UndefinedColumn,
    /// One name for different things in tables that are asked together.
    AmbiguousName,
    /// Numbers kept as text.
    NumberAsText,
    /// Dates kept as text whose order is not their order in time.
    DateAsText,
    /// Dates kept as numbers.
    DateAsNumber,
    /// Two descriptions of one thing that say different things.
    ContradictingDescriptions,
    /// One value in several spellings.
    SpellingVariants,
    /// A table or column that holds nothing.
    NoValues,
    /// An example whose SQL does not pass the guard.
    BrokenExample,
    /// A type that the knowledge gives and the database does not.
    OtherType,
}

/// One thing that makes a database hard to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What sort of thing.
    pub fault: Fault,
    /// The table or column, or the place in the knowledge.
    pub place: String,
    /// What is wrong, with the evidence for it.
    pub evidence: String,
    /// How to mend it.
    pub mend: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.evidence, self.mend)
    }
}

/// Looks for what makes the database hard to ask, given what is known about it. The findings
/// are sorted by fault and place.
pub fn lint(catalog: &Catalog, knowledge: &Knowledge) -> Vec<Finding> {
    let mut findings = Vec::new();
    names::lint(catalog, knowledge, &mut findings);
    values::lint(catalog, knowledge, &mut findings);
    keys::lint(catalog, knowledge, &mut findings);
    described::lint(catalog, knowledge, &mut findings);
    findings.sort_by(|a, b| (a.fault, &a.place).cmp(&(b.fault, &b.place)));
    findings.dedup();
    findings
}

fn finding(
    fault: Fault,
    place: impl fmt::Display,
    evidence: impl Into<String>,
    mend: impl Into<String>,
) -> Finding {
    Finding {
        fault,
        place: place.to_string(),
        evidence: evidence.into(),
        mend: mend.into(),
    }
}

/// Everything that is written about a table or a column: the database's comment and the notes,
/// each with where it is from.
fn descriptions(
    catalog: &Catalog,
    knowledge: &Knowledge,
    target: &Target,
) -> Vec<(String, String)> {
    let comment = match &target.column {
        None => catalog.table(&target.table).and_then(|t| t.comment.clone()),
        Some(column) => catalog
            .column(&target.table, column)
            .and_then(|c| c.comment.clone()),
    };
    let notes = knowledge
        .describe(&target.table, target.column.as_deref())
        .map(|note| (note.text.clone(), note.origin.to_string()));
    comment
        .map(|text| (text, "the database".to_owned()))
        .into_iter()
        .chain(notes)
        .collect()
}
