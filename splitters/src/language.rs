//! Programming languages.

macro_rules! languages {
    ($($(#[$doc:meta])* $name:ident $extensions:tt;)*) => {
        /// A programming language whose code can be cut.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Language {
            $($(#[$doc])* $name,)*
        }

        impl Language {
            /// Every language there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The language of files with this extension, without the dot, in any case.
            pub fn of_extension(extension: &str) -> Option<Self> {
                let extension = extension.to_ascii_lowercase();
                $(
                    if $extensions.contains(&extension.as_str()) {
                        return Some(Self::$name);
                    }
                )*
                None
            }
        }
    };
}

languages! {
    /// Rust.
    Rust ["rs"];
    /// C.
    C ["c", "h"];
    /// C++.
    Cpp ["cc", "cpp", "cxx", "hh", "hpp", "hxx", "ino"];
    /// C#.
    CSharp ["cs"];
    /// Python.
    Python ["py", "pyi"];
    /// Java.
    Java ["java"];
    /// Kotlin.
    Kotlin ["kt", "kts"];
    /// Scala.
    Scala ["scala", "sc"];
    /// Swift.
    Swift ["swift"];
    /// Go.
    Go ["go"];
    /// JavaScript, with JSX.
    JavaScript ["js", "mjs", "cjs", "jsx"];
    /// TypeScript, with TSX.
    TypeScript ["ts", "mts", "cts", "tsx"];
    /// PHP.
    Php ["php"];
    /// Ruby.
    Ruby ["rb"];
    /// Lua.
    Lua ["lua"];
    /// SQL.
    Sql ["sql"];
    /// POSIX shell and Bash.
    Shell ["sh", "bash", "zsh"];
}
