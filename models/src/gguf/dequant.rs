//! The formats in which GGUF keeps numbers, and how they become `f32`.
//!
//! The block layouts are those of ggml (`ggml-common.h`, `ggml-quants.c`): a block of 32 or
//! 256 numbers has one or two half-precision scales and small integers.

use gori_core::{Error, ErrorKind, Result};

/// How a tensor's numbers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

impl Format {
    /// The format of ggml's number for it.
    pub(super) fn of(number: u32) -> Result<Self> {
        Ok(match number {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            12 => Self::Q4K,
            13 => Self::Q5K,
            14 => Self::Q6K,
            30 => Self::Bf16,
            _ => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("tensors of ggml type {number} are not supported"),
                )
                .hint("take the model in F16, Q8_0, Q6_K, Q5_K, Q4_K, Q5_0, Q5_1, Q4_0 or Q4_1"));
            }
        })
    }

    /// Numbers and bytes of a block.
    const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// The bytes of a row of so many numbers, if there can be one.
    pub(super) fn bytes(self, numbers: u64) -> Option<u64> {
        let (block, bytes) = self.block();
        if !numbers.is_multiple_of(block as u64) {
            return None;
        }
        (numbers / block as u64).checked_mul(bytes as u64)
    }

    /// Turns the bytes of whole blocks into numbers.
    pub(super) fn decode(self, bytes: &[u8], numbers: &mut [f32]) {
        let (block, size) = self.block();
        for (from, to) in bytes
            .chunks_exact(size)
            .zip(numbers.chunks_exact_mut(block))
        {
            self.decode_block(from, to);
        }
    }

    fn decode_block(self, from: &[u8], to: &mut [f32]) {
        match self {
            Self::F32 => fill(
                to,
                from.as_chunks()
                    .0
                    .iter()
                    .map(|four| f32::from_le_bytes(*four)),
            ),
            Self::F16 => fill(to, [half(from, 0)]),
            Self::Bf16 => fill(to, [f32::from_bits(u32::from(word(from, 0)) << 16)]),
            Self::Q8_0 => {
                let scale = half(from, 0);
                fill(
                    to,
                    tail(from, 2).iter().map(|q| f32::from(*q as i8) * scale),
                );
            }
            Self::Q4_0 => {
                let scale = half(from, 0);
                fill(
                    to,
                    nibbles(tail(from, 2)).map(|q| (f32::from(q) - 8.0) * scale),
                );
            }
            Self::Q4_1 => {
                let (scale, least) = (half(from, 0), half(from, 2));
                fill(
                    to,
                    nibbles(tail(from, 4)).map(|q| f32::from(q) * scale + least),
                );
            }
            Self::Q5_0 => {
                let scale = half(from, 0);
                fill(to, fives(from, 2).map(|q| (f32::from(q) - 16.0) * scale));
            }
            Self::Q5_1 => {
                let (scale, least) = (half(from, 0), half(from, 2));
                fill(to, fives(from, 4).map(|q| f32::from(q) * scale + least));
            }
            Self::Q4K => four_k(from, to),
            Self::Q5K => five_k(from, to),
            Self::Q6K => six_k(from, to),
        }
    }
}

fn fill(to: &mut [f32], from: impl IntoIterator<Item = f32>) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from;
    }
}

fn tail(from: &[u8], at: usize) -> &[u8] {
    from.get(at..).unwrap_or_default()
}

fn part(from: &[u8], at: usize, length: usize) -> &[u8] {
    from.get(at..at + length).unwrap_or_default()
}

fn byte(from: &[u8], at: usize) -> u8 {
    from.get(at).copied().unwrap_or_default()
}

fn word(from: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([byte(from, at), byte(from, at + 1)])
}

/// A half-precision number (IEEE 754 binary16).
fn half(from: &[u8], at: usize) -> f32 {
    let bits = u32::from(word(from, at));
    let sign = (bits & 0x8000) << 16;
    let (exponent, fraction) = (bits >> 10 & 0x1F, bits & 0x3FF);
    match exponent {
        // 2^-24, the step of the numbers without a leading one.
        0 => f32::from_bits(sign | (fraction as f32 * 5.960_464_5e-8).to_bits()),
        0x1F => f32::from_bits(sign | 0x7F80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// The low halves of all bytes, then the high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes
        .iter()
        .map(|b| b & 15)
        .chain(bytes.iter().map(|b| b >> 4))
}

/// Nibbles with a fifth bit each, which stand in four bytes before them.
fn fives(from: &[u8], at: usize) -> impl Iterator<Item = u8> {
    let bits = [
        byte(from, at),
        byte(from, at + 1),
        byte(from, at + 2),
        byte(from, at + 3),
    ];
    let bits = u32::from_le_bytes(bits);
    nibbles(tail(from, at + 4))
        .enumerate()
        .map(move |(i, low)| low | ((bits >> i & 1) as u8) << 4)
}

/// The six-bit scale and minimum of one of eight groups, packed into 12 bytes.
fn scale_and_least(packed: &[u8], group: usize) -> (f32, f32) {
    let at = |i| byte(packed, i);
    let (scale, least) = if group < 4 {
        (at(group) & 63, at(group + 4) & 63)
    } else {
        (
            at(group + 4) & 15 | at(group - 4) >> 6 << 4,
            at(group + 4) >> 4 | at(group) >> 6 << 4,
        )
    };
    (f32::from(scale), f32::from(least))
}

fn four_k(from: &[u8], to: &mut [f32]) {
    let (scale, least) = (half(from, 0), half(from, 2));
    let packed = part(from, 4, 12);
    let quads = tail(from, 16).chunks_exact(32);
    for (pair, (to, bytes)) in to.chunks_exact_mut(64).zip(quads).enumerate() {
        let (low, high) = to.split_at_mut(32);
        let (s, m) = scale_and_least(packed, 2 * pair);
        fill(
            low,
            bytes
                .iter()
                .map(|q| scale * s * f32::from(q & 15) - least * m),
        );
        let (s, m) = scale_and_least(packed, 2 * pair + 1);
        fill(
            high,
            bytes
                .iter()
                .map(|q| scale * s * f32::from(q >> 4) - least * m),
        );
    }
}

fn five_k(from: &[u8], to: &mut [f32]) {
    let (scale, least) = (half(from, 0), half(from, 2));
    let packed = part(from, 4, 12);
    let fifths = part(from, 16, 32);
    let quads = tail(from, 48).chunks_exact(32);
    for (pair, (to, bytes)) in to.chunks_exact_mut(64).zip(quads).enumerate() {
        let (low, high) = to.split_at_mut(32);
        let both = || bytes.iter().zip(fifths);
        let (s, m) = scale_and_least(packed, 2 * pair);
        let fifth = |h: &u8, bit: usize| (h >> bit & 1) << 4;
        let q = both().map(|(q, h)| f32::from(q & 15 | fifth(h, 2 * pair)));
        fill(low, q.map(|q| scale * s * q - least * m));
        let (s, m) = scale_and_least(packed, 2 * pair + 1);
        let q = both().map(|(q, h)| f32::from(q >> 4 | fifth(h, 2 * pair + 1)));
        fill(high, q.map(|q| scale * s * q - least * m));
    }
}

fn six_k(from: &[u8], to: &mut [f32]) {
    let scale = half(from, 208);
    for (n, to) in to.chunks_exact_mut(128).enumerate() {
        let low = part(from, 64 * n, 64);
        let high = part(from, 128 + 32 * n, 32);
        let scales = part(from, 192 + 8 * n, 8);
        for (quarter, to) in to.chunks_exact_mut(32).enumerate() {
            let low = part(low, quarter % 2 * 32, 32);
            for (i, ((to, low), high)) in to.iter_mut().zip(low).zip(high).enumerate() {
                let low = if quarter < 2 { low & 15 } else { low >> 4 };
                let q = low | (high >> (2 * quarter) & 3) << 4;
                let group = byte(scales, 2 * quarter + i / 16) as i8;
                *to = scale * f32::from(group) * (f32::from(q) - 32.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_the_standard() {
        let cases: [(u16, f32); 8] = [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x03FF, 6.097_555e-5),
            (0x0001, 5.960_464_5e-8),
            (0x8000, -0.0),
            (0x7C00, f32::INFINITY),
        ];
        for (bits, number) in cases {
            assert_eq!(
                half(&bits.to_le_bytes(), 0).to_bits(),
                number.to_bits(),
                "{bits:x}"
            );
        }
        assert!(half(&0x7E00_u16.to_le_bytes(), 0).is_nan());
    }

    #[test]
    fn simple_blocks_are_scale_times_integer() {
        let mut numbers = [0.0; 32];
        let two = 0x4000_u16.to_le_bytes();
        let one = 0x3C00_u16.to_le_bytes();
        let qs = [0x90_u8; 16];
        Format::Q4_0.decode(&[&two[..], &qs].concat(), &mut numbers);
        assert_eq!((numbers[0], numbers[16]), (-16.0, 2.0));
        Format::Q4_1.decode(&[&two[..], &one, &qs].concat(), &mut numbers);
        assert_eq!((numbers[0], numbers[16]), (1.0, 19.0));
        let fifths = 0x0001_0002_u32.to_le_bytes();
        Format::Q5_0.decode(&[&two[..], &fifths, &qs].concat(), &mut numbers);
        assert_eq!(
            (numbers[0], numbers[1], numbers[16], numbers[17]),
            (-32.0, 0.0, 18.0, -14.0)
        );
        Format::Q8_0.decode(&[&two[..], &[0xFF; 32]].concat(), &mut numbers);
        assert_eq!(numbers, [-2.0; 32]);
    }
}
