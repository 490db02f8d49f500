//! Files that are made durable all at once in the end: nothing of a restore counts before it is complete.

use crate::store::files::{Access, Entry, EntryKind, File, Files};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Files whose syncs wait for [`Deferred::settle`].
#[derive(Debug)]
pub(super) struct Deferred(pub(super) Arc<dyn Files>);

#[derive(Debug)]
struct DeferredFile(Arc<dyn File>);

impl Deferred {
    /// Makes every file of a folder durable, and its names.
    pub(super) fn settle(&self, dir: &Path) -> io::Result<()> {
        for entry in self.0.list(dir)? {
            if entry.kind == EntryKind::File {
                let file = self.0.open(&dir.join(&entry.name), Access::Write)?;
                file.sync_data()?;
            }
        }
        self.0.sync_dir(dir)
    }
}

impl Files for Deferred {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.create_dir(dir)
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(DeferredFile(self.0.create_new(path)?)))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(DeferredFile(self.0.open(path, access)?)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.0.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl File for DeferredFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
}
