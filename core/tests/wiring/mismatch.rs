use gori_core::{ChainExt as _, Context, step};

fn main() {
    let count = step(async |_cx: Context, text: String| Ok(text.len()));
    let shout = step(async |_cx: Context, text: String| Ok(text.to_uppercase()));
    let _ = count.then(shout);
}
