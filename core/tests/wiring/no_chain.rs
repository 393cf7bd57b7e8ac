use gori_core::{ChainExt as _, Context, step};

struct Database;

fn main() {
    let first = step(async |_cx: Context, text: String| Ok(text));
    let _ = first.then(Database);
}
