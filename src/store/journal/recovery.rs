//! Opening: what is there is checked as far as it must be before the first event is served, and a torn end is cut.
//!
//! All headers and their links are checked, the last segment is read in full with its chain, and the end is
//! held against its witnesses: the caller's store, and the mark. The sealed segments' bytes are checked when
//! they are read, and by [`Journal::scan_sealed`]. Nothing on disk is changed before all of that is passed.

use super::chain::Position;
use super::error::{IoFailure, OpenError, failed};
use super::expect::Expect;
use super::format::{BatchBuffer, PreviousSegment, SegmentHeader};
use super::index::SparseIndex;
use super::mark::{Mark, MarkState};
use super::reader::JournalReader;
use super::shared::{Published, Segment, Shared};
use super::survey::{Found, Last, TornTail};
use super::writer::{Journal, Tail};
use crate::store::files::Files;
use std::path::Path;
use std::sync::Arc;

/// Settings of a journal that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes after which a segment is sealed and the next begun.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
        }
    }
}

/// A journal that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The journal.
    pub journal: Journal,
    /// Its end.
    pub end: Position,
    /// The torn end of an unanswered batch that was cut.
    pub torn: Option<TornTail>,
    /// What the mark said.
    pub mark: MarkState,
}

impl Journal {
    /// Opens the journal in a folder, making it where there is none, with segments of 64 MB.
    ///
    /// # Errors
    /// The first damage that is found, or what the file system said.
    pub fn open(files: Arc<dyn Files>, dir: &Path, expect: Expect) -> Result<Opened, OpenError> {
        Self::open_with(files, dir, expect, Options::default())
    }

    /// Opens the journal in a folder, making it where there is none.
    ///
    /// # Errors
    /// The first damage that is found, or what the file system said.
    pub fn open_with(
        files: Arc<dyn Files>,
        dir: &Path,
        expect: Expect,
        options: Options,
    ) -> Result<Opened, OpenError> {
        prepare_dir(&*files, dir)?;
        let found = Found::read(&*files, dir, expect)?;
        let torn = found.last.as_ref().and_then(|last| last.torn.clone());
        let (tail, shared) = match &found.last {
            Some(last) => reopen(files, dir, &found, last)?,
            None => begin(files, dir, &found)?,
        };
        let end = shared.published().end;
        let mark = Mark::open(&*shared.files, dir)?;
        shared.files.sync_dir(dir).map_err(failed("sync", dir))?;
        mark.write(end)?;
        mark.sync()?;
        let journal = Self {
            shared,
            tail,
            mark,
            end,
            segment_bytes: options.segment_bytes,
            buffer: BatchBuffer::default(),
            stopped: None,
        };
        Ok(Opened {
            journal,
            end,
            torn,
            mark: found.mark,
        })
    }
}

/// Makes the first segment.
fn begin(
    files: Arc<dyn Files>,
    dir: &Path,
    found: &Found,
) -> Result<(Tail, Arc<Shared>), OpenError> {
    remove_unborn(&*files, dir, &found.inventory.unborn)?;
    let header = SegmentHeader {
        first: Position::START.sequence + 1,
        before: Position::START.hash,
        previous: PreviousSegment::default(),
    };
    let tail = Tail::create(&*files, dir, header)?;
    let published = Published {
        segments: vec![Segment::new(tail.segment_file(), &header)],
        end: Position::START,
        index: SparseIndex::default(),
        file: Arc::clone(&tail.file),
    };
    let shared = Shared::new(files, dir.to_path_buf(), published);
    Ok((tail, Arc::new(shared)))
}

/// Goes on with the last segment, once the history before it is held against the witnesses.
fn reopen(
    files: Arc<dyn Files>,
    dir: &Path,
    found: &Found,
    last: &Last,
) -> Result<(Tail, Arc<Shared>), OpenError> {
    let tail = Tail::open(&*files, dir, last.header, last.length)?;
    let segments = found.inventory.segments.iter().zip(&found.headers);
    let mut segments: Vec<Segment> = segments
        .map(|(file, header)| Segment::new(file.clone(), header))
        .collect();
    if let Some(segment) = segments.last_mut() {
        segment.file.length = last.length;
    }
    let published = Published {
        segments,
        end: last.end,
        index: last.index.clone(),
        file: Arc::clone(&tail.file),
    };
    let shared = Arc::new(Shared::new(files, dir.to_path_buf(), published));
    let reader = JournalReader::new(Arc::clone(&shared));
    let before_last = Position {
        sequence: last.header.first - 1,
        hash: last.header.before,
    };
    found
        .witnesses
        .check_history(&reader, &[before_last, last.end])?;
    remove_unborn(&*shared.files, dir, &found.inventory.unborn)?;
    tail.settle(last, found.mark)?;
    Ok((tail, shared))
}

impl Tail {
    /// Cuts the torn end, and makes sure that the last batch is on the disk before anything is built upon it.
    ///
    /// The last batch may be one whose fdatasync failed or never came: it then reads well from memory, and
    /// after a failed one even a new fdatasync would write nothing. So where the mark does not prove it, its
    /// bytes are written once more.
    fn settle(&self, last: &Last, mark: MarkState) -> Result<(), IoFailure> {
        if last.torn.is_some() {
            self.file
                .truncate(last.length)
                .map_err(failed("cut", &self.path))?;
        }
        let proven = mark.position() == Some(last.end);
        if let Some(offset) = last.final_batch.filter(|_| !proven) {
            let length = usize::try_from(last.length - offset).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            self.file
                .read_full_at(offset, &mut bytes)
                .map_err(failed("read", &self.path))?;
            self.file
                .write_all_at(offset, &bytes)
                .map_err(failed("write", &self.path))?;
        }
        self.file.sync_data().map_err(failed("sync", &self.path))
    }
}

fn remove_unborn(files: &dyn Files, dir: &Path, unborn: &[String]) -> Result<(), IoFailure> {
    for name in unborn {
        let path = dir.join(name);
        files.remove(&path).map_err(failed("remove", &path))?;
    }
    Ok(())
}

fn prepare_dir(files: &dyn Files, dir: &Path) -> Result<(), IoFailure> {
    files.create_dir(dir).map_err(failed("make", dir))?;
    match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => files.sync_dir(parent).map_err(failed("sync", parent)),
        None => Ok(()),
    }
}
