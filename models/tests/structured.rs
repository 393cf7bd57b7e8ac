//! A value of a type out of a model's words, or an error that keeps the words.
#![cfg(feature = "structured")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error as _;

use gori_core::{Context, Error, ErrorKind, Format, Prompt, Sampling};
use gori_models::structured::{RawAnswer, Structured};
use gori_testkit::{Faulty, ScriptedLlm};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct City {
    name: String,
    #[schemars(range(max = 40_000_000))]
    people: u64,
    river: Option<String>,
}

const SEOUL: &str = r#"{"name": "Seoul", "people": 9411000, "river": "Han"}"#;

#[tokio::test]
async fn the_first_fitting_answer_is_the_value() {
    let llm = ScriptedLlm::new([format!("Here you are:\n```json\n{SEOUL}\n```")]);
    let cx = Context::new();
    let asked = Structured::<City>::new();
    let found = asked
        .ask(&llm, &cx, &Prompt::user("Which city?"))
        .await
        .unwrap();
    assert_eq!(
        found.value,
        City {
            name: "Seoul".into(),
            people: 9_411_000,
            river: Some("Han".into())
        }
    );
    assert_eq!((found.attempts, found.usage), (1, cx.usage().total()));
    let prompts = llm.prompts();
    let Format::Json { name, schema } = &prompts[0].format else {
        panic!("the schema goes with the prompt");
    };
    assert_eq!((name.as_str(), &schema["type"]), ("City", &"object".into()));
    assert_eq!(prompts[0].messages[0].to_text(), "Which city?");
    assert!(prompts[0].messages[1].to_text().contains("JSON Schema"));

    let llm = ScriptedLlm::new([SEOUL]);
    let quiet = Structured::<City>::new().explain(false);
    quiet.ask(&llm, &cx, &Prompt::user("?")).await.unwrap();
    assert_eq!(llm.prompts()[0].messages.len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_is_told_to_the_model_and_asked_again() {
    let llm = ScriptedLlm::new([
        "I would rather not.",
        r#"{"name": "Seoul", "people": 99000000}"#,
        SEOUL,
    ]);
    let cx = Context::new();
    let asked = Structured::<City>::new();
    let found = asked.ask(&llm, &cx, &Prompt::user("?")).await.unwrap();
    assert_eq!((found.attempts, found.usage.requests), (3, 3));
    let last = llm.prompts().pop().unwrap();
    let said: Vec<String> = last.messages.iter().map(|m| m.to_text()).collect();
    assert_eq!(said[2], "I would rather not.");
    assert!(said[3].contains("no JSON"), "{said:?}");
    assert!(said[5].contains("/people"), "the place is named: {said:?}");
    assert!(
        said[5].contains("river"),
        "all errors are told at once: {said:?}"
    );
}

#[tokio::test]
async fn the_repairs_are_bounded_and_the_last_words_kept_but_not_shown() {
    let llm = ScriptedLlm::new(vec!["secret words, no JSON"; 9]);
    let asked = Structured::<City>::new().repairs(1);
    let error = asked
        .ask(&llm, &Context::new(), &Prompt::user("?"))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), llm.prompts().len()), (ErrorKind::Model, 2));
    let raw = error.source().unwrap().downcast_ref::<RawAnswer>().unwrap();
    assert_eq!(raw.text, "secret words, no JSON");
    assert_eq!(raw.errors.len(), 1);
    assert!(!format!("{error} {error:?}").contains("secret words"));
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_not_repaired() {
    let llm = ScriptedLlm::new(vec![SEOUL; 3]);
    let prompt = Prompt::user("?").sampling(Sampling {
        max_tokens: Some(3),
        ..Sampling::default()
    });
    let asked = Structured::<City>::new();
    let error = asked.ask(&llm, &Context::new(), &prompt).await.unwrap_err();
    assert_eq!(
        (error.kind(), llm.prompts().len()),
        (ErrorKind::TooLarge, 1)
    );
    assert!(error.to_string().contains("max_tokens"), "{error}");
}

#[tokio::test]
async fn a_server_that_refuses_the_format_is_asked_in_words() {
    let scripted = ScriptedLlm::new([SEOUL]);
    let refused = [Some(Error::invalid("response_format is not supported"))];
    let llm = Faulty::new(scripted.clone(), refused);
    let asked = Structured::<City>::new();
    let found = asked
        .ask(&llm, &Context::new(), &Prompt::user("?"))
        .await
        .unwrap();
    assert_eq!(found.value.name, "Seoul");
    assert_eq!(scripted.prompts()[0].format, Format::Text);

    let down = [Some(Error::new(ErrorKind::Unauthorized, "no"))];
    let llm = Faulty::new(ScriptedLlm::new([SEOUL]), down);
    let error = asked
        .ask(&llm, &Context::new(), &Prompt::user("?"))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), llm.calls()), (ErrorKind::Unauthorized, 1));
}

/// A model writes the parts in the order of the schema: one that puts its reasons first thinks before it answers.
#[tokio::test]
async fn the_parts_of_a_type_are_asked_for_in_its_order() {
    #[derive(Debug, Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Verdict {
        reasons: Vec<String>,
        answer: bool,
    }
    let llm = ScriptedLlm::new([r#"{"reasons": [], "answer": true}"#]);
    let asked = Structured::<Verdict>::new();
    asked
        .ask(&llm, &Context::new(), &Prompt::user("?"))
        .await
        .unwrap();
    let Format::Json { schema, .. } = &llm.prompts()[0].format else {
        panic!("the schema goes with the prompt");
    };
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["reasons", "answer"]);
}
