//! The planner's own errors as the workspace's one.
//!
//! A refusal, a name or a file of a bundle keeps its own type as long as somebody may want to look inside; behind `?`
//! in a function that gives [`gori_core::Result`] it becomes an [`Error`] with that type as its source.

use gori_core::{Error, ErrorKind};

use crate::check::{Diagnosis, Refusal};
use crate::name::NameError;
use crate::parse::ParseError;
use crate::render::BundleError;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let error = match refusal.diagnoses.as_slice() {
            [] => Self::new(ErrorKind::Refused, "the plan is refused"),
            [one] => Self::new(ErrorKind::Refused, one.to_string()),
            [first, rest @ ..] => Self::new(
                ErrorKind::Refused,
                format!("{first} (and {} more)", rest.len()),
            ),
        };
        error.caused_by(refusal)
    }
}

impl From<Diagnosis> for Error {
    fn from(diagnosis: Diagnosis) -> Self {
        let Diagnosis {
            code,
            path,
            why,
            mend,
        } = diagnosis;
        let error = Self::invalid(format!("{why} [{code}]")).hint(mend);
        if path.is_empty() {
            error
        } else {
            error.about(path)
        }
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::invalid(error.message.clone()).caused_by(error)
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::new(ErrorKind::Corrupt, error.message.clone())
            .about(&error.path)
            .hint("render the bundle anew; it is not one that gori has written")
            .caused_by(error)
    }
}

impl From<BundleError> for Error {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Io(path, source) => Self::io(path, source),
            error => Self::new(ErrorKind::Refused, error.to_string()).caused_by(error),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::name::NodeName;
    use crate::{Checked, input};

    #[test]
    fn a_refusal_says_its_first_reason_in_one_line_and_keeps_all() {
        let inventory = input::inventory_from_toml("[[nodes]]\nname = \"n\"\nsystemd = \"252\"\n");
        let plan =
            input::plan_from_toml("name = \"p\"\nstart = [\"n/a.service\", \"n/b.service\"]\n");
        let refusal = Checked::new(inventory.unwrap(), plan.unwrap()).unwrap_err();
        let count = refusal.diagnoses.len();
        let error = Error::from(refusal);
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.to_string().lines().count(), 1);
        let kept = error.source().unwrap().downcast_ref::<Refusal>().unwrap();
        assert!(kept.diagnoses.len() == count && count > 1, "{error}");
    }

    #[test]
    fn a_wrong_name_is_invalid_input() {
        let error = Error::from(NodeName::parse("node_1").unwrap_err());
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
