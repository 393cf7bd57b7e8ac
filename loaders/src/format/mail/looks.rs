//! Messages told by their content.

use crate::format::Certainty;

/// Fields that stations on the way write, and nobody by hand.
const BY_MACHINES: &[&str] = &[
    "received",
    "return-path",
    "message-id",
    "delivered-to",
    "mime-version",
];
/// Fields that a person may write at the top of a text as well.
const BY_PEOPLE: &[&str] = &["from", "to", "cc", "date", "subject", "reply-to", "sender"];

/// How sure it is that a text begins with the header of a message (RFC 5322): lines
/// `Name: value` up to an empty one, three of them well known, the sender among them.
pub(super) fn message(head: &str) -> Certainty {
    let (mut by_machines, mut by_people, mut sender) = (0u32, 0u32, false);
    for line in head.lines() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else {
            return Certainty::No;
        };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Certainty::No;
        }
        let name = name.to_ascii_lowercase();
        by_machines += u32::from(BY_MACHINES.contains(&name.as_str()));
        by_people += u32::from(BY_PEOPLE.contains(&name.as_str()));
        sender |= name == "from";
    }
    match (sender, by_machines) {
        (true, 1..) if by_machines + by_people >= 3 => Certainty::Certain,
        (true, 0) if by_people >= 3 => Certainty::Possible,
        _ => Certainty::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_told_from_lines_that_hold_colons() {
        let sent = "Received: from a\n by b\nFrom: k@example.org\nSubject: s\n\nbody";
        assert_eq!(message(sent), Certainty::Certain);
        assert_eq!(
            message("From: k\nTo: l\nSubject: s\n\nbody"),
            Certainty::Possible
        );
        for text in [
            "name: a\nversion: 1\nfrom: b\n",
            "From: k\nTo: l\nno field\n\n",
            "Subject: s\nDate: d\nTo: t\n\n",
            "",
        ] {
            assert_eq!(message(text), Certainty::No, "{text}");
        }
    }
}
