//! Code is cut at whole items, each with what is said of it, and chunks tell where they are.
#![cfg(feature = "code")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use gori_core::{Document, Splitter};
use gori_splitters::{Code, Language};
use gori_testkit::conformance::splitter::{Limit, check};
use proptest::prelude::*;

struct Sample {
    name: &'static str,
    text: &'static str,
    /// Texts that must each be in one chunk, where they fit, and the path of that chunk when the
    /// limit is just large enough for it.
    items: &'static [(&'static str, &'static str)],
}

const SAMPLES: &[Sample] = &[
    Sample {
        name: "a.rs",
        text: "//! A store.\n\nuse std::fs;\n\n/// Keeps keys.\n#[derive(Debug)]\npub struct Store {\n    path: String,\n}\n\nimpl<T> Read<T> for Store\nwhere\n    T: Copy,\n{\n    /// Opens it.\n    ///\n    /// Late.\n    #[must_use]\n    pub fn open(&self) -> u8 {\n        1\n    }\n\n    // No word on this.\n    fn close(&self) {} // done\n}\n\nmod inner {\n    fn deep() {\n        let x = [\n            1,\n        ];\n    }\n}\n",
        items: &[
            (
                "/// Keeps keys.\n#[derive(Debug)]\npub struct Store {\n    path: String,\n}",
                "struct Store",
            ),
            (
                "/// Opens it.\n    ///\n    /// Late.\n    #[must_use]\n    pub fn open(&self) -> u8 {\n        1\n    }",
                "impl<T> Read<T> for Store > fn open",
            ),
            (
                "// No word on this.\n    fn close(&self) {} // done",
                "impl<T> Read<T> for Store > fn close",
            ),
            (
                "fn deep() {\n        let x = [\n            1,\n        ];\n    }",
                "mod inner > fn deep",
            ),
        ],
    },
    Sample {
        name: "a.py",
        text: "\"\"\"Keys.\"\"\"\nimport os\n\n\nclass Store(Base):\n    \"\"\"Keeps keys.\"\"\"\n\n    # The path.\n    path = None\n\n    @property\n    def open(self):\n        \"\"\"Opens it.\"\"\"\n        return 1\n\n    async def close(self):\n        pass\n\n\n# On its own.\n@cache\ndef main():\n    def inner():\n        pass\n    return inner\n",
        items: &[
            (
                "@property\n    def open(self):\n        \"\"\"Opens it.\"\"\"\n        return 1",
                "class Store > def open",
            ),
            (
                "async def close(self):\n        pass",
                "class Store > def close",
            ),
            (
                "# On its own.\n@cache\ndef main():\n    def inner():\n        pass\n    return inner",
                "def main",
            ),
        ],
    },
    Sample {
        name: "a.c",
        text: "#include <stdio.h>\n\n/* A point. */\nstruct point {\n    int x;\n    int y;\n};\n\n/* Adds\n   them. */\nstatic int *add(struct point *p, int n)\n{\n    p->x += n;\n    return &p->x;\n}\n\ntypedef int (*callback)(void);\n\nint main(void) {\n    return 0;\n}\n",
        items: &[
            (
                "/* A point. */\nstruct point {\n    int x;\n    int y;\n};",
                "struct point",
            ),
            (
                "/* Adds\n   them. */\nstatic int *add(struct point *p, int n)\n{\n    p->x += n;\n    return &p->x;\n}",
                "add()",
            ),
            ("int main(void) {\n    return 0;\n}", "main()"),
        ],
    },
    Sample {
        name: "a.cpp",
        text: "#pragma once\nnamespace keys {\n\n// A store.\ntemplate <typename T>\nclass Store : public Base {\npublic:\n    // Opens it.\n    int open() const {\n        return 1;\n    }\n\n    void close();\n};\n\nvoid Store::close() {\n    done();\n}\n\n}  // namespace keys\n",
        items: &[
            (
                "// Opens it.\n    int open() const {\n        return 1;\n    }",
                "namespace keys > class Store > open()",
            ),
            (
                "void Store::close() {\n    done();\n}",
                "namespace keys > Store::close()",
            ),
        ],
    },
    Sample {
        name: "A.java",
        text: "package keys;\n\nimport java.util.List;\n\n/** Keeps keys. */\npublic class Store extends Base {\n    private int n;\n\n    /** Opens it. */\n    @Override\n    public int open(String path) {\n        return 1;\n    }\n\n    Store() {\n        n = 2;\n    }\n\n    enum Kind { A, B }\n}\n",
        items: &[
            (
                "/** Opens it. */\n    @Override\n    public int open(String path) {\n        return 1;\n    }",
                "class Store > open()",
            ),
            ("Store() {\n        n = 2;\n    }", "class Store > Store()"),
        ],
    },
    Sample {
        name: "a.go",
        text: "package keys\n\nimport \"fmt\"\n\n// Store keeps keys.\ntype Store struct {\n\tpath string\n}\n\n// Open opens it.\nfunc (s *Store) Open() error {\n\treturn nil\n}\n\nfunc main() {\n\tfmt.Println(1)\n}\n",
        items: &[
            (
                "// Store keeps keys.\ntype Store struct {\n\tpath string\n}",
                "type Store",
            ),
            (
                "// Open opens it.\nfunc (s *Store) Open() error {\n\treturn nil\n}",
                "func (s *Store) Open() error",
            ),
            ("func main() {\n\tfmt.Println(1)\n}", "func main"),
        ],
    },
    Sample {
        name: "a.js",
        text: "import fs from 'fs';\n\n/**\n * Keeps keys.\n */\nexport class Store extends Base {\n  #n = 1;\n\n  // Opens it.\n  async open(path) {\n    return 1;\n  }\n\n  get size() {\n    return 2;\n  }\n}\n\nexport const main = async () => {\n  await new Store().open();\n};\n\nfunction* walk() {\n  yield 1;\n}\n",
        items: &[
            (
                "// Opens it.\n  async open(path) {\n    return 1;\n  }",
                "class Store > open()",
            ),
            (
                "export const main = async () => {\n  await new Store().open();\n};",
                "const main",
            ),
            ("function* walk() {\n  yield 1;\n}", "function walk"),
        ],
    },
    Sample {
        name: "a.ts",
        text: "export interface Key {\n  id: number;\n  use: string;\n}\n\ntype Keys = Key[];\n\n@Injectable()\nexport abstract class Store<T> {\n  // Opens it.\n  @Log()\n  open(path: string): T {\n    return <T>{};\n  }\n}\n\nnamespace inner {\n  export function f(x: number): void {\n    x;\n  }\n}\n",
        items: &[
            (
                "export interface Key {\n  id: number;\n  use: string;\n}",
                "interface Key",
            ),
            (
                "// Opens it.\n  @Log()\n  open(path: string): T {\n    return <T>{};\n  }",
                "class Store > open()",
            ),
            (
                "export function f(x: number): void {\n    x;\n  }",
                "namespace inner > function f",
            ),
        ],
    },
    Sample {
        name: "a.tsx",
        text: "const n = 1;\n\n// A view.\nexport function View(props: { id: number }) {\n  return (\n    <ul>\n      <li>{props.id}</li>\n    </ul>\n  );\n}\n\nconst Other = () => <View id={2} />;\n",
        items: &[(
            "// A view.\nexport function View(props: { id: number }) {\n  return (\n    <ul>\n      <li>{props.id}</li>\n    </ul>\n  );\n}",
            "function View",
        )],
    },
    Sample {
        name: "a.sh",
        text: "#!/bin/sh\nset -e\n\n# Opens it.\nopen() {\n  cat <<EOF\n}\n\nEOF\n}\n\nfunction close {\n  if true; then\n    exit 1\n  fi\n}\n\nopen | close\n",
        items: &[
            (
                "# Opens it.\nopen() {\n  cat <<EOF\n}\n\nEOF\n}",
                "function open",
            ),
            (
                "function close {\n  if true; then\n    exit 1\n  fi\n}",
                "function close",
            ),
        ],
    },
];

#[test]
fn every_language_asked_for_has_a_grammar() {
    let all: Vec<_> = Code::grammars().collect();
    for language in [
        Language::Rust,
        Language::C,
        Language::Cpp,
        Language::Python,
        Language::Java,
        Language::Go,
        Language::JavaScript,
        Language::TypeScript,
        Language::Shell,
    ] {
        assert!(all.contains(&language), "{language:?}");
    }
}

#[test]
fn items_that_fit_are_whole_and_have_their_path() {
    let mut tried = 0;
    for sample in SAMPLES {
        let document = Document::new(sample.name, sample.text);
        for (item, path) in sample.items {
            assert!(sample.text.contains(item), "the sample has it: {item}");
            // Blanks before what follows count for the item.
            for size in item.len() + 8..sample.text.len() {
                let chunks = Code::bytes(size).split(&document);
                let has = chunks.iter().find(|chunk| chunk.text().contains(item));
                let has = has.unwrap_or_else(|| panic!("{size} tears {item}: {chunks:#?}"));
                let names = has.path.clone().unwrap_or_default();
                if has.text().trim_end_matches(['}', '\n', ' ', ';'])
                    == item.trim_end_matches(['}', '\n', ' ', ';'])
                {
                    assert_eq!(&names, path, "{}", has.text());
                    tried += 1;
                }
            }
        }
    }
    println!("{tried} items alone in their chunk");
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_chunk_of_several_items_names_them() {
    let text = "fn a() {}\n\nfn b() {}\n\nstruct C;\n";
    let document = Document::new("a.rs", text);
    let chunks = Code::chars(500).split(&document);
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].path.as_deref(), Some("fn a, fn b, struct C"));
    let many: String = (0..20).map(|n| format!("fn f{n}() {{}}\n")).collect();
    let document = Document::new("a.rs", many);
    assert_eq!(
        Code::chars(500).split(&document)[0].path.as_deref(),
        Some("fn f0 … fn f19")
    );
}

#[test]
fn broken_code_is_cut_and_nothing_of_it_is_lost() {
    let (mut tried, mut chunks) = (0, 0);
    for sample in SAMPLES {
        let ends = sample.text.char_indices().map(|(at, _)| at);
        for end in ends.step_by(3) {
            let (head, tail) = sample.text.split_at(end);
            for broken in [head.to_owned(), tail.to_owned(), format!("{tail}{head}")] {
                let document = Document::new(sample.name, broken);
                let measure = |text: &str| text.len();
                let limit = Limit {
                    measure: &measure,
                    most: 60,
                };
                chunks += check(
                    &Code::bytes(60).overlap(20).unwrap(),
                    &document,
                    Some(limit),
                );
                tried += 1;
            }
        }
    }
    println!("{tried} broken texts, {chunks} chunks");
}

/// Processor seconds of this thread, which what else the machine does leaves alone.
fn processor() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

#[test]
fn what_makes_a_parser_try_for_ever_ends_soon() {
    let parts = [
        "(",
        "{",
        "[",
        "if(",
        "a<",
        "<a>",
        "::<",
        "\"",
        "'",
        "`${",
        "fn f() {",
        "class A {\n",
        "$(",
        "<<E\n",
        "/*",
        "#if 1\n",
        "template<",
        "->",
        "a ? b : ",
        "@",
        "r#\"",
        "else ",
        "\n\t",
        "x = y = ",
        "*",
        "((a)",
        "->;",
        ";-",
        "x=>",
        "typeof ",
    ];
    let (mut tried, mut slowest) = (0, (0.0, String::new()));
    for name in SAMPLES.iter().map(|sample| sample.name) {
        for part in parts {
            // These four are the ones that took the parsers the square of their length and more.
            let known = ["->", "a<", "::<", ";-"].contains(&part);
            let sizes: &[usize] = if known { &[8_000, 50_000] } else { &[8_000] };
            for size in sizes {
                let document = Document::new(name, part.repeat(size / part.len()));
                let start = processor();
                let chunks = Code::chars(500).split(&document).len();
                assert_eq!(chunks == 0, part.trim().is_empty());
                let taken = processor() - start;
                if taken > slowest.0 {
                    slowest = (taken, format!("{name} {part:?} {size}"));
                }
                tried += 1;
            }
        }
    }
    assert!(slowest.0 < 3.0, "{slowest:?}");
    println!("slowest: {slowest:?}");
    println!("{tried} texts that go on and on");
}

/// A function of Rust with so many lines, its words before it and its name.
fn function(name: usize, notes: usize, lines: usize) -> String {
    let notes = "/// What it does.\n".repeat(notes);
    let lines = "    let x = call(1, \"}\");\n".repeat(lines);
    format!("{notes}fn f{name}() {{\n{lines}}}\n\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn functions_that_fit_are_never_torn(
        shapes in prop::collection::vec((0_usize..4, 0_usize..9), 1..12), size in 40_usize..400,
    ) {
        let functions: Vec<_> = shapes.iter().enumerate()
            .map(|(name, (notes, lines))| function(name, *notes, *lines)).collect();
        let text = functions.concat();
        let document = Document::new("a.rs", text.as_str());
        let chunks = Code::bytes(size).split(&document);
        for (name, function) in functions.iter().enumerate() {
            if function.len() <= size {
                let whole = chunks.iter().find(|chunk| chunk.text().contains(function.trim_end()));
                prop_assert!(whole.is_some(), "{function} is torn in chunks of {size}");
                let path = whole.and_then(|chunk| chunk.path.clone()).unwrap_or_default();
                let named = path.contains(&format!("fn f{name}")) || path.contains('…');
                prop_assert!(named, "{path:?} has no f{name}");
            }
        }
    }
}
