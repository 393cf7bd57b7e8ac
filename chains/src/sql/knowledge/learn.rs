//! What people teach while they ask, written where knowledge is kept.

use std::io::Write as _;
use std::path::Path;

use gori_core::{Error, Result};

use super::{Knowledge, Status, Term};

/// The file that lessons go to, beside those that people write.
const FILE: &str = "learnt.toml";
const HEAD: &str = "# Learnt while asking. Edit it as any other file of knowledge.\n";

/// Something that a person confirmed or corrected.
#[derive(Clone, Debug, PartialEq)]
pub enum Lesson {
    /// A term that holds, whether it was proposed before or not.
    Term(Term),
    /// A question with the SQL that answers it.
    Example {
        /// The question.
        question: String,
        /// The SQL, which the caller has checked.
        sql: String,
    },
}

impl Knowledge {
    /// Writes a lesson to `learnt.toml` in the folder, with `how` it was learnt, and gives the
    /// knowledge of the whole folder with it. The file is replaced as a whole or not at all. Calls
    /// for one folder must not overlap.
    ///
    /// # Errors
    /// [`InvalidInput`](gori_core::ErrorKind::InvalidInput) when the lesson has no name, text or meaning; those of
    /// [`Knowledge::read`]; an I/O error when the folder cannot be written.
    pub fn learn(folder: impl AsRef<Path>, lesson: &Lesson, how: &str) -> Result<Self> {
        let folder = folder.as_ref();
        // What is there must be sound before anything is added to it.
        Self::read(folder)?;
        let path = folder.join(FILE);
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => HEAD.to_owned(),
            Err(e) => return Err(Error::io(path.display(), e)),
        };
        let text = format!("{}\n\n{}", before.trim_end(), entry(lesson, how)?);
        Self::parse(FILE, &text).map_err(|error| {
            Error::invalid("the lesson cannot be written down").caused_by(error)
        })?;
        replace(&path, &text)?;
        Self::read(folder)
    }
}

/// The lesson as an entry of a list, which can stand behind any other TOML.
fn entry(lesson: &Lesson, how: &str) -> Result<String> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut out = String::new();
    let mut put = |key: &str, value: &str| {
        if !value.trim().is_empty() {
            out += &format!("{key} = {}\n", quoted(value.trim()));
        }
    };
    match lesson {
        Lesson::Example { question, sql } => {
            put("question", question);
            put("sql", sql);
        }
        Lesson::Term(term) => {
            if term.means.trim().is_empty() {
                return Err(Error::invalid("the term has no meaning"));
            }
            put("means", &term.means);
            let target = term.target.as_ref().map(ToString::to_string);
            put("target", target.as_deref().unwrap_or_default());
            put("value", term.value.as_deref().unwrap_or_default());
            put("sql", term.sql.as_deref().unwrap_or_default());
            put("evidence", term.evidence.as_deref().unwrap_or_default());
        }
    }
    put("learnt", how);
    Ok(match lesson {
        Lesson::Example { .. } => format!("[[example]]\n{out}"),
        Lesson::Term(Term { kind, names, .. }) => {
            let names: Vec<String> = names.iter().map(|name| quoted(name.trim())).collect();
            let kind = serde_json::to_value(kind).unwrap_or_default();
            format!(
                "[[term]]\nkind = {kind}\nnames = [{}]\n{out}",
                names.join(", ")
            )
        }
    })
}

/// Writes a file beside the old one and puts it in its place.
fn replace(path: &Path, text: &str) -> Result<()> {
    // Hidden, so that a folder that is read meanwhile does not have it.
    let new = path.with_file_name(format!(".{FILE}.new"));
    let failed = |e| Error::io(path.display(), e);
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(failed)
}

impl Term {
    /// The term as one that a person stands by.
    #[must_use]
    pub fn confirmed(mut self) -> Self {
        self.status = Status::Confirmed;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Origin, Target, TermKind};
    use gori_core::ErrorKind;
    use proptest::prelude::*;

    fn term(means: &str) -> Term {
        Term {
            names: vec!["rsn".into()],
            means: means.into(),
            kind: TermKind::Abbreviation,
            target: None,
            value: None,
            sql: None,
            status: Status::Proposed,
            evidence: Some("a common short form".into()),
            origin: Origin::default(),
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("a.toml"),
            "[abbreviations]\ncd = \"code\"",
        )
        .unwrap();
        folder
    }

    #[test]
    fn lessons_are_kept_with_how_they_were_learnt() {
        let folder = folder();
        let example = Lesson::Example {
            question: "How many \"lost\" ones?\nReally".into(),
            sql: "SELECT count(*) FROM t WHERE a = '\\'".into(),
        };
        Knowledge::learn(folder.path(), &Lesson::Term(term("reason")), "confirmed").unwrap();
        let mut value = term("lost");
        (value.kind, value.target, value.value) = (
            TermKind::Value,
            Some(Target::column("t_shp", "cd_xst")),
            Some("30".into()),
        );
        Knowledge::learn(folder.path(), &Lesson::Term(value), "confirmed").unwrap();
        let known = Knowledge::learn(folder.path(), &example, "corrected on a day").unwrap();
        assert_eq!(known.expand("rsn"), Some("reason"));
        assert_eq!(known.expand("cd"), Some("code"));
        assert_eq!(known.meanings("t_shp", "cd_xst").count(), 1);
        assert_eq!(
            known.examples[0].sql,
            "SELECT count(*) FROM t WHERE a = '\\'"
        );
        assert_eq!(known.examples[0].origin.file, "learnt.toml");
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.contains("learnt = \"corrected on a day\""), "{text}");
        assert!(
            text.contains("evidence = \"a common short form\""),
            "{text}"
        );
    }

    #[test]
    fn a_lesson_without_sense_changes_nothing() {
        let folder = folder();
        let empty = |question: &str, sql: &str| Lesson::Example {
            question: question.into(),
            sql: sql.into(),
        };
        for lesson in [
            Lesson::Term(term(" ")),
            empty("", "SELECT 1"),
            empty("q", " "),
        ] {
            let error = Knowledge::learn(folder.path(), &lesson, "x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(!folder.path().join(FILE).exists());
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(question in "\\PC{0,40}[\n\"'\\\\#]{0,4}\\PC{1,40}", sql in "[a-z ]{0,9}[\"\n\\\\]{0,3}[a-z]{1,9}") {
            prop_assume!(!question.trim().is_empty());
            let lesson = Lesson::Example { question: question.clone(), sql: sql.clone() };
            let text = entry(&lesson, "x").unwrap();
            let known = Knowledge::parse(FILE, &text).unwrap();
            prop_assert_eq!(&known.examples[0].question, question.trim());
            prop_assert_eq!(&known.examples[0].sql, sql.trim());
        }
    }
}
