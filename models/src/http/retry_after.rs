//! How long a server asks to wait.

use std::time::{Duration, SystemTime};

/// Reads `retry-after-ms` and `retry-after` (<https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>):
/// milliseconds, seconds with or without a fraction, or a date. The date is compared with the
/// server's own `date`, since clocks differ. Nonsense, and what has passed, is no wait.
///
/// A wait of a day is given as it is: whether to wait that long is the caller's decision.
pub(crate) fn retry_after<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Duration> {
    let milliseconds = header("retry-after-ms").and_then(|text| positive(text, 1e-3));
    milliseconds.or_else(|| {
        let text = header("retry-after")?;
        positive(text, 1.0).or_else(|| {
            let now = header("date").and_then(|date| httpdate::parse_http_date(date.trim()).ok());
            let then = httpdate::parse_http_date(text.trim()).ok()?;
            let wait = then
                .duration_since(now.unwrap_or_else(SystemTime::now))
                .ok()?;
            (!wait.is_zero()).then_some(wait)
        })
    })
}

fn positive(text: &str, unit: f64) -> Option<Duration> {
    const A_YEAR: f64 = 366.0 * 86_400.0;
    let seconds = text.trim().parse::<f64>().ok()? * unit;
    // A NaN is not above zero either.
    (seconds > 0.0 && seconds <= A_YEAR).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &'static str)]) -> Option<Duration> {
        retry_after(|name| {
            headers
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| *value)
        })
    }

    #[test]
    fn seconds_milliseconds_and_dates_are_read_and_nonsense_is_not() {
        const DATE: (&str, &str) = ("date", "Sun, 22 Nov 2026 10:00:00 GMT");
        let seconds = |s: f64| Some(Duration::from_secs_f64(s));
        type Headers<'h> = &'h [(&'h str, &'static str)];
        let cases: &[(Headers<'_>, Option<Duration>)] = &[
            (&[("retry-after", "2")], seconds(2.0)),
            (&[("retry-after", " 1.5 ")], seconds(1.5)),
            (&[("retry-after-ms", "250")], seconds(0.25)),
            (
                &[("retry-after-ms", "250"), ("retry-after", "9")],
                seconds(0.25),
            ),
            (
                &[("retry-after-ms", "soon"), ("retry-after", "9")],
                seconds(9.0),
            ),
            (&[("retry-after", "86400")], seconds(86_400.0)),
            (
                &[("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT"), DATE],
                seconds(30.0),
            ),
            (
                &[("retry-after", "Sunday, 22-Nov-26 10:00:30 GMT"), DATE],
                seconds(30.0),
            ),
            (
                &[("retry-after", "Sun, 22 Nov 2026 09:59:00 GMT"), DATE],
                None,
            ),
            (
                &[("retry-after", "Sun, 22 Nov 2026 10:00:00 GMT"), DATE],
                None,
            ),
            (&[("retry-after", "0")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "inf")], None),
            (&[("retry-after", "1e300")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "")], None),
            (&[], None),
        ];
        for (headers, expected) in cases {
            assert_eq!(read(headers), *expected, "{headers:?}");
        }
    }
}
