//! Which functions a query may call.
//!
//! On the lists is what reads its arguments, gives a value of about their size and touches
//! nothing else. Left out on purpose are, besides everything that reads files or settings or
//! sleeps: what makes much out of little (`printf`, `format`, `repeat`, `lpad`, `randomblob`),
//! because a limit on time is not looked at inside a function, and regular expressions.

use crate::sql::Dialect;

const BOTH: &[&str] = &[
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "lag",
    "last_value",
    "lead",
    "length",
    "ln",
    "log",
    "log10",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "power",
    "random",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sqrt",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "trim",
    "trunc",
    "upper",
];

const SQLITE: &[&str] = &[
    "char",
    "datetime",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_type",
    "json_valid",
    "julianday",
    "like",
    "log2",
    "pow",
    "quote",
    "strftime",
    "timediff",
    "total",
    "typeof",
    "unicode",
    "unixepoch",
    "->",
    "->>",
];

const POSTGRES: &[&str] = &[
    "age",
    "any_value",
    "array_agg",
    "array_length",
    "array_to_string",
    "ascii",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "char_length",
    "character_length",
    "corr",
    "covar_pop",
    "covar_samp",
    "date_bin",
    "date_part",
    "date_trunc",
    "div",
    "every",
    "generate_series",
    "greatest",
    "initcap",
    "isfinite",
    "json_agg",
    "json_array_length",
    "json_build_object",
    "json_typeof",
    "jsonb_agg",
    "jsonb_array_length",
    "jsonb_build_object",
    "jsonb_typeof",
    "justify_days",
    "justify_hours",
    "least",
    "left",
    "localtime",
    "localtimestamp",
    "make_date",
    "make_interval",
    "md5",
    "mode",
    "now",
    "percentile_cont",
    "percentile_disc",
    "position",
    "regr_slope",
    "reverse",
    "right",
    "split_part",
    "starts_with",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "strpos",
    "to_char",
    "to_date",
    "to_number",
    "to_timestamp",
    "translate",
    "unnest",
    "var_pop",
    "var_samp",
    "variance",
    "width_bucket",
];

/// Whether a function may be called, whatever the case of its name.
pub(crate) fn allowed(dialect: Dialect, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    BOTH.contains(&name.as_str()) || own(dialect).contains(&name.as_str())
}

/// The functions of a dialect, to suggest one from.
pub(super) fn all(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    BOTH.iter().chain(own(dialect)).copied()
}

fn own(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    }
}

/// What to write instead of a function that another dialect has.
pub(super) fn instead(dialect: Dialect, name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    Some(match (dialect, name.as_str()) {
        (
            Dialect::Sqlite,
            "year" | "month" | "day" | "date_part" | "extract" | "to_char" | "date_format",
        ) => "use strftime('%Y', column), '%m' or '%d'",
        (Dialect::Sqlite, "now" | "getdate" | "curdate") => "use date('now')",
        (Dialect::Sqlite, "datediff" | "age") => "subtract julianday values",
        (Dialect::Sqlite, "date_trunc") => "use strftime('%Y-%m-01', column)",
        (Dialect::Sqlite, "left") => "use substr(text, 1, n)",
        (Dialect::Sqlite, "isnull" | "nvl") => "use ifnull",
        (Dialect::Sqlite, "greatest" | "least") => "use max(a, b) or min(a, b)",
        (Dialect::Postgres, "strftime" | "date_format") => "use to_char or date_trunc",
        (Dialect::Postgres, "ifnull" | "isnull" | "nvl") => "use coalesce",
        (Dialect::Postgres, "julianday" | "datediff") => "subtract the dates",
        (Dialect::Postgres, "group_concat") => "use string_agg(text, ',')",
        (Dialect::Postgres, "iif" | "if") => "use CASE WHEN",
        (Dialect::Postgres, "instr") => "use strpos",
        _ => return None,
    })
}
