//! Texts with named holes.

use gori_core::{Error, ErrorKind, Result};

/// A text with `N` named holes, such as `Answer {question} in {language}.`
///
/// The holes are named beside the text and checked when the template is made, so a misspelt
/// hole is an error at the start and not in the middle of a conversation; and as many values
/// must be given as there are holes, or it does not compile. A value is never looked at:
/// braces in it stay braces. There is no code, no attribute access and no include. Two braces
/// stand for one.
///
/// ```
/// use gori_chains::prompt::Template;
///
/// # fn main() -> gori_core::Result<()> {
/// let template = Template::new("Answer {question} as {{\"answer\": …}}.", ["question"])?;
/// assert_eq!(template.fill(["{why}"]), "Answer {why} as {\"answer\": …}.");
///
/// assert!(Template::new("Answer {qestion}.", ["question"]).is_err());
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail
/// # use gori_chains::prompt::Template;
/// let template = Template::new("{a} and {b}", ["a", "b"]).unwrap();
/// template.fill(["only one"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<const N: usize> {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The place of its name in the list of names.
    Hole(usize),
}

impl<const N: usize> Template<N> {
    /// A template with these holes, each of which occurs in it at least once.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where a brace is not closed or stands alone, a hole is not among
    /// the names, a name has no hole, or a name comes twice.
    pub fn new(text: &str, names: [&str; N]) -> Result<Self> {
        for (n, name) in names.iter().enumerate() {
            if names.iter().take(n).any(|other| other == name) {
                return Err(wrong(format!("the name `{name}` comes twice")));
            }
        }
        let parts = parse(text, &names)?;
        for (n, name) in names.iter().enumerate() {
            if !parts.contains(&Part::Hole(n)) {
                return Err(wrong(format!("the template has no hole `{{{name}}}`")));
            }
        }
        Ok(Self { parts })
    }

    /// The text with the values in its holes, in the order of the names.
    pub fn fill(&self, values: [&str; N]) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(n) => values.get(*n).copied().unwrap_or_default().to_owned(),
        };
        self.parts.iter().map(text).collect()
    }
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::Config, what).hint("write two braces for one that is meant as it stands")
}

fn parse(text: &str, names: &[&str]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        plain += before;
        if let Some(after) = brace.strip_prefix("{{") {
            plain.push('{');
            rest = after;
        } else if let Some(after) = brace.strip_prefix("}}") {
            plain.push('}');
            rest = after;
        } else if let Some(after) = brace.strip_prefix('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| wrong("a brace is opened and not closed".to_owned()))?;
            let hole = names.iter().position(|known| *known == name);
            let hole = hole.ok_or_else(|| {
                wrong(format!(
                    "there is no value named `{name}`, only {}",
                    names.join(", ")
                ))
            })?;
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Hole(hole));
            rest = after;
        } else {
            return Err(wrong("a brace is closed and was not opened".to_owned()));
        }
    }
    plain += rest;
    parts.push(Part::Text(plain));
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wrong_templates_are_refused_when_made() {
        for (text, about) in [
            ("{a", "not closed"),
            ("a}", "not opened"),
            ("{b}", "`b`"),
            ("{a.b}", "`a.b`"),
            ("{ a}", "` a`"),
            ("{}", "``"),
            ("none", "no hole `{a}`"),
        ] {
            let error = Template::new(text, ["a"]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(about), "{text}: {error}");
        }
        assert!(Template::new("{a}", ["a", "a"]).is_err());
        assert_eq!(Template::new("plain", []).unwrap().fill([]), "plain");
    }

    proptest! {
        #[test]
        fn a_value_is_never_expanded(a in "\\PC*", b in "[{}ab]{0,12}") {
            let template = Template::new("<{a}|{b}|{a}>", ["a", "b"]).unwrap();
            prop_assert_eq!(template.fill([&a, &b]), format!("<{a}|{b}|{a}>"));
        }

        #[test]
        fn what_is_escaped_comes_out_as_it_was(text in "[{}a-z ]{0,30}") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(Template::new(&escaped, []).unwrap().fill([]), text);
        }
    }
}
