//! What a chain gives that an `async fn` does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use gori_core::{Chain, ChainExt as _, Context, Error, Plan, Result, StreamChain, step};

/// Says a text word by word.
#[derive(Debug)]
struct Words;

impl Chain for Words {
    type Input = String;
    type Output = Vec<String>;
    async fn call(&self, cx: &Context, input: String) -> Result<Vec<String>> {
        let mut words = self.stream(cx, input).await?;
        let mut all = Vec::new();
        while let Some(word) = words.next().await {
            all.push(word?);
        }
        Ok(all)
    }
}

impl StreamChain for Words {
    type Item = String;
    async fn stream(
        &self,
        _cx: &Context,
        input: String,
    ) -> Result<BoxStream<'static, Result<String>>> {
        let words: Vec<_> = input
            .split(' ')
            .map(|word| match word {
                "bad" => Err(Error::invalid("a bad word")),
                word => Ok(word.to_owned()),
            })
            .collect();
        Ok(futures_util::stream::iter(words).boxed())
    }
}

fn upper() -> impl Chain<Input = String, Output = String> {
    step(async |_cx: Context, text: String| Ok(text.to_uppercase())).named("upper")
}

fn fail() -> impl Chain<Input = String, Output = String> {
    step(async |_cx: Context, text: String| match text.as_str() {
        "boom" => Err::<String, _>(Error::invalid("boom")),
        _ => Ok(text),
    })
    .named("fail")
}

#[tokio::test]
async fn links_feed_each_other() {
    let chain = upper()
        .map(|text| text.len())
        .step(async |_cx, n: usize| Ok(n + 1));
    assert_eq!(chain.call(&Context::new(), "abc".into()).await.unwrap(), 4);
}

#[tokio::test]
async fn an_error_tells_the_path_of_its_stage() {
    let chain = upper()
        .map(|_| "boom".to_owned())
        .then(fail())
        .named("outer")
        .boxed();
    let error = chain.call(&Context::new(), "x".into()).await.unwrap_err();
    assert_eq!(error.path().collect::<Vec<_>>(), ["outer", "fail"]);
    assert_eq!(error.to_string(), "outer > fail: invalid input: boom");
}

#[tokio::test]
async fn a_chain_streams_when_its_last_link_does() {
    let chain = upper().then(Words).named("words").boxed_stream();
    let mut stream = chain.stream(&Context::new(), "a b".into()).await.unwrap();
    let mut said = Vec::new();
    while let Some(word) = stream.next().await {
        said.push(word.unwrap());
    }
    assert_eq!(said, ["A", "B"]);
    assert_eq!(
        chain.call(&Context::new(), "a b".into()).await.unwrap(),
        said
    );
}

#[tokio::test]
async fn a_stream_names_its_stage_when_it_fails_in_the_middle() {
    let chain = Words.named("words");
    let stream = chain
        .stream(&Context::new(), "a bad b".into())
        .await
        .unwrap();
    let items: Vec<_> = stream.collect().await;
    assert_eq!(
        items[1].as_ref().unwrap_err().to_string(),
        "words: invalid input: a bad word"
    );
    assert!(
        items[2].is_ok(),
        "whether it ends there is the stream's own choice"
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_ordered_bounded_and_gives_one_result_an_item() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (r, m) = (running.clone(), most.clone());
    let chain = step(move |_cx: Context, n: u64| {
        let (running, most) = (r.clone(), m.clone());
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100 - n)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            if n == 7 {
                Err(Error::invalid("seven"))
            } else {
                Ok(n * 2)
            }
        }
    });
    let chain = chain.batch(NonZeroUsize::new(4).unwrap());
    let results = chain
        .call(&Context::new(), (0..20).collect())
        .await
        .unwrap();
    for (n, result) in (0..).zip(results) {
        match result {
            Ok(double) => assert_eq!(double, n * 2),
            Err(_) => assert_eq!(n, 7),
        }
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn joined_chains_wait_at_the_same_time_and_one_failure_drops_the_other() {
    let dropped = Arc::new(());
    let held = Arc::clone(&dropped);
    let slow = step(move |_cx: Context, ms: u64| {
        let held = Arc::clone(&held);
        async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            drop(held);
            Ok(ms)
        }
    });
    let quick = step(async |_cx: Context, ms: u64| {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        if ms > 50 {
            Err(Error::invalid("too long"))
        } else {
            Ok(())
        }
    });
    let both = slow.map(|ms| ms).join(quick);
    let start = tokio::time::Instant::now();
    both.call(&Context::new(), 40).await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 40);
    assert!(both.call(&Context::new(), 60).await.is_err());
    assert_eq!(
        Arc::strong_count(&dropped),
        2,
        "nothing of the call is left"
    );
}

#[tokio::test]
async fn a_branch_goes_one_way() {
    let chain = upper().branch(|text: &String| text.len() > 2, fail());
    let cx = Context::new();
    assert_eq!(chain.call(&cx, "abc".into()).await.unwrap(), "ABC");
    assert_eq!(chain.call(&cx, "ab".into()).await.unwrap(), "ab");
}

#[test]
fn a_plan_shows_every_stage() {
    let chain = upper()
        .join(fail())
        .named("both")
        .map(|(a, _)| a)
        .then(Words.named("words"));
    assert_eq!(
        chain.describe().to_string(),
        "both([upper & fail]) -> words"
    );
    let handle = upper().boxed();
    assert_eq!(handle.clone().describe(), Plan::stage("upper"));
}

#[test]
fn wrong_wiring_does_not_compile_and_says_why() {
    trybuild::TestCases::new().compile_fail("tests/wiring/*.rs");
}
