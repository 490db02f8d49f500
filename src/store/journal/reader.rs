//! Reading events back: all from a sequence on, or single ones, while the writer goes on.

use super::batch::{Batch, OwnedBatch};
use super::chain::{ChainHash, Position};
use super::error::{DamageKind, ReadError};
use super::format::BatchHeader;
use super::index::Entry;
use super::inventory::SegmentFile;
use super::shared::{Segment, Shared};
use super::stream::{Step, Stream};
use super::walk::{Check, Walk};
use crate::store::files::File;
use std::sync::Arc;

/// Bytes of one read of a lookup: what lies between two entries of the index, and a small batch.
const LOOKUP_CHUNK: usize = 8 << 10;

/// Reads a journal up to its durable end; clones are cheap and may live in other threads.
#[derive(Clone, Debug)]
pub struct JournalReader {
    shared: Arc<Shared>,
}

impl JournalReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The last durable position now.
    pub fn end(&self) -> Position {
        self.shared.published().end
    }

    /// All batches from the event `from` (1 or more) on, up to the end as it is now.
    ///
    /// # Errors
    /// [`ReadError::NotThere`] where `from` is 0 or more than one behind the end.
    pub fn read(&self, from: u64, check: Check) -> Result<Batches, ReadError> {
        let (segments, end) = self.shared.segments_from(from)?;
        let mut segments = segments.into_iter();
        let walk = match segments.next() {
            Some(segment) if from <= end.sequence => Some(self.walk(segment, check)?),
            _ => None,
        };
        Ok(Batches {
            reader: self.clone(),
            segments,
            walk,
            from,
            check,
        })
    }

    /// The batch that holds an event. Microseconds in the last segment; an older one is gone through once.
    ///
    /// # Errors
    /// [`ReadError::NotThere`] where there is no such event; a damage where its bytes are wrong.
    pub fn read_batch_of(&self, sequence: u64) -> Result<OwnedBatch, ReadError> {
        self.with_batch_of(sequence, |batch| batch.to_owned())
    }

    /// One event.
    ///
    /// # Errors
    /// [`ReadError::NotThere`] where there is no such event; a damage where its bytes are wrong.
    pub fn read_event(&self, sequence: u64) -> Result<Vec<u8>, ReadError> {
        self.with_batch_of(sequence, |batch| {
            let mut events = batch.starting_at(sequence).events();
            events.next().unwrap_or_default().to_vec()
        })
    }

    /// Whether a batch ends at a position; otherwise the damage `kind` at the batch that holds it.
    pub(super) fn check_end(&self, seen: Position, kind: DamageKind) -> Result<(), ReadError> {
        self.with_found(seen.sequence, |found| {
            if found.batch.end() == seen {
                return Ok(());
            }
            let damage = found
                .segment
                .damage(found.offset, found.batch.first(), kind);
            Err(damage.into())
        })?
    }

    fn walk(&self, segment: Segment, check: Check) -> Result<Walk, ReadError> {
        let before = (check == Check::Chain).then_some(segment.before);
        let shared = &self.shared;
        Ok(Walk::begin(
            &*shared.files,
            &shared.dir,
            segment.file,
            before,
        )?)
    }

    fn with_batch_of<T>(
        &self,
        sequence: u64,
        take: impl FnOnce(Batch<'_>) -> T,
    ) -> Result<T, ReadError> {
        self.with_found(sequence, |found| take(found.batch))
    }

    fn with_found<T>(
        &self,
        sequence: u64,
        take: impl FnOnce(Found<'_>) -> T,
    ) -> Result<T, ReadError> {
        let (segment, file, near) = self.locate(sequence)?;
        let mut stream = Stream::new(file, near.offset, segment.length, LOOKUP_CHUNK);
        let mut next = near.first;
        loop {
            let step = stream.advance();
            let step = step.map_err(self.shared.failed("read", &segment))?;
            let header = expect_batch(step, &segment, stream.offset(), next)?;
            if sequence <= header.last() {
                return Ok(take(Found {
                    segment: &segment,
                    offset: stream.offset(),
                    batch: Batch::whole(&header, stream.body()),
                }));
            }
            next = header.last() + 1;
        }
    }

    /// The segment of an event, and a batch at or before it.
    fn locate(&self, sequence: u64) -> Result<(SegmentFile, Arc<dyn File>, Entry), ReadError> {
        let published = self.shared.published();
        let end = published.end.sequence;
        let not_there = ReadError::NotThere { sequence, end };
        if sequence == 0 || sequence > end {
            return Err(not_there);
        }
        let position = published.position_of(sequence);
        let segment = published.segments[position].file.clone();
        if position + 1 == published.segments.len() {
            let near = published.index.at_or_before(sequence).ok_or(not_there)?;
            return Ok((segment, Arc::clone(&published.file), near));
        }
        drop(published);
        let indexed = self.shared.indexed(&segment)?;
        let near = indexed.index.at_or_before(sequence).ok_or(not_there)?;
        Ok((segment, Arc::clone(&indexed.file), near))
    }
}

/// A batch that was looked up, and where it stands.
struct Found<'a> {
    segment: &'a SegmentFile,
    offset: u64,
    batch: Batch<'a>,
}

fn expect_batch(
    step: Step,
    segment: &SegmentFile,
    offset: u64,
    next: u64,
) -> Result<BatchHeader, ReadError> {
    let kind = match step {
        Step::Batch(header) if header.first == next => return Ok(header),
        Step::Batch(header) => DamageKind::Gap {
            found: header.first,
        },
        Step::End => DamageKind::Incomplete,
        Step::Broken(fault) => fault.kind(),
    };
    Err(segment.damage(offset, next, kind).into())
}

/// Batches in their order. Not an `Iterator`, because each borrows the reader's buffer.
#[derive(Debug)]
pub struct Batches {
    reader: JournalReader,
    segments: std::vec::IntoIter<Segment>,
    walk: Option<Walk>,
    from: u64,
    check: Check,
}

impl Batches {
    /// The next batch; `None` after the last. The first one leaves out the events before the asked-for one.
    ///
    /// # Errors
    /// A damage or failure; what was read before it stands.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, ReadError> {
        let Some(header) = self.advance()? else {
            return Ok(None);
        };
        let body = self.walk.as_ref().map(Walk::body).unwrap_or_default();
        Ok(Some(Batch::whole(&header, body).starting_at(self.from)))
    }

    fn advance(&mut self) -> Result<Option<BatchHeader>, ReadError> {
        while let Some(walk) = &mut self.walk {
            match walk.advance()? {
                Some(header) if header.last() >= self.from => return Ok(Some(header)),
                Some(_) => {}
                None => {
                    let next = self.segments.next();
                    let (sequence, hash) = (walk.next_sequence(), walk.hash());
                    self.walk = match next {
                        Some(segment) => Some(self.follow(segment, sequence, hash)?),
                        None => None,
                    };
                }
            }
        }
        Ok(None)
    }

    /// Begins the next segment; the one before must have ended just before it.
    fn follow(
        &self,
        segment: Segment,
        next: u64,
        hash: Option<ChainHash>,
    ) -> Result<Walk, ReadError> {
        let found = segment.file.first;
        if found != next {
            let kind = DamageKind::Gap { found };
            return Err(segment.file.damage(0, next, kind).into());
        }
        if hash.is_some_and(|hash| hash != segment.before) {
            return Err(segment.file.damage(0, next, DamageKind::ChainBroken).into());
        }
        self.reader.walk(segment, self.check)
    }
}
