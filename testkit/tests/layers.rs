//! The decorators: what each promises, and that each is as lawful as what it wraps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use gori_core::layer::{Cache, Fallback, MemoryCache, Rates, Retry, RetryPolicy};
use gori_core::{
    Chain as _, Context, Delta, Embedder, Error, ErrorKind, LayerExt as _, Llm, Prompt, Role, step,
};
use gori_testkit::{Faulty, HashEmbedder, ScriptedLlm, conformance};
use tokio::time::Instant;

fn busy() -> Error {
    Error::new(ErrorKind::Unavailable, "overloaded")
}

fn cache() -> MemoryCache {
    MemoryCache::new(NonZeroUsize::new(1 << 20).unwrap())
}

#[tokio::test]
async fn every_decorated_embedder_keeps_the_laws() {
    let bare = || HashEmbedder::new(16);
    let rates = Rates::new().concurrency(NonZeroU32::MIN);
    let all: Vec<(&str, Arc<dyn Embedder>)> = vec![
        ("bare", Arc::new(bare())),
        ("retry", Arc::new(bare().retry(2))),
        ("timeout", Arc::new(bare().timeout(Duration::from_secs(9)))),
        ("limit", Arc::new(bare().limit(rates))),
        ("traced", Arc::new(bare().traced())),
        ("cache", Arc::new(Cache::new(bare(), cache()))),
        (
            "fallback",
            Arc::new(Fallback::embedders(bare(), bare()).unwrap()),
        ),
        ("faulty", Arc::new(Faulty::new(bare(), []))),
    ];
    for (name, embedder) in all {
        println!("{name}");
        conformance::embedder::check(&embedder, 1e-6).await;
    }
}

const SAYS: &str = "A wall keeps the wind out, and a window lets the light of the morning in.";

#[tokio::test]
async fn every_decorated_llm_keeps_the_laws() {
    let bare = || ScriptedLlm::new(vec![SAYS; 40]);
    let rates = Rates::new().concurrency(NonZeroU32::MIN);
    let all: Vec<(&str, Arc<dyn Llm>)> = vec![
        ("bare", Arc::new(bare())),
        ("boxed", Arc::new(Box::new(bare()) as Box<dyn Llm>)),
        ("retry", Arc::new(bare().retry(2))),
        ("timeout", Arc::new(bare().timeout(Duration::from_secs(9)))),
        ("limit", Arc::new(bare().limit(rates))),
        ("traced", Arc::new(bare().traced())),
        ("cache", Arc::new(Cache::new(bare(), cache()))),
        ("fallback", Arc::new(Fallback::new(bare(), bare()))),
        ("faulty", Arc::new(Faulty::new(bare(), []))),
    ];
    let prompts = [Prompt::user("one"), Prompt::user("two")];
    for (name, llm) in all {
        let tried = conformance::llm::check(&llm, &prompts).await;
        let again = conformance::llm::check_repeatable(&llm, &prompts).await;
        conformance::llm::check_bounds(&llm, &prompts[0]).await;
        println!("{name}: {tried:?}, {again:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_asks_again_only_for_what_may_pass() {
    let llm = Faulty::new(ScriptedLlm::new(["yes"]), [Some(busy()), Some(busy())]);
    let answer = llm
        .clone()
        .retry(3)
        .complete(&Context::new(), &Prompt::user("?"))
        .await;
    assert_eq!((answer.unwrap().text.as_str(), llm.calls()), ("yes", 3));

    let llm = Faulty::new(ScriptedLlm::new(["yes"]), [Some(Error::invalid("bad"))]);
    let answer = llm
        .clone()
        .retry(3)
        .complete(&Context::new(), &Prompt::user("?"))
        .await;
    assert_eq!(
        (answer.unwrap_err().kind(), llm.calls()),
        (ErrorKind::InvalidInput, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn retry_waits_as_long_as_it_was_asked_to() {
    let wait = Duration::from_secs(7);
    let plan = || [Some(busy().with_retry_after(wait))];
    let llm = Faulty::new(ScriptedLlm::new(["yes"]), plan()).retry(2);
    let start = Instant::now();
    llm.complete(&Context::new(), &Prompt::user("?"))
        .await
        .unwrap();
    assert_eq!(start.elapsed().as_secs(), 7);

    let llm = Faulty::new(ScriptedLlm::new(["yes"]), plan());
    let cx = Context::new().within(Duration::from_secs(5));
    let error = llm
        .clone()
        .retry(2)
        .complete(&cx, &Prompt::user("?"))
        .await
        .unwrap_err();
    assert_eq!(
        error.retry_after(),
        Some(wait),
        "fails at once and hands the wait on"
    );
    assert_eq!(llm.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_retries_add_at_most_a_tenth() {
    let policy = RetryPolicy::attempts(4).budget(10);
    let llm = Faulty::new(ScriptedLlm::new([""; 0]), (0..1000).map(|_| Some(busy())));
    let retrying = Retry::new(llm.clone(), policy);
    for _ in 0..100 {
        retrying
            .complete(&Context::new(), &Prompt::user("?"))
            .await
            .unwrap_err();
    }
    assert_eq!(llm.calls(), 110, "100 requests and a budget of 10");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_retried_before_its_first_piece_and_never_after() {
    let llm = Faulty::new(ScriptedLlm::new(["a b"]), [Some(busy())]);
    let stream = llm
        .clone()
        .retry(2)
        .stream(&Context::new(), &Prompt::user("?"))
        .await
        .unwrap();
    let texts: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(texts.len(), 3, "two words and the end: {texts:?}");
    assert_eq!(llm.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_the_call_and_drops_it() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let slow = step(move |_cx: Context, (): ()| {
        let held = Arc::clone(&held);
        async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(held);
            Ok(())
        }
    });
    let slow = slow.timeout(Duration::from_secs(1));
    let error = slow.call(&Context::new(), ()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        Arc::strong_count(&alive),
        2,
        "the call's own handle is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_stream_runs_until_its_last_piece() {
    #[derive(Debug)]
    struct Dripping;
    #[async_trait::async_trait]
    impl Llm for Dripping {
        fn id(&self) -> &str {
            "dripping"
        }
        fn limits(&self) -> gori_core::Limits {
            gori_core::Limits {
                window: gori_core::Window(9),
                output: None,
            }
        }
        async fn complete(
            &self,
            _cx: &Context,
            _prompt: &Prompt,
        ) -> gori_core::Result<gori_core::Completion> {
            Err(busy())
        }
        async fn stream(
            &self,
            _cx: &Context,
            _prompt: &Prompt,
        ) -> gori_core::Result<futures_core::stream::BoxStream<'static, gori_core::Result<Delta>>>
        {
            Ok(futures_util::stream::repeat(())
                .then(|()| async {
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    Ok(Delta::Text("x".into()))
                })
                .boxed())
        }
    }
    let llm = Dripping.timeout(Duration::from_secs(1));
    let stream = llm
        .stream(&Context::new(), &Prompt::user("?"))
        .await
        .unwrap();
    let items: Vec<_> = stream.collect().await;
    assert_eq!(items.len(), 3, "two pieces and the error");
    assert_eq!(items[2].as_ref().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn limit_lets_so_many_through_and_no_more() {
    let running = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let most = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (r, m) = (running.clone(), most.clone());
    let chain = step(move |_cx: Context, (): ()| {
        let (running, most) = (r.clone(), m.clone());
        async move {
            use std::sync::atomic::Ordering::SeqCst;
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            running.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    let rates = Rates::new()
        .concurrency(NonZeroU32::new(3).unwrap())
        .requests_a_minute(NonZeroU32::new(60).unwrap());
    let chain = chain.limit(rates);
    let start = Instant::now();
    let cx = Context::new();
    futures_util::future::join_all((0..90).map(|_| chain.call(&cx, ()))).await;
    assert_eq!(most.load(std::sync::atomic::Ordering::SeqCst), 3);
    assert_eq!(
        start.elapsed().as_secs(),
        30,
        "60 at once, the other 30 one a second"
    );
}

#[tokio::test]
async fn a_dropped_call_gives_its_place_back() {
    let never = step(|_cx: Context, (): ()| std::future::pending());
    let never: gori_core::layer::Limit<_> = gori_core::ChainExt::map(never, |(): ()| ())
        .limit(Rates::new().concurrency(NonZeroU32::MIN));
    let cx = Context::new();
    for _ in 0..3 {
        let call = never.call(&cx, ());
        assert!(
            tokio::time::timeout(Duration::from_millis(5), call)
                .await
                .is_err()
        );
    }
    let llm = ScriptedLlm::new(["a b c", "d"]).limit(Rates::new().concurrency(NonZeroU32::MIN));
    let stream = llm.stream(&cx, &Prompt::user("?")).await.unwrap();
    let prompt = Prompt::user("?");
    let waiting = llm.complete(&cx, &prompt);
    assert!(
        tokio::time::timeout(Duration::from_millis(5), waiting)
            .await
            .is_err(),
        "one place"
    );
    drop(stream);
    assert_eq!(
        llm.complete(&cx, &Prompt::user("?")).await.unwrap().text,
        "d"
    );
}

#[tokio::test]
async fn a_remembered_answer_costs_nothing() {
    let llm = ScriptedLlm::new(["first", "second"]);
    let cached = Cache::new(llm.clone(), cache());
    let cx = Context::new();
    let first = cached.complete(&cx, &Prompt::user("q")).await.unwrap();
    let again = cached.complete(&cx, &Prompt::user("q")).await.unwrap();
    let other = cached.complete(&cx, &Prompt::user("r")).await.unwrap();
    assert_eq!(
        [first.text, again.text, other.text],
        ["first", "first", "second"]
    );
    assert_eq!(again.usage, gori_core::Usage::default());
    assert_eq!(llm.prompts().len(), 2);
}

#[tokio::test]
async fn only_texts_that_are_not_remembered_are_embedded() {
    let cached = Cache::new(HashEmbedder::new(8), cache());
    let cx = Context::new();
    cached
        .embed(&cx, &["a", "b"], Role::Document)
        .await
        .unwrap();
    let rows = cached
        .embed(&cx, &["b", "c", "a"], Role::Document)
        .await
        .unwrap();
    assert_eq!(cx.usage().embedded_texts(), 3, "a, b, then c alone");
    assert_eq!(rows.row(1).unwrap(), HashEmbedder::new(8).vector("c"));
}

#[tokio::test]
async fn a_cache_forgets_what_was_used_longest_ago() {
    use gori_core::layer::CacheStore as _;
    let cache = MemoryCache::new(NonZeroUsize::new(30).unwrap());
    for key in ["a", "b", "c"] {
        cache.put(key, &[0; 9]).await.unwrap();
    }
    cache.get("a").await.unwrap();
    cache.put("d", &[0; 9]).await.unwrap();
    cache.put("huge", &[0; 99]).await.unwrap();
    let mut kept = Vec::new();
    for key in ["a", "b", "c", "d", "huge"] {
        kept.extend(cache.get(key).await.unwrap().map(|_| key));
    }
    assert_eq!(kept, ["a", "c", "d"]);
}

#[tokio::test]
async fn fallback_does_not_pass_on_a_request_that_is_at_fault() {
    let second = ScriptedLlm::new(["second"]);
    let cx = Context::new();
    for (error, asked) in [(Error::invalid("bad"), 0), (busy(), 1)] {
        let first = Faulty::new(ScriptedLlm::new([""; 0]), [Some(error)]);
        let both = Fallback::new(first, second.clone());
        let _ = both.complete(&cx, &Prompt::user("?")).await;
        assert_eq!(second.prompts().len(), asked);
    }
}

#[test]
fn vectors_of_two_models_are_not_mixed() {
    let mixed = Fallback::embedders(HashEmbedder::new(8), HashEmbedder::new(9));
    assert_eq!(mixed.unwrap_err().kind(), ErrorKind::Config);
}
