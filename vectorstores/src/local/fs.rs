//! What the store asks of a file system, so that another can stand in its place: one that
//! fails on purpose, in the tests, or that of a board without an operating system's files.

mod map;
mod os;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use map::Map;
pub use os::OsFs;

/// A file system, as far as the store needs one.
///
/// # For implementors
/// The store relies on these promises and on no others:
/// - what [`WriteFile::sync`] was called for, and said `Ok` to, outlives a power cut;
/// - a name made by [`Fs::create`], moved by [`Fs::rename`] or taken by [`Fs::remove`] is
///   sure to be so after a power cut once [`Fs::sync_dir`] has said `Ok`;
/// - a rename over an existing name leaves the old file or the new one, never neither.
///
/// Everything else may be lost, kept, reordered or torn.
pub trait Fs: Debug + Send + Sync + 'static {
    /// Makes a directory and its parents. One that is there already is fine.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of the files in a directory, in any order.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes an empty file, replacing one of the same name.
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;

    /// Opens an existing file to write at its end.
    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;

    /// Opens an existing file to read.
    fn read(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>>;

    /// Gives the bytes of an existing file that nobody writes to any more, from memory or
    /// as they are needed.
    fn map(&self, path: &Path) -> io::Result<Map>;

    /// Moves a file to another name, replacing what was there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a file away. Who has it open may go on reading it.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory outlive a power cut.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes the lock of this name, for as long as the value lives and the process does.
    /// [`io::ErrorKind::WouldBlock`] when somebody has it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>>;
}

/// A file that grows at its end.
pub trait WriteFile: Debug + Send {
    /// Appends all of the bytes. After an error any part of them may be there.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written so far outlive a power cut.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to this length; what is written next goes there.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// A file that is read from anywhere, by many threads at once.
pub trait ReadFile: Debug + Send + Sync {
    /// How long it is now.
    fn len(&self) -> io::Result<u64>;

    /// Whether it is empty now.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills the buffer from this offset on.
    /// [`io::ErrorKind::UnexpectedEof`] when the file ends before the buffer is full.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A lock that is held until the value is dropped.
pub trait Lock: Debug + Send + Sync {}
