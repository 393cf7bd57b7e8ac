//! Files that are cut, flipped or lie about their sizes.

use std::io::Cursor;

use gori_core::{ErrorKind, Result, Stop};

use super::file::{Gguf, Meta, Random};
use crate::gguf::header::Header;
use crate::gguf::model::Model;
use crate::gguf::template::Template;
use crate::gguf::vocabulary::Vocabulary;

/// All that opening a file does but starting its thread.
fn load(bytes: &[u8]) -> Result<()> {
    let mut file = Cursor::new(bytes);
    let header = Header::read(&mut file, bytes.len() as u64)?;
    let vocabulary = Vocabulary::of(&header)?;
    Template::of(&header, &vocabulary)?;
    Model::load(&mut file, &header, &Stop::new())?;
    Ok(())
}

fn kind(bytes: &[u8]) -> Option<ErrorKind> {
    load(bytes).err().map(|error| error.kind())
}

#[test]
fn a_flipped_bit_of_the_header_is_an_error_or_does_not_matter() {
    let (bytes, header) = Gguf::tiny("llama").written();
    let mut random = Random(3);
    let (mut errors, mut tried) = (0, 0);
    for at in 0..header {
        // The vocabulary is most of the header and all alike.
        if at > 1200 && at < header - 2500 && at % 16 != 0 {
            continue;
        }
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (random.next() % 8);
        tried += 1;
        match kind(&flipped) {
            Some(ErrorKind::Corrupt | ErrorKind::Unsupported) => errors += 1,
            None => {}
            Some(other) => panic!("byte {at}: {other:?}"),
        }
    }
    println!("{tried} bytes flipped, {errors} errors, the others only changed a text or a number");
    assert!(errors > tried / 2, "{errors} of {tried}");
}

#[test]
fn a_file_that_was_cut_anywhere_is_an_error() {
    let (bytes, header) = Gguf::tiny("qwen2").written();
    assert_eq!(kind(&bytes), None);
    let mut tried = 0;
    for length in (0..header)
        .step_by(7)
        .chain((header..bytes.len()).step_by(997))
        .chain([bytes.len() - 1])
    {
        assert_eq!(
            kind(&bytes[..length]),
            Some(ErrorKind::Corrupt),
            "{length} bytes"
        );
        tried += 1;
    }
    println!("{tried} lengths tried");
}

#[test]
fn counts_and_sizes_that_cannot_be_allocate_nothing() {
    let huge = [1_u64 << 32, 1 << 48, 1 << 60, u64::MAX];
    let bytes = Gguf::tiny("llama").bytes();
    for count in huge {
        for at in [8, 16, 24] {
            // The counts of tensors and of entries, and the length of the first key.
            let mut lying = bytes.clone();
            lying[at..at + 8].copy_from_slice(&count.to_le_bytes());
            assert_eq!(kind(&lying), Some(ErrorKind::Corrupt), "{count} at {at}");
        }
        let mut large = Gguf::tiny("llama");
        large.tensors[1].sizes = vec![64, count];
        assert_eq!(
            kind(&large.bytes()),
            Some(ErrorKind::Corrupt),
            "{count} rows"
        );
        large.tensors[1].sizes = vec![count, 64, 64, 64];
        assert_eq!(
            kind(&large.bytes()),
            Some(ErrorKind::Corrupt),
            "{count} columns"
        );
        for size in [
            "block_count",
            "embedding_length",
            "feed_forward_length",
            "attention.head_count",
            "context_length",
        ] {
            let large = Gguf::tiny("llama").set(&format!("llama.{size}"), Meta::U64(count));
            assert_eq!(
                kind(&large.bytes()),
                Some(ErrorKind::Corrupt),
                "{size} {count}"
            );
        }
    }
}

/// A small file could ask for any amount of memory.
#[test]
fn tensors_that_lie_on_each_other_are_an_error() {
    let (bytes, header) = Gguf::tiny("llama").written();
    let second = b"blk.0.attn_q.weight";
    let at = bytes[..header]
        .windows(second.len())
        .position(|window| window == second)
        .unwrap();
    // Behind the name: the number of sizes, two of them, the type, the offset.
    let offset = at + second.len() + 4 + 16 + 4;
    let mut moved = bytes.clone();
    moved[offset..offset + 8].copy_from_slice(&0_u64.to_le_bytes());
    assert_eq!(kind(&moved), None, "one alone is not more than the file");
    let mut many = Gguf::tiny("llama");
    for n in 0..100 {
        let mut again = many.tensors[0].clone();
        again.name = format!("more.{n}");
        again.data.clear();
        many.tensors.push(again);
    }
    assert_eq!(kind(&many.bytes()), Some(ErrorKind::Corrupt));
}

#[test]
fn arrays_that_claim_more_than_the_file_has_are_an_error() {
    let (bytes, header) = Gguf::tiny("llama").written();
    let tag = b"tokenizer.ggml.tokens";
    let at = bytes[..header]
        .windows(tag.len())
        .position(|window| window == tag)
        .unwrap();
    let count = at + tag.len() + 8;
    for claim in [1_u64 << 20, 1 << 60, u64::MAX] {
        let mut lying = bytes.clone();
        lying[count..count + 8].copy_from_slice(&claim.to_le_bytes());
        assert_eq!(kind(&lying), Some(ErrorKind::Corrupt), "{claim}");
    }
}

#[test]
fn what_is_no_gguf_file_is_named_so() {
    for bytes in [&b""[..], b"GGU", b"PK\x03\x04 and more", &[0; 4096]] {
        let error = load(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }
    let mut old = Gguf::tiny("llama").bytes();
    old[4] = 1;
    assert_eq!(kind(&old), Some(ErrorKind::Unsupported));
}

#[test]
fn another_kind_of_model_is_named_and_not_guessed_at() {
    for (key, value) in [
        ("general.architecture", "mamba"),
        ("tokenizer.ggml.model", "llama"),
        ("tokenizer.ggml.pre", "tekken"),
        ("tokenizer.chat_template", "{% for %}"),
    ] {
        let file = Gguf::tiny("llama").set(key, Meta::Text(value.to_owned()));
        let error = load(&file.bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{key}: {error}");
    }
    let mut exotic = Gguf::tiny("llama");
    exotic.tensors[0].kind = 16;
    let error = load(&exotic.bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.subject(), Some("token_embd.weight"));
}

#[test]
fn a_tensor_that_lacks_or_has_another_shape_is_named() {
    let mut without = Gguf::tiny("llama");
    without
        .tensors
        .retain(|tensor| tensor.name != "blk.1.ffn_up.weight");
    let error = load(&without.bytes()).unwrap_err();
    assert_eq!(
        (error.kind(), error.subject()),
        (ErrorKind::Corrupt, Some("blk.1.ffn_up.weight"))
    );
    let mut turned = Gguf::tiny("llama");
    let tensor = turned
        .tensors
        .iter_mut()
        .find(|t| t.name == "blk.0.ffn_up.weight")
        .unwrap();
    tensor.sizes.reverse();
    let error = load(&turned.bytes()).unwrap_err();
    assert_eq!(
        (error.kind(), error.subject()),
        (ErrorKind::Corrupt, Some("blk.0.ffn_up.weight"))
    );
}
