//! What an opening reads before it changes anything: the folder, the headers, the mark and the last segment.

use super::chain::Position;
use super::error::{Damage, OpenError};
use super::expect::Expect;
use super::format::SegmentHeader;
use super::index::SparseIndex;
use super::inventory::{Inventory, SegmentFile, link_damage};
use super::mark::{Mark, MarkState};
use super::tail::{End, Torn, Verdict};
use super::walk::{Stop, Walk};
use super::witness::Witnesses;
use crate::store::files::Files;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// The torn end of a batch that was never answered, and was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TornTail {
    /// The segment's file name.
    pub file: String,
    /// Where the batch began, which is where the file now ends.
    pub offset: u64,
    /// The sequence that the batch would have begun with.
    pub sequence: u64,
    /// How many bytes were cut.
    pub bytes: u64,
    /// How it showed.
    pub torn: Torn,
}

impl TornTail {
    pub(super) fn new(damage: Damage, length: u64, torn: Torn) -> Self {
        Self {
            bytes: length - damage.offset,
            file: damage.file,
            offset: damage.offset,
            sequence: damage.sequence,
            torn,
        }
    }
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.torn {
            Torn::Short => "the file ends inside it",
            Torn::MissingSectors => "sectors of it were not written",
        };
        write!(
            f,
            "{}, offset {}, sequence {}: the torn end of a batch that was not answered, {} bytes ({how})",
            self.file, self.offset, self.sequence, self.bytes
        )
    }
}

/// What was read of a journal that is to be opened; all checks that need no lookup are passed.
pub(super) struct Found {
    pub(super) inventory: Inventory,
    pub(super) headers: Vec<SegmentHeader>,
    pub(super) mark: MarkState,
    pub(super) witnesses: Witnesses,
    pub(super) last: Option<Last>,
}

/// The last segment as it was read.
pub(super) struct Last {
    pub(super) header: SegmentHeader,
    pub(super) end: Position,
    pub(super) index: SparseIndex,
    /// Where the good bytes end.
    pub(super) length: u64,
    /// Where the last batch begins.
    pub(super) final_batch: Option<u64>,
    pub(super) torn: Option<TornTail>,
}

impl Found {
    /// Reads and checks, and changes nothing.
    pub(super) fn read(files: &dyn Files, dir: &Path, expect: Expect) -> Result<Self, OpenError> {
        let inventory = Inventory::take(files, dir)?;
        if let Some(damage) = inventory.foreign_damages().next() {
            return Err(damage.into());
        }
        let headers = linked_headers(files, dir, &inventory.segments)?;
        let mark = Mark::read(files, dir)?;
        let witnesses = Witnesses::new(expect, mark);
        let last = match inventory.segments.last().zip(headers.last()) {
            Some((segment, header)) => Some(Last::read(files, dir, segment, header, &witnesses)?),
            None => None,
        };
        let end = last.as_ref().map_or(Position::START, |last| last.end);
        let length = last.as_ref().map_or(0, |last| last.length);
        witnesses.check_end(end, inventory.segments.last(), length)?;
        Ok(Self {
            inventory,
            headers,
            mark,
            witnesses,
            last,
        })
    }
}

impl Last {
    fn read(
        files: &dyn Files,
        dir: &Path,
        segment: &SegmentFile,
        header: &SegmentHeader,
        witnesses: &Witnesses,
    ) -> Result<Self, OpenError> {
        let mut walk = Walk::begin(files, dir, segment.clone(), Some(header.before))?;
        let mut last = Self {
            header: *header,
            end: Position {
                sequence: header.first - 1,
                hash: header.before,
            },
            index: SparseIndex::default(),
            length: segment.length,
            final_batch: None,
            torn: None,
        };
        loop {
            match walk.advance() {
                Ok(Some(batch)) => {
                    last.index.note(batch.first, walk.offset());
                    last.final_batch = Some(walk.offset());
                    last.end = batch.end();
                }
                Ok(None) => return Ok(last),
                Err(Stop::Io(failure)) => return Err(failure.into()),
                Err(stop) => {
                    let torn = judge(files, dir, segment, stop, witnesses)?;
                    last.length = torn.offset;
                    last.torn = Some(torn);
                    return Ok(last);
                }
            }
        }
    }
}

/// Takes the stop of the walk through the last segment for a torn end, or else for what it is.
pub(super) fn judge(
    files: &dyn Files,
    dir: &Path,
    segment: &SegmentFile,
    stop: Stop,
    witnesses: &Witnesses,
) -> Result<TornTail, OpenError> {
    let (damage, fault) = match stop {
        Stop::Io(failure) => return Err(failure.into()),
        Stop::Damaged(damage, Some(fault)) => (*damage, fault),
        Stop::Damaged(damage, None) => return Err((*damage).into()),
    };
    if damage.sequence <= witnesses.acknowledged() {
        return Err(damage.into());
    }
    let end = End::read(files, &dir.join(&segment.name), &damage, segment.length)?;
    match end.map(|end| end.judge(fault)) {
        Some(Verdict::Torn(torn)) => Ok(TornTail::new(damage, segment.length, torn)),
        Some(Verdict::Damaged) | None => Err(damage.into()),
    }
}

/// Reads all headers and checks their links.
fn linked_headers(
    files: &dyn Files,
    dir: &Path,
    segments: &[SegmentFile],
) -> Result<Vec<SegmentHeader>, OpenError> {
    let mut headers: Vec<SegmentHeader> = Vec::with_capacity(segments.len());
    for (position, segment) in segments.iter().enumerate() {
        let header = segment.header(files, dir)??;
        let before = segments[..position].last().zip(headers.last());
        if let Some(damage) = link_damage(before, segment, &header) {
            return Err(damage.into());
        }
        headers.push(header);
    }
    Ok(headers)
}
