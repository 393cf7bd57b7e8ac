//! Bytes to text, whatever the charset.

use std::borrow::Cow;

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use crate::sample::{Nature, nature};

/// How many bytes the guesser looks at. Its answer settles within the first few thousand.
const GUESS_BYTES: usize = 256 << 10;

/// A text and how it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded<'b> {
    pub(crate) text: Cow<'b, str>,
    /// What the reader of a report should know: the charset was guessed, bytes were lost.
    pub(crate) warning: Option<String>,
}

/// Decodes a text: by its byte order mark, else by what was declared, else as UTF-8, else by
/// a guess that is reported.
///
/// A declared charset that the bytes contradict is passed over, since servers declare what
/// their author once configured.
pub(crate) fn decode<'b>(bytes: &'b [u8], declared: Option<&str>) -> Decoded<'b> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, bytes.get(mark..).unwrap_or_default(), false);
    }
    let declared = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    if let Some(encoding) = declared.filter(|encoding| *encoding != UTF_8) {
        let decoded = with(encoding, bytes, false);
        if decoded.warning.is_none() {
            return decoded;
        }
    }
    if has_jis_escape(bytes) {
        let decoded = with(ISO_2022_JP, bytes, true);
        if !decoded.text.contains(char::REPLACEMENT_CHARACTER) {
            return decoded;
        }
    }
    // ASCII in two-byte units is valid UTF-8 too, full of noughts.
    match nature(bytes) {
        Nature::Utf16 { big_endian: true } => return with(UTF_16BE, bytes, true),
        Nature::Utf16 { big_endian: false } => return with(UTF_16LE, bytes, true),
        _ => {}
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded {
            text: Cow::Borrowed(text),
            warning: None,
        },
        Err(_) => with(guess(bytes), bytes, true),
    }
}

/// ISO-2022-JP is plain ASCII to any other check: only its escapes tell.
fn has_jis_escape(bytes: &[u8]) -> bool {
    [b"\x1b$B", b"\x1b$@"]
        .iter()
        .any(|escape| memchr::memmem::find(bytes, *escape).is_some())
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    let head = bytes.get(..GUESS_BYTES).unwrap_or(bytes);
    detector.feed(head, head.len() == bytes.len());
    // UTF-8 is allowed, because a text with a few broken bytes is still best read so.
    detector.guess(None, chardetng::Utf8Detection::Allow)
}

fn with<'b>(encoding: &'static Encoding, bytes: &'b [u8], guessed: bool) -> Decoded<'b> {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    let name = encoding.name();
    let warning = match (guessed, lossy) {
        (_, true) => Some(format!(
            "read as {name}; some bytes are not valid in it and were replaced"
        )),
        (true, false) => Some(format!("the charset was guessed: {name}")),
        (false, false) => None,
    };
    Decoded { text, warning }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KOREAN: &str =
        "고리는 사슬의 한 마디를 뜻하는 우리말이다. 문서를 읽어 나누고, 찾아서 답한다.";
    const JAPANESE: &str =
        "これは日本語の文書です。文字コードを推測して読み込みます。ありがとうございます。";
    const RUSSIAN: &str = "Это русский текст, записанный в старой кодировке для проверки.";

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        encoding.encode(text).0.into_owned()
    }

    #[test]
    fn common_charsets_are_guessed_and_reported() {
        let cases = [
            ("euc-kr", KOREAN),
            ("shift_jis", JAPANESE),
            ("euc-jp", JAPANESE),
            ("iso-2022-jp", JAPANESE),
            ("windows-1251", RUSSIAN),
            ("koi8-u", RUSSIAN),
            (
                "windows-1252",
                "Der schöne Bär läuft über die Straße und grüßt.",
            ),
            (
                "gbk",
                "这是一个用来测试字符集猜测的中文文档，内容没有特别的意义。",
            ),
            (
                "big5",
                "這是一個用來測試字元集猜測的中文文件，內容沒有特別的意義。",
            ),
        ];
        for (label, text) in cases {
            let bytes = encoded(label, text);
            let decoded = decode(&bytes, None);
            assert_eq!(decoded.text, text, "{label}");
            assert!(
                decoded.warning.is_some(),
                "{label}: a guess must be reported"
            );
        }
    }

    #[test]
    fn utf16_is_read_with_and_without_a_mark() {
        for big_endian in [false, true] {
            let units = KOREAN.encode_utf16().chain("\nplain\n".encode_utf16());
            let bytes: Vec<u8> = units
                .flat_map(|unit| {
                    if big_endian {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect();
            let mark: &[u8] = if big_endian { b"\xfe\xff" } else { b"\xff\xfe" };
            let marked = [mark, &bytes].concat();
            let decoded = decode(&marked, None);
            assert_eq!(decoded.text, format!("{KOREAN}\nplain\n"));
            assert_eq!(decoded.warning, None);
        }
        let ascii: Vec<u8> = "no mark, but every second byte is nought"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let decoded = decode(&ascii, None);
        assert!(decoded.text.starts_with("no mark"));
        assert!(decoded.warning.is_some());
    }

    #[test]
    fn a_mark_beats_the_declaration_and_valid_utf8_beats_a_wrong_one() {
        let marked = [b"\xef\xbb\xbf".as_slice(), KOREAN.as_bytes()].concat();
        assert_eq!(decode(&marked, Some("euc-kr")).text, KOREAN);
        assert_eq!(decode(KOREAN.as_bytes(), Some("iso-2022-jp")).text, KOREAN);
        let bytes = encoded("euc-kr", KOREAN);
        let decoded = decode(&bytes, Some("EUC-KR"));
        assert_eq!((decoded.text.as_ref(), decoded.warning), (KOREAN, None));
        let decoded = decode(&bytes, Some("no such charset"));
        assert_eq!(decoded.text, KOREAN);
    }

    #[test]
    fn broken_utf8_stays_readable_and_is_reported() {
        let mut bytes = "plain words, then one bad byte ".as_bytes().to_vec();
        bytes.push(0xff);
        bytes.extend_from_slice("그리고 한글".as_bytes());
        let decoded = decode(&bytes, None);
        assert!(decoded.text.starts_with("plain words"));
        assert!(decoded.warning.is_some());
    }
}
