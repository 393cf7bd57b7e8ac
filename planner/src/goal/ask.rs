//! What is asked back, in the language of the goal.

use std::fmt::Display;

/// The language that somebody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    Korean,
}

impl Tongue {
    /// One Hangul syllable makes a goal Korean: names stand in Latin letters in both languages.
    pub(super) fn of(goal: &str) -> Self {
        match goal.chars().any(|c| ('가'..='힣').contains(&c)) {
            true => Self::Korean,
            false => Self::English,
        }
    }

    fn say(self, english: String, korean: String) -> String {
        match self {
            Self::English => english,
            Self::Korean => korean,
        }
    }

    pub(super) fn after_what(self) -> String {
        self.say(
            "after what? the sentence before \"then\" starts nothing".into(),
            "무엇 다음입니까? 앞 문장에서 시작하는 것이 없습니다".into(),
        )
    }

    pub(super) fn which_kind(self, unit: impl Display, needs: impl Display) -> String {
        self.say(
            format!("how does {unit} need {needs}? the goal says it in two ways"),
            format!("{unit}: {needs}에 어떻게 의존합니까? 두 가지로 적혀 있습니다"),
        )
    }

    pub(super) fn how_long(self, unit: impl Display, needs: impl Display) -> String {
        self.say(
            format!("how long may {needs} take for {unit}?"),
            format!("{unit}: {needs}을(를) 얼마나 기다려도 됩니까?"),
        )
    }

    pub(super) fn needs_or_wants(self, unit: impl Display, needs: impl Display) -> String {
        self.say(
            format!("does {unit} need {needs}, or does it only want it?"),
            format!("{unit}: {needs}이(가) 꼭 필요합니까, 아니면 있으면 좋은 것입니까?"),
        )
    }

    pub(super) fn which_node(self, said: &str) -> String {
        self.say(
            format!("which node is {said:?}?"),
            format!("{said:?}은(는) 어느 노드입니까?"),
        )
    }

    pub(super) fn needs_nothing_on(self, unit: impl Display, node: impl Display) -> String {
        self.say(
            format!("{unit} needs nothing on {node}; what should it need there?"),
            format!("{unit}: {node}에 의존하는 것이 없습니다. 그 노드의 무엇이 필요합니까?"),
        )
    }

    /// A unit is to stop with another that it does not need: nothing would carry the failure.
    pub(super) fn not_joined(self, stop: impl Display, when: impl Display) -> String {
        self.say(
            format!(
                "{stop} is to stop when {when} fails, but the goal does not say that it needs {when} or anything that \
                 does, and only a need carries a failure on; what does it need?"
            ),
            format!(
                "{when}이(가) 실패하면 {stop}을(를) 중지해야 하는데, {stop}이(가) 그것에 직접 또는 간접으로 의존한다는 \
                 말이 없습니다. 실패는 의존 관계로만 전해집니다. 무엇에 의존합니까?"
            ),
        )
    }

    pub(super) fn what_is_it(self) -> String {
        self.say(
            "what is \"it\"?".into(),
            "\"it\"은 무엇을 가리킵니까?".into(),
        )
    }

    pub(super) fn which_unit(self, said: &str) -> String {
        self.say(
            format!("which unit is {said:?}? there are several"),
            format!("{said:?}은(는) 어느 유닛입니까? 여럿이 있습니다"),
        )
    }

    pub(super) fn which_units(self) -> String {
        self.say(
            "which units? the goal names none of the inventory".into(),
            "어느 유닛입니까? 인벤토리에 있는 유닛의 이름이 없습니다".into(),
        )
    }

    pub(super) fn no_unit(self, said: &str, node: Option<&str>) -> String {
        let on = node.map(|n| format!(" on {n}")).unwrap_or_default();
        let at = node.map(|n| format!("{n}에 ")).unwrap_or_default();
        self.say(
            format!("there is no unit {said:?}{on}; which one is meant?"),
            format!("{at}{said:?}(이)라는 유닛이 없습니다. 어느 것입니까?"),
        )
    }

    /// A sentence of the grammar: `unit` needs `needs`.
    pub(super) fn needs(self, unit: impl Display, needs: impl Display) -> String {
        self.say(
            format!("{unit} needs {needs}"),
            format!("{unit}은 {needs}에 의존한다"),
        )
    }

    /// A sentence of the grammar: `unit` wants `needs`.
    pub(super) fn wants(self, unit: impl Display, needs: impl Display) -> String {
        self.say(
            format!("{unit} wants {needs}"),
            format!("{unit}은 {needs}가 있으면 좋다"),
        )
    }
}
