//! What holds for every answer.

use std::time::Duration;

use futures_util::StreamExt as _;
use gori_core::{
    Context, Delta, ErrorKind, Finish, Llm as _, Message, Prompt, Sampling, Tool, Window,
};

use super::file::Gguf as File;
use super::open;

fn prompt(text: &str, sampling: Sampling) -> Prompt {
    Prompt::user(text).sampling(sampling)
}

fn tokens(max: usize) -> Sampling {
    Sampling {
        max_tokens: Some(max),
        ..Sampling::default()
    }
}

#[tokio::test]
async fn a_stream_gives_the_text_and_the_usage_of_the_whole() {
    let model = open(&File::tiny("llama")).await.unwrap();
    let cx = Context::new();
    for (seed, temperature) in [(1, 0.0), (2, 1.0), (3, 2.0)] {
        let sampling = Sampling {
            temperature: Some(temperature),
            seed: Some(seed),
            ..tokens(40)
        };
        let prompt = prompt("the 12 é", sampling);
        let whole = model.complete(&cx, &prompt).await.unwrap();
        let mut deltas = model.stream(&cx, &prompt).await.unwrap();
        let (mut text, mut end) = (String::new(), None);
        while let Some(delta) = deltas.next().await {
            assert!(end.is_none(), "nothing follows the end");
            match delta.unwrap() {
                Delta::Text(more) => text.push_str(&more),
                Delta::End { finish, usage } => end = Some((finish, usage)),
                other => panic!("{other:?}"),
            }
        }
        let (finish, usage) = end.unwrap();
        assert_eq!((text, finish), (whole.text, whole.finish));
        assert_eq!(usage.prompt_tokens, whole.usage.prompt_tokens);
        assert_eq!(usage.completion_tokens, whole.usage.completion_tokens);
        assert_eq!(
            usage.cached_tokens,
            usage.prompt_tokens - 1,
            "the second run reuses the first"
        );
    }
    assert_eq!(cx.usage().total().requests, 6);
}

#[tokio::test]
async fn an_answer_ends_at_its_most_tokens_and_at_a_stop_text() {
    let model = open(&File::tiny("llama")).await.unwrap();
    let cx = Context::new();
    let sampling = Sampling {
        temperature: Some(1.0),
        seed: Some(5),
        ..tokens(60)
    };
    let whole = model
        .complete(&cx, &prompt("Hi", sampling.clone()))
        .await
        .unwrap();
    assert!(whole.usage.completion_tokens <= 60);
    let middle: String = whole.text.chars().skip(5).take(2).collect();
    let sampling = Sampling {
        stop: vec![middle.clone()],
        ..sampling
    };
    let cut = model.complete(&cx, &prompt("Hi", sampling)).await.unwrap();
    assert_eq!(cut.finish, Finish::Stop);
    assert_eq!(cut.text, whole.text.split(&middle).next().unwrap());
    let one = model.complete(&cx, &prompt("Hi", tokens(1))).await.unwrap();
    assert_eq!(
        (one.finish, one.usage.completion_tokens),
        (Finish::Length, 1)
    );
}

#[tokio::test]
async fn what_does_not_fit_the_window_is_an_error_before_any_work() {
    let file = File::tiny("llama");
    let model = open(&file).await.unwrap();
    assert_eq!(model.limits().window, Window(512));
    let cx = Context::new();
    let long = prompt(&"x1 ".repeat(300), tokens(1));
    assert_eq!(
        model.complete(&cx, &long).await.unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    let much = prompt("Hi", tokens(500));
    assert_eq!(
        model.complete(&cx, &much).await.unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    let none = prompt("Hi", tokens(0));
    assert_eq!(
        model.complete(&cx, &none).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(cx.usage().total().requests, 0);
}

#[tokio::test]
async fn what_a_local_model_cannot_do_is_said() {
    let model = open(&File::tiny("llama")).await.unwrap();
    let cx = Context::new();
    let mut tools = Prompt::user("Hi");
    tools.tools.push(Tool {
        name: "t".into(),
        description: String::new(),
        parameters: serde_json::Value::Null,
    });
    assert_eq!(
        model.complete(&cx, &tools).await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[tokio::test]
async fn a_dropped_stream_stops_the_model_and_the_next_is_served() {
    let model = open(&File::tiny("llama")).await.unwrap();
    let cx = Context::new();
    let sampling = Sampling {
        temperature: Some(3.0),
        seed: Some(1),
        ..tokens(400)
    };
    let whole = model
        .complete(&cx, &prompt("Hi", sampling.clone()))
        .await
        .unwrap();
    for _ in 0..5 {
        let mut stream = model
            .stream(&cx, &prompt("Hi", sampling.clone()))
            .await
            .unwrap();
        let first = stream.next().await.unwrap().unwrap();
        assert!(matches!(first, Delta::Text(_)));
        drop(stream);
        let again = model
            .complete(&cx, &prompt("Hi", sampling.clone()))
            .await
            .unwrap();
        assert_eq!(again.text, whole.text);
    }
}

#[tokio::test]
async fn those_who_wait_get_their_answers_and_their_deadlines() {
    let model = open(&File::tiny("llama")).await.unwrap();
    let cx = Context::new();
    let sampling = Sampling {
        temperature: Some(2.0),
        seed: Some(9),
        ..tokens(300)
    };
    let long = model.stream(&cx, &prompt("Hi", sampling)).await.unwrap();
    let late = cx.clone().within(Duration::from_millis(1));
    let hasty = prompt("the", tokens(5));
    let timely = prompt("in", tokens(5));
    let (late, timely, long) = tokio::join!(
        model.complete(&late, &hasty),
        model.complete(&cx, &timely),
        long.collect::<Vec<_>>(),
    );
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(timely.is_ok());
    assert!(matches!(long.last(), Some(Ok(Delta::End { .. }))));
}

#[tokio::test]
async fn a_conversation_that_goes_on_is_not_read_again() {
    let model = open(&File::tiny("qwen2")).await.unwrap();
    let cx = Context::new();
    let mut turns = vec![Message::user(
        "the first question of two, long enough to be worth keeping",
    )];
    let ask = |turns: &[Message]| Prompt::new(turns).sampling(tokens(8));
    let first = model.complete(&cx, &ask(&turns)).await.unwrap();
    assert_eq!(first.usage.cached_tokens, 0);
    turns.push(Message::assistant(first.text));
    turns.push(Message::user("and the second"));
    let second = model.complete(&cx, &ask(&turns)).await.unwrap();
    assert!(
        second.usage.cached_tokens >= first.usage.prompt_tokens,
        "{:?}",
        second.usage
    );
}

#[tokio::test]
async fn an_error_names_the_file_or_the_model() {
    let missing = super::Gguf::open(&Context::new(), "no/such/model.gguf")
        .await
        .unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(
        missing.to_string().contains("no/such/model.gguf"),
        "{missing}"
    );
    let mut file = File::tiny("llama");
    file.tensors.pop();
    let lacking = open(&file).await.unwrap_err();
    assert!(
        lacking.to_string().contains("output_norm.weight"),
        "{lacking}"
    );
}
