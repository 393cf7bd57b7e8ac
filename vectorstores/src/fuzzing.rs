//! For `vectorstores/fuzz` alone: what is read from files, without the checksums that keep a
//! fuzzer out.

use gori_core::Filter;

use crate::local::codec::Put;
use crate::local::fields::Fields;
use crate::local::graph::Upper;
use crate::local::record::{HEADER, Header};

/// Reads bytes as each of the things that a file can hold.
pub fn decode(bytes: &[u8]) {
    for dims in [0, 3] {
        if let Some(put) = Put::decode(bytes, dims)
            && let Some(point) = put.point()
        {
            let mut again = Vec::new();
            let written = Put::encode(&point, &mut again);
            assert!(written.is_err() || Put::decode(&again, dims).is_some());
        }
    }
    if let Some(head) = bytes.first_chunk::<HEADER>() {
        let _ = Header::decode(head, 0);
    }
    let _ = Upper::read(bytes, 100);
    if let Some(fields) = Fields::read(bytes) {
        let filter = Filter::eq("n", 1)
            .or(Filter::contains("n", "a"))
            .and(Filter::exists("x").not());
        let _ = fields.select(bytes, &filter, 100);
    }
}
