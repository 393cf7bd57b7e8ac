//! Codes in memory that goes back to the system as soon as they are dropped.

use std::ops::Deref;

use memmap2::MmapMut;

/// From how many bytes on pages of their own are asked for.
const LARGE: usize = 64 << 10;

/// The codes of some rows. An allocator keeps what it is given back for the next who asks; of
/// points that come and are indexed, over and over, that is several times what they need.
#[derive(Debug)]
pub(crate) enum Codes {
    Heap(Box<[i8]>),
    Pages(MmapMut),
}

impl From<Vec<i8>> for Codes {
    fn from(codes: Vec<i8>) -> Self {
        let pages = match codes.len() >= LARGE {
            true => MmapMut::map_anon(codes.len()).ok(),
            false => None,
        };
        let Some(mut pages) = pages else {
            return Self::Heap(codes.into());
        };
        pages.copy_from_slice(bytemuck::cast_slice(&codes));
        Self::Pages(pages)
    }
}

impl Deref for Codes {
    type Target = [i8];

    fn deref(&self) -> &[i8] {
        match self {
            Self::Heap(codes) => codes,
            Self::Pages(pages) => bytemuck::cast_slice(pages),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_same_wherever_they_lie() {
        for len in [0, 1, LARGE - 1, LARGE, 5 * LARGE + 3] {
            let codes: Vec<i8> = (0..len).map(|n| (n % 251) as i8).collect();
            assert_eq!(&*Codes::from(codes.clone()), codes);
        }
    }
}
