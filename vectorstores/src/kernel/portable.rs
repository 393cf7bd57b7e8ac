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

/// Numbers that are added up side by side.
const SIDE: usize = 16;

/// See [`Kernel::dot_fine`](super::Kernel); compiled once for each set of instructions.
#[inline(always)]
pub(super) fn dot_fine(query: &[f32], codes: &[i8], fine: &[u8]) -> f32 {
    let halves = codes
        .split_at_checked(fine.len())
        .zip(query.split_at_checked(fine.len()));
    let Some(((low, high), (low_query, high_query))) = halves else {
        return 0.0;
    };
    let mut sums = [0.0; SIDE];
    let low = low.as_chunks::<SIDE>().0.iter();
    let high = high.as_chunks::<SIDE>().0.iter();
    let queries = low_query.as_chunks::<SIDE>().0.iter();
    let queries = queries.zip(high_query.as_chunks::<SIDE>().0);
    let fine = fine.as_chunks::<SIDE>().0.iter();
    for ((low, high), (fine, (low_query, high_query))) in low.zip(high).zip(fine.zip(queries)) {
        let codes = low.iter().zip(high).zip(fine);
        let queries = low_query.iter().zip(high_query);
        for ((sum, ((low, high), fine)), (q, r)) in sums.iter_mut().zip(codes).zip(queries) {
            let low = i16::from(*low) * 16 + i16::from(*fine & 15);
            let high = i16::from(*high) * 16 + i16::from(*fine >> 4);
            *sum += f32::from(low) * q + f32::from(high) * r;
        }
    }
    sums.iter().sum()
}
