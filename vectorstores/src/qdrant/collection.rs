//! The collection of a store, and what it was made for.

use std::collections::HashMap;

use gori_core::{Error, ErrorKind, Metric, Result};
use qdrant_client::Qdrant as Client;
use qdrant_client::qdrant::{
    CollectionConfig, CreateCollection, CreateFieldIndexCollection, Distance, FieldType,
    HnswConfigDiff, Modifier, SparseVectorConfig, SparseVectorParams, Value, VectorParams,
    VectorParamsMap, VectorsConfig, value::Kind, vectors_config::Config,
};

use super::connection::{failed, is_there_already};
use super::filter::{path, times};
use super::options::{Options, Payload};
use super::payload::{DENSE, FIELDS, WORDS};

/// Where the embedder's id stands in the collection's metadata.
const EMBEDDER: &str = "gori_embedder";

/// The name of a collection, checked so that it is one on every server.
pub(super) fn check_name(name: &str) -> Result<()> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && name.len() <= 128 && name.chars().all(letters) {
        return Ok(());
    }
    let what = "the name of a store is 1 to 128 letters, digits, underscores and hyphens";
    Err(Error::invalid(what).about(name))
}

/// Makes the collection where there is none, and compares what it was made for.
pub(super) async fn open(client: &Client, name: &str, options: &Options) -> Result<()> {
    options.check()?;
    if !client.collection_exists(name).await.map_err(failed)? {
        match client.create_collection(wanted(name, options)).await {
            Err(error) if !is_there_already(&error) => return Err(failed(error).about(name)),
            _ => {}
        }
    }
    let info = client.collection_info(name).await.map_err(failed)?;
    let config = info.result.and_then(|info| info.config);
    let config = config.ok_or_else(|| {
        Error::new(ErrorKind::Protocol, "Qdrant tells nothing of a collection").about(name)
    })?;
    compare(&config, options).map_err(|error| error.about(name))?;
    for (key, kind) in indexes(options)? {
        let index = CreateFieldIndexCollection {
            collection_name: name.to_owned(),
            wait: Some(true),
            field_name: key,
            field_type: Some(kind.into()),
            ..Default::default()
        };
        let made = client.create_field_index(index).await;
        made.map_err(|error| failed(error).about(name))?;
    }
    Ok(())
}

fn distance(metric: Metric) -> Distance {
    match metric {
        Metric::Cosine => Distance::Cosine,
        Metric::Dot => Distance::Dot,
        Metric::L2 => Distance::Euclid,
    }
}

fn wanted(name: &str, options: &Options) -> CreateCollection {
    #[expect(
        deprecated,
        reason = "what took its place is not known to servers of 1.16"
    )]
    let dense = VectorParams {
        size: options.dims as u64,
        distance: distance(options.metric).into(),
        on_disk: Some(options.on_disk),
        ..Default::default()
    };
    let words = SparseVectorParams {
        modifier: Some(Modifier::Idf.into()),
        ..Default::default()
    };
    let sparse = options.words.is_some().then(|| SparseVectorConfig {
        map: HashMap::from([(WORDS.to_owned(), words)]),
    });
    let embedder = options.embedder.as_ref().map(|id| {
        let id = Kind::StringValue(id.clone());
        (EMBEDDER.to_owned(), Value { kind: Some(id) })
    });
    CreateCollection {
        collection_name: name.to_owned(),
        vectors_config: Some(VectorsConfig {
            config: Some(Config::ParamsMap(VectorParamsMap {
                map: HashMap::from([(DENSE.to_owned(), dense)]),
            })),
        }),
        sparse_vectors_config: sparse,
        hnsw_config: options.hnsw.map(|(m, ef)| HnswConfigDiff {
            m: Some(m.into()),
            ef_construct: Some(ef.into()),
            ..Default::default()
        }),
        shard_number: options.shards,
        replication_factor: options.replicas,
        write_consistency_factor: options.write_consistency,
        metadata: embedder.into_iter().collect(),
        ..Default::default()
    }
}

/// The indexes over the payload: of the names in the metadata, and those asked for.
fn indexes(options: &Options) -> Result<Vec<(String, FieldType)>> {
    let mut all = vec![(FIELDS.to_owned(), FieldType::Keyword)];
    for (field, kind) in &options.indexes {
        let key = path(field).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "Qdrant cannot index a field of this name",
            )
            .about(field)
        })?;
        match kind {
            Payload::Keyword => all.push((key, FieldType::Keyword)),
            Payload::Number => all.push((key, FieldType::Float)),
            Payload::Bool => all.push((key, FieldType::Bool)),
            Payload::Time => all.extend(times(&key).map(|key| (key, FieldType::Integer))),
        }
    }
    Ok(all)
}

fn compare(config: &CollectionConfig, now: &Options) -> Result<()> {
    let differs = |what: &str, before: String, now: String| {
        let message = format!("the store was made for {what} {before}, not {now}");
        Err(Error::new(ErrorKind::Config, message)
            .hint("open it with what it was made for, or make another store"))
    };
    let params = config.params.as_ref();
    let dense = params
        .and_then(|params| params.vectors_config.as_ref()?.config.as_ref())
        .and_then(|config| match config {
            Config::ParamsMap(named) => named.map.get(DENSE),
            Config::Params(_) => None,
        });
    let Some(dense) = dense else {
        let what = "the collection has no vector of the name `dense`: this library did not make it";
        return Err(Error::new(ErrorKind::Config, what));
    };
    if dense.size != now.dims as u64 {
        return differs("vectors of", dense.size.to_string(), now.dims.to_string());
    }
    if dense.distance != i32::from(distance(now.metric)) {
        let before = format!("{:?}", dense.distance());
        return differs("the metric", before, format!("{:?}", now.metric));
    }
    let sparse = params.and_then(|params| params.sparse_vectors_config.as_ref());
    let has_words = sparse.is_some_and(|sparse| sparse.map.contains_key(WORDS));
    if now.words.is_some() && !has_words {
        let what = "the store was made without words and is opened for them";
        return Err(
            Error::new(ErrorKind::Config, what).hint("make another store and move the points")
        );
    }
    let before = config
        .metadata
        .get(EMBEDDER)
        .and_then(|value| match &value.kind {
            Some(Kind::StringValue(id)) => Some(id),
            _ => None,
        });
    match (before, &now.embedder) {
        (Some(before), Some(now)) if before != now => {
            differs("the embedder", before.clone(), now.clone())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        for good in ["a", "notes_2", "A-b"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "x".repeat(129);
        for bad in ["", "_x", "../x", "a b", "a/b", "점", &long] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_field_that_cannot_be_named_to_qdrant_cannot_be_indexed() {
        let options = Options::new(3).payload_index("a\"b", Payload::Number);
        assert_eq!(indexes(&options).unwrap_err().kind(), ErrorKind::Config);
        let options = Options::new(3).payload_index("at", Payload::Time);
        assert_eq!(indexes(&options).unwrap().len(), 3);
    }
}
