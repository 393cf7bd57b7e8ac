//! Files in SQuAD's layout (Rajpurkar et al. 2016): articles of paragraphs, each with questions
//! and the texts that answer them.

use gori::{Error, Metadata, Point, Result};
use serde::Deserialize;

#[derive(Deserialize)]
struct Squad {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
pub struct Paragraph {
    pub context: String,
    pub qas: Vec<Question>,
}

#[derive(Deserialize)]
pub struct Question {
    pub question: String,
    pub answers: Vec<Gold>,
}

#[derive(Deserialize)]
pub struct Gold {
    pub text: String,
}

/// Whether answers are judged, how passages are found, and the paragraphs of the file.
pub fn args() -> Result<(bool, crate::support::retriever::How, Vec<Paragraph>)> {
    let usage = "usage: eval [--answers] [--retriever hybrid|dense|lexical] FILE.json";
    let (mut answers, mut how, mut file) = (false, None, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--answers" => answers = true,
            "--retriever" => {
                let name = args.next().unwrap_or_default();
                how = Some(name.parse().map_err(|why: String| Error::invalid(why))?);
            }
            flag if flag.starts_with('-') => {
                return Err(Error::invalid(format!("there is no flag `{flag}`")).hint(usage));
            }
            _ => file = Some(arg),
        }
    }
    let file = file.ok_or_else(|| Error::invalid("no file was given").hint(usage))?;
    Ok((answers, how.unwrap_or_default(), read(&file)?))
}

fn read(file: &str) -> Result<Vec<Paragraph>> {
    let text = std::fs::read_to_string(file).map_err(|error| Error::io(file, error))?;
    let squad: Squad = serde_json::from_str(&text).map_err(|error| {
        let error = Error::invalid(error.to_string()).about(file);
        error.hint("it must have SQuAD's layout")
    })?;
    let articles = squad.data.into_iter();
    Ok(articles.flat_map(|article| article.paragraphs).collect())
}

/// Paragraphs as points, each with its place as its id.
pub fn points<'a>(texts: &[&str], rows: impl Iterator<Item = &'a [f32]>) -> Vec<Point> {
    let point = |(at, (text, row)): (usize, (&&str, &[f32]))| Point {
        id: at.to_string(),
        vector: row.to_vec(),
        text: (*text).to_owned(),
        metadata: Metadata::new(),
    };
    texts.iter().zip(rows).enumerate().map(point).collect()
}
