//! The grammars that are compiled in, and what the nodes of each are called.

use super::path::Syntax;
use crate::Language;

/// A grammar with the kinds of its nodes that are items.
struct Grammar {
    language: tree_sitter::Language,
    kinds: &'static [Kind],
}

/// A kind of node that is an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) node: &'static str,
    /// What stands before its name in a path.
    pub(super) keyword: &'static str,
    pub(super) name: Name,
}

/// Where the name of an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// In the field `name`.
    Field,
    /// In the field `name`, of something that is called: `open()`.
    Called,
    /// In the field `name`, where the field `value` is a function or a class.
    Bound,
    /// At the end of the fields `declarator`, as in C.
    Declarator,
    /// All of the node before its field `body`: `impl Read for File`.
    Head,
}

const fn kind(node: &'static str, keyword: &'static str, name: Name) -> Kind {
    Kind {
        node,
        keyword,
        name,
    }
}

/// Reads code by the grammar of its language, where its feature is on.
pub(super) fn read<'t>(language: Language, name: &str, text: &'t str) -> Option<Syntax<'t>> {
    let grammar = of(language, name, text)?;
    super::syntax::read(&grammar.language, grammar.kinds, text)
}

/// The grammar of a language. `name` is the document's and tells TypeScript with markup from
/// TypeScript without; a header that calls itself C may be C++.
fn of(language: Language, name: &str, text: &str) -> Option<Grammar> {
    match language {
        #[cfg(feature = "code-rust")]
        Language::Rust => Some(Grammar::new(tree_sitter_rust::LANGUAGE, RUST)),
        #[cfg(feature = "code-cpp")]
        Language::C if is_cpp(name, text) => Some(Grammar::new(tree_sitter_cpp::LANGUAGE, CPP)),
        #[cfg(feature = "code-c")]
        Language::C => Some(Grammar::new(tree_sitter_c::LANGUAGE, C)),
        #[cfg(feature = "code-cpp")]
        Language::Cpp => Some(Grammar::new(tree_sitter_cpp::LANGUAGE, CPP)),
        #[cfg(feature = "code-python")]
        Language::Python => Some(Grammar::new(tree_sitter_python::LANGUAGE, PYTHON)),
        #[cfg(feature = "code-java")]
        Language::Java => Some(Grammar::new(tree_sitter_java::LANGUAGE, JAVA)),
        #[cfg(feature = "code-go")]
        Language::Go => Some(Grammar::new(tree_sitter_go::LANGUAGE, GO)),
        #[cfg(feature = "code-javascript")]
        Language::JavaScript => Some(Grammar::new(tree_sitter_javascript::LANGUAGE, SCRIPT)),
        #[cfg(feature = "code-typescript")]
        Language::TypeScript => {
            let markup = name.to_ascii_lowercase().ends_with("tsx");
            let language = match markup {
                true => tree_sitter_typescript::LANGUAGE_TSX,
                false => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            };
            Some(Grammar::new(language, SCRIPT))
        }
        #[cfg(feature = "code-shell")]
        Language::Shell => Some(Grammar::new(tree_sitter_bash::LANGUAGE, SHELL)),
        _ => {
            let _ = (name, text);
            None
        }
    }
}

/// Whether there is a grammar for a language.
pub(super) fn has(language: Language) -> bool {
    of(language, "", "").is_some()
}

/// Whether a header holds what C has not.
#[cfg(feature = "code-cpp")]
fn is_cpp(name: &str, text: &str) -> bool {
    let header = name.ends_with(".h") || name.ends_with(".H");
    let signs = [
        "namespace ",
        "class ",
        "template<",
        "template <",
        "public:",
        "::",
    ];
    header && signs.iter().any(|sign| text.contains(sign))
}

impl Grammar {
    fn new(language: impl Into<tree_sitter::Language>, kinds: &'static [Kind]) -> Self {
        let language = language.into();
        Self { language, kinds }
    }
}

#[cfg(feature = "code-rust")]
const RUST: &[Kind] = &[
    kind("function_item", "fn", Name::Field),
    kind("function_signature_item", "fn", Name::Field),
    kind("struct_item", "struct", Name::Field),
    kind("enum_item", "enum", Name::Field),
    kind("union_item", "union", Name::Field),
    kind("trait_item", "trait", Name::Field),
    kind("mod_item", "mod", Name::Field),
    kind("macro_definition", "macro", Name::Field),
    kind("const_item", "const", Name::Field),
    kind("static_item", "static", Name::Field),
    kind("type_item", "type", Name::Field),
    kind("impl_item", "", Name::Head),
];

#[cfg(feature = "code-c")]
const C: &[Kind] = &[
    kind("function_definition", "", Name::Declarator),
    kind("struct_specifier", "struct", Name::Field),
    kind("union_specifier", "union", Name::Field),
    kind("enum_specifier", "enum", Name::Field),
    kind("type_definition", "typedef", Name::Declarator),
    kind("preproc_function_def", "#define", Name::Field),
];

#[cfg(feature = "code-cpp")]
const CPP: &[Kind] = &[
    kind("function_definition", "", Name::Declarator),
    kind("class_specifier", "class", Name::Field),
    kind("struct_specifier", "struct", Name::Field),
    kind("union_specifier", "union", Name::Field),
    kind("enum_specifier", "enum", Name::Field),
    kind("namespace_definition", "namespace", Name::Field),
    kind("concept_definition", "concept", Name::Field),
    kind("alias_declaration", "using", Name::Field),
    kind("type_definition", "typedef", Name::Declarator),
    kind("preproc_function_def", "#define", Name::Field),
];

#[cfg(feature = "code-python")]
const PYTHON: &[Kind] = &[
    kind("class_definition", "class", Name::Field),
    kind("function_definition", "def", Name::Field),
];

#[cfg(feature = "code-java")]
const JAVA: &[Kind] = &[
    kind("class_declaration", "class", Name::Field),
    kind("interface_declaration", "interface", Name::Field),
    kind("enum_declaration", "enum", Name::Field),
    kind("record_declaration", "record", Name::Field),
    kind("annotation_type_declaration", "@interface", Name::Field),
    kind("method_declaration", "", Name::Called),
    kind("constructor_declaration", "", Name::Called),
];

#[cfg(feature = "code-go")]
const GO: &[Kind] = &[
    kind("function_declaration", "func", Name::Field),
    kind("method_declaration", "", Name::Head),
    kind("type_spec", "type", Name::Field),
    kind("type_alias", "type", Name::Field),
];

#[cfg(any(feature = "code-javascript", feature = "code-typescript"))]
const SCRIPT: &[Kind] = &[
    kind("class_declaration", "class", Name::Field),
    kind("abstract_class_declaration", "class", Name::Field),
    kind("function_declaration", "function", Name::Field),
    kind("generator_function_declaration", "function", Name::Field),
    kind("method_definition", "", Name::Called),
    kind("variable_declarator", "const", Name::Bound),
    kind("public_field_definition", "", Name::Bound),
    kind("field_definition", "", Name::Bound),
    kind("interface_declaration", "interface", Name::Field),
    kind("type_alias_declaration", "type", Name::Field),
    kind("enum_declaration", "enum", Name::Field),
    kind("internal_module", "namespace", Name::Field),
    kind("module", "module", Name::Field),
];

#[cfg(feature = "code-shell")]
const SHELL: &[Kind] = &[kind("function_definition", "function", Name::Field)];
