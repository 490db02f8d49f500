//! Appending: one write and one fdatasync a batch, and a new segment when one is full.

use super::chain::Position;
use super::error::{AppendError, IoFailure, failed};
use super::format::{
    BATCH_FRAME, BatchBuffer, MAX_BATCH, MAX_EVENT, PreviousSegment, SEGMENT_HEADER, SegmentHeader,
};
use super::index::SparseIndex;
use super::inventory::{SegmentFile, UNBORN, segment_name};
use super::mark::Mark;
use super::reader::JournalReader;
use super::scan::SealedScan;
use super::shared::{Segment, Shared};
use crate::store::files::{Access, File, Files};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A journal, open for appending. One instance a folder: its owner sees to that.
#[derive(Debug)]
pub struct Journal {
    pub(super) shared: Arc<Shared>,
    pub(super) tail: Tail,
    pub(super) mark: Mark,
    pub(super) end: Position,
    /// Bytes after which a segment is full.
    pub(super) segment_bytes: u64,
    pub(super) buffer: BatchBuffer,
    /// The failure after which nothing is appended any more.
    pub(super) stopped: Option<String>,
}

/// The segment that is appended to.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) file: Arc<dyn File>,
    pub(super) path: PathBuf,
    pub(super) header: SegmentHeader,
    pub(super) length: u64,
}

impl Journal {
    /// Appends events as one batch, durable when this returns, with the sequences that follow the end.
    ///
    /// # Errors
    /// A batch beyond the limits is refused and changes nothing. A failed write or sync is final: the batch
    /// may or may not be there at the next open, and every later append is [`AppendError::Stopped`].
    pub fn append<E: AsRef<[u8]>>(&mut self, events: &[E]) -> Result<Position, AppendError> {
        if let Some(why) = &self.stopped {
            return Err(AppendError::Stopped { why: why.clone() });
        }
        let body = check_limits(events)?;
        let done = self.commit(body, events);
        Ok(done.inspect_err(|failure| self.stopped = Some(failure.to_string()))?)
    }

    /// The last durable position.
    pub fn end(&self) -> Position {
        self.end
    }

    /// A reader of what is durable, for this and other threads.
    pub fn reader(&self) -> JournalReader {
        JournalReader::new(Arc::clone(&self.shared))
    }

    /// Starts to check every byte and the chain of the sealed segments, which opening did not read, in two threads.
    pub fn scan_sealed(&self) -> SealedScan {
        SealedScan::start(&self.shared)
    }

    /// Makes the mark durable too, so that even a power cut after this leaves it exact.
    ///
    /// # Errors
    /// Of the file system. What was appended is durable without this.
    pub fn close(self) -> Result<(), IoFailure> {
        if self.stopped.is_some() {
            return Ok(());
        }
        self.mark.sync()
    }

    fn commit<E: AsRef<[u8]>>(&mut self, body: usize, events: &[E]) -> Result<Position, IoFailure> {
        let total = (body + BATCH_FRAME) as u64;
        let has_batches = self.tail.length > SEGMENT_HEADER as u64;
        if has_batches && self.tail.length + total > self.segment_bytes {
            self.roll()?;
        }
        let first = self.end.sequence + 1;
        let offset = self.tail.length;
        let header = self.buffer.lay_out(offset, first, self.end.hash, events);
        self.tail
            .file
            .write_all_at(offset, self.buffer.bytes())
            .map_err(failed("write", &self.tail.path))?;
        self.tail
            .file
            .sync_data()
            .map_err(failed("sync", &self.tail.path))?;
        self.tail.length += total;
        self.end = header.end();
        self.publish(first, offset);
        self.note_durable();
        Ok(self.end)
    }

    fn publish(&self, first: u64, offset: u64) {
        self.shared.publish(|published| {
            published.index.note(first, offset);
            published.end = self.end;
            if let Some(last) = published.segments.last_mut() {
                last.file.length = self.tail.length;
            }
        });
    }

    /// Moves the mark. The batch is durable whether or not that succeeds, so a failure only stops the next one.
    fn note_durable(&mut self) {
        if let Err(failure) = self.mark.write(self.end) {
            self.stopped = Some(failure.to_string());
        }
    }

    /// Seals the segment and begins the next.
    fn roll(&mut self) -> Result<(), IoFailure> {
        let header = SegmentHeader {
            first: self.end.sequence + 1,
            before: self.end.hash,
            previous: PreviousSegment {
                first: self.tail.header.first,
                length: self.tail.length,
                header: self.tail.header.hash(),
            },
        };
        let shared = &self.shared;
        self.tail = Tail::create(&*shared.files, &shared.dir, header)?;
        shared.publish(|published| {
            let begun = Segment::new(self.tail.segment_file(), &header);
            published.segments.push(begun);
            published.index = SparseIndex::default();
            published.file = Arc::clone(&self.tail.file);
        });
        Ok(())
    }
}

impl Tail {
    /// Makes a segment without batches; its name is there only once its header is durable.
    pub(super) fn create(
        files: &dyn Files,
        dir: &Path,
        header: SegmentHeader,
    ) -> Result<Self, IoFailure> {
        let name = segment_name(header.first);
        let path = dir.join(&name);
        let unborn = dir.join(format!("{name}{UNBORN}"));
        let file = files.create_new(&unborn).map_err(failed("make", &unborn))?;
        file.write_all_at(0, &header.encode())
            .map_err(failed("write", &unborn))?;
        file.sync_data().map_err(failed("sync", &unborn))?;
        files
            .rename(&unborn, &path)
            .map_err(failed("rename", &unborn))?;
        files.sync_dir(dir).map_err(failed("sync", dir))?;
        Ok(Self {
            file,
            path,
            header,
            length: SEGMENT_HEADER as u64,
        })
    }

    /// Opens a segment that exists and ends at `length`.
    pub(super) fn open(
        files: &dyn Files,
        dir: &Path,
        header: SegmentHeader,
        length: u64,
    ) -> Result<Self, IoFailure> {
        let path = dir.join(segment_name(header.first));
        let file = files
            .open(&path, Access::Write)
            .map_err(failed("open", &path))?;
        Ok(Self {
            file,
            path,
            header,
            length,
        })
    }

    pub(super) fn segment_file(&self) -> SegmentFile {
        SegmentFile {
            first: self.header.first,
            name: segment_name(self.header.first),
            length: self.length,
        }
    }
}

/// Events in as few parts as there have to be for each to fit into a batch. A part begins only at one of the places that
/// `begins` names, the first of all among them: what is between is durable together.
pub fn batches<'a, E: AsRef<[u8]>>(events: &'a [E], begins: &[usize]) -> Vec<&'a [E]> {
    within(events, begins, MAX_BATCH)
}

fn within<'a, E: AsRef<[u8]>>(events: &'a [E], begins: &[usize], most: usize) -> Vec<&'a [E]> {
    let mut parts = Vec::new();
    let (mut part, mut place, mut body) = (0, 0, 0_usize);
    let ends = begins.iter().copied().filter(|begin| *begin > 0);
    for end in ends.chain([events.len()]) {
        let whole = &events[place..end];
        let more = whole.iter().map(|event| framed(event.as_ref())).sum();
        if body.saturating_add(more) > most && part < place {
            parts.push(&events[part..place]);
            (part, body) = (place, 0);
        }
        (place, body) = (end, body.saturating_add(more));
    }
    if part < events.len() {
        parts.push(&events[part..]);
    }
    parts
}

/// The bytes of an event in a batch, with its length before it.
const fn framed(event: &[u8]) -> usize {
    event.len() + 4
}

/// Holds a batch against the limits; the bytes of its body.
fn check_limits<E: AsRef<[u8]>>(events: &[E]) -> Result<usize, AppendError> {
    if events.is_empty() {
        return Err(AppendError::Empty);
    }
    let mut body = 0_usize;
    for (index, event) in events.iter().enumerate() {
        let bytes = event.as_ref().len();
        if bytes > MAX_EVENT {
            return Err(AppendError::EventTooLarge { index, bytes });
        }
        body = body.saturating_add(framed(event.as_ref()));
    }
    if body > MAX_BATCH {
        return Err(AppendError::BatchTooLarge { bytes: body });
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_parted_where_a_batch_is_full_and_one_may_begin() {
        let parts = |sizes: &[usize], begins: &[usize]| {
            let events: Vec<_> = sizes.iter().map(|size| vec![0; *size]).collect();
            let parts = within(&events, begins, 20);
            parts.into_iter().map(<[_]>::len).collect::<Vec<_>>()
        };
        let each = [0, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(parts(&[], &[]), [0; 0]);
        assert_eq!(parts(&[6, 6], &each[..2]), [2]);
        assert_eq!(parts(&[6, 7], &each[..2]), [1, 1]);
        assert_eq!(
            parts(&[1, 1, 1, 1, 1, 16, 1, 30, 2], &each),
            [4, 1, 1, 1, 1, 1]
        );
        assert_eq!(parts(&[6, 7, 1], &[0]), [3]);
        assert_eq!(parts(&[1, 1, 1, 1, 1, 1], &[0, 2, 3]), [3, 3]);
        assert_eq!(parts(&[1, 1, 1, 9, 1, 1], &[0, 1, 5]), [1, 4, 1]);
    }
}
