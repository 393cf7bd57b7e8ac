//! What a chat template adds around the texts: always an estimate.

use gori_core::Tool;
use serde::{Deserialize, Serialize};

use super::memo::Memo;
use super::text::Text;

/// Tokens that a provider adds around messages, tool calls, pictures and tool schemas.
///
/// Nobody publishes them, so they are estimates: [`Framing::CAREFUL`] lies above every chat
/// template we know, and [`Framing::calibrated`] learns from the usage that a provider reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framing {
    /// Around each message.
    pub message: usize,
    /// Once, for what makes the model answer.
    pub answer: usize,
    /// Around the name and the arguments of a tool call.
    pub tool_call: usize,
    /// Around the schema of each tool.
    pub tool: usize,
    /// Each picture.
    pub image: usize,
}

/// What a provider reported for a prompt whose texts were counted, to calibrate from. Made by
/// [`PromptPlan::observed`](super::PromptPlan::observed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Messages in the prompt.
    pub messages: usize,
    /// Tokens of their texts, and of tools and pictures as estimated.
    pub counted: usize,
    /// Tokens of the prompt as the provider reported them.
    pub reported: u64,
}

impl Framing {
    /// More than the templates in use take, which is 3 to 8 tokens a message.
    pub const CAREFUL: Self = Self {
        message: 10,
        answer: 10,
        tool_call: 16,
        tool: 24,
        image: 1_600,
    };

    /// The constants that OpenAI's cookbook gives for its own chat models, rounded up.
    pub const OPENAI: Self = Self {
        message: 4,
        answer: 3,
        tool_call: 8,
        tool: 12,
        image: 1_600,
    };

    /// Fits the tokens around messages to what was reported: the line through the observations,
    /// lifted so that none of them lies above it. Without observations nothing changes.
    #[must_use]
    pub fn calibrated(self, observed: &[Observed]) -> Self {
        let points: Vec<(i64, i64)> = observed
            .iter()
            .map(|o| {
                (
                    number(o.messages),
                    o.reported.cast_signed() - number(o.counted),
                )
            })
            .collect();
        let Some(message) = slope(&points) else {
            return self;
        };
        let above = points.iter().map(|(n, extra)| extra - message * n);
        let answer = above.max().unwrap_or(0).max(0);
        Self {
            message: usize::try_from(message).unwrap_or(self.message),
            answer: usize::try_from(answer).unwrap_or(self.answer),
            ..self
        }
    }

    /// What the tools of a request take.
    pub(super) fn tools(&self, tools: &[Tool], memo: &Memo<'_>) -> usize {
        let one = |tool: &Tool| {
            let schema = tool.parameters.to_string();
            let texts = [&tool.name, &tool.description, &schema];
            texts
                .map(|text| memo.count(&Text::from(text.as_str())))
                .iter()
                .sum::<usize>()
                + self.tool
        };
        tools.iter().map(one).sum()
    }
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The tokens each further message adds, by least squares and rounded up; with one number of
/// messages only, an equal share of each and of the answer.
fn slope(points: &[(i64, i64)]) -> Option<i64> {
    let n = number(points.len());
    let (first, _) = points.first()?;
    if points.iter().all(|(x, _)| x == first) {
        let most = points.iter().map(|(_, y)| *y).max()?;
        return Some(ceil_div(most.max(0), first + 1));
    }
    let sum = |of: fn(&(i64, i64)) -> i64| points.iter().map(of).sum::<i64>();
    let (x, y) = (sum(|p| p.0), sum(|p| p.1));
    let over = n * sum(|p| p.0 * p.1) - x * y;
    let under = n * sum(|p| p.0 * p.0) - x * x;
    Some(ceil_div(over.max(0), under.max(1)))
}

fn ceil_div(a: i64, b: i64) -> i64 {
    (a + b - 1) / b.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_finds_the_constants_and_lies_above_every_observation() {
        let seen = |messages: usize, counted: usize, noise: u64| Observed {
            messages,
            counted,
            reported: (counted + 4 * messages + 3) as u64 + noise,
        };
        let learned =
            Framing::CAREFUL.calibrated(&[seen(2, 100, 0), seen(5, 80, 0), seen(9, 7, 0)]);
        assert_eq!((learned.message, learned.answer), (4, 3));

        let noisy = [
            seen(2, 100, 2),
            seen(5, 80, 0),
            seen(9, 7, 1),
            seen(9, 70, 3),
        ];
        let learned = Framing::CAREFUL.calibrated(&noisy);
        for o in noisy {
            let estimate = o.counted + learned.message * o.messages + learned.answer;
            assert!(estimate as u64 >= o.reported, "{o:?} {learned:?}");
        }
        assert_eq!(Framing::CAREFUL.calibrated(&[]), Framing::CAREFUL);
    }
}
