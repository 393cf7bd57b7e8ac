//! A chat server whose right answer to every question is known, and which often does not give
//! it.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Received, Reply, Step};

/// How often the server misbehaves, and from which seed.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// The share of requests, from 0 to 1.
    pub share: f64,
    /// Equal seeds give equal faults to the n-th request.
    pub seed: u64,
    /// How long it keeps clients waiting where it stalls.
    pub stall: Duration,
}

/// The right answer to a question: what a client may show, once and whole, or not at all.
pub fn answer_to(question: &str) -> String {
    let words = 5 + question.len() % 7;
    let number = question
        .bytes()
        .fold(7_u64, |sum, byte| sum.wrapping_mul(31) ^ u64::from(byte));
    (0..words)
        .map(|word| {
            format!(
                "{question}.{word}.{:x} 고리 ",
                number.rotate_left(word as u32)
            )
        })
        .collect()
}

/// Answers a chat completion: rightly, or in one of the ways that servers fail. Requests for
/// embeddings and models are answered rightly.
pub fn chat(received: &Received, faults: Faults) -> Reply {
    let request = received.json();
    let streamed = request["stream"] == json!(true);
    let question = request["messages"][0]["content"]
        .as_str()
        .unwrap_or_default();
    let answer = answer_to(question);
    let mut dice = Dice(faults.seed ^ (received.number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    if dice.below(10_000) as f64 >= faults.share * 10_000.0 {
        return if streamed {
            good_stream(&answer, &mut dice)
        } else {
            good(&answer)
        };
    }
    let key = received
        .headers
        .get("authorization")
        .cloned()
        .unwrap_or_default();
    before_the_answer(&mut dice, &key, faults.stall)
        .unwrap_or_else(|| in_the_answer(&mut dice, &answer, streamed, faults.stall))
}

fn good(answer: &str) -> Reply {
    Reply::json(&json!({
        "object": "chat.completion", "model": "hostile",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5},
    }))
}

fn data(json: &Json) -> Vec<u8> {
    format!("data: {json}\n\n").into_bytes()
}

fn piece(text: &str) -> Vec<u8> {
    data(&json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

/// The events of a right answer, as bytes.
fn events(answer: &str) -> Vec<u8> {
    let mut bytes = b": ok\r\n\r\n".to_vec();
    bytes.extend(answer.split_inclusive(' ').flat_map(piece));
    bytes.extend(data(
        &json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    ));
    bytes.extend(data(
        &json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}),
    ));
    bytes.extend(b"data: [DONE]\n\n");
    bytes
}

/// Cut into chunks at random bytes, in the middle of characters and lines.
fn chunks(bytes: &[u8], dice: &mut Dice) -> Reply {
    let mut reply = Reply::events();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((1 + dice.below(200)).min(rest.len()));
        reply = reply.chunk(chunk);
        rest = after;
    }
    reply
}

fn good_stream(answer: &str, dice: &mut Dice) -> Reply {
    chunks(&events(answer), dice).end()
}

/// Failures that come in the place of an answer; `None` for those that come inside one. The
/// key is sent back, since servers do that.
fn before_the_answer(dice: &mut Dice, key: &str, stall: Duration) -> Option<Reply> {
    let json_error =
        |message: &str| json!({"error": {"message": message, "type": "server_error"}}).to_string();
    let reply = match dice.below(20) {
        0 => Reply::default().then(Step::Close),
        1 => Reply::default().then(Step::Reset),
        2 => Reply::default().wait(stall).then(Step::Close),
        3 => Reply::raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n").then(Step::Close),
        4 => Reply::raw("HTTP/9.9 banana\r\n\r\n").then(Step::Close),
        5 => Reply::with_headers(429, &[("retry-after", "0.01")], ""),
        6 => Reply::with_headers(
            429,
            &[("retry-after-ms", "10")],
            "<html><title>Slow down</title></html>",
        ),
        7 => Reply::with_headers(429, &[("retry-after", "86400")], &json_error("tomorrow")),
        8 => Reply::with_headers(429, &[("retry-after", "soon")], &json_error("soon")),
        9 => Reply::whole(503, "text/html", "<html><title>503</title></html>"),
        10 => Reply::whole(
            500,
            "application/json",
            &json_error(&format!("crashed with {key}")),
        ),
        11 => Reply::whole(200, "text/html", "<!doctype html><title>Log in</title>"),
        12 => Reply::whole(200, "application/json", &json_error(&format!("no, {key}"))),
        13 => Reply::whole(200, "application/json", "{\"choices\": ["),
        14 => Reply::whole(200, "application/json", ""),
        15 => Reply::with_headers(302, &[("location", "http://127.0.0.1:1/")], ""),
        _ => return None,
    };
    Some(reply)
}

/// Failures in the middle of an answer.
fn in_the_answer(dice: &mut Dice, answer: &str, streamed: bool, stall: Duration) -> Reply {
    if !streamed {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len() + 900
        );
        let half = Reply::raw(head).then(Step::Send(
            b"{\"choices\":[{\"message\":{\"content\":\"so".to_vec(),
        ));
        return match dice.below(3) {
            0 => half.then(Step::Close),
            1 => half.then(Step::Reset),
            _ => half.wait(stall).then(Step::Close),
        };
    }
    let bytes = events(answer);
    let cut = bytes.len() / 4 + dice.below(bytes.len() / 4);
    let half = chunks(&bytes[..cut], dice);
    match dice.below(8) {
        0 => half.then(Step::Close),
        1 => half.then(Step::Reset),
        2 => half.end(),
        3 => half.wait(stall).then(Step::Close),
        4 => half
            .chunk(b"\n\nevent: error\ndata: {\"message\": \"broken\"}\n\n")
            .end(),
        5 => half
            .chunk(b"\n\ndata: {\"error\": {\"message\": \"overloaded\", \"code\": 503}}\n\n")
            .end(),
        6 => half.chunk(b"\n\ndata: {\"choices\": [}\n\n").end(),
        _ => half.chunk(&vec![b'x'; 3 << 20]).end(),
    }
}

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % bound
    }
}
