//! Bytes of a file that are read as they are touched.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// The bytes of a file that nobody writes to any more. They begin at a multiple of 8.
#[derive(Debug)]
pub struct Map(Inner);

#[derive(Debug)]
enum Inner {
    Os(memmap2::Mmap),
    Heap(Vec<u64>, usize),
}

impl Map {
    /// Maps a file into memory.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the store maps only files that are sealed: it never writes to them or cuts
        // them again, it only removes them, which leaves the pages of a map in place. That
        // nobody else changes the files of a store is what its documentation asks for; every
        // block is under a checksum all the same.
        unsafe { memmap2::Mmap::map(file) }.map(|map| Self(Inner::Os(map)))
    }

    /// A copy of these bytes, for file systems that cannot map.
    pub fn copied(bytes: &[u8]) -> Self {
        let mut words = vec![0_u64; bytes.len().div_ceil(8)];
        let place: &mut [u8] = bytemuck::must_cast_slice_mut(&mut words);
        for (to, from) in place.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(Inner::Heap(words, bytes.len()))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Inner::Os(map) => map,
            Inner::Heap(words, len) => {
                let bytes: &[u8] = bytemuck::must_cast_slice(words);
                bytes.get(..*len).unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_map_is_what_the_file_holds() {
        for bytes in [&b""[..], b"a", b"12345678", b"123456789"] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            assert_eq!(&*Map::of(&file).unwrap(), bytes);
            assert_eq!(&*Map::copied(bytes), bytes);
        }
    }
}
