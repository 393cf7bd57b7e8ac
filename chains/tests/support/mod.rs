//! Databases of the project's own, made by script.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use gori_chains::sql::{Catalog, Dialect, Source as _, Sqlite};
use gori_core::Context;
use rusqlite::Connection;

pub(crate) const MUSIC: &str = include_str!("../data/sql/music.sql");
pub(crate) const DEPOT: &str = include_str!("../data/sql/depot.sql");
/// A table that is in the file and not in the catalog.
pub(crate) const SECRET: &str =
    "CREATE TABLE secret (id INTEGER, word TEXT); INSERT INTO secret VALUES (1, 'hunter2');";

/// A database file in a folder of its own.
pub(crate) struct Database {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Database {
    pub(crate) fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.sqlite");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!("BEGIN; {script} COMMIT;"))
            .unwrap();
        Self { folder, path }
    }

    pub(crate) fn source(&self) -> Sqlite {
        Sqlite::open(&self.path).unwrap()
    }

    /// The bytes of the file and the names beside it.
    pub(crate) fn state(&self) -> (Vec<u8>, Vec<PathBuf>) {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        (std::fs::read(&self.path).unwrap(), names)
    }
}

/// The catalog without the table that nobody may read.
pub(crate) async fn catalog(source: &Sqlite) -> Catalog {
    let mut catalog = source.catalog(&Context::new()).await.unwrap();
    catalog.tables.retain(|table| table.name != "secret");
    catalog
}

/// The same tables as Postgres would hold them when nobody quoted their names.
pub(crate) fn as_postgres(mut catalog: Catalog) -> Catalog {
    catalog.dialect = Dialect::Postgres;
    for table in &mut catalog.tables {
        table.schema = Some("public".into());
        table.name = table.name.to_lowercase();
        for column in &mut table.columns {
            column.name = column.name.to_lowercase();
        }
    }
    catalog
}

/// The lines of a list.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
        .collect()
}

pub(crate) fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
