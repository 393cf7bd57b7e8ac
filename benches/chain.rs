//! What a link costs: nanoseconds a static link and a boxed one.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints figures"
)]
#![allow(clippy::indexing_slicing, clippy::cast_precision_loss)]

use std::time::Instant;

use gori::{BoxChain, Chain, ChainExt as _, Context, step};

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let Ok(runtime) = runtime else {
        return eprintln!("no runtime");
    };
    let one = || step(async |_cx: Context, n: u64| Ok(std::hint::black_box(n) + 1));
    let links = 8;
    let bare = one();
    let chain = one()
        .then(one())
        .then(one())
        .then(one())
        .then(one())
        .then(one())
        .then(one())
        .then(one());
    let boxed = (1..links).fold(one().boxed(), |chain: BoxChain<u64, u64>, _| {
        chain.then(one().boxed()).boxed()
    });
    let named = one().named("a");
    runtime.block_on(async {
        let bare = time(&bare).await;
        let chain = time(&chain).await;
        let boxed = time(&boxed).await;
        let named = time(&named).await;
        println!("chain/function         {bare:7.1} ns  (an async closure, called as a link)");
        println!(
            "chain/static link      {:7.1} ns",
            (chain - bare) / f64::from(links - 1)
        );
        println!("chain/boxed link       {:7.1} ns", boxed / f64::from(links));
        println!(
            "chain/named link       {:7.1} ns  (with its span, which nobody collects)",
            named - bare
        );
    });
}

/// The median of 15 rounds, in nanoseconds a call.
async fn time(chain: &impl Chain<Input = u64, Output = u64>) -> f64 {
    const CALLS: u32 = 100_000;
    let cx = Context::new();
    let mut rounds = Vec::new();
    for _ in 0..15 {
        let start = Instant::now();
        for n in 0..u64::from(CALLS) {
            let _ = std::hint::black_box(chain.call(&cx, n).await);
        }
        rounds.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}
