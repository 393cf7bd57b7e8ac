//! Fuzz targets, one a format: `cargo +nightly fuzz run html` in `loaders/`.
//!
//! Everything is parsed in this process, without the fences of a worker, so that the fuzzer
//! sees what a worker would die of. The limits are small enough to make each run quick.

use std::time::Duration;

use gori_loaders::{Blob, Isolation, Limits, Reader};

/// Reads bytes under a name. A result and an error are both fine; a panic, an abort, a hang
/// and a text above its limit are not.
pub fn read(name: &str, data: &[u8]) {
    let limits = Limits {
        text_bytes: 4 << 20,
        time: Duration::from_secs(5),
        unpacked_bytes: 16 << 20,
        ..Limits::default()
    };
    let most = limits.text_bytes as usize;
    let reader = Reader::new().isolation(Isolation::in_process()).limits(limits);
    if let Ok(documents) = reader.documents(Blob::new(name, data)) {
        let text: usize = documents.iter().map(|document| document.text.len()).sum();
        assert!(text <= most, "{text} bytes of text");
    }
}
