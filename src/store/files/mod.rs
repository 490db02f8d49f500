//! The file operations that the store needs, as a trait, so that tests and the simulation can make them fail.
//!
//! [`RealFiles`] is the machine's file system; [`faulty::FaultyFiles`] is one in memory that fails by
//! script and forgets what was not synced when its power is cut.

pub mod faulty;
mod real;

pub use real::RealFiles;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a folder's entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, socket or device.
    Other,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name inside the folder; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its length in bytes; 0 for what is not a file.
    pub length: u64,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To be read only.
    Read,
    /// To be read and written.
    Write,
}

/// A file system.
///
/// A name that was made, moved or removed is durable after [`Files::sync_dir`] of its folder, not before.
pub trait Files: fmt::Debug + Send + Sync {
    /// Makes one folder, readable by the owner only; one that exists is left as it is.
    ///
    /// # Errors
    /// Of the file system.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes a file that must not exist, readable by the owner only, and opens it for writing.
    ///
    /// # Errors
    /// Of the file system; `AlreadyExists` where the name is taken.
    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Opens a file that exists.
    ///
    /// # Errors
    /// Of the file system; `NotFound` where there is none.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>>;

    /// The entries of a folder, in the order of their names.
    ///
    /// # Errors
    /// Of the file system; `NotFound` where there is no such folder.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;

    /// Moves a file or folder to another name.
    ///
    /// # Errors
    /// Of the file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Of the file system.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// Of the file system. Final: what was not synced may be lost though a later call succeeds.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// An open file, read and written at offsets.
pub trait File: fmt::Debug + Send + Sync {
    /// Reads up to `into.len()` bytes at `offset`; 0 at the end of the file.
    ///
    /// # Errors
    /// Of the file system.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes at `offset` and says how many bytes were taken, which may be fewer than given.
    ///
    /// # Errors
    /// Of the file system.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Makes the bytes and the length durable (fdatasync).
    ///
    /// # Errors
    /// Of the file system. Final: what was not synced may be lost though a later call succeeds.
    fn sync_data(&self) -> io::Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    /// Of the file system.
    fn length(&self) -> io::Result<u64>;

    /// Cuts or extends (with zeros) to a length.
    ///
    /// # Errors
    /// Of the file system.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Writes all of `bytes`, going on after a short write.
    ///
    /// # Errors
    /// The first error; a write that takes nothing is `WriteZero`.
    fn write_all_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(offset, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    bytes = bytes.get(taken..).unwrap_or_default();
                    offset += taken as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads until `into` is full or the file ends, and says how much was read.
    ///
    /// # Errors
    /// The first error.
    fn read_full_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match self.read_at(offset + done as u64, &mut into[done..]) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}
