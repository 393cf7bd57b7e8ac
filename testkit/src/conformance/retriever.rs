//! The laws of [`Retriever`], held over every question, number of hits and filter it is given.

use std::collections::BTreeSet;

use gori_core::{Context, Filter, Hit, Query, Retriever};

/// Runs every law over these questions, without a filter and with each of these. `known` are the
/// ids that may be found. Gives how many retrievals were judged.
///
/// # Panics
/// When a law is broken.
pub async fn check(
    retriever: &dyn Retriever,
    known: &BTreeSet<String>,
    questions: &[&str],
    filters: &[Filter],
) -> usize {
    let cx = Context::new();
    let (mut tried, mut found) = (0, 0);
    for question in questions {
        for filter in std::iter::once(None).chain(filters.iter().map(Some)) {
            for k in [None, Some(0), Some(1), Some(3), Some(1000)] {
                let query = Query {
                    text: (*question).to_owned(),
                    k,
                    filter: filter.cloned(),
                };
                let hits = retriever.retrieve(&cx, &query).await.unwrap();
                let about = format!("{retriever:?}\nfor {query:?}\nin {hits:#?}");
                judge(&hits, &query, known, &about);
                let again = retriever.retrieve(&cx, &query).await.unwrap();
                assert_eq!(
                    hits, again,
                    "the same question gives the same hits: {about}"
                );
                tried += 1;
                found += hits.len();
            }
        }
        let coverage = retriever.coverage(question);
        assert!((0.0..=1.0).contains(&coverage), "coverage is a share");
    }
    assert!(found > 0, "it finds something: {retriever:?}");
    tried
}

fn judge(hits: &[Hit], query: &Query, known: &BTreeSet<String>, about: &str) {
    assert!(
        query.k.is_none_or(|k| hits.len() <= k),
        "too many hits: {about}"
    );
    let ids: BTreeSet<&String> = hits.iter().map(|hit| &hit.id).collect();
    assert_eq!(ids.len(), hits.len(), "an id twice: {about}");
    for pair in hits.windows(2) {
        let order = pair[1]
            .score
            .total_cmp(&pair[0].score)
            .then_with(|| pair[0].id.cmp(&pair[1].id));
        assert!(order.is_lt(), "best first, ties by id: {about}");
    }
    for hit in hits {
        assert!(known.contains(&hit.id), "a hit that is not there: {about}");
        assert!(hit.score.is_finite(), "no score: {about}");
        assert!(!hit.legs.is_empty(), "no legs: {about}");
        let legs: BTreeSet<&str> = hit.legs.iter().map(|leg| leg.name).collect();
        assert_eq!(legs.len(), hit.legs.len(), "a leg twice: {about}");
        assert!(
            hit.legs
                .iter()
                .all(|leg| leg.rank > 0 && leg.score.is_finite()),
            "a leg without rank or score: {about}"
        );
        if let Some(filter) = &query.filter {
            assert!(
                filter.matches(&hit.metadata),
                "the filter does not hold: {about}"
            );
        }
    }
}
