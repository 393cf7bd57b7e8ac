//! The layout of a `tokenizer.json`, as far as word pieces need it.
//!
//! Its source is the serialisation of the tokenizers crate: every part is an object whose `type`
//! names it.

use gori_core::Result;
use serde::Deserialize;
use serde_json::Value;

use super::unreadable;

/// `model` of the type `WordPiece`.
#[derive(Debug, Deserialize)]
pub(super) struct Model {
    pub(super) vocab: std::collections::HashMap<String, u32>,
    pub(super) unk_token: String,
    pub(super) continuing_subword_prefix: String,
    pub(super) max_input_chars_per_word: usize,
}

/// `normalizer` of the type `BertNormalizer`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Normalizer {
    pub(super) clean_text: bool,
    pub(super) handle_chinese_chars: bool,
    /// Without a word, accents go where letters become small.
    pub(super) strip_accents: Option<bool>,
    pub(super) lowercase: bool,
}

/// Reads the file, whatever it describes.
pub(super) fn parse(bytes: &[u8]) -> Result<Value> {
    let file: Value = serde_json::from_slice(bytes).map_err(|e| unreadable().caused_by(e))?;
    match file.get("model") {
        Some(Value::Object(_)) => Ok(file),
        _ => Err(unreadable()),
    }
}

/// The `type` of a part.
pub(super) fn kind_of<'f>(file: &'f Value, part: &str) -> Option<&'f str> {
    file.get(part)?.get("type")?.as_str()
}

/// What the file describes, in a few words.
#[cfg(not(feature = "tokenizer-json"))]
pub(super) fn kind(file: &Value) -> String {
    let name = |part| kind_of(file, part).unwrap_or("none");
    format!(
        "a model {} with the normalizer {} and the pre-tokenizer {}",
        name("model"),
        name("normalizer"),
        name("pre_tokenizer")
    )
}

/// Whether every added token is a special one, which text never becomes.
pub(super) fn only_special(file: &Value) -> bool {
    let special = |token: &Value| token.get("special") == Some(&Value::Bool(true));
    match file.get("added_tokens") {
        Some(Value::Array(tokens)) => tokens.iter().all(special),
        _ => true,
    }
}

/// The ids before and after a text, where `post_processor` says nothing more than these.
pub(super) fn around(file: &Value) -> Option<(Vec<u32>, Vec<u32>)> {
    let part = file.get("post_processor").filter(|part| !part.is_null());
    let Some(part) = part else {
        return Some((Vec::new(), Vec::new()));
    };
    match kind_of(file, "post_processor")? {
        "BertProcessing" => {
            let id = |name| part.get(name)?.get(1)?.as_u64()?.try_into().ok();
            Some((vec![id("cls")?], vec![id("sep")?]))
        }
        "TemplateProcessing" => template(part),
        _ => None,
    }
}

/// The ids on both sides of the one sequence that the template for a single text has.
fn template(part: &Value) -> Option<(Vec<u32>, Vec<u32>)> {
    let mut sides = (Vec::new(), Vec::new());
    let mut texts = 0;
    for item in part.get("single")?.as_array()? {
        if item.get("Sequence").is_some() {
            texts += 1;
            continue;
        }
        let name = item.get("SpecialToken")?.get("id")?.as_str()?;
        let side = if texts == 0 {
            &mut sides.0
        } else {
            &mut sides.1
        };
        for id in part
            .get("special_tokens")?
            .get(name)?
            .get("ids")?
            .as_array()?
        {
            side.push(id.as_u64()?.try_into().ok()?);
        }
    }
    (texts == 1).then_some(sides)
}
