//! The walk over a query: nothing is left out, and what is not known is refused.

use std::collections::BTreeMap;

use sqlparser::ast::{
    Cte as CteNode, Distinct, Expr, Fetch, GroupByExpr, Ident, LimitClause, NamedWindowDefinition,
    NamedWindowExpr, Offset, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, Select,
    SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, Values,
    WildcardAdditionalOptions, With,
};

use super::Compared;
use super::problem::{Code, Problem};
use super::scope::{Cte, Scope};
use crate::sql::{Catalog, Dialect, TableKind};

/// How deep the tree may be, chains of operators aside.
const MAX_DEPTH: usize = 120;
/// How many links a chain of operators or set operations may have.
pub(super) const MAX_CHAIN: usize = 500;
/// More problems than these are not told.
const MAX_PROBLEMS: usize = 12;

/// The names of output columns as they compare; a column without a name is `None`. `None` as
/// a whole when they are not known because an error was reported already.
pub(super) type Output = Option<Vec<Option<String>>>;

pub(super) struct Walk<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) dialect: Dialect,
    pub(super) scopes: Vec<Scope>,
    pub(super) ctes: Vec<Cte>,
    problems: Vec<Problem>,
    tables: BTreeMap<String, Vec<String>>,
    pub(super) compared: Vec<Compared>,
    depth: usize,
}

impl<'c> Walk<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        Self {
            catalog,
            dialect: catalog.dialect,
            scopes: Vec::new(),
            ctes: Vec::new(),
            problems: Vec::new(),
            tables: BTreeMap::new(),
            compared: Vec::new(),
            depth: 0,
        }
    }

    pub(super) fn finish(self) -> (Vec<Problem>, BTreeMap<String, Vec<String>>, Vec<Compared>) {
        (self.problems, self.tables, self.compared)
    }

    pub(super) fn report(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(super) fn forbid(&mut self, what: impl Into<String>) {
        self.report(Problem::forbidden(what));
    }

    fn forbid_if(&mut self, present: bool, what: &str) {
        if present {
            self.forbid(format!("{what} is not allowed"));
        }
    }

    /// Records that a table is read.
    pub(super) fn uses(&mut self, table: &crate::sql::Table) {
        let columns = table.columns.iter().map(|c| c.name.clone()).collect();
        self.tables.insert(table.name.clone(), columns);
    }

    /// Goes one level down, or reports that it is too deep.
    pub(super) fn deeper<T: Default>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MAX_DEPTH {
            let what = format!("it is nested more than {MAX_DEPTH} deep");
            self.report(Problem::new(Code::TooLarge, what));
            return T::default();
        }
        self.depth += 1;
        let result = walk(self);
        self.depth -= 1;
        result
    }

    /// A name as it compares in this dialect.
    pub(super) fn key(&self, ident: &Ident) -> String {
        match (self.dialect, ident.quote_style) {
            (Dialect::Postgres, Some(_)) => ident.value.clone(),
            _ => ident.value.to_ascii_lowercase(),
        }
    }

    /// A name of the catalog as it compares.
    pub(super) fn catalog_key(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => name.to_ascii_lowercase(),
            Dialect::Postgres => name.to_owned(),
        }
    }

    /// A name that the query makes up.
    pub(super) fn new_name(&mut self, ident: &Ident) -> String {
        if ident.value.contains(['"', '\'', '`', '[', ']', '\\']) {
            self.forbid(format!(
                "the name `{}` with a quote in it is not allowed",
                ident.value
            ));
        }
        self.key(ident)
    }

    pub(super) fn query(&mut self, query: &Query) -> Output {
        self.deeper(|walk| walk.query_here(query))
    }

    fn query_here(&mut self, query: &Query) -> Output {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        self.forbid_if(!locks.is_empty(), "locking rows");
        self.forbid_if(for_clause.is_some(), "FOR XML, JSON or BROWSE");
        self.forbid_if(settings.is_some(), "SETTINGS");
        self.forbid_if(format_clause.is_some(), "FORMAT");
        self.forbid_if(!pipe_operators.is_empty(), "a pipe operator");
        let outer_ctes = self.ctes.len();
        if let Some(with) = with {
            self.with(with);
        }
        let output = match (body.as_ref(), order_by) {
            (SetExpr::Select(select), _) => self.select(select, order_by.as_ref()),
            (body, order_by) => {
                let output = self.set_expr(body);
                if let Some(order_by) = order_by {
                    let names = output.clone().unwrap_or_default();
                    let scope = Scope {
                        aliases: names.into_iter().flatten().collect(),
                        aliases_count: true,
                        ..Scope::default()
                    };
                    let lenient = output.is_none();
                    self.with_scope(scope, |walk| walk.order_by(order_by, lenient));
                }
                output
            }
        };
        if let Some(limit) = limit_clause {
            self.limit(limit);
        }
        if let Some(Fetch {
            with_ties: _,
            percent,
            quantity,
        }) = fetch
        {
            self.forbid_if(*percent, "FETCH of a percentage");
            self.constants(quantity.iter());
        }
        self.ctes.truncate(outer_ctes);
        output
    }

    fn with(&mut self, with: &With) {
        let With {
            with_token: _,
            recursive,
            cte_tables,
        } = with;
        for cte in cte_tables {
            let CteNode {
                alias,
                query,
                from,
                materialized: _,
                closing_paren_token: _,
            } = cte;
            self.forbid_if(from.is_some(), "FROM in WITH");
            let name = self.new_name(&alias.name);
            let view = self.catalog.tables.iter().any(|table| {
                table.kind == TableKind::View && self.catalog_key(&table.name) == name
            });
            self.forbid_if(view, "a WITH of the same name as a view");
            let declared: Vec<String> = alias
                .columns
                .iter()
                .map(|column| self.new_name(&column.name))
                .collect();
            // A recursive query reads itself: its columns are those of its first arm.
            let known = self.ctes.len();
            // SQLite lets a WITH read itself without saying RECURSIVE.
            let may_recurse = *recursive || self.dialect == Dialect::Sqlite;
            if may_recurse && let Some(first) = first_arm(&query.body) {
                let first = self.quietly(|walk| walk.set_expr(first));
                let columns = named(&declared, first);
                self.ctes.push(Cte {
                    name: name.clone(),
                    columns,
                });
            }
            let output = self.query(query);
            self.ctes.truncate(known);
            self.ctes.push(Cte {
                name,
                columns: named(&declared, output),
            });
        }
    }

    /// Walks for the result alone; what is wrong is found again by the walk that counts.
    fn quietly<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let problems = self.problems.clone();
        let result = walk(self);
        self.problems = problems;
        result
    }

    pub(super) fn with_scope<T>(&mut self, scope: Scope, walk: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(scope);
        let result = walk(self);
        self.scopes.pop();
        result
    }

    /// A chain of set operations is as deep to the left as it is long.
    fn set_expr(&mut self, body: &SetExpr) -> Output {
        let mut arms = Vec::new();
        let mut left = body;
        while let SetExpr::SetOperation {
            left: next,
            op,
            set_quantifier: _,
            right,
        } = left
        {
            if matches!(op, SetOperator::Minus) {
                self.forbid("MINUS is not allowed: write EXCEPT");
            }
            arms.push(right.as_ref());
            left = next;
            if arms.len() > MAX_CHAIN {
                self.report(Problem::new(
                    Code::TooLarge,
                    format!("it joins more than {MAX_CHAIN} queries"),
                ));
                return None;
            }
        }
        let output = self.arm(left);
        for arm in arms.into_iter().rev() {
            let other = self.arm(arm);
            if let (Some(a), Some(b)) = (&output, &other)
                && a.len() != b.len()
            {
                let what = format!("a set operation joins {} columns with {}", a.len(), b.len());
                self.report(Problem::new(Code::Unparsable, what));
            }
        }
        output
    }

    fn arm(&mut self, arm: &SetExpr) -> Output {
        match arm {
            SetExpr::Select(select) => self.deeper(|walk| walk.select(select, None)),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { .. } => self.deeper(|walk| walk.set_expr(arm)),
            SetExpr::Values(Values {
                explicit_row: _,
                value_keyword: _,
                rows,
            }) => {
                let width = rows.first().map_or(0, |row| row.len());
                self.with_scope(Scope::default(), |walk| {
                    for row in rows {
                        walk.exprs(row.iter());
                    }
                });
                Some((1..=width).map(|n| Some(format!("column{n}"))).collect())
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                self.forbid("changing data inside a query is not allowed");
                None
            }
            SetExpr::Table(_) => {
                self.report(
                    Problem::forbidden("TABLE as a query is not allowed")
                        .mend("write SELECT * FROM it"),
                );
                None
            }
        }
    }

    fn select(&mut self, select: &Select, order_by: Option<&OrderBy>) -> Output {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        self.forbid_if(!optimizer_hints.is_empty(), "an optimizer hint");
        self.forbid_if(select_modifiers.is_some(), "a modifier of SELECT");
        self.forbid_if(top.is_some(), "TOP (write LIMIT)");
        self.forbid_if(exclude.is_some(), "EXCLUDE");
        self.forbid_if(into.is_some(), "SELECT INTO");
        self.forbid_if(!lateral_views.is_empty(), "LATERAL VIEW");
        self.forbid_if(prewhere.is_some(), "PREWHERE");
        self.forbid_if(!connect_by.is_empty(), "CONNECT BY");
        self.forbid_if(
            !cluster_by.is_empty() || !distribute_by.is_empty() || !sort_by.is_empty(),
            "CLUSTER, DISTRIBUTE or SORT BY",
        );
        self.forbid_if(qualify.is_some(), "QUALIFY");
        self.forbid_if(value_table_mode.is_some(), "SELECT AS VALUE or STRUCT");
        self.forbid_if(*flavor != SelectFlavor::Standard, "FROM before SELECT");

        self.scopes.push(Scope::default());
        for item in from {
            self.table_with_joins(item);
        }
        let output = self.projection(projection);
        let aliases: Vec<String> = projection
            .iter()
            .filter_map(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } => Some(self.key(alias)),
                _ => None,
            })
            .collect();
        if let Some(scope) = self.scopes.last_mut() {
            scope.aliases = aliases;
            // SQLite lets output names stand in for columns nearly everywhere.
            scope.aliases_count = self.dialect == Dialect::Sqlite;
        }
        if let Some(Distinct::On(exprs)) = distinct {
            self.exprs(exprs.iter());
        }
        self.exprs(selection.iter());
        self.group_by(group_by);
        self.exprs(having.iter());
        for NamedWindowDefinition(name, window) in named_window {
            self.new_name(name);
            match window {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(spec) => self.window(spec),
            }
        }
        if let Some(order_by) = order_by {
            self.order_by(order_by, false);
        }
        self.scopes.pop();
        output
    }

    fn projection(&mut self, items: &[SelectItem]) -> Output {
        let mut names = Some(Vec::new());
        for item in items {
            let more: Output = match item {
                SelectItem::UnnamedExpr(expr) => {
                    self.expr(expr);
                    Some(vec![self.name_of(expr)])
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    self.expr(expr);
                    Some(vec![Some(self.new_name(alias))])
                }
                SelectItem::ExprWithAliases { .. } => {
                    self.forbid("several names for one column are not allowed");
                    None
                }
                SelectItem::Wildcard(options) => {
                    self.wildcard_options(options);
                    self.all_columns(None)
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    options,
                ) => {
                    self.wildcard_options(options);
                    match name.0.last().and_then(|part| part.as_ident()) {
                        Some(ident) => self.all_columns(Some(ident)),
                        None => None,
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => {
                    self.forbid("a star of an expression is not allowed");
                    None
                }
            };
            names = names.zip(more).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        }
        names
    }

    fn wildcard_options(&mut self, options: &WildcardAdditionalOptions) {
        let WildcardAdditionalOptions {
            wildcard_token: _,
            opt_ilike,
            opt_exclude,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        let any = opt_ilike.is_some()
            || opt_exclude.is_some()
            || opt_except.is_some()
            || opt_replace.is_some()
            || opt_rename.is_some()
            || opt_alias.is_some();
        self.forbid_if(any, "an option of a star");
    }

    /// The columns that a star stands for.
    fn all_columns(&mut self, of: Option<&Ident>) -> Output {
        let wanted = of.map(|ident| self.key(ident));
        let scope = self.scopes.last()?;
        let mut names = Some(Vec::new());
        let mut found = false;
        for relation in &scope.relations {
            if wanted.as_ref().is_some_and(|name| *name != relation.name) {
                continue;
            }
            found = true;
            names = names.zip(relation.columns.clone()).map(|(mut all, more)| {
                all.extend(more.into_iter().map(Some));
                all
            });
        }
        if let (false, Some(ident)) = (found, of) {
            let problem = self.no_relation(ident);
            self.report(problem);
            return None;
        }
        if !found {
            self.forbid("a star needs a FROM");
        }
        names
    }

    /// What a column without an alias is called.
    fn name_of(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Identifier(ident) => Some(self.key(ident)),
            Expr::CompoundIdentifier(parts) => parts.last().map(|ident| self.key(ident)),
            Expr::Nested(inner) => self.name_of(inner),
            Expr::Function(function) if self.dialect == Dialect::Postgres => {
                Some(function.name.to_string().to_ascii_lowercase())
            }
            expr if self.dialect == Dialect::Sqlite => Some(expr.to_string().to_ascii_lowercase()),
            _ => None,
        }
    }

    fn group_by(&mut self, group_by: &GroupByExpr) {
        match group_by {
            GroupByExpr::All(_) => self.forbid("GROUP BY ALL is not allowed"),
            GroupByExpr::Expressions(exprs, modifiers) => {
                self.forbid_if(!modifiers.is_empty(), "a modifier of GROUP BY");
                for expr in exprs {
                    self.maybe_alias(expr, false);
                }
            }
        }
    }

    fn order_by(&mut self, order_by: &OrderBy, lenient: bool) {
        let OrderBy { kind, interpolate } = order_by;
        self.forbid_if(interpolate.is_some(), "INTERPOLATE");
        match kind {
            OrderByKind::All(_) => self.forbid("ORDER BY ALL is not allowed"),
            OrderByKind::Expressions(exprs) => {
                for OrderByExpr {
                    expr,
                    options,
                    with_fill,
                } in exprs
                {
                    let OrderByOptions {
                        sort,
                        nulls_first: _,
                    } = options;
                    self.forbid_if(with_fill.is_some(), "WITH FILL");
                    self.forbid_if(
                        matches!(sort, Some(sqlparser::ast::OrderBySort::Using(_))),
                        "ORDER BY USING",
                    );
                    if !lenient {
                        self.maybe_alias(expr, true);
                    }
                }
            }
        }
    }

    /// An expression that, when it is a name alone, may be the name of an output column.
    fn maybe_alias(&mut self, expr: &Expr, first: bool) {
        if let Expr::Identifier(ident) = expr {
            let name = self.key(ident);
            if let Some(scope) = self.scopes.last() {
                let column = scope.relations.iter().any(|r| r.has(&name));
                if scope.aliases.contains(&name) && (first || !column) {
                    return;
                }
            }
        }
        self.expr(expr);
    }

    fn limit(&mut self, limit: &LimitClause) {
        match limit {
            LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            } => {
                self.forbid_if(!limit_by.is_empty(), "LIMIT BY");
                self.constants(limit.iter());
                if let Some(Offset { value, rows: _ }) = offset {
                    self.constants(std::iter::once(value));
                }
            }
            LimitClause::OffsetCommaLimit { offset, limit } => {
                self.constants([offset, limit].into_iter());
            }
        }
    }

    /// Expressions that see no column.
    fn constants<'e>(&mut self, exprs: impl Iterator<Item = &'e Expr>) {
        let scopes = std::mem::take(&mut self.scopes);
        self.exprs(exprs);
        self.scopes = scopes;
    }
}

/// The arm that a recursive query begins with.
fn first_arm(body: &SetExpr) -> Option<&SetExpr> {
    let SetExpr::SetOperation { left, .. } = body else {
        return None;
    };
    let mut first = left.as_ref();
    while let SetExpr::SetOperation { left, .. } = first {
        first = left;
    }
    Some(first)
}

/// Output columns under the names that an alias gives them.
pub(super) fn named(declared: &[String], output: Output) -> Option<Vec<String>> {
    let output = output?;
    Some(
        output
            .into_iter()
            .enumerate()
            .map(|(i, name)| declared.get(i).cloned().or(name).unwrap_or_default())
            .collect(),
    )
}
