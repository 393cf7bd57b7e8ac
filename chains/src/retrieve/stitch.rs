//! The chunks around a chunk, put together again.
//!
//! Ingest keeps with every point which bytes of its document it holds. So what stands around a
//! hit can be fetched by a filter on source, part and bytes, and no text is stored twice for it.

use gori_core::{
    Filter, Hit, Metadata, Query, Result, ResultExt as _, Search, Value, VectorStore, field,
};

use crate::ingest::REVISION;

/// The most chunks that are fetched around one hit.
const MOST: usize = 256;

/// Where a hit lies in its document, where ingest has kept that.
pub(super) fn span(metadata: &Metadata) -> Option<(i64, i64)> {
    let int = |name| metadata.get(name).and_then(Value::as_int);
    Some((int(field::BYTE)?, int(field::BYTE_END)?))
}

/// The chunks of the hit's document that reach into these bytes and fulfil the question's filter,
/// in their order. The hit itself is among them.
pub(super) async fn around<S: VectorStore>(
    store: &S,
    query: &Query,
    hit: &Hit,
    (from, to): (i64, i64),
) -> Result<Vec<Hit>> {
    let Some(source) = hit.metadata.get(field::SOURCE) else {
        return Ok(vec![hit.clone()]);
    };
    let mut filter = Filter::eq(field::SOURCE, source.clone())
        .and(Filter::more_than(field::BYTE_END, from))
        .and(Filter::less_than(field::BYTE, to));
    for name in [field::PAGE, field::PART, REVISION] {
        filter = filter.and(match hit.metadata.get(name) {
            Some(value) => Filter::eq(name, value.clone()),
            None => Filter::exists(name).not(),
        });
    }
    if let Some(only) = &query.filter {
        filter = filter.and(only.clone());
    }
    // All of them are wanted, so any vector will do to find them by.
    let vector = vec![1.0; store.capabilities().dims];
    let search = Search::new(&vector, MOST).filter(&filter);
    let mut found = store.search(&search).await.at("around")?;
    if found.iter().all(|other| other.id != hit.id) {
        found.push(hit.clone());
    }
    found.sort_by_key(|hit| span(&hit.metadata));
    Ok(found)
}

/// The text of chunks in their order, what they share only once. White space between chunks was
/// not kept: a new line where there was any.
pub(super) fn text(chunks: &[Hit]) -> String {
    let mut text = String::new();
    let mut end = None;
    for chunk in chunks {
        let Some((from, to)) = span(&chunk.metadata) else {
            continue;
        };
        let known = end.map_or(0, |end: i64| end - from);
        if known < 0 {
            text.push('\n');
        }
        let known = usize::try_from(known).unwrap_or(0);
        // A store may keep a text that was laid out anew; then its bytes say nothing.
        text.push_str(
            chunk
                .text
                .get(known.min(chunk.text.len())..)
                .unwrap_or_default(),
        );
        end = Some(end.map_or(to, |end| end.max(to)));
    }
    text
}

/// The hit with the text of these chunks, and with where that lies.
pub(super) fn widened(mut hit: Hit, chunks: &[Hit]) -> Hit {
    let spans = || chunks.iter().filter_map(|chunk| span(&chunk.metadata));
    let (from, to) = (
        spans().map(|span| span.0).min(),
        spans().map(|span| span.1).max(),
    );
    if let (2.., Some(from), Some(to)) = (chunks.len(), from, to) {
        hit.text = text(chunks);
        hit.metadata
            .insert(field::BYTE.to_owned(), Value::Int(from));
        hit.metadata
            .insert(field::BYTE_END.to_owned(), Value::Int(to));
        let line = |name: &'static str| {
            chunks
                .iter()
                .filter_map(move |chunk| chunk.metadata.get(name)?.as_int())
        };
        if let (Some(first), Some(last)) = (line(field::LINE).min(), line(field::LINE_END).max()) {
            hit.metadata
                .insert(field::LINE.to_owned(), Value::Int(first));
            hit.metadata
                .insert(field::LINE_END.to_owned(), Value::Int(last));
        }
        hit.vector = None;
    }
    hit
}
