//! YAML for Ansible and Kubernetes: a small tree, every string in double quotes, values of the plan marked `!unsafe`
//! so that Ansible's templates do not look into them.

use std::fmt::Write as _;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Yaml {
    /// A constant of ours, in which Ansible may find its own templates.
    Own(&'static str),
    /// A value from the plan, never a template.
    Data(String),
    /// A value for a reader that has no templates.
    Text(String),
    Int(u64),
    Bool(bool),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    pub(super) fn map<const N: usize>(entries: [(&str, Yaml); N]) -> Self {
        Self::Map(
            entries
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect(),
        )
    }

    pub(super) fn document(&self, comment: &str) -> String {
        let mut out = format!("# {comment}\n---\n");
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let pad = "  ".repeat(depth);
        match self {
            Self::List(items) => {
                for item in items {
                    let _ = write!(out, "{pad}-");
                    item.write_value(out, depth + 1);
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    let _ = write!(out, "{pad}{}:", quote(key));
                    value.write_value(out, depth + 1);
                }
            }
            _ => {
                out.push_str(&pad);
                self.write_value(out, depth);
            }
        }
    }

    fn write_value(&self, out: &mut String, depth: usize) {
        match self {
            Self::Own(text) => {
                let _ = writeln!(out, " {}", quote(text));
            }
            Self::Data(text) => {
                let _ = writeln!(out, " !unsafe {}", quote(text));
            }
            Self::Text(text) => {
                let _ = writeln!(out, " {}", quote(text));
            }
            Self::Int(n) => {
                let _ = writeln!(out, " {n}");
            }
            Self::Bool(b) => {
                let _ = writeln!(out, " {b}");
            }
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
            Self::List(_) | Self::Map(_) => {
                out.push('\n');
                self.write(out, depth);
            }
        }
    }
}

/// A JSON string is a double-quoted YAML scalar.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
