//! The laws of [`Embedder`].

use gori_core::{Context, Embedder, Role, cosine, dot};

/// Texts of every kind and length.
pub const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "The cat sat on the mat.",
    "고리는 사슬의 한 마디다.",
    "链条的一环",
    "🙂👩‍👩‍👧‍👦",
    "[CLS] [SEP] <|endoftext|> [PAD]",
    "\0\u{1}\t\r\n",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
];

/// Runs every law. `tolerance` bounds the difference that rounding may make between batches.
///
/// # Panics
/// When a law is broken.
pub async fn check(embedder: &dyn Embedder, tolerance: f32) {
    let long = "word ".repeat(3000);
    let texts: Vec<&str> = TEXTS.iter().copied().chain([long.as_str()]).collect();
    check_with(embedder, tolerance, &texts).await;
}

/// Runs every law on these texts alone, for an embedder to which a long one takes minutes.
///
/// # Panics
/// When a law is broken.
pub async fn check_with(embedder: &dyn Embedder, tolerance: f32, texts: &[&str]) {
    let cx = Context::new();
    assert!(!embedder.id().is_empty(), "it has a name");
    for role in [Role::Document, Role::Query] {
        let all = embedder.embed(&cx, texts, role).await.unwrap();
        assert_eq!(
            (all.len(), all.dims()),
            (texts.len(), embedder.dims()),
            "a row a text"
        );
        for (text, row) in texts.iter().zip(all.rows()) {
            let length = dot(row, row).sqrt();
            assert!((length - 1.0).abs() < 1e-3, "unit length, not {length}");
            let alone = embedder.embed(&cx, &[text], role).await.unwrap();
            let difference = alone.as_slice().iter().zip(row).map(|(a, b)| (a - b).abs());
            let most = difference.fold(0.0, f32::max);
            assert!(
                most <= tolerance,
                "alone or among others: {most} for {text:.20?}"
            );
        }
        let reversed: Vec<&str> = texts.iter().rev().copied().collect();
        let back = embedder.embed(&cx, &reversed, role).await.unwrap();
        for (row, same) in back.rows().rev().zip(all.rows()) {
            assert!(
                cosine(row, same) > 0.999,
                "rows keep the order of the texts"
            );
        }
        let none = embedder.embed(&cx, &[], role).await.unwrap();
        assert!(
            none.is_empty() && none.dims() == embedder.dims(),
            "no texts, no rows"
        );
    }
    for text in texts {
        assert!(
            (0.0..=1.0).contains(&embedder.coverage(text)),
            "coverage is a share"
        );
    }
}
