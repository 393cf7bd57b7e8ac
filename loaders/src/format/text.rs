//! Text in any charset: prose, source code, settings, logs.

use gori_core::{Metadata, Part, Result};

use super::{Certainty, Format, Input, Output, meta};
use crate::charset::decode;
use crate::sample::Sample;

/// Text as it stands, decoded from whatever charset it is in.
///
/// The line breaks are kept, so that lines of the text are lines of the file. Source code is
/// text whose [`meta::LANGUAGE`] is known by its name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        if sample.is_text() {
            Certainty::Possible
        } else {
            Certainty::No
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let decoded = decode(input.bytes, input.charset);
        if let Some(warning) = decoded.warning {
            output.warn(warning)?;
        }
        let sample = Sample::new(input.source, &[], None);
        let mut metadata = Metadata::new();
        metadata.insert(meta::MEDIA_TYPE.to_owned(), "text/plain".into());
        if let Some(language) = language(sample.file_name(), &sample.extension()) {
            metadata.insert(meta::LANGUAGE.to_owned(), language.into());
        }
        output.part(Part::Whole, decoded.text.into_owned(), metadata)
    }
}

/// The programming language of a file by its name; `None` for prose and for what is unknown.
fn language(file_name: &str, extension: &str) -> Option<&'static str> {
    let by_name = match file_name {
        "Makefile" | "makefile" | "GNUmakefile" => Some("make"),
        "Dockerfile" | "Containerfile" => Some("dockerfile"),
        "CMakeLists.txt" => Some("cmake"),
        _ => None,
    };
    by_name.or(match extension {
        "rs" => Some("rust"),
        "c" | "h" => Some("c"),
        "cc" | "cpp" | "cxx" | "hh" | "hpp" | "hxx" => Some("cpp"),
        "py" | "pyi" => Some("python"),
        "java" => Some("java"),
        "kt" | "kts" => Some("kotlin"),
        "scala" => Some("scala"),
        "go" => Some("go"),
        "js" | "mjs" | "cjs" | "jsx" => Some("javascript"),
        "ts" | "mts" | "cts" | "tsx" => Some("typescript"),
        "sh" | "bash" | "zsh" => Some("shell"),
        "rb" => Some("ruby"),
        "php" => Some("php"),
        "cs" => Some("csharp"),
        "swift" => Some("swift"),
        "lua" => Some("lua"),
        "pl" | "pm" => Some("perl"),
        "r" => Some("r"),
        "jl" => Some("julia"),
        "hs" => Some("haskell"),
        "ml" | "mli" => Some("ocaml"),
        "ex" | "exs" => Some("elixir"),
        "erl" | "hrl" => Some("erlang"),
        "clj" | "cljs" => Some("clojure"),
        "dart" => Some("dart"),
        "zig" => Some("zig"),
        "sql" => Some("sql"),
        "proto" => Some("protobuf"),
        "toml" => Some("toml"),
        "yaml" | "yml" => Some("yaml"),
        "json" | "jsonl" | "ndjson" => Some("json"),
        "xml" | "xsd" | "xsl" => Some("xml"),
        "css" | "scss" | "less" => Some("css"),
        "tex" | "sty" => Some("latex"),
        "nix" => Some("nix"),
        "mk" => Some("make"),
        "cmake" => Some("cmake"),
        "s" | "asm" => Some("assembly"),
        "v" | "sv" => Some("verilog"),
        "vhd" | "vhdl" => Some("vhdl"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_source_code_is_known_by_its_name() {
        assert_eq!(language("a.rs", "rs"), Some("rust"));
        assert_eq!(language("CMakeLists.txt", "txt"), Some("cmake"));
        assert_eq!(language("notes.txt", "txt"), None);
    }
}
