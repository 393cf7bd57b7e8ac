//! Expressions: each kind that is allowed by name, the rest refused.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CastKind, CeilFloorKind, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident,
    Interval, OrderByExpr, Query, Subscript, TypedString, UnaryOperator, Value, WindowFrame,
    WindowFrameBound, WindowSpec, WindowType,
};

use super::Compared;
use super::functions;
use super::near::nearest;
use super::problem::{Code, Problem};
use super::scope::Found;
use super::types;
use super::walk::{MAX_CHAIN, Walk};
use crate::sql::Dialect;

impl Walk<'_> {
    pub(super) fn exprs<'e>(&mut self, exprs: impl Iterator<Item = &'e Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    /// A chain of operators is as deep to the left as it is long, so it is followed in a loop.
    pub(super) fn expr(&mut self, expr: &Expr) {
        let mut left = expr;
        let mut rights = Vec::new();
        while let Expr::BinaryOp {
            left: next,
            op,
            right,
        } = left
        {
            self.operator(op);
            if matches!(op, BinaryOperator::Eq) {
                self.compare(next, std::slice::from_ref(right.as_ref()));
            }
            rights.push(right.as_ref());
            left = next;
            if rights.len() > MAX_CHAIN {
                let what = format!("it chains more than {MAX_CHAIN} operators");
                return self.report(Problem::new(Code::TooLarge, what));
            }
        }
        self.deeper(|walk| walk.operand(left));
        for right in rights.into_iter().rev() {
            self.deeper(|walk| walk.expr(right));
        }
    }

    fn operator(&mut self, op: &BinaryOperator) {
        use BinaryOperator as B;
        let both = matches!(
            op,
            B::Plus
                | B::Minus
                | B::Multiply
                | B::Divide
                | B::Modulo
                | B::StringConcat
                | B::Gt
                | B::Lt
                | B::GtEq
                | B::LtEq
                | B::Eq
                | B::NotEq
                | B::And
                | B::Or
                | B::BitwiseOr
                | B::BitwiseAnd
                | B::PGBitwiseShiftLeft
                | B::PGBitwiseShiftRight
                | B::Arrow
                | B::LongArrow
        );
        let own = match self.dialect {
            Dialect::Sqlite => matches!(op, B::Glob),
            Dialect::Postgres => matches!(
                op,
                B::PGExp
                    | B::Overlaps
                    | B::HashArrow
                    | B::HashLongArrow
                    | B::AtArrow
                    | B::ArrowAt
                    | B::PGLikeMatch
                    | B::PGILikeMatch
                    | B::PGNotLikeMatch
                    | B::PGNotILikeMatch
                    | B::PGStartsWith
                    | B::PGOverlap
            ),
        };
        if !both && !own {
            self.forbid(format!("the operator `{op}` is not allowed"));
        }
    }

    fn operand(&mut self, expr: &Expr) {
        if self.dialect == Dialect::Sqlite
            && let Some(mend) = not_sqlite(expr)
        {
            let what = format!("`{}` is not SQLite", short(expr));
            return self.report(Problem::new(Code::UnknownFunction, what).mend(mend));
        }
        match expr {
            Expr::Identifier(ident) => self.column(ident),
            Expr::CompoundIdentifier(parts) => self.qualified(parts),
            Expr::Value(value) => self.value(&value.value),
            Expr::TypedString(TypedString {
                data_type,
                value,
                uses_odbc_syntax: _,
            }) => {
                self.data_type(data_type);
                self.value(&value.value);
            }
            Expr::Nested(e)
            | Expr::IsFalse(e)
            | Expr::IsNotFalse(e)
            | Expr::IsTrue(e)
            | Expr::IsNotTrue(e)
            | Expr::IsNull(e)
            | Expr::IsNotNull(e)
            | Expr::IsUnknown(e)
            | Expr::IsNotUnknown(e)
            | Expr::Extract { expr: e, .. } => self.expr(e),
            Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => self.both(a, b),
            Expr::UnaryOp { op, expr } => {
                if !matches!(
                    op,
                    UnaryOperator::Plus
                        | UnaryOperator::Minus
                        | UnaryOperator::Not
                        | UnaryOperator::BitwiseNot
                ) {
                    self.forbid(format!("the operator `{op}` is not allowed"));
                }
                self.expr(expr);
            }
            Expr::BinaryOp { .. } => self.expr(expr),
            Expr::Between {
                expr,
                negated: _,
                low,
                high,
            } => {
                self.expr(expr);
                self.both(low, high);
            }
            Expr::Like {
                any,
                expr,
                pattern,
                escape_char,
                ..
            }
            | Expr::ILike {
                any,
                expr,
                pattern,
                escape_char,
                ..
            } => {
                if *any {
                    self.forbid("LIKE ANY is not allowed");
                }
                self.both(expr, pattern);
                self.exprs(escape_char.iter().map(AsRef::as_ref));
            }
            Expr::InList {
                expr,
                list,
                negated,
            } => {
                if !negated {
                    self.compare(expr, list);
                }
                self.expr(expr);
                self.exprs(list.iter());
            }
            Expr::InSubquery {
                expr,
                subquery,
                negated: _,
            } => {
                self.expr(expr);
                self.subquery(subquery);
            }
            Expr::Exists {
                subquery,
                negated: _,
            }
            | Expr::Subquery(subquery) => self.subquery(subquery),
            Expr::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            }
            | Expr::AllOp {
                left,
                compare_op,
                right,
            } => {
                self.operator(compare_op);
                self.both(left, right);
            }
            Expr::Cast {
                kind: _,
                expr,
                data_type,
                format,
            } => {
                if format.is_some() {
                    self.forbid("FORMAT in a cast is not allowed");
                }
                self.data_type(data_type);
                self.expr(expr);
            }
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => self.both(timestamp, time_zone),
            Expr::Ceil { expr, field } | Expr::Floor { expr, field } => {
                if matches!(field, CeilFloorKind::Scale(_)) {
                    self.forbid("a scale of CEIL or FLOOR is not allowed");
                }
                self.expr(expr);
            }
            Expr::Position { expr, r#in } => self.both(expr, r#in),
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                special: _,
                shorthand: _,
            } => {
                self.expr(expr);
                self.exprs(
                    substring_from
                        .iter()
                        .chain(substring_for)
                        .map(AsRef::as_ref),
                );
            }
            Expr::Trim {
                trim_where: _,
                trim_what,
                expr,
                trim_characters,
            } => {
                self.expr(expr);
                self.exprs(trim_what.iter().map(AsRef::as_ref));
                self.exprs(trim_characters.iter().flatten());
            }
            Expr::Collate { expr, collation } => self.collate(expr, &collation.to_string()),
            Expr::Function(function) => self.function(function),
            Expr::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => {
                self.exprs(operand.iter().chain(else_result).map(AsRef::as_ref));
                for CaseWhen { condition, result } in conditions {
                    self.both(condition, result);
                }
            }
            Expr::Tuple(exprs) => self.exprs(exprs.iter()),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                self.exprs(sets.iter().flatten());
            }
            Expr::Array(array) => self.exprs(array.elem.iter()),
            Expr::Interval(interval) => {
                let Interval {
                    value,
                    leading_field: _,
                    leading_precision: _,
                    last_field: _,
                    fractional_seconds_precision: _,
                } = interval;
                self.expr(value);
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::JsonAccess { .. }
            | Expr::IsJson { .. }
            | Expr::IsNormalized { .. }
            | Expr::InUnnest { .. }
            | Expr::SimilarTo { .. }
            | Expr::RLike { .. }
            | Expr::Convert { .. }
            | Expr::Overlay { .. }
            | Expr::Prefixed { .. }
            | Expr::Struct { .. }
            | Expr::Named { .. }
            | Expr::Dictionary(_)
            | Expr::Map(_)
            | Expr::MatchAgainst { .. }
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..)
            | Expr::OuterJoin(_)
            | Expr::Prior(_)
            | Expr::Lambda(_)
            | Expr::MemberOf(_) => {
                self.forbid(format!("`{}` is not allowed", short(expr)));
            }
        }
    }

    /// Notes which texts a column is compared with.
    fn compare(&mut self, column: &Expr, texts: &[Expr]) {
        let (qualifier, name) = match column {
            Expr::Identifier(name) => (None, name),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => (Some(self.key(table)), name),
                _ => return,
            },
            _ => return,
        };
        let key = self.key(name);
        let mut relations = self.scopes.iter().rev().flat_map(|scope| &scope.relations);
        let relation = relations
            .find(|r| qualifier.as_ref().is_none_or(|wanted| *wanted == r.name) && r.has(&key));
        let Some(table) = relation.and_then(|r| r.table.clone()) else {
            return;
        };
        for text in texts {
            if let Expr::Value(value) = text
                && let Value::SingleQuotedString(text) = &value.value
            {
                self.compared.push(Compared {
                    table: table.clone(),
                    column: name.value.clone(),
                    text: text.replace("''", "'"),
                });
            }
        }
    }

    fn both(&mut self, a: &Expr, b: &Expr) {
        self.expr(a);
        self.expr(b);
    }

    fn subquery(&mut self, query: &Query) {
        self.query(query);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => {}
            Value::DoubleQuotedString(text) => self.report(double_quoted(text)),
            other => self.forbid(format!("the literal `{other}` is not allowed")),
        }
    }

    fn data_type(&mut self, data_type: &sqlparser::ast::DataType) {
        if !types::allowed(data_type) {
            self.forbid(format!("a value of the type `{data_type}` is not allowed"));
        }
    }

    fn collate(&mut self, expr: &Expr, collation: &str) {
        let known = ["nocase", "binary", "rtrim", "\"c\""];
        if !known.contains(&collation.to_ascii_lowercase().as_str()) {
            self.forbid(format!("the collation `{collation}` is not allowed"));
        }
        self.expr(expr);
    }

    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) {
        self.expr(root);
        for access in chain {
            match access {
                AccessExpr::Subscript(Subscript::Index { index }) => self.expr(index),
                AccessExpr::Subscript(Subscript::Slice {
                    lower_bound,
                    upper_bound,
                    stride,
                }) => {
                    self.exprs(lower_bound.iter().chain(upper_bound).chain(stride));
                }
                // `(row).name` calls the function `name` where the row has no such field.
                AccessExpr::Dot(_) => self.forbid("a field of an expression is not allowed"),
            }
        }
    }

    fn function(&mut self, function: &Function) {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment: _,
            over,
        } = function;
        let plain = match name.0.as_slice() {
            [part] => part.as_ident().map(|ident| ident.value.clone()),
            _ => None,
        };
        match plain {
            Some(name) if functions::allowed(self.dialect, &name) => {}
            Some(name) => {
                let problem = self.no_function(&name);
                self.report(problem);
            }
            None => self.forbid(format!("the function `{name}` is not allowed")),
        }
        if *uses_odbc_syntax || !matches!(parameters, FunctionArguments::None) {
            self.forbid("this form of a call is not allowed");
        }
        match args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => self.subquery(query),
            FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: _,
                args,
                clauses,
            }) => {
                for arg in args {
                    self.argument(arg);
                }
                for clause in clauses {
                    self.clause(clause);
                }
            }
        }
        self.sorted(within_group);
        self.exprs(filter.iter().map(AsRef::as_ref));
        match over {
            Some(WindowType::WindowSpec(spec)) => self.window(spec),
            Some(WindowType::NamedWindow(_)) | None => {}
        }
    }

    fn no_function(&self, name: &str) -> Problem {
        let what = format!("the function `{name}` is not allowed");
        let problem = Problem::new(Code::UnknownFunction, what);
        if let Some(instead) = functions::instead(self.dialect, name) {
            return problem.mend(instead);
        }
        match nearest(name, functions::all(self.dialect)) {
            Some(near) => problem.mend(format!("did you mean `{near}`?")),
            None => problem,
        }
    }

    pub(super) fn argument(&mut self, arg: &FunctionArg) {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
            FunctionArg::Unnamed(
                FunctionArgExpr::QualifiedWildcard(_) | FunctionArgExpr::WildcardWithOptions(_),
            )
            | FunctionArg::Named { .. }
            | FunctionArg::ExprNamed { .. } => {
                self.forbid(format!("the argument `{arg}` is not allowed"))
            }
        }
    }

    fn clause(&mut self, clause: &FunctionArgumentClause) {
        match clause {
            FunctionArgumentClause::IgnoreOrRespectNulls(_) => {}
            FunctionArgumentClause::OrderBy(exprs) => self.sorted(exprs),
            FunctionArgumentClause::Separator(value) => self.value(&value.value),
            _ => self.forbid(format!("`{clause}` in a call is not allowed")),
        }
    }

    fn sorted(&mut self, exprs: &[OrderByExpr]) {
        for OrderByExpr {
            expr,
            options,
            with_fill,
        } in exprs
        {
            if with_fill.is_some()
                || matches!(options.sort, Some(sqlparser::ast::OrderBySort::Using(_)))
            {
                self.forbid("this form of ORDER BY is not allowed");
            }
            self.expr(expr);
        }
    }

    pub(super) fn window(&mut self, spec: &WindowSpec) {
        let WindowSpec {
            window_name: _,
            partition_by,
            order_by,
            window_frame,
        } = spec;
        self.exprs(partition_by.iter());
        self.sorted(order_by);
        if let Some(WindowFrame {
            units: _,
            start_bound,
            end_bound,
        }) = window_frame
        {
            for bound in std::iter::once(start_bound).chain(end_bound) {
                match bound {
                    WindowFrameBound::CurrentRow => {}
                    WindowFrameBound::Preceding(expr) | WindowFrameBound::Following(expr) => {
                        self.exprs(expr.iter().map(AsRef::as_ref));
                    }
                }
            }
        }
    }

    /// A column without its table.
    fn column(&mut self, ident: &Ident) {
        let name = self.key(ident);
        let sqlite = self.dialect == Dialect::Sqlite;
        let row_id = sqlite && matches!(name.as_str(), "rowid" | "_rowid_" | "oid");
        for scope in self.scopes.iter().rev() {
            match scope.find(&name, row_id) {
                Found::Yes => return,
                Found::No => {}
                Found::Ambiguous(tables) => {
                    let what = format!(
                        "the column `{}` is in {}",
                        ident.value,
                        tables.join(" and in ")
                    );
                    let mend = tables.first().map_or(String::new(), |table| {
                        format!("write `{table}.{}` or another", ident.value)
                    });
                    return self.report(Problem::new(Code::AmbiguousColumn, what).mend(mend));
                }
            }
        }
        let problem = self.no_column(ident);
        self.report(problem);
    }

    fn no_column(&self, ident: &Ident) -> Problem {
        if ident.quote_style == Some('"')
            && !ident.value.chars().all(|c| c.is_alphanumeric() || c == '_')
        {
            return double_quoted(&ident.value);
        }
        let relations: Vec<_> = self
            .scopes
            .iter()
            .rev()
            .flat_map(|s| &s.relations)
            .collect();
        let tables: Vec<String> = relations.iter().map(|r| format!("`{}`", r.shown)).collect();
        let place = if tables.is_empty() {
            "here: there is no FROM".to_owned()
        } else {
            format!("in {}", tables.join(" or "))
        };
        let problem = Problem::new(
            Code::UnknownColumn,
            format!("no column `{}` {place}", ident.value),
        );
        let shown = relations
            .iter()
            .filter_map(|r| r.table.as_deref())
            .filter_map(|t| self.catalog.table(t));
        let mut candidates: Vec<&str> = shown
            .flat_map(|t| t.columns.iter().map(|c| c.name.as_str()))
            .collect();
        let unnamed = relations.iter().filter(|r| r.table.is_none());
        candidates.extend(
            unnamed
                .flat_map(|r| r.columns.iter().flatten())
                .map(String::as_str),
        );
        self.suggest(problem, ident, candidates)
    }

    /// What the writer may have meant: the same name in another table, or a near name here.
    fn suggest(&self, problem: Problem, ident: &Ident, here: Vec<&str>) -> Problem {
        if let Some(same) = here
            .iter()
            .find(|name| name.eq_ignore_ascii_case(&ident.value))
        {
            return problem.mend(format!("its name is written {}", self.dialect.quote(same)));
        }
        let elsewhere: Vec<&str> = self
            .catalog
            .tables
            .iter()
            .filter(|table| table.column(&ident.value).is_some())
            .map(|table| table.name.as_str())
            .take(3)
            .collect();
        if !elsewhere.is_empty() {
            return problem.mend(format!("it is a column of {}", elsewhere.join(" and of ")));
        }
        match nearest(&ident.value, here.iter().copied()) {
            Some(near) => problem.mend(format!("did you mean `{near}`?")),
            None if ident.quote_style == Some('"') => {
                problem.mend(format!("if it is text, write '{}'", ident.value))
            }
            None if !here.is_empty() => {
                let list: Vec<&str> = here.into_iter().take(25).collect();
                problem.mend(format!("there are {}", list.join(", ")))
            }
            None => problem,
        }
    }

    /// `table.column` or `schema.table.column`.
    fn qualified(&mut self, parts: &[Ident]) {
        let [.., table, column] = parts else {
            return self.forbid("this name is not allowed");
        };
        if parts.len() > 3 {
            return self.forbid("a name of another database is not allowed");
        }
        let (table_key, column_key) = (self.key(table), self.key(column));
        let relation = self
            .scopes
            .iter()
            .rev()
            .flat_map(|s| &s.relations)
            .find(|r| r.name == table_key);
        let Some(relation) = relation.cloned() else {
            let problem = self.no_relation(table);
            return self.report(problem);
        };
        let row_id = self.dialect == Dialect::Sqlite
            && relation.stored
            && matches!(column_key.as_str(), "rowid" | "_rowid_" | "oid");
        if relation.has(&column_key) || row_id {
            return;
        }
        let what = match &relation.table {
            Some(table) if *table != relation.shown => format!(
                "no column `{}` in `{}` (the table `{table}`)",
                column.value, relation.shown
            ),
            _ => format!("no column `{}` in `{}`", column.value, relation.shown),
        };
        let problem = Problem::new(Code::UnknownColumn, what);
        let known = relation
            .table
            .as_deref()
            .and_then(|table| self.catalog.table(table));
        let columns: Vec<&str> = match known {
            Some(table) => table.columns.iter().map(|c| c.name.as_str()).collect(),
            None => relation
                .columns
                .iter()
                .flatten()
                .map(String::as_str)
                .collect(),
        };
        let problem = self.suggest(problem, column, columns);
        self.report(problem);
    }
}

/// What to write in SQLite for what the parser reads and SQLite does not have.
fn not_sqlite(expr: &Expr) -> Option<&'static str> {
    Some(match expr {
        Expr::Extract { .. } => "use strftime('%Y', column), '%m' or '%d'",
        Expr::ILike { .. } => "LIKE ignores case already",
        Expr::Interval(_) => "use date(column, '+1 day')",
        Expr::TypedString(_) => "dates are text: leave the word before it out",
        Expr::Position { .. } => "use instr(text, part)",
        Expr::AtTimeZone { .. } => "times have no zone",
        Expr::Cast {
            kind: CastKind::DoubleColon,
            ..
        } => "use CAST(value AS type)",
        Expr::AnyOp { .. } | Expr::AllOp { .. } => "use IN or EXISTS",
        Expr::Array(_) | Expr::CompoundFieldAccess { .. } => "there are no arrays",
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => "use UNION ALL",
        _ => return None,
    })
}

fn double_quoted(text: &str) -> Problem {
    Problem::new(
        Code::UnknownColumn,
        format!("no column `{text}`: double quotes are for names"),
    )
    .mend(format!(
        "if it is text, write '{}'",
        text.replace('\'', "''")
    ))
}

/// The beginning of an expression.
fn short(expr: &Expr) -> String {
    let text = expr.to_string();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
