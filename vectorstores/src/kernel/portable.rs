//! Plain Rust, in a shape that compilers turn into whatever vectors there are.

use super::LANES;

pub(super) fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    let (a, _) = a.as_chunks::<LANES>();
    let (b, _) = b.as_chunks::<LANES>();
    let block = |(a, b): (&[i8; LANES], &[i8; LANES])| -> i32 {
        a.iter()
            .zip(b)
            .map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b)))
            .sum()
    };
    a.iter().zip(b).map(block).sum()
}
