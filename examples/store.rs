//! A local store filled, asked with a filter, killed while it writes, and opened again.
//!
//! `cargo run --release --example store`
//!
//! The points are colours, and near is what looks alike, so that no model is needed.
#![allow(clippy::print_stdout, reason = "it talks to a person")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use gori::vectorstores::{LocalStore, Options};
use gori::{Filter, Point, Search, VectorStore as _};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn colour(name: &str, family: &str, rgb: [u8; 3]) -> Point {
    Point {
        id: name.to_owned(),
        vector: rgb.map(|part| f32::from(part) + 1.0).to_vec(),
        text: format!("{name} is {rgb:?}"),
        metadata: [("family".to_owned(), family.into())].into(),
    }
}

fn open(dir: &Path) -> Result<LocalStore> {
    // The name of what made the vectors is kept: opening the store for others is an error.
    let options = Options::new(3).embedder("rgb");
    Ok(LocalStore::create_or_open(dir, options)?)
}

#[tokio::main]
async fn main() -> Result<()> {
    if let Some(dir) = std::env::args().nth(1) {
        return write_until_killed(Path::new(&dir)).await;
    }
    let home = tempfile::tempdir()?;
    let store = open(home.path())?;
    let crimson = colour("crimson", "red", [220, 20, 60]);
    let salmon = colour("salmon", "red", [250, 128, 114]);
    let coral = colour("coral", "orange", [255, 127, 80]);
    store.upsert(&[crimson, salmon, coral]).await?;
    let (tomato, reds) = ([255.0, 99.0, 71.0], Filter::eq("family", "red"));
    for hit in store.search(&Search::new(&tomato, 2).filter(&reds)).await? {
        println!(
            "like tomato among the reds: {} ({:.3})",
            hit.text, hit.score
        );
    }
    drop(store);

    // A process that writes is killed in the middle of it.
    let mut child = Command::new(std::env::current_exe()?)
        .arg(home.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let told = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let last = told.take(25).last().ok_or("it wrote nothing")??;
    child.kill()?;
    child.wait()?;

    let store = open(home.path())?;
    println!("killed after it acknowledged {last}: {:?}", store.report());
    let there = store.get(&["crimson", &last]).await?;
    let ids: Vec<&str> = there.iter().map(|point| point.id.as_str()).collect();
    println!("still there: {ids:?}");
    assert_eq!(ids.len(), 2, "what was acknowledged is kept");
    Ok(())
}

async fn write_until_killed(dir: &Path) -> Result<()> {
    let store = open(dir)?;
    for (i, grey) in (0_u8..=255).cycle().enumerate() {
        let name = format!("grey {i}");
        store.upsert(&[colour(&name, "grey", [grey; 3])]).await?;
        writeln!(std::io::stdout(), "{name}")?;
    }
    Ok(())
}
