//! What stands in a `FROM`.

use sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor,
    TableFunctionArgs, TableWithJoins,
};

use super::near::{abbreviates, nearest};
use super::problem::{Code, Problem};
use super::scope::{Relation, Scope};
use super::walk::{Walk, named};
use crate::sql::{Dialect, TableKind};

/// An alias as it compares, as it was written, and the names it gives to columns.
struct Alias {
    key: String,
    shown: String,
    columns: Vec<String>,
}

impl Walk<'_> {
    pub(super) fn table_with_joins(&mut self, item: &TableWithJoins) {
        let TableWithJoins { relation, joins } = item;
        self.factor(relation);
        for Join {
            relation,
            global,
            join_operator,
        } in joins
        {
            if *global {
                self.forbid("a GLOBAL join is not allowed");
            }
            let before = self.scopes.last().map_or(0, |scope| scope.relations.len());
            self.factor(relation);
            self.join(join_operator, before);
        }
    }

    fn join(&mut self, operator: &JoinOperator, before: usize) {
        use JoinOperator as J;
        let constraint = match operator {
            J::Join(c)
            | J::Inner(c)
            | J::Left(c)
            | J::LeftOuter(c)
            | J::Right(c)
            | J::RightOuter(c)
            | J::FullOuter(c)
            | J::CrossJoin(c) => c,
            J::Semi(_)
            | J::LeftSemi(_)
            | J::RightSemi(_)
            | J::Anti(_)
            | J::LeftAnti(_)
            | J::RightAnti(_)
            | J::CrossApply
            | J::OuterApply
            | J::AsOf { .. }
            | J::StraightJoin(_)
            | J::ArrayJoin
            | J::LeftArrayJoin
            | J::InnerArrayJoin => {
                self.forbid("this kind of join is not allowed: write JOIN or LEFT JOIN");
                return;
            }
        };
        match constraint {
            JoinConstraint::On(expr) => self.expr(expr),
            JoinConstraint::Using(columns) => {
                for column in columns {
                    match column.0.as_slice() {
                        [part] => match part.as_ident() {
                            Some(ident) => self.merge(ident, before),
                            None => self.forbid("this name in USING is not allowed"),
                        },
                        _ => self.forbid("this name in USING is not allowed"),
                    }
                }
            }
            JoinConstraint::Natural => self.natural(before),
            JoinConstraint::None => {}
        }
    }

    /// Makes a column of both sides one.
    fn merge(&mut self, ident: &Ident, before: usize) {
        let name = self.key(ident);
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        let (left, right) = scope.relations.split_at(before.min(scope.relations.len()));
        let missing = [left, right]
            .iter()
            .any(|side| !side.iter().any(|r| r.has(&name)));
        scope.merged.push(name);
        if missing {
            let what = format!("USING names `{}`, which is not in both tables", ident.value);
            self.report(Problem::new(Code::UnknownColumn, what).mend("join with ON"));
        }
    }

    fn natural(&mut self, before: usize) {
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        let (left, right) = scope.relations.split_at(before.min(scope.relations.len()));
        let of_right = right
            .iter()
            .flat_map(|r| r.columns.clone().unwrap_or_default());
        let both: Vec<String> = of_right.filter(|c| left.iter().any(|l| l.has(c))).collect();
        scope.merged.extend(both);
    }

    fn factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                let odd = !with_hints.is_empty()
                    || version.is_some()
                    || *with_ordinality
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || sample.is_some()
                    || !index_hints.is_empty();
                if odd {
                    self.forbid("a hint, sample, version or path of a table is not allowed");
                }
                match args {
                    Some(args) => self.table_function(name, args, alias.as_ref()),
                    None => self.table(name, alias.as_ref()),
                }
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample,
            } => {
                if sample.is_some() {
                    self.forbid("a sample is not allowed");
                }
                if *lateral && self.dialect == Dialect::Sqlite {
                    self.forbid("LATERAL is not SQLite");
                }
                self.derived(*lateral, subquery, alias.as_ref());
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                if alias.is_some() {
                    self.forbid("an alias of a whole join is not allowed");
                }
                self.deeper(|walk| walk.table_with_joins(table_with_joins));
            }
            TableFactor::TableFunction { .. }
            | TableFactor::Function { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::JsonTable { .. }
            | TableFactor::OpenJsonTable { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. }
            | TableFactor::UnpivotExpr { .. }
            | TableFactor::MatchRecognize { .. }
            | TableFactor::XmlTable { .. }
            | TableFactor::SemanticView { .. } => {
                self.forbid("only tables and subqueries may stand in FROM");
            }
        }
    }

    fn alias(&mut self, alias: Option<&TableAlias>) -> Option<Alias> {
        let TableAlias {
            explicit: _,
            name,
            columns,
            at,
        } = alias?;
        if at.is_some() || columns.iter().any(|column| column.data_type.is_some()) {
            self.forbid("this form of an alias is not allowed");
        }
        let columns = columns
            .iter()
            .map(|column| self.new_name(&column.name))
            .collect();
        let key = self.new_name(name);
        Some(Alias {
            key,
            shown: name.value.clone(),
            columns,
        })
    }

    fn add(&mut self, relation: Relation) {
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        if scope
            .relations
            .iter()
            .any(|other| other.name == relation.name)
        {
            let what = format!("two tables of one FROM are called `{}`", relation.shown);
            self.report(
                Problem::new(Code::DuplicateAlias, what).mend("give each an alias of its own"),
            );
        } else {
            scope.relations.push(relation);
        }
    }

    fn derived(
        &mut self,
        lateral: bool,
        subquery: &sqlparser::ast::Query,
        alias: Option<&TableAlias>,
    ) {
        // A subquery does not see its neighbours in FROM, unless it is LATERAL.
        let here = if lateral { None } else { self.scopes.pop() };
        let output = self.query(subquery);
        self.scopes.extend(here);
        let alias = self.alias(alias);
        let (name, shown, declared) = match alias {
            Some(alias) => (alias.key, alias.shown, alias.columns),
            None => {
                let number = self.scopes.last().map_or(0, |scope| scope.relations.len());
                (format!("\0{number}"), "a subquery".to_owned(), Vec::new())
            }
        };
        let columns = named(&declared, output);
        self.add(Relation {
            name,
            shown,
            table: None,
            columns,
            stored: false,
        });
    }

    /// A function that gives rows; only the series of numbers or dates is let through.
    fn table_function(
        &mut self,
        name: &ObjectName,
        args: &TableFunctionArgs,
        alias: Option<&TableAlias>,
    ) {
        let TableFunctionArgs { args, settings } = args;
        let series = name.to_string().eq_ignore_ascii_case("generate_series");
        if settings.is_some() || !series || self.dialect != Dialect::Postgres {
            self.forbid(format!("the table function `{name}` is not allowed"));
            return;
        }
        for arg in args {
            self.argument(arg);
        }
        let (key, shown, columns) = match self.alias(alias) {
            Some(alias) if alias.columns.is_empty() => {
                (alias.key.clone(), alias.shown, vec![alias.key])
            }
            Some(alias) => (alias.key, alias.shown, alias.columns),
            None => (
                "generate_series".into(),
                "generate_series".into(),
                vec!["generate_series".into()],
            ),
        };
        self.add(Relation {
            name: key,
            shown,
            table: None,
            columns: Some(columns),
            stored: false,
        });
    }

    fn table(&mut self, name: &ObjectName, alias: Option<&TableAlias>) {
        let mut parts: Vec<&Ident> = Vec::new();
        for part in &name.0 {
            match part.as_ident() {
                Some(ident) => parts.push(ident),
                None => return self.forbid("a function as a name is not allowed"),
            }
        }
        let (schema, ident) = match parts.as_slice() {
            [ident] => (None, *ident),
            [schema, ident] => (Some(*schema), *ident),
            _ => {
                return self.forbid(format!(
                    "the table `{name}` of another database is not allowed"
                ));
            }
        };
        let key = self.key(ident);
        let alias = self.alias(alias);
        let (columns, table, stored) = self.columns_of(schema, ident, &key);
        let (name, shown, declared) = match alias {
            Some(alias) => (alias.key, alias.shown, alias.columns),
            None => (key, ident.value.clone(), Vec::new()),
        };
        let columns = named(
            &declared,
            columns.map(|all| all.into_iter().map(Some).collect()),
        );
        self.add(Relation {
            name,
            shown,
            table,
            columns,
            stored,
        });
    }

    /// The columns of a table or a `WITH`, the table's name, and whether it is stored.
    fn columns_of(
        &mut self,
        schema: Option<&Ident>,
        ident: &Ident,
        key: &str,
    ) -> (Option<Vec<String>>, Option<String>, bool) {
        if schema.is_none()
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == key)
        {
            return (cte.columns.clone(), None, false);
        }
        let catalog = self.catalog;
        let schema_key = schema.map(|schema| self.key(schema));
        let fits = |table: &&crate::sql::Table| {
            let schema_fits = match (&schema_key, &table.schema) {
                (None, _) => true,
                (Some(wanted), None) => wanted == "main" && self.dialect == Dialect::Sqlite,
                (Some(wanted), Some(schema)) => *wanted == self.catalog_key(schema),
            };
            schema_fits && self.catalog_key(&table.name) == key
        };
        if let Some(table) = catalog.tables.iter().find(fits) {
            self.uses(table);
            let columns = table
                .columns
                .iter()
                .map(|c| self.catalog_key(&c.name))
                .collect();
            let stored = table.kind == TableKind::Table;
            return (Some(columns), Some(table.name.clone()), stored);
        }
        let problem = self.no_table(schema, ident);
        self.report(problem);
        (None, None, false)
    }

    fn no_table(&self, schema: Option<&Ident>, ident: &Ident) -> Problem {
        let shown = match schema {
            Some(schema) => format!("{}.{}", schema.value, ident.value),
            None => ident.value.clone(),
        };
        let problem = Problem::new(Code::UnknownTable, format!("no table `{shown}`"));
        let tables = self.catalog.tables.iter().map(|table| table.name.as_str());
        let ctes = self.ctes.iter().map(|cte| cte.name.as_str());
        if let Some(table) = self
            .catalog
            .table(&ident.value)
            .filter(|_| schema.is_none())
        {
            return problem.mend(format!(
                "its name is written {}",
                self.dialect.quote(&table.name)
            ));
        }
        match nearest(&ident.value, tables.chain(ctes)) {
            Some(name) => problem.mend(format!("did you mean `{name}`?")),
            None => {
                let mut all: Vec<&str> = self
                    .catalog
                    .tables
                    .iter()
                    .map(|t| t.name.as_str())
                    .collect();
                all.truncate(20);
                problem.mend(format!("there are {}", all.join(", ")))
            }
        }
    }

    /// No item of any `FROM` around here has this name.
    pub(super) fn no_relation(&self, ident: &Ident) -> Problem {
        let what = format!("no table or alias `{}` in this FROM", ident.value);
        let problem = Problem::new(Code::UnknownTable, what);
        let all = || {
            self.scopes
                .iter()
                .rev()
                .flat_map(|scope: &Scope| &scope.relations)
        };
        let key = self.key(ident);
        let hidden = all().find(|r| {
            r.table
                .as_ref()
                .is_some_and(|table| self.catalog_key(table) == key)
        });
        if let Some(relation) = hidden {
            return problem.mend(format!("it is called `{}` here", relation.shown));
        }
        if let Some(name) = nearest(&ident.value, all().map(|r| r.shown.as_str())) {
            return problem.mend(format!("did you mean `{name}`?"));
        }
        match self.catalog.table(&ident.value) {
            Some(table) => problem.mend(format!("join {} first", self.dialect.quote(&table.name))),
            None => self.shortened(problem, &ident.value),
        }
    }

    /// Names the tables that an alias which stands for none looks short for.
    fn shortened(&self, problem: Problem, alias: &str) -> Problem {
        let tables = self.catalog.tables.iter().map(|t| t.name.as_str());
        let meant: Vec<String> = tables
            .filter(|table| abbreviates(alias, table))
            .map(|table| format!("`{table}`"))
            .collect();
        match meant.as_slice() {
            // More than these would be a list of the tables and no hint.
            [] | [_, _, _, _, ..] => problem,
            all => problem.mend(format!(
                "did you mean {}? Join it as `{alias}` first",
                all.join(" or ")
            )),
        }
    }
}
