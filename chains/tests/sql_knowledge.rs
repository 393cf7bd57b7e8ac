//! What is known about a database, and what makes one hard to ask.
#![cfg(feature = "sql")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod support;

use gori_chains::sql::{Fault, Knowledge, Status, TermKind, lint, propose};
use gori_core::ErrorKind;
use support::{DEPOT, Database, MUSIC, catalog};

const PLANTED: &str = include_str!("data/sql/planted.sql");

fn folder(name: &str) -> String {
    format!("{}/tests/data/sql/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn empty_or_unread_knowledge_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(
        Knowledge::read(path.join("nowhere")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        Knowledge::read(path).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    for (name, text) in [
        ("a.toml", ""),
        ("b.md", "\n\n# Only a heading\n"),
        ("c.sql", "-- nothing\n"),
        ("d.sql", "SELECT 1;\n"),
        ("e.sql", "DROP TABLE t;\n"),
        ("f.txt", "cst = customer"),
        ("g.toml", "[abreviations]\ncst = \"customer\""),
        ("h.toml", "[values.\"a.b.c\"]\nX = \"y\""),
        ("i.toml", "[[example]]\nquestion = \"\"\nsql = \"SELECT 1\""),
        ("j.toml", "[[formula]]\nnames = []\nsql = \"1\""),
    ] {
        let file = path.join(name);
        std::fs::write(&file, text).unwrap();
        let error = Knowledge::read(path).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Config | ErrorKind::NotFound),
            "{name}: {error}"
        );
        assert!(
            error.to_string().contains(name.split_at(1).0),
            "{name} is named: {error}"
        );
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn knowledge_keeps_where_it_is_from() {
    let knowledge = Knowledge::read(folder("depot")).unwrap();
    let cancelled = knowledge
        .meanings("t_ord", "CD_ST")
        .find(|t| t.value.as_deref() == Some("X"))
        .unwrap();
    assert_eq!(cancelled.names, ["cancelled", "canceled"]);
    assert_eq!(cancelled.origin.file, "terms.toml");
    assert_eq!(knowledge.expand("AMT"), Some("amount"));
    let note = knowledge
        .describe("t_site", Some("drc_site_id"))
        .next()
        .unwrap();
    assert_eq!(note.origin.to_string(), "sites.md:5");
    assert_eq!(knowledge.examples.len(), 2);
}

#[tokio::test]
async fn proposals_carry_evidence_and_are_not_used_until_confirmed() {
    let database = Database::new(DEPOT);
    let catalog = catalog(&database.source()).await;
    let none = Knowledge::default();
    let proposals = propose(&catalog, &none);
    assert!(proposals.len() >= 15, "{}", proposals.len());
    for term in &proposals {
        assert_eq!(term.status, Status::Proposed);
        assert!(
            term.evidence.as_ref().is_some_and(|text| !text.is_empty()),
            "{term:?}"
        );
    }
    let text = Knowledge::proposals_as_toml(&proposals);
    let read = Knowledge::parse("proposed.toml", &text).unwrap();
    assert_eq!(read.terms.len(), proposals.len());
    assert_eq!(read.expand("qty"), None, "a proposal explains nothing yet");
    assert_eq!(read.confirmed().count(), 0);

    let mut undeclared = catalog.clone();
    undeclared
        .tables
        .iter_mut()
        .for_each(|table| table.foreign_keys.clear());
    let joins: Vec<String> = propose(&undeclared, &none)
        .into_iter()
        .filter(|term| term.kind == TermKind::Join)
        .filter_map(|term| term.sql)
        .collect();
    for join in [
        "t_ord.cst_no = t_cst.cst_no",
        "t_ord_ln.itm_cd = t_itm.itm_cd",
        "t_shp.ord_id = t_ord.ord_id",
    ] {
        assert!(joins.iter().any(|sql| sql == join), "{join}: {joins:?}");
    }
}

#[tokio::test]
async fn the_lint_finds_every_planted_fault() {
    let database = Database::new(PLANTED);
    let knowledge = Knowledge::read(folder("planted")).unwrap();
    let found = lint(&catalog(&database.source()).await, &knowledge);
    let planted = [
        (Fault::SpellingVariants, "customer.region"),
        (Fault::DateAsText, "customer.joined"),
        (Fault::NumberAsText, "customer.credit_limit"),
        (Fault::NoValues, "customer.nickname"),
        (Fault::MissingPrimaryKey, "orders"),
        (Fault::MissingForeignKey, "orders.customer_id"),
        (Fault::EmptyDescription, "orders.order_number"),
        (Fault::DateAsNumber, "orders.placed"),
        (Fault::SameNameOtherType, "site_code"),
        (Fault::UndocumentedAbbreviation, "gmv"),
        (Fault::UndocumentedAbbreviation, "drc"),
        (Fault::UndocumentedCode, "orders.order_state"),
        (Fault::AmbiguousName, "shipment.capacity and site.capacity"),
        (Fault::ContradictingDescriptions, "site.capacity"),
        (Fault::ContradictingDescriptions, "the formula `turnover`"),
        (Fault::UndefinedTable, "calendar"),
        (Fault::UndefinedTable, "exchange_rates"),
        (Fault::UndefinedColumn, "site.postcode"),
        (Fault::OtherType, "shipment.site_id"),
        (Fault::NoValues, "archive"),
    ];
    let missing: Vec<_> = planted
        .iter()
        .filter(|(fault, place)| !found.iter().any(|f| f.fault == *fault && f.place == *place))
        .collect();
    let others: Vec<String> = found
        .iter()
        .filter(|f| {
            !planted
                .iter()
                .any(|(fault, place)| f.fault == *fault && f.place == *place)
        })
        .map(|f| format!("{:?} {f}", f.fault))
        .collect();
    println!(
        "{} of {} planted faults found, and {}:\n{}",
        planted.len() - missing.len(),
        planted.len(),
        others.len(),
        others.join("\n")
    );
    assert_eq!(planted.len(), 20);
    assert!(missing.is_empty(), "{missing:?}");
    assert!(
        found
            .iter()
            .all(|f| !f.evidence.is_empty() && !f.mend.is_empty())
    );
}

#[tokio::test]
async fn a_documented_database_has_little_to_complain_about() {
    let database = Database::new(DEPOT);
    let catalog = catalog(&database.source()).await;
    let before = lint(&catalog, &Knowledge::default());
    let after = lint(&catalog, &Knowledge::read(folder("depot")).unwrap());
    let list: Vec<String> = after.iter().map(|f| format!("{:?} {f}", f.fault)).collect();
    println!(
        "{} findings without knowledge, {} with it:\n{}",
        before.len(),
        after.len(),
        list.join("\n")
    );
    assert!(before.len() >= 25, "{}", before.len());
    assert!(
        !after.iter().any(|f| matches!(
            f.fault,
            Fault::UndocumentedAbbreviation
                | Fault::UndocumentedCode
                | Fault::ContradictingDescriptions
                | Fault::UndefinedColumn
                | Fault::UndefinedTable
                | Fault::BrokenExample
        )),
        "{list:#?}"
    );
}

#[tokio::test]
async fn plain_names_are_not_complained_about() {
    let database = Database::new(MUSIC);
    let found = lint(&catalog(&database.source()).await, &Knowledge::default());
    let list: Vec<String> = found.iter().map(|f| format!("{:?} {f}", f.fault)).collect();
    println!(
        "{} findings on the music shop:\n{}",
        found.len(),
        list.join("\n")
    );
    assert!(found.len() <= 6, "{list:#?}");
}
