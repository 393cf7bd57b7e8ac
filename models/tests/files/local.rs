//! The places that are looked into before any source: path, `GORI_MODELS`, cache.

use std::fs;
use std::path::Path;

use gori_core::ErrorKind;
use gori_models::files::{Catalogue, SourceKind};

use crate::bed::{Bed, assert_whole, content, file};

fn place(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for name in ["config.json", "weights.bin"] {
        fs::write(folder.join(name), content(name)).unwrap();
    }
}

#[test]
fn a_path_goes_before_the_folder_of_models_and_that_before_the_cache() {
    let bed = Bed::new();
    let (path, models) = (bed.root.join("mine"), bed.root.join("models"));
    let settings = bed.settings().models(&models);
    assert_eq!(
        bed.fetch_with(&settings).unwrap().path(),
        bed.cached().unwrap()
    );
    place(&models.join("toy"));
    assert_eq!(
        bed.fetch_with(&settings).unwrap().path(),
        models.join("toy")
    );
    place(&path);
    let dir = bed.fetch_with(&settings.path(&path)).unwrap();
    assert_eq!(dir.path(), path);
    assert_whole(&dir);
    assert_eq!(bed.calls().len(), 1);
}

#[test]
fn a_folder_may_bear_an_alias() {
    let bed = Bed::new();
    let models = bed.root.join("models");
    place(&models.join("toy-alias"));
    assert_whole(&bed.fetch_with(&bed.settings().models(&models)).unwrap());
    assert!(bed.calls().is_empty());
}

#[test]
fn what_is_wrong_in_a_users_own_place_is_told_and_not_passed_over() {
    let bed = Bed::new();
    let models = bed.root.join("models");
    place(&models.join("toy"));
    fs::write(models.join("toy/weights.bin"), b"mine").unwrap();
    let error = bed.fetch_with(&bed.settings().models(&models)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        error
            .to_string()
            .contains("weights.bin: has 4 bytes instead of 300007"),
        "{error}"
    );
    let error = bed
        .fetch_with(&bed.settings().path(bed.root.join("nowhere")))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(bed.calls().is_empty());
}

#[test]
fn the_path_of_a_model_with_one_file_may_be_that_file() {
    let bed = Bed::new();
    let mut model = bed.model();
    model.files = vec![file("weights.bin")];
    model.sources.clear();
    let settings = bed
        .settings()
        .catalogue(Catalogue::builtin().with(model).unwrap());
    let own = bed.root.join("renamed.gguf");
    fs::write(&own, content("weights.bin")).unwrap();
    let dir = bed.fetch_with(&settings.path(&own)).unwrap();
    assert_eq!(dir.file("weights.bin").unwrap(), own);
    assert_eq!(dir.only("gguf").unwrap(), own);
}

#[test]
fn offline_no_client_is_started_but_what_is_here_is_used() {
    let bed = Bed::new();
    let offline = bed.settings().offline(true);
    let error = bed.fetch_with(&offline).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not asked, since GORI_OFFLINE is set"),
        "{error}"
    );
    assert!(error.to_string().contains("to place it by hand"), "{error}");
    assert!(bed.calls().is_empty());
    bed.fetch().unwrap();
    assert_whole(&bed.fetch_with(&offline).unwrap());
}

#[test]
fn following_the_advice_of_the_error_helps() {
    let bed = Bed::new();
    let offline = bed.settings().offline(true);
    let advice = bed.fetch_with(&offline).unwrap_err();
    let advice = advice.advice().unwrap().to_owned();
    let folder = advice
        .split(" into ")
        .nth(1)
        .unwrap()
        .split(", or")
        .next()
        .unwrap();
    place(Path::new(folder));
    assert_whole(&bed.fetch_with(&offline).unwrap());
}

#[test]
fn a_damaged_model_in_the_cache_is_found_and_fetched_again() {
    let bed = Bed::new();
    bed.fetch().unwrap();
    let cached = bed.cached().unwrap();
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 5] = [
        ("a bit", |p| {
            let mut bytes = fs::read(p).unwrap();
            let at = bytes.len() - 1;
            bytes[at] ^= 0x80;
            fs::write(p, bytes).unwrap();
        }),
        ("the end", |p| {
            let bytes = fs::read(p).unwrap();
            fs::write(p, &bytes[..bytes.len() - 1]).unwrap();
        }),
        ("more", |p| {
            let bytes = [fs::read(p).unwrap(), vec![0]].concat();
            fs::write(p, bytes).unwrap();
        }),
        ("gone", |p| fs::remove_file(p).unwrap()),
        ("a folder", |p| {
            fs::remove_file(p).unwrap();
            fs::create_dir(p).unwrap();
        }),
    ];
    let mut tried = 0;
    for name in ["config.json", "weights.bin"] {
        for (damage, inflict) in &damages {
            inflict(&cached.join(name));
            let offline = bed.fetch_with(&bed.settings().offline(true));
            assert!(offline.is_err(), "{damage} of {name} was not seen");
            assert_whole(&bed.fetch().unwrap());
            tried += 1;
            assert_eq!(bed.calls().len(), 1 + tried, "{damage} of {name}");
        }
    }
    println!("{tried} damages found and mended");
}

#[test]
fn a_damaged_model_is_kept_until_a_source_was_found_to_ask() {
    let bed = Bed::new();
    bed.fetch().unwrap();
    fs::write(bed.cached().unwrap().join("config.json"), b"torn").unwrap();
    let error = bed
        .fetch_with(&bed.settings().offline(true))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cache: corrupt data"), "{error}");
    assert!(bed.cached().is_some());
}

#[test]
fn an_unknown_name_tells_the_known_ones() {
    let bed = Bed::new();
    let stop = gori_core::Stop::new();
    let error = gori_models::files::fetch_blocking("gpt", &bed.settings(), &stop).unwrap_err();
    assert!(error.to_string().contains("all-minilm-l6-v2"), "{error}");
    let odd = bed.settings().sources(&[SourceKind::Hub]);
    let error = bed.fetch_with(&odd).unwrap_err().to_string();
    assert!(error.contains("GORI_SOURCES does not allow it"), "{error}");
}

/// The made-up model with its weights as safetensors, and its rounded twin.
fn twins(bed: &Bed) -> (Catalogue, Vec<u8>) {
    use gori_models::files::{File, Model, Sha256, Source};
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let halved = r#"{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#;
    let weights = |header: &str, data: &[u8]| {
        let length = (header.len() as u64).to_le_bytes();
        [&length, header.as_bytes(), data].concat()
    };
    let numbers = [0.5_f32.to_le_bytes(), 3.0_f32.to_le_bytes()].concat();
    let (single, half) = (
        weights(header, &numbers),
        weights(halved, &[0, 0x38, 0, 0x42]),
    );
    let model = |name: &str, bytes: &[u8], sources| Model {
        name: name.to_owned(),
        aliases: vec![],
        licence: "MIT".to_owned(),
        files: vec![File {
            name: "model.safetensors".to_owned(),
            size: bytes.len() as u64,
            sha256: Sha256::of(bytes),
            executable: false,
        }],
        sources,
    };
    let single_model = model("single", &single, vec![]);
    let twin = model("half", &half, vec![Source::Rounded(Box::new(single_model))]);
    let folder = bed.root.join("models/single");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("model.safetensors"), single).unwrap();
    (Catalogue::builtin().with(twin).unwrap(), half)
}

#[test]
fn a_model_is_rounded_from_another_that_is_here_even_offline() {
    let bed = Bed::new();
    let (catalogue, half) = twins(&bed);
    let stop = gori_core::Stop::new();
    let alone = bed.settings().catalogue(catalogue).offline(true);
    let error = gori_models::files::fetch_blocking("half", &alone, &stop).unwrap_err();
    assert!(error.to_string().contains("GORI_OFFLINE is set"), "{error}");
    let settings = alone.models(bed.root.join("models"));
    let dir = gori_models::files::fetch_blocking("half", &settings, &stop).unwrap();
    assert_eq!(
        fs::read(dir.file("model.safetensors").unwrap()).unwrap(),
        half
    );
    assert!(dir.path().starts_with(bed.cache()));
}
