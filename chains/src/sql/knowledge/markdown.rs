//! Knowledge as Markdown: a heading that names a table or `table.column` describes it, a list
//! item `` `X`: cancelled `` under a column says what a value stands for, and any other heading
//! is a note.

use super::{Knowledge, Note, Origin, Status, Target, Term, TermKind};

pub(super) fn parse(name: &str, text: &str) -> Knowledge {
    let mut reader = Reader {
        name,
        knowledge: Knowledge::default(),
        section: None,
    };
    let mut fenced = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        match line.strip_prefix('#') {
            Some(rest) if !fenced => reader.heading(rest.trim_start_matches('#').trim(), number),
            _ => reader.line(line, number),
        }
    }
    reader.close();
    reader.knowledge
}

struct Section {
    target: Option<Target>,
    title: String,
    text: String,
    line: usize,
}

struct Reader<'n> {
    name: &'n str,
    knowledge: Knowledge,
    section: Option<Section>,
}

impl Reader<'_> {
    fn origin(&self, line: usize) -> Origin {
        Origin {
            file: self.name.to_owned(),
            line: Some(line),
        }
    }

    fn heading(&mut self, title: &str, line: usize) {
        self.close();
        let plain = title.trim_matches('`');
        let one_word = !plain.is_empty() && !plain.contains(char::is_whitespace);
        // A heading in backticks, with an underscore or with a dot is a name; `Overview` is not.
        let name_like = one_word && (plain != title || plain.contains(['_', '.']));
        let target = if name_like {
            Target::try_from(plain.to_owned()).ok()
        } else {
            None
        };
        self.section = Some(Section {
            target,
            title: title.to_owned(),
            text: String::new(),
            line,
        });
    }

    fn line(&mut self, line: &str, number: usize) {
        let item = line.trim_start().strip_prefix(['-', '*']).map(str::trim);
        let target = self.section.as_ref().and_then(|s| s.target.clone());
        if let (Some(item), Some(target)) = (item, target)
            && let Some((value, means)) = value_item(item)
        {
            let origin = self.origin(number);
            self.knowledge.terms.push(Term {
                names: vec![means.to_owned()],
                means: means.to_owned(),
                kind: TermKind::Value,
                target: Some(target),
                value: Some(value.to_owned()),
                sql: None,
                status: Status::Confirmed,
                evidence: None,
                origin,
            });
            return;
        }
        let section = self.section.get_or_insert_with(|| Section {
            target: None,
            title: String::new(),
            text: String::new(),
            line: number,
        });
        section.text.push_str(line.trim_end());
        section.text.push('\n');
    }

    fn close(&mut self) {
        let Some(Section {
            target,
            title,
            text,
            line,
        }) = self.section.take()
        else {
            return;
        };
        let text = text.trim().to_owned();
        if !text.is_empty() {
            let origin = self.origin(line);
            self.knowledge.notes.push(Note {
                target,
                title,
                text,
                origin,
            });
        }
    }
}

/// `` `X`: cancelled `` or `` `X` = cancelled ``.
fn value_item(item: &str) -> Option<(&str, &str)> {
    let (value, rest) = item.strip_prefix('`')?.split_once('`')?;
    let means = rest.trim_start().strip_prefix([':', '=', '–', '-'])?.trim();
    (!value.is_empty() && !means.is_empty()).then_some((value, means))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_that_are_names_describe_and_others_are_notes() {
        let text = "# Overview\nSales of the house.\n\n## `t_ord`\nOrders.\n\n## t_ord.cd_st\nThe state.\n- `X`: cancelled\n- `N` = new\n";
        let knowledge = parse("a.md", text);
        let notes: Vec<_> = knowledge
            .notes
            .iter()
            .map(|n| {
                (
                    n.target.as_ref().map(ToString::to_string),
                    n.text.as_str(),
                    n.origin.line,
                )
            })
            .collect();
        assert_eq!(
            notes,
            [
                (None, "Sales of the house.", Some(1)),
                (Some("t_ord".into()), "Orders.", Some(4)),
                (Some("t_ord.cd_st".into()), "The state.", Some(7)),
            ]
        );
        let values: Vec<_> = knowledge
            .terms
            .iter()
            .map(|t| (t.value.as_deref().unwrap(), t.means.as_str()))
            .collect();
        assert_eq!(values, [("X", "cancelled"), ("N", "new")]);
    }
}
