//! Going through a segment's batches while checking that each follows from the one before.

use super::chain::{ChainHash, Position};
use super::error::{Damage, DamageKind, IoFailure, ReadError, failed};
use super::format::BatchHeader;
use super::inventory::SegmentFile;
use super::stream::{Fault, Step, Stream};
use crate::store::files::{Access, Files};
use std::path::{Path, PathBuf};

/// How much is checked while reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Checksums and sequences: finds what a disk does.
    Checksums,
    /// The chain of hashes too: finds what a hand does. Costs about twice the time.
    Chain,
}

/// A walk through one segment.
#[derive(Debug)]
pub(super) struct Walk {
    segment: SegmentFile,
    path: PathBuf,
    stream: Stream,
    /// The sequence that the next batch must begin with.
    next: u64,
    /// The hash before it; `None` while the chain is not checked.
    hash: Option<ChainHash>,
}

/// Why a walk ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Io(IoFailure),
    /// A damage, and the fault in the bytes where that is the cause.
    Damaged(Box<Damage>, Option<Fault>),
}

impl From<Stop> for ReadError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Io(failure) => Self::Io(failure),
            Stop::Damaged(damage, _) => Self::Damaged(*damage),
        }
    }
}

impl Walk {
    /// Begins at the segment's first batch and goes to `segment.length`; with `before`, checks the chain.
    pub(super) fn begin(
        files: &dyn Files,
        dir: &Path,
        segment: SegmentFile,
        before: Option<ChainHash>,
    ) -> Result<Self, IoFailure> {
        let path = dir.join(&segment.name);
        let file = files
            .open(&path, Access::Read)
            .map_err(failed("open", &path))?;
        Ok(Self {
            stream: Stream::segment(file, segment.length),
            next: segment.first,
            hash: before,
            segment,
            path,
        })
    }

    /// Where the current batch begins, or where the next one should.
    pub(super) fn offset(&self) -> u64 {
        self.stream.offset()
    }

    /// The sequence that the next batch must begin with.
    pub(super) fn next_sequence(&self) -> u64 {
        self.next
    }

    /// The chain's hash before the next batch; `None` while the chain is not checked.
    pub(super) fn hash(&self) -> Option<ChainHash> {
        self.hash
    }

    /// The current batch's body.
    pub(super) fn body(&self) -> &[u8] {
        self.stream.body()
    }

    /// The segment.
    pub(super) fn segment(&self) -> &SegmentFile {
        &self.segment
    }

    /// Goes to the next batch; `None` after the last.
    pub(super) fn advance(&mut self) -> Result<Option<BatchHeader>, Stop> {
        match self.stream.advance() {
            Ok(Step::End) => Ok(None),
            Ok(Step::Batch(header)) => self.accept(header).map(Some),
            Ok(Step::Broken(fault)) => Err(self.broken(fault)),
            Err(error) => Err(Stop::Io(failed("read", &self.path)(error))),
        }
    }

    fn accept(&mut self, header: BatchHeader) -> Result<BatchHeader, Stop> {
        if header.first != self.next {
            return Err(self.stop(
                DamageKind::Gap {
                    found: header.first,
                },
                None,
            ));
        }
        if let Some(before) = self.hash {
            if before.after(self.stream.body()) != header.hash {
                return Err(self.stop(DamageKind::ChainBroken, None));
            }
            self.hash = Some(header.hash);
        }
        self.next = header.last() + 1;
        Ok(header)
    }

    fn broken(&self, fault: Fault) -> Stop {
        self.stop(fault.kind(), Some(fault))
    }

    fn stop(&self, kind: DamageKind, fault: Option<Fault>) -> Stop {
        let damage = self.segment.damage(self.stream.offset(), self.next, kind);
        Stop::Damaged(Box::new(damage), fault)
    }
}

impl Fault {
    /// The damage that the fault is where it can't be a torn end.
    pub(super) fn kind(self) -> DamageKind {
        match self {
            Self::ShortHeader | Self::Short => DamageKind::Incomplete,
            Self::Header => DamageKind::BatchHeader,
            Self::Checksum(_) => DamageKind::BatchChecksum,
            Self::Structure(_) => DamageKind::BatchStructure,
        }
    }
}

impl BatchHeader {
    /// The position after the batch.
    pub(super) fn end(&self) -> Position {
        Position {
            sequence: self.last(),
            hash: self.hash,
        }
    }
}
