//! Subtitles: SubRip and WebVTT.

use gori_core::{Metadata, Part, Result};

use super::{Certainty, Format, Input, Output, meta};
use crate::charset::decode;
use crate::sample::Sample;

/// Subtitles as prose with a time mark `[1:02:03]` in front of each passage.
///
/// Cues are joined into passages of half a minute, so that a question finds a thought and not
/// a half sentence, and its answer says where in the film it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subtitles;

/// Seconds of a passage.
const PASSAGE: u64 = 30;
/// How many lines pass between two looks at the stop flag.
const LINES_A_CHECK: usize = 4096;
/// A silence of so many seconds ends a passage as well.
const SILENCE: u64 = 5;

impl Format for Subtitles {
    fn name(&self) -> &'static str {
        "subtitles"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        if !sample.is_text() {
            return Certainty::No;
        }
        let named = matches!(sample.extension().as_str(), "srt" | "vtt")
            || matches!(sample.media_type, Some("text/vtt" | "application/x-subrip"));
        if sample.text_starts_with(&["webvtt"]) || begins_with_a_cue(sample) {
            Certainty::Certain
        } else if named {
            Certainty::Named
        } else {
            Certainty::No
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let decoded = decode(input.bytes, input.charset);
        if let Some(warning) = decoded.warning {
            output.warn(warning)?;
        }
        let mut prose = Prose::default();
        let mut cue: Option<(u64, u64)> = None;
        for (number, line) in decoded.text.lines().map(str::trim).enumerate() {
            if number.is_multiple_of(LINES_A_CHECK) {
                input.check()?;
            }
            if let Some(times) = times(line) {
                cue = Some(times);
            } else if line.is_empty() {
                cue = None;
            } else if let Some((start, end)) = cue {
                prose.line(start, end, &bare(line));
            }
        }
        let mut metadata = Metadata::new();
        metadata.insert(meta::MEDIA_TYPE.to_owned(), "text/vtt".into());
        output.part(Part::Whole, prose.text, metadata)
    }
}

/// SubRip has no mark of its own: a number on one line, times on the next.
fn begins_with_a_cue(sample: &Sample<'_>) -> bool {
    if !sample.bytes.iter().take(64).any(u8::is_ascii_digit) {
        return false;
    }
    let head = sample.head();
    let mut lines = head
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty());
    let number = lines.next().is_some_and(|line| line.parse::<u32>().is_ok());
    number && lines.next().is_some_and(|line| times(line).is_some())
}

#[derive(Default)]
struct Prose {
    text: String,
    /// When the passage began and when its last cue ended.
    passage: Option<(u64, u64)>,
    last: String,
}

impl Prose {
    fn line(&mut self, start: u64, end: u64, line: &str) {
        // Captions that roll up repeat the line before.
        if line.is_empty() || line == self.last {
            return;
        }
        self.last = line.to_owned();
        let goes_on = self.passage.filter(|(began, ended)| {
            start < began + PASSAGE && start < ended + SILENCE && start >= *began
        });
        match goes_on {
            Some((began, _)) => {
                self.text.push(' ');
                self.passage = Some((began, end));
            }
            None => {
                if !self.text.is_empty() {
                    self.text.push_str("\n\n");
                }
                let (minutes, seconds) = (start / 60, start % 60);
                let mark = match minutes / 60 {
                    0 => format!("[{minutes}:{seconds:02}] "),
                    hours => format!("[{hours}:{:02}:{seconds:02}] ", minutes % 60),
                };
                self.text.push_str(&mark);
                self.passage = Some((start, end));
            }
        }
        self.text.push_str(line);
    }
}

/// The whole seconds of a line `00:01:02,500 --> 00:01:04.000 position:50%`.
fn times(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    Some((seconds(start.trim())?, seconds(end)?))
}

fn seconds(time: &str) -> Option<u64> {
    let whole = time.split([',', '.']).next()?;
    whole.split(':').try_fold(0u64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.trim().parse().ok()?)
    })
}

/// A line without tags such as `<i>` and `<00:00:01.000>`, nor marks such as `{\an8}`.
fn bare(line: &str) -> String {
    let mut bare = String::new();
    let mut inside = None;
    for c in line.chars() {
        match (inside, c) {
            (None, '<') => inside = Some('>'),
            (None, '{') => inside = Some('}'),
            (Some(end), c) if c == end => inside = None,
            (None, c) => bare.push(c),
            _ => {}
        }
    }
    bare.replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use crate::{Blob, Reader};

    #[test]
    fn cues_become_passages_with_their_time() {
        let srt = "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i>\n\n2\n00:00:03,000 --> \
                   00:00:04,000\n{\\an8}there.\n\n3\n01:02:03,000 --> 01:02:04,000\nMuch later.\n";
        let documents = Reader::new().documents(Blob::new("a.srt", srt)).unwrap();
        assert_eq!(
            documents[0].text,
            "[0:01] Hello there.\n\n[1:02:03] Much later."
        );
        let vtt = "WEBVTT\n\nNOTE a comment\n\n00:05.000 --> 00:06.000 align:start\n<v Kim>안녕\n";
        let documents = Reader::new().documents(Blob::new("a", vtt)).unwrap();
        assert_eq!(documents[0].text, "[0:05] 안녕");
    }

    #[test]
    fn absurd_times_are_no_times() {
        let srt = "99999999999999999999:00 --> 1:00\nlost\n\n1:2:3:4:5:6:7:8:9:9:9:9:9:9 --> 1\nx";
        assert!(
            Reader::new()
                .documents(Blob::new("a.srt", srt))
                .unwrap()
                .is_empty()
        );
    }
}
