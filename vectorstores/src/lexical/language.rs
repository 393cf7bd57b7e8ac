//! Stems: the part of a word that its forms share.

use frostem::{Algorithm, Stemmer};

macro_rules! languages {
    ($($(#[$mark:meta])? $name:ident $code:literal),* $(,)?) => {
        /// The language by whose rules words in Latin letters are cut to their stems, by the
        /// Snowball stemmers (<https://snowballstem.org>).
        ///
        /// Words in Cyrillic, Greek and Arabic letters are always cut as Russian, Greek and Arabic;
        /// other languages of those scripts lose little by it.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Language {
            /// No stems: words are taken as they are.
            None,
            $(#[doc = concat!(stringify!($name), ".")] $(#[$mark])? $name,)*
        }

        impl Language {
            /// Its ISO 639-1 code; `und` for none.
            pub const fn code(self) -> &'static str {
                match self {
                    Self::None => "und",
                    $(Self::$name => $code,)*
                }
            }

            fn stemmer(self) -> Option<Stemmer> {
                match self {
                    Self::None => None,
                    $(Self::$name => Some(Stemmer::new(Algorithm::$name)),)*
                }
            }
        }
    };
}

languages! {
    #[default] English "en", German "de", French "fr", Spanish "es", Portuguese "pt", Italian "it", Dutch "nl",
    Swedish "sv", Norwegian "no", Danish "da", Finnish "fi", Hungarian "hu", Turkish "tr",
}

/// The stemmers of one analyzer.
#[derive(Clone, Copy)]
pub(crate) struct Stems {
    latin: Option<Stemmer>,
    cyrillic: Stemmer,
    greek: Stemmer,
    arabic: Stemmer,
}

impl Stems {
    pub(crate) fn of(latin: Language) -> Self {
        Self {
            latin: latin.stemmer(),
            cyrillic: Stemmer::new(Algorithm::Russian),
            greek: Stemmer::new(Algorithm::Greek),
            arabic: Stemmer::new(Algorithm::Arabic),
        }
    }

    fn of_script(&self, first: char) -> Option<Stemmer> {
        match u32::from(first) {
            0..=0x24f | 0x1e00..=0x1eff => self.latin,
            0x370..=0x3ff | 0x1f00..=0x1fff => Some(self.greek),
            0x400..=0x52f => Some(self.cyrillic),
            0x600..=0x6ff | 0x750..=0x77f => Some(self.arabic),
            _ => None,
        }
    }

    /// Gives the stem of a word in lower case. What is no plain word, such as a number or a
    /// name with digits in it, is its own stem.
    pub(crate) fn stem(&self, word: &str, each: &mut impl FnMut(&str)) {
        let plain = |c: char| c.is_alphabetic() || c == '\'' || is_mark(c);
        let stemmer = word.chars().next().and_then(|first| self.of_script(first));
        match stemmer {
            Some(stemmer) if word.chars().all(plain) => {
                let stem = stemmer.stem(word);
                each(if stem.is_empty() { word } else { &stem });
            }
            _ => each(word),
        }
    }

    /// Changes when the rules of a stemmer do, as far as these words show: a stored index is then
    /// made anew.
    pub(crate) fn fingerprint(&self) -> u32 {
        const PROBES: &str = "generalizations running flies university skis dying happily \
            aufeinanderschl\u{fc}gen h\u{e4}user continuellement chevaux \
            canciones trabajando quilom\u{e9}tricas abbandonata lichamelijkheden \
            \u{43f}\u{440}\u{435}\u{43a}\u{440}\u{430}\u{441}\u{43d}\u{435}\u{439}\u{448}\u{438}\u{43c} \
            \u{43a}\u{43d}\u{438}\u{433}\u{430}\u{43c}\u{438} \
            \u{3b1}\u{3bd}\u{3b8}\u{3c1}\u{3ce}\u{3c0}\u{3c9}\u{3bd} \
            \u{627}\u{644}\u{643}\u{62a}\u{627}\u{628}";
        let mut sum = 0;
        for word in PROBES.split_whitespace() {
            self.stem(word, &mut |stem| {
                sum = crc32c::crc32c_append(sum, stem.as_bytes())
            });
        }
        sum
    }
}

impl std::fmt::Debug for Stems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stems").finish_non_exhaustive()
    }
}

/// Marks that stand over or below letters.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x64b..=0x65f)
}
