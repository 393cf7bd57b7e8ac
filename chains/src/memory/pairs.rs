//! Which messages belong together.

use std::collections::BTreeSet;
use std::ops::Range;

use gori_core::{Content, Message};

/// The messages in parts that may be left out by themselves: one message, or calls of tools
/// with all their results. Calls without all their results are left out unless they come last,
/// where the results are still awaited; so are results without their call.
pub(super) fn whole(messages: &[Message]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(message) = messages.get(at) {
        let mut open = calls(message);
        let start = at;
        at += 1;
        if open.is_empty() {
            if results(message).is_empty() {
                parts.push(start..at);
            }
            continue;
        }
        while let Some(next) = messages.get(at) {
            let answered = results(next);
            if answered.is_empty() || !answered.iter().all(|id| open.contains(id)) {
                break;
            }
            open.retain(|id| !answered.contains(id));
            at += 1;
        }
        if open.is_empty() || at == messages.len() {
            parts.push(start..at);
        }
    }
    parts
}

fn calls(message: &Message) -> BTreeSet<&str> {
    let parts = message.parts.iter();
    parts
        .filter_map(|part| match part {
            Content::ToolCall(call) => Some(call.id.as_str()),
            _ => None,
        })
        .collect()
}

fn results(message: &Message) -> BTreeSet<&str> {
    let parts = message.parts.iter();
    parts
        .filter_map(|part| match part {
            Content::ToolResult { id, .. } => Some(id.as_str()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use gori_core::{Speaker, ToolCall};
    use proptest::prelude::*;

    use super::*;

    fn call(ids: &[&str]) -> Message {
        let part = |id: &&str| {
            Content::ToolCall(ToolCall {
                id: (*id).into(),
                name: "clock".into(),
                arguments: "{}".into(),
            })
        };
        Message {
            speaker: Speaker::Assistant,
            parts: ids.iter().map(part).collect(),
        }
    }

    fn result(id: &str) -> Message {
        let part = Content::ToolResult {
            id: id.into(),
            text: "nine".into(),
        };
        Message {
            speaker: Speaker::Tool,
            parts: vec![part],
        }
    }

    #[test]
    fn calls_stay_with_their_results_and_orphans_go() {
        let said = [
            result("0"),
            Message::user("hi"),
            call(&["1", "2"]),
            result("2"),
            result("1"),
            call(&["3"]),
            Message::assistant("never mind"),
            result("3"),
            call(&["4"]),
        ];
        assert_eq!(whole(&said), [1..2, 2..5, 6..7, 8..9]);
    }

    proptest! {
        #[test]
        fn no_part_holds_a_call_without_its_result_but_the_last(
            kinds in prop::collection::vec(0_u8..5, 0..20),
        ) {
            let message = |kind: &u8| match kind {
                0 => Message::user("x"),
                1 => call(&["a"]),
                2 => call(&["a", "b"]),
                3 => result("a"),
                _ => result("b"),
            };
            let said: Vec<Message> = kinds.iter().map(message).collect();
            let mut end = 0;
            for part in whole(&said) {
                prop_assert!(part.start >= end && part.start < part.end);
                end = part.end;
                let (mut open, mut bad) = (BTreeSet::new(), false);
                for message in &said[part.clone()] {
                    open.extend(calls(message));
                    for id in results(message) {
                        bad |= !open.remove(id);
                    }
                }
                prop_assert!(!bad);
                prop_assert!(open.is_empty() || part.end == said.len());
            }
        }
    }
}
