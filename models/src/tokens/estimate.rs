//! A careful guess, for vendors that publish no tokenizer.

use gori_core::{Fidelity, TokenCounter};

/// Guesses tokens from the scripts of a text, on the safe side.
///
/// The usual guess of a token for four characters holds for English prose alone: Korean is
/// two to six times as much. Here each kind of character has its own weight, chosen so that
/// the truth of today's tokenizers lies below the count plus its margin, on prose in the
/// scripts it knows and on code. It is a guess all the same: leave the margin free.
///
/// ```
/// use gori_core::TokenCounter;
/// use gori_models::tokens::Estimate;
///
/// let guess = Estimate::new();
/// assert!((8..=16).contains(&guess.count("The store survives a power cut.")));
/// assert!((12..=20).contains(&guess.count("정전이 되어도 저장소는 살아남습니다")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    margin: f32,
}

impl Estimate {
    /// The share by which the truth may lie above the count.
    pub const MARGIN: f32 = 0.25;

    /// The guess with [`Estimate::MARGIN`].
    pub const fn new() -> Self {
        Self {
            margin: Self::MARGIN,
        }
    }
}

impl Default for Estimate {
    fn default() -> Self {
        Self::new()
    }
}

impl TokenCounter for Estimate {
    fn id(&self) -> &str {
        "estimate-1"
    }

    fn fidelity(&self) -> Fidelity {
        Fidelity::Estimated {
            margin: self.margin,
        }
    }

    fn count(&self, text: &str) -> usize {
        let mut before = Kind::Blank;
        let mut hundredths = 0;
        for c in text.chars() {
            let kind = Kind::of(c);
            hundredths += kind.weight(c, before);
            before = kind;
        }
        usize::div_ceil(hundredths, 100)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Newline,
    Latin,
    Digit,
    Punctuation,
    /// Letters that come in words and have vocabulary of their own.
    Word,
    Hangul,
    Han,
    Kana,
    Other,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            '\n' | '\r' => Self::Newline,
            _ if c.is_whitespace() => Self::Blank,
            'a'..='z' | 'A'..='Z' => Self::Latin,
            '0'..='9' => Self::Digit,
            _ if c.is_ascii() => Self::Punctuation,
            '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}' => Self::Word,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}' => {
                Self::Hangul
            }
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
                Self::Han
            }
            '\u{3000}'..='\u{30ff}' | '\u{ff00}'..='\u{ffef}' => Self::Kana,
            _ => Self::Other,
        }
    }

    /// In hundredths of a token. The first letter of a word carries most of it, since most
    /// words of a known script are a token or two.
    fn weight(self, c: char, before: Self) -> usize {
        match self {
            Self::Blank if before == Self::Blank => 25,
            Self::Blank => 2,
            Self::Newline => 80,
            Self::Latin if before == Self::Latin => 14,
            Self::Latin => 66,
            Self::Word => 60,
            Self::Digit => 80,
            Self::Punctuation if before == Self::Punctuation => 60,
            Self::Punctuation => 95,
            Self::Hangul => 115,
            Self::Han => 110,
            Self::Kana => 90,
            Self::Other => 50 * c.len_utf8(),
        }
    }
}
