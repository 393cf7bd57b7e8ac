//! What a chain is made of, as a tree that can be printed and drawn.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;

/// What a chain is made of.
///
/// `Display` prints it on one line, such as `retrieve -> prompt -> answer`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// One stage.
    Stage(Cow<'static, str>),
    /// A chain under a name.
    Named(Cow<'static, str>, Box<Plan>),
    /// One after the other.
    Sequence(Vec<Plan>),
    /// At the same time on the same input.
    Join(Vec<Plan>),
    /// One of them.
    Branch(Vec<Plan>),
    /// On many inputs, so many at a time.
    Batch(NonZeroUsize, Box<Plan>),
    /// Inside a decorator.
    Layer(Cow<'static, str>, Box<Plan>),
}

impl Plan {
    /// A stage with a name.
    pub fn stage(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Stage(name.into())
    }

    /// A stage named after a type, without its modules and parameters.
    pub fn of_type<T: ?Sized>() -> Self {
        let full = std::any::type_name::<T>();
        let bare = full.split('<').next().unwrap_or(full);
        let mut parts = bare.rsplit("::");
        let name = parts.find(|part| !part.starts_with('{')).unwrap_or(bare);
        Self::Stage(name.into())
    }

    pub(super) fn followed_by(self, next: Self) -> Self {
        let mut stages = match self {
            Self::Sequence(stages) => stages,
            one => vec![one],
        };
        match next {
            Self::Sequence(more) => stages.extend(more),
            one => stages.push(one),
        }
        Self::Sequence(stages)
    }

    pub(super) fn named(self, name: &'static str) -> Self {
        match self {
            Self::Stage(_) => Self::Stage(name.into()),
            other => Self::Named(name.into(), Box::new(other)),
        }
    }

    /// The same plan inside a decorator.
    #[must_use]
    pub fn inside(self, layer: impl Into<Cow<'static, str>>) -> Self {
        Self::Layer(layer.into(), Box::new(self))
    }

    /// The plan as a [Mermaid](https://mermaid.js.org/syntax/flowchart.html) flow chart.
    pub fn to_mermaid(&self) -> String {
        let mut chart = Mermaid {
            lines: vec!["flowchart LR".to_owned()],
            nodes: 0,
        };
        chart.draw(self);
        chart.lines.join("\n") + "\n"
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, plans: &[Plan], between: &str| {
            for (i, plan) in plans.iter().enumerate() {
                if i > 0 {
                    f.write_str(between)?;
                }
                write!(f, "{plan}")?;
            }
            Ok(())
        };
        match self {
            Self::Stage(name) => f.write_str(name),
            Self::Named(name, plan) => write!(f, "{name}({plan})"),
            Self::Sequence(plans) => list(f, plans, " -> "),
            Self::Join(plans) => {
                f.write_str("[")?;
                list(f, plans, " & ")?;
                f.write_str("]")
            }
            Self::Branch(plans) => {
                f.write_str("[")?;
                list(f, plans, " | ")?;
                f.write_str("]")
            }
            Self::Batch(limit, plan) => write!(f, "batch {limit}({plan})"),
            Self::Layer(layer, plan) => write!(f, "{layer}({plan})"),
        }
    }
}

struct Mermaid {
    lines: Vec<String>,
    nodes: usize,
}

impl Mermaid {
    fn node(&mut self, label: &str, (open, close): (&str, &str)) -> String {
        self.nodes += 1;
        let id = format!("n{}", self.nodes);
        // Names can hold anything; Mermaid takes entities inside quotes.
        let label = label
            .replace('&', "#amp;")
            .replace('"', "#quot;")
            .replace(['\n', '\r'], " ");
        self.lines.push(format!("    {id}{open}\"{label}\"{close}"));
        id
    }

    fn edge(&mut self, from: &str, to: &str) {
        self.lines.push(format!("    {from} --> {to}"));
    }

    /// Draws a plan and gives its first and its last node.
    fn draw(&mut self, plan: &Plan) -> (String, String) {
        match plan {
            Plan::Stage(name) => {
                let node = self.node(name, ("[", "]"));
                (node.clone(), node)
            }
            Plan::Sequence(plans) => self.sequence(plans),
            Plan::Join(plans) => self.fork(plans, "all of"),
            Plan::Branch(plans) => self.fork(plans, "one of"),
            Plan::Named(name, plan) | Plan::Layer(name, plan) => self.group(name, plan),
            Plan::Batch(limit, plan) => self.group(&format!("batch, {limit} at a time"), plan),
        }
    }

    fn sequence(&mut self, plans: &[Plan]) -> (String, String) {
        let mut ends: Option<(String, String)> = None;
        for plan in plans {
            let (first, last) = self.draw(plan);
            ends = Some(match ends {
                Some((start, end)) => {
                    self.edge(&end, &first);
                    (start, last)
                }
                None => (first, last),
            });
        }
        ends.unwrap_or_else(|| {
            let node = self.node("nothing", ("[", "]"));
            (node.clone(), node)
        })
    }

    fn fork(&mut self, plans: &[Plan], label: &str) -> (String, String) {
        let (open, close) = (
            self.node(label, ("{{", "}}")),
            self.node("then", ("((", "))")),
        );
        for plan in plans {
            let (first, last) = self.draw(plan);
            self.edge(&open, &first);
            self.edge(&last, &close);
        }
        (open, close)
    }

    fn group(&mut self, name: &str, plan: &Plan) -> (String, String) {
        self.nodes += 1;
        let label = name.replace('"', "#quot;").replace(['\n', '\r'], " ");
        self.lines
            .push(format!("    subgraph g{} [\"{label}\"]", self.nodes));
        let ends = self.draw(plan);
        self.lines.push("    end".to_owned());
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let both = Plan::Join(vec![Plan::stage("dense"), Plan::stage("lexical")]);
        both.named("retrieve")
            .followed_by(Plan::stage("answer").inside("retry 3"))
    }

    #[test]
    fn text_reads_from_left_to_right() {
        assert_eq!(
            plan().to_string(),
            "retrieve([dense & lexical]) -> retry 3(answer)"
        );
    }

    #[test]
    fn every_edge_of_the_drawing_joins_nodes_that_are_drawn() {
        let chart = plan().to_mermaid();
        let edges = chart
            .lines()
            .filter_map(|line| line.trim().split_once(" --> "));
        let mut count = 0;
        for (from, to) in edges {
            count += 1;
            for node in [from, to] {
                let drawn = |line: &str| {
                    line.trim()
                        .strip_prefix(node)
                        .is_some_and(|rest| rest.starts_with(['[', '{', '(']))
                };
                assert!(chart.lines().any(drawn), "{node} in\n{chart}");
            }
        }
        assert_eq!(count, 5);
    }

    #[test]
    fn a_name_cannot_break_the_drawing() {
        let chart = Plan::stage("a\"]\nn9 --> n1").to_mermaid();
        assert_eq!(chart.lines().count(), 2, "{chart}");
    }
}
