//! What an answer that is no success means.

use gori_core::{Error, ErrorKind};
use serde_json::Value as Json;

use super::retry_after::retry_after;

/// How much of a server's own words an error repeats, in characters.
const WORDS: usize = 300;

/// The error that an answer with this status and content means. `content` is expected to be
/// free of secrets.
pub(crate) fn from_status<'h>(
    status: u16,
    header: impl Fn(&str) -> Option<&'h str>,
    content: &str,
) -> Error {
    let said = Said::read(content);
    let mut error = said.error(status);
    if let Some(again) = header("x-should-retry") {
        error = error.transient(again.trim().eq_ignore_ascii_case("true"));
    }
    match retry_after(header) {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

/// The error in a body whose status was a success, or in an event of a stream. `None` where
/// the JSON holds no error.
pub(crate) fn in_success(json: &Json) -> Option<Error> {
    let error = json.get("error").filter(|error| !error.is_null())?;
    let said = Said::of(error).unwrap_or_default();
    let status = error
        .get("code")
        .and_then(Json::as_u64)
        .and_then(|code| u16::try_from(code).ok());
    Some(said.error(status.filter(|code| (400..600).contains(code)).unwrap_or(0)))
}

/// An event that is an error by its name, without the usual wrapping.
pub(crate) fn unexplained(json: &Json) -> Error {
    Said::of(json).unwrap_or_default().error(0)
}

/// A body that is not the JSON it should be.
pub(crate) fn not_json(content: &str) -> Error {
    let error = Error::new(
        ErrorKind::Protocol,
        format!(
            "the server answered with {} in the place of JSON",
            describe(content)
        ),
    );
    if looks_like_html(content) {
        return error.hint("check the base URL: it should end as in https://host/v1");
    }
    error
}

/// What a server said of its failure.
#[derive(Default)]
struct Said {
    message: String,
    /// Its `type` and `code`, which say more than the status.
    label: String,
}

impl Said {
    fn read(content: &str) -> Self {
        serde_json::from_str::<Json>(content)
            .ok()
            .and_then(|json| Self::of(json.get("error").unwrap_or(&json)))
            .unwrap_or_else(|| Self {
                message: describe(content),
                label: String::new(),
            })
    }

    fn of(error: &Json) -> Option<Self> {
        let text = |name: &str| error.get(name).and_then(Json::as_str);
        let message = error
            .as_str()
            .or_else(|| text("message"))
            .or_else(|| text("detail"))?;
        let label = [text("type"), text("code")]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        Some(Self {
            message: shorten(message),
            label: label.join(" "),
        })
    }

    fn error(&self, status: u16) -> Error {
        let (kind, transient) = self.kind(status);
        let code = if status == 0 {
            String::new()
        } else {
            format!(" ({status})")
        };
        let words = if self.message.is_empty() {
            "no explanation"
        } else {
            &self.message
        };
        let error =
            Error::new(kind, format!("the server says{code}: {words}")).transient(transient);
        match kind {
            ErrorKind::Unauthorized => error.hint("check the key and what it may do"),
            ErrorKind::NotFound => error.hint("check the base URL and the name of the model"),
            _ => error,
        }
    }

    fn kind(&self, status: u16) -> (ErrorKind, bool) {
        let label = |part: &str| self.label.contains(part);
        let message = self.message.to_lowercase();
        if label("context_length")
            || label("exceed_context")
            || message.contains("maximum context length")
        {
            return (ErrorKind::TooLarge, false);
        }
        if label("insufficient_quota") || label("billing") {
            return (ErrorKind::RateLimited, false);
        }
        match status {
            400 | 422 => (ErrorKind::InvalidInput, false),
            401 | 403 => (ErrorKind::Unauthorized, false),
            404 => (ErrorKind::NotFound, false),
            405 | 415 | 501 => (ErrorKind::Unsupported, false),
            408 => (ErrorKind::Timeout, true),
            409 | 425 => (ErrorKind::Busy, true),
            413 => (ErrorKind::TooLarge, false),
            429 => (ErrorKind::RateLimited, true),
            500..=599 => (ErrorKind::Unavailable, true),
            0 => self.kind_by_label(),
            300..=399 => (ErrorKind::Config, false),
            _ => (ErrorKind::Protocol, false),
        }
    }

    fn kind_by_label(&self) -> (ErrorKind, bool) {
        let label = |part: &str| self.label.contains(part);
        if label("rate_limit") {
            (ErrorKind::RateLimited, true)
        } else if label("overloaded") || label("unavailable") {
            (ErrorKind::Unavailable, true)
        } else if label("authentication") || label("permission") {
            (ErrorKind::Unauthorized, false)
        } else if label("not_found") {
            (ErrorKind::NotFound, false)
        } else if label("invalid_request") {
            (ErrorKind::InvalidInput, false)
        } else {
            (ErrorKind::Unavailable, true)
        }
    }
}

/// What a body is, for who must mend it. The words of a page say less than that it is one.
fn describe(content: &str) -> String {
    let content = content.trim();
    if content.is_empty() {
        return "nothing".into();
    }
    if looks_like_html(content) {
        let lower = content.to_lowercase();
        let title = lower
            .find("<title>")
            .map(|at| at + "<title>".len())
            .and_then(|from| {
                let to = lower.get(from..)?.find("</title>")?;
                // Lower case may be of another length where the page is not ASCII.
                content
                    .get(from..from + to)
                    .filter(|title| title.is_ascii())
            });
        return match title {
            Some(title) => format!("an HTML page, \u{201c}{}\u{201d},", shorten(title)),
            None => "an HTML page".into(),
        };
    }
    format!("\u{201c}{}\u{201d}", shorten(content))
}

fn looks_like_html(content: &str) -> bool {
    content.trim_start().starts_with('<')
}

/// One line, without control characters, of bounded length.
fn shorten(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn error(status: u16, content: &str) -> Error {
        from_status(status, |_| None, content)
    }

    #[test]
    fn the_status_and_the_label_decide_on_the_kind() {
        use ErrorKind as K;
        let cases: &[(u16, &str, K, bool)] = &[
            (
                401,
                r#"{"error":{"message":"no","type":"invalid_request_error","code":"invalid_api_key"}}"#,
                K::Unauthorized,
                false,
            ),
            (
                429,
                r#"{"error":{"message":"slow","type":"tokens","code":"rate_limit_exceeded"}}"#,
                K::RateLimited,
                true,
            ),
            (
                429,
                r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#,
                K::RateLimited,
                false,
            ),
            (
                429,
                "<html><title>Too Many</title></html>",
                K::RateLimited,
                true,
            ),
            (429, "", K::RateLimited, true),
            (
                400,
                r#"{"error":{"message":"long","code":"context_length_exceeded"}}"#,
                K::TooLarge,
                false,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"the request exceeds","type":"exceed_context_size_error"}}"#,
                K::TooLarge,
                false,
            ),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 4096"}"#,
                K::TooLarge,
                false,
            ),
            (400, r#"{"error":"bad"}"#, K::InvalidInput, false),
            (422, r#"{"detail":"bad"}"#, K::InvalidInput, false),
            (
                404,
                r#"{"type":"error","error":{"type":"not_found_error","message":"model"}}"#,
                K::NotFound,
                false,
            ),
            (
                503,
                r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#,
                K::Unavailable,
                true,
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                K::Unavailable,
                true,
            ),
            (500, "panic", K::Unavailable, true),
            (302, "", K::Config, false),
            (408, "", K::Timeout, true),
            (418, "", K::Protocol, false),
        ];
        for (status, content, kind, transient) in cases {
            let error = error(*status, content);
            assert_eq!(
                (error.kind(), error.is_transient()),
                (*kind, *transient),
                "{status} {content}"
            );
        }
    }

    #[test]
    fn the_servers_advice_on_retries_is_kept() {
        let headers = |name: &str| match name {
            "retry-after" => Some("86400"),
            "x-should-retry" => Some("false"),
            _ => None,
        };
        let error = from_status(503, headers, "");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(86_400)));
        assert!(!error.is_transient());
        let nonsense = from_status(429, |name| (name == "retry-after").then_some("soon"), "");
        assert_eq!(
            (nonsense.retry_after(), nonsense.kind()),
            (None, ErrorKind::RateLimited)
        );
    }

    #[test]
    fn an_error_is_one_short_line_whatever_the_server_sends() {
        for content in [
            "a\nb\r\n\tc\u{1b}[31m",
            &"long ".repeat(10_000),
            "<html>\n<TITLE>502\nBad</TITLE>",
            "\0\0",
            "İ<title>",
        ] {
            let text = error(500, content).to_string();
            assert!(!text.contains(['\n', '\r', '\u{1b}', '\0']), "{text:?}");
            assert!(text.len() < 2_000);
        }
        assert!(
            error(502, "<html><title>Bad Gateway</title>")
                .to_string()
                .contains("Bad Gateway")
        );
    }

    #[test]
    fn an_error_in_a_success_is_found() {
        let found = |text: &str| in_success(&serde_json::from_str(text).unwrap()).map(|e| e.kind());
        assert_eq!(
            found(r#"{"error":{"message":"x","type":"overloaded_error"}}"#),
            Some(ErrorKind::Unavailable)
        );
        assert_eq!(
            found(r#"{"error":{"message":"x","code":429}}"#),
            Some(ErrorKind::RateLimited)
        );
        assert_eq!(found(r#"{"error":"x"}"#), Some(ErrorKind::Unavailable));
        assert_eq!(found(r#"{"error":null,"choices":[]}"#), None);
        assert_eq!(found(r#"{"choices":[]}"#), None);
    }
}
