use gori_core::{ChainExt as _, Context, StreamChain, step};

fn stream<C: StreamChain>(_: C) {}

fn main() {
    stream(step(async |_cx: Context, text: String| Ok(text)).map(|text| text.len()));
}
