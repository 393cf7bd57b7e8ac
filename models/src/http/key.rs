//! Secrets.

use std::fmt;

use gori_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

/// A key to a service. It shows itself nowhere: `Debug` gives `***`, there is no `Display`
/// and no `Serialize`, and its memory is wiped when it is dropped.
///
/// ```
/// use gori_models::http::ApiKey;
///
/// # fn main() -> gori_core::Result<()> {
/// let key = ApiKey::new("sk-secret")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(***)");
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail
/// let key = gori_models::http::ApiKey::new("sk-secret").unwrap();
/// println!("{key}");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// Takes a key; blanks around it, such as a file's last newline, are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where it is empty or holds what cannot stand in a header. The
    /// error does not show it.
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = Zeroizing::new(key.into());
        let trimmed = key.trim();
        if trimmed.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the key is empty"));
        }
        if !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::Config,
                "the key holds a blank, a control character or one beyond ASCII",
            )
            .hint("a key is one word: check what was pasted"));
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }

    /// Takes the key from an environment variable.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where it is not set, is not text, or is no key.
    pub fn from_env(variable: &str) -> Result<Self> {
        match std::env::var(variable) {
            Ok(key) => Self::new(key).map_err(|e| e.about(variable)),
            Err(_) => Err(
                Error::new(ErrorKind::Config, "this environment variable holds no key")
                    .about(variable)
                    .hint(format!("set it: export {variable}=…")),
            ),
        }
    }

    /// The key itself, for the one place that sends it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The text with `***` in the place of the key, for what a server sends back.
    pub(crate) fn scrub(&self, text: &str) -> String {
        text.replace(self.0.as_str(), "***")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_shows_the_key() {
        for bad in [
            "sk-secret with blank",
            "sk-secret\u{7f}",
            "sk-sécret",
            "sk-secret\nX-Evil: 1",
        ] {
            let error = ApiKey::new(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error:?}").contains("cret"), "{error:?}");
        }
    }

    #[test]
    fn a_trailing_newline_is_no_part_of_a_key() {
        assert_eq!(ApiKey::new(" sk-1\n").unwrap().expose(), "sk-1");
        assert!(ApiKey::new(" \n").is_err());
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = ApiKey::from_env("GORI_NO_SUCH_KEY").unwrap_err();
        assert_eq!(error.subject(), Some("GORI_NO_SUCH_KEY"));
    }
}
