//! Reading a journal without opening it: its owner may go on appending meanwhile.

use super::batch::Batch;
use super::chain::Position;
use super::error::{DamageKind, OpenError, ReadError, failed};
use super::expect::Expect;
use super::inventory::{Inventory, SegmentFile};
use super::mark::Mark;
use super::survey::judge;
use super::walk::{Stop, Walk};
use super::witness::Witnesses;
use crate::store::files::{Access, Files};
use std::path::{Path, PathBuf};

/// How often a mark is read that is being overwritten.
const MARK_READS: usize = 5;

/// Begins to read the durable batches of a journal, with their chain checked; changes nothing.
///
/// Where it is `owned`, they are those up to the mark, which its owner keeps exact. Otherwise, or without a mark that can
/// be read, they go up to the last whole batch; a torn end of an unanswered one is left out.
///
/// # Errors
/// Where there is no journal, or the file system fails.
pub fn read_durable<'a>(
    files: &'a dyn Files,
    dir: &Path,
    owned: bool,
) -> Result<DurableBatches<'a>, OpenError> {
    // The mark first: what it says is durable is then in what is listed.
    let mut mark = Mark::read(files, dir)?;
    for _ in 1..MARK_READS {
        if mark.position().is_some() {
            break;
        }
        mark = Mark::read(files, dir)?;
    }
    let segments = Inventory::take(files, dir)?.segments;
    Ok(DurableBatches {
        files,
        dir: dir.to_path_buf(),
        bytes: segments.iter().map(|segment| segment.length).sum(),
        last: segments.last().cloned(),
        segments: segments.into_iter(),
        walk: None,
        until: mark.position().filter(|_| owned),
        witnesses: Witnesses::new(Expect::NOTHING, mark),
        end: Position::START,
        over: false,
    })
}

/// The durable batches of a journal, in their order. Not an `Iterator`, because each borrows the reader's buffer.
pub struct DurableBatches<'a> {
    files: &'a dyn Files,
    dir: PathBuf,
    bytes: u64,
    last: Option<SegmentFile>,
    segments: std::vec::IntoIter<SegmentFile>,
    walk: Option<Walk>,
    until: Option<Position>,
    witnesses: Witnesses,
    end: Position,
    over: bool,
}

impl DurableBatches<'_> {
    /// Bytes of all segments, when the reading began.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The end of what was read so far.
    pub fn end(&self) -> Position {
        self.end
    }

    /// The next batch; `None` after the last.
    ///
    /// # Errors
    /// A damage, or what the file system said.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, OpenError> {
        if self.over || self.until.is_some_and(|until| until == self.end) {
            return Ok(None);
        }
        loop {
            let Some(walk) = &mut self.walk else {
                let Some(segment) = self.segments.next() else {
                    self.over = true;
                    self.witnesses
                        .check_end(self.end, self.last.as_ref(), self.length())?;
                    return Ok(None);
                };
                self.walk = Some(self.begin(segment)?);
                continue;
            };
            match walk.advance() {
                Ok(Some(header)) => {
                    self.end = header.end();
                    if let Some(witness) = self.witnesses.contradicting(&header).next() {
                        let kind = DamageKind::OtherHistory { witness };
                        let damage = walk.segment().damage(walk.offset(), header.first, kind);
                        return Err(damage.into());
                    }
                    let body = self.walk.as_ref().map(Walk::body).unwrap_or_default();
                    return Ok(Some(Batch::whole(&header, body)));
                }
                Ok(None) => self.walk = None,
                Err(stop) => self.stopped(stop)?,
            }
        }
    }

    /// Begins a segment, which must follow what was read, at its present length.
    fn begin(&self, mut segment: SegmentFile) -> Result<Walk, OpenError> {
        let path = self.dir.join(&segment.name);
        let file = self.files.open(&path, Access::Read);
        let length = file.and_then(|file| file.length());
        segment.length = length.map_err(failed("open", &path))?;
        let header = segment.header(self.files, &self.dir)??;
        let next = self.end.sequence + 1;
        if header.first != next {
            let found = header.first;
            return Err(segment.damage(0, next, DamageKind::Gap { found }).into());
        }
        if header.before != self.end.hash {
            return Err(segment.damage(0, next, DamageKind::ChainBroken).into());
        }
        let before = Some(header.before);
        Ok(Walk::begin(self.files, &self.dir, segment, before)?)
    }

    /// A torn end of the last segment ends the reading; everything else is an error.
    fn stopped(&mut self, stop: Stop) -> Result<(), OpenError> {
        let segment = self.walk.take().map(|walk| walk.segment().clone());
        match segment.filter(|_| self.segments.as_slice().is_empty()) {
            Some(segment) => {
                judge(self.files, &self.dir, &segment, stop, &self.witnesses)?;
                Ok(())
            }
            None => Err(ReadError::from(stop).into()),
        }
    }

    fn length(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.length)
    }
}
