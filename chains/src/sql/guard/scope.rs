//! Which names mean what at one place of a query.

/// What one item of a `FROM` is called there, and what it has.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// The name as it compares.
    pub(super) name: String,
    /// The name as it was written, to speak of it.
    pub(super) shown: String,
    /// The table behind an alias, to say so.
    pub(super) table: Option<String>,
    /// The columns as they compare; `None` when they are not known because an error was
    /// reported already.
    pub(super) columns: Option<Vec<String>>,
    /// Whether it is a stored table, which in SQLite has a `rowid`.
    pub(super) stored: bool,
}

impl Relation {
    pub(super) fn has(&self, column: &str) -> bool {
        match &self.columns {
            None => true,
            Some(columns) => columns.iter().any(|name| name == column),
        }
    }
}

/// The names of one query level.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// Columns that a `USING` or a natural join made one.
    pub(super) merged: Vec<String>,
    /// The names of the output columns.
    pub(super) aliases: Vec<String>,
    /// Whether an output name stands in for a column that no relation has.
    pub(super) aliases_count: bool,
}

/// What a name turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
    Ambiguous(Vec<String>),
}

impl Scope {
    /// Looks an unqualified column up at this level alone.
    pub(super) fn find(&self, column: &str, row_id: bool) -> Found {
        let holders: Vec<&Relation> = self.relations.iter().filter(|r| r.has(column)).collect();
        let known = holders.iter().filter(|r| r.columns.is_some()).count();
        if known > 1 && known == holders.len() && !self.merged.iter().any(|name| name == column) {
            return Found::Ambiguous(holders.iter().map(|r| r.shown.clone()).collect());
        }
        let row = row_id && self.relations.iter().filter(|r| r.stored).count() == 1;
        let alias = self.aliases_count && self.aliases.iter().any(|name| name == column);
        if !holders.is_empty() || row || alias {
            Found::Yes
        } else {
            Found::No
        }
    }
}

/// A table that a `WITH` made.
#[derive(Clone, Debug)]
pub(super) struct Cte {
    pub(super) name: String,
    pub(super) columns: Option<Vec<String>>,
}
