//! What the writer has made durable, as all readers see it.

use super::chain::{ChainHash, Position};
use super::error::{IoFailure, ReadError, failed};
use super::format::SegmentHeader;
use super::index::SparseIndex;
use super::inventory::SegmentFile;
use super::walk::Walk;
use crate::store::files::{Access, File, Files};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

/// How many sealed segments keep an index and an open file for lookups.
const INDEXED: usize = 8;

/// A journal's state between its writer and its readers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: PathBuf,
    published: RwLock<Published>,
    indexed: Mutex<Vec<Arc<Indexed>>>,
}

/// What is durable.
#[derive(Debug)]
pub(super) struct Published {
    /// All segments in their order; the last one's length grows.
    pub(super) segments: Vec<Segment>,
    /// The last position.
    pub(super) end: Position,
    /// The last segment's batches, and its file.
    pub(super) index: SparseIndex,
    pub(super) file: Arc<dyn File>,
}

/// A segment: its file, up to its durable length, and the chain's hash before it.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) file: SegmentFile,
    pub(super) before: ChainHash,
}

impl Segment {
    pub(super) fn new(file: SegmentFile, header: &SegmentHeader) -> Self {
        Self {
            file,
            before: header.before,
        }
    }
}

/// A sealed segment made ready for lookups.
#[derive(Debug)]
pub(super) struct Indexed {
    pub(super) segment: SegmentFile,
    pub(super) index: SparseIndex,
    pub(super) file: Arc<dyn File>,
}

impl Shared {
    pub(super) fn new(files: Arc<dyn Files>, dir: PathBuf, published: Published) -> Self {
        Self {
            files,
            dir,
            published: RwLock::new(published),
            indexed: Mutex::default(),
        }
    }

    pub(super) fn published(&self) -> RwLockReadGuard<'_, Published> {
        self.published
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes what is durable now.
    pub(super) fn publish(&self, change: impl FnOnce(&mut Published)) {
        let mut published = self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut published);
    }

    /// The segments from the one that holds `sequence` on; `Err` where there is no such sequence.
    pub(super) fn segments_from(
        &self,
        sequence: u64,
    ) -> Result<(Vec<Segment>, Position), ReadError> {
        let published = self.published();
        let end = published.end;
        if sequence == 0 || sequence > end.sequence + 1 {
            return Err(ReadError::NotThere {
                sequence,
                end: end.sequence,
            });
        }
        let holds = published.position_of(sequence);
        Ok((published.segments[holds..].to_vec(), end))
    }

    /// A sealed segment's index, made by going through it once.
    pub(super) fn indexed(&self, segment: &SegmentFile) -> Result<Arc<Indexed>, ReadError> {
        if let Some(found) = self.take_indexed(segment.first) {
            return Ok(found);
        }
        let made = Arc::new(self.make_index(segment)?);
        let mut indexed = self.indexed.lock().unwrap_or_else(PoisonError::into_inner);
        indexed.truncate(INDEXED - 1);
        indexed.insert(0, Arc::clone(&made));
        Ok(made)
    }

    /// Finds an index and puts it to the front, so that the one longest unused goes first.
    fn take_indexed(&self, first: u64) -> Option<Arc<Indexed>> {
        let mut indexed = self.indexed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = indexed.iter().position(|one| one.segment.first == first)?;
        let found = indexed.remove(at);
        indexed.insert(0, Arc::clone(&found));
        Some(found)
    }

    fn make_index(&self, segment: &SegmentFile) -> Result<Indexed, ReadError> {
        let mut walk = Walk::begin(&*self.files, &self.dir, segment.clone(), None)?;
        let mut index = SparseIndex::default();
        while let Some(header) = walk.advance()? {
            index.note(header.first, walk.offset());
        }
        let path = self.dir.join(&segment.name);
        Ok(Indexed {
            segment: segment.clone(),
            index,
            file: self
                .files
                .open(&path, Access::Read)
                .map_err(failed("open", &path))?,
        })
    }

    /// The failure of a call on a segment's file.
    pub(super) fn failed(
        &self,
        operation: &'static str,
        segment: &SegmentFile,
    ) -> impl FnOnce(std::io::Error) -> IoFailure + use<> {
        failed(operation, &self.dir.join(&segment.name))
    }
}

impl Published {
    /// Which segment holds a sequence.
    pub(super) fn position_of(&self, sequence: u64) -> usize {
        self.segments
            .partition_point(|segment| segment.file.first <= sequence)
            .saturating_sub(1)
    }
}
