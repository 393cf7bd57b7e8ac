//! robots.txt (RFC 9309).

use std::time::Duration;

/// Bytes that are looked at, as the RFC asks for at least.
const MAX_BYTES: usize = 512 << 10;
/// Rules that are kept.
const MAX_RULES: usize = 5_000;

/// What a site lets this crawler do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Robots {
    /// Patterns with whether they allow.
    rules: Vec<(String, bool)>,
    /// The pause that is asked for between two requests.
    pub(super) delay: Option<Duration>,
}

impl Robots {
    /// Nothing is allowed: the file is there and cannot be read.
    pub(super) fn closed() -> Self {
        Self {
            rules: vec![("/".to_owned(), false)],
            ..Self::default()
        }
    }

    /// Reads the groups for `agent`, or those for everybody where there are none.
    pub(super) fn parse(text: &[u8], agent: &str) -> Self {
        let text = String::from_utf8_lossy(text.get(..MAX_BYTES).unwrap_or(text)).into_owned();
        let own = product(agent);
        let (mut mine, mut all) = (Self::default(), Self::default());
        let mut found_own = false;
        // Agents that stand together share the rules behind them.
        let (mut for_me, mut for_all, mut in_agents) = (false, false, false);
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" => {
                    if !in_agents {
                        (for_me, for_all) = (false, false);
                    }
                    in_agents = true;
                    for_all |= value == "*";
                    for_me |= product(value) == own && !own.is_empty();
                    found_own |= for_me;
                }
                "allow" | "disallow" => {
                    in_agents = false;
                    let rule = (value.to_owned(), key == "allow");
                    for (wanted, robots) in [(for_me, &mut mine), (for_all, &mut all)] {
                        if wanted && !value.is_empty() && robots.rules.len() < MAX_RULES {
                            robots.rules.push(rule.clone());
                        }
                    }
                }
                "crawl-delay" => {
                    in_agents = false;
                    let seconds = value
                        .parse::<f64>()
                        .ok()
                        .filter(|s| (0.0..=3600.0).contains(s));
                    let delay = seconds.map(Duration::from_secs_f64);
                    for (wanted, robots) in [(for_me, &mut mine), (for_all, &mut all)] {
                        if wanted {
                            robots.delay = robots.delay.or(delay);
                        }
                    }
                }
                _ => {}
            }
        }
        if found_own { mine } else { all }
    }

    /// Whether a path with its query may be fetched: the longest rule that matches decides,
    /// and of two as long the one that allows.
    pub(super) fn allows(&self, path: &str) -> bool {
        let matching = self
            .rules
            .iter()
            .filter(|(pattern, _)| matches(pattern, path));
        matching
            .max_by_key(|(pattern, allow)| (pattern.len(), *allow))
            .is_none_or(|(_, allow)| *allow)
    }
}

/// The name by which a crawler is addressed: letters, `_` and `-` at the start of it.
fn product(agent: &str) -> String {
    let letters = agent
        .chars()
        .take_while(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-'));
    letters.collect::<String>().to_ascii_lowercase()
}

/// Matches a pattern with `*` for anything and `$` at its end for the end. The pieces between
/// the stars are looked for from left to right, so that no pattern takes long.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, at_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
        last = Some(piece);
    }
    match (at_end, last) {
        (false, _) => true,
        (true, None) => rest.is_empty(),
        // The last piece may stand further right than where it was found first.
        (true, Some(piece)) => rest.is_empty() || path.ends_with(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_decides() {
        let robots = Robots::parse(
            b"User-agent: *\nDisallow: /private\nAllow: /private/open\nDisallow: /*.pdf$\n\
              Disallow: /q?*x=\nCrawl-delay: 2.5\n",
            "gori-loaders/1.0",
        );
        for (path, allowed) in [
            ("/", true),
            ("/private", false),
            ("/private/x", false),
            ("/private/open/x", true),
            ("/a.pdf", false),
            ("/a.pdf?x", true),
            ("/a.pdf.pdf", false),
            ("/q?a=1&x=2", false),
            ("/q?a=1", true),
        ] {
            assert_eq!(robots.allows(path), allowed, "{path}");
        }
        assert_eq!(robots.delay, Some(Duration::from_millis(2500)));
    }

    #[test]
    fn a_group_of_ones_own_stands_in_place_of_that_for_everybody() {
        let text = b"User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Gori-Loaders\n\
                     Disallow: /x # because\nUser-agent: third\nDisallow: /y\n";
        let robots = Robots::parse(text, "gori-loaders/1.0 (+https://example.org)");
        assert!(robots.allows("/y") && !robots.allows("/x"));
        assert!(!Robots::parse(text, "someone").allows("/y"));
        assert!(!Robots::closed().allows("/anything"));
        assert!(
            Robots::parse(b"Disallow: /\n<html>", "x").allows("/"),
            "no group"
        );
    }

    #[test]
    fn a_pattern_of_stars_takes_no_time() {
        let pattern = "*a".repeat(2_000);
        assert!(!matches(&pattern, &"a".repeat(1_999)));
        assert!(matches(&pattern, &"a".repeat(2_000)));
    }
}
