//! Tokens into text as they come: whole characters only, and nothing that may yet turn out to
//! be a text that ends the answer.

/// The text of an answer that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    stops: Vec<String>,
    /// Bytes that are not given out yet: the beginning of a character, or of a stop text.
    held: Vec<u8>,
}

/// What another token did to a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More text, possibly none.
    More(String),
    /// The last text: a stop text came behind it.
    Stopped(String),
}

impl Writer {
    pub(super) fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned();
        Self {
            stops: stops.collect(),
            held: Vec::new(),
        }
    }

    /// Adds the bytes of a token.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Step {
        self.held.extend_from_slice(bytes);
        let first = self
            .stops
            .iter()
            .filter_map(|stop| find(&self.held, stop.as_bytes()));
        if let Some(at) = first.min() {
            self.held.truncate(at);
            return Step::Stopped(self.end());
        }
        let begun = self
            .stops
            .iter()
            .map(|stop| begun(&self.held, stop.as_bytes()));
        let free = self.held.len() - begun.max().unwrap_or(0);
        let whole = free - unfinished(self.held.get(..free).unwrap_or_default());
        let rest = self.held.split_off(whole);
        let text = std::mem::replace(&mut self.held, rest);
        Step::More(String::from_utf8_lossy(&text).into_owned())
    }

    /// What is still held, when no token follows.
    pub(super) fn end(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned()
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// How many of the last bytes are a beginning of `part`, though not all of it.
fn begun(text: &[u8], part: &[u8]) -> usize {
    let most = text.len().min(part.len().saturating_sub(1));
    let is_begun = |n: &usize| part.get(..*n).is_some_and(|begin| text.ends_with(begin));
    (1..=most).rev().find(is_begun).unwrap_or(0)
}

/// How many of the last bytes are the beginning of a character that can still become whole.
fn unfinished(text: &[u8]) -> usize {
    match std::str::from_utf8(text.get(text.len().saturating_sub(4)..).unwrap_or_default()) {
        Ok(_) => 0,
        Err(_) => {
            let is_begun = |n: &usize| {
                let tail = text.get(text.len() - n..).unwrap_or_default();
                std::str::from_utf8(tail)
                    .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
            };
            (1..=text.len().min(3)).find(is_begun).unwrap_or(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All that a writer gives for pieces of these lengths.
    fn write(text: &[u8], cuts: &[usize], stops: &[String]) -> (String, bool) {
        let mut writer = Writer::new(stops);
        let mut out = String::new();
        let mut rest = text;
        for cut in cuts.iter().chain([&text.len()]) {
            let (piece, left) = rest.split_at((*cut).min(rest.len()));
            rest = left;
            match writer.push(piece) {
                Step::More(more) => out.push_str(&more),
                Step::Stopped(last) => return (out + &last, true),
            }
        }
        (out + &writer.end(), false)
    }

    proptest! {
        #[test]
        fn text_is_the_same_however_it_is_cut(
            text in "[a-c가é🦀]{0,20}", cuts in proptest::collection::vec(0_usize..4, 0..30),
            stops in proptest::collection::vec("[a-c가]{1,3}", 0..3)
        ) {
            let (got, stopped) = write(text.as_bytes(), &cuts, &stops);
            let at = stops.iter().filter_map(|stop| text.find(stop)).min();
            let want = at.map_or(text.as_str(), |at| text.get(..at).unwrap());
            prop_assert_eq!(stopped, at.is_some());
            prop_assert_eq!(got, want);
        }

        #[test]
        fn any_bytes_end_as_they_would_at_once(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            cuts in proptest::collection::vec(0_usize..4, 0..30)
        ) {
            let (got, _) = write(&bytes, &cuts, &[]);
            prop_assert_eq!(got, String::from_utf8_lossy(&bytes).into_owned());
        }
    }

    #[test]
    fn a_character_is_given_once_it_is_whole() {
        let mut writer = Writer::new(&[]);
        let crab = "🦀".as_bytes();
        assert_eq!(writer.push(&crab[..1]), Step::More(String::new()));
        assert_eq!(writer.push(&crab[1..3]), Step::More(String::new()));
        assert_eq!(writer.push(&crab[3..]), Step::More("🦀".to_owned()));
    }
}
