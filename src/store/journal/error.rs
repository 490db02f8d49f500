//! What can be wrong with a journal, and why something was not done.

use serde::Serialize;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A call of the file system that failed, and on what.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", .path.display())]
pub struct IoFailure {
    /// What was tried, as a verb: `write`, `sync`, `list`.
    pub operation: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Names what failed: `files.list(dir).map_err(failed("list", dir))`.
pub(super) fn failed(
    operation: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> IoFailure + use<> {
    let path = path.to_path_buf();
    move |source| IoFailure {
        operation,
        path,
        source,
    }
}

/// One thing that is wrong with a journal, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Damage {
    /// The file's name inside the journal's folder; the segment's where it is in one.
    pub file: String,
    /// The byte in it where the wrong thing begins.
    pub offset: u64,
    /// The sequence of the first event that it concerns.
    pub sequence: u64,
    /// What is wrong.
    #[serde(flatten)]
    pub kind: DamageKind,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, offset {}, sequence {}: {}",
            self.file, self.offset, self.sequence, self.kind
        )
    }
}

impl Damage {
    /// Whether it is none for a newer program, so that there is nothing to give up.
    pub const fn is_newer(&self) -> bool {
        matches!(self.kind, DamageKind::NewerVersion { .. })
    }

    /// What is to be said first of a journal that has it.
    const fn verdict(&self) -> &'static str {
        if self.is_newer() {
            "the journal is newer than this program"
        } else {
            "the journal is damaged"
        }
    }
}

/// Who knows that a sequence was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// The caller's own store, by [`super::Expect::seen`].
    Seen,
    /// The caller, who wants to read from the event after it ([`super::Expect::from`]).
    From,
    /// The journal's own mark.
    Mark,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seen => "the lookup store",
            Self::From => "the caller",
            Self::Mark => "the journal's mark",
        })
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "damage")]
pub enum DamageKind {
    /// A file or folder that is no part of a journal.
    #[error("no part of a journal")]
    ForeignFile,
    /// Of a format that a newer program wrote: whole for that one, for all that is known here.
    #[error(
        "format version {found}, written by a newer tekton-budget; this one reads up to {VERSION}",
        VERSION = super::format::VERSION
    )]
    NewerVersion {
        /// The version in the header.
        found: u32,
    },
    /// The segment's header is short, altered or not a journal's.
    #[error("the segment's header is broken")]
    SegmentHeader,
    /// The header is of another segment than the name says.
    #[error("the header says that the segment begins at sequence {found}")]
    WrongName {
        /// The first sequence by the header.
        found: u64,
    },
    /// The segment before this one is not there.
    #[error("the segment before this one is missing; the one found ends elsewhere")]
    MissingSegment,
    /// The segment is shorter or longer than its successor says.
    #[error("{found} bytes long, and its successor says {expected}")]
    SegmentLength {
        /// By the next segment's header.
        expected: u64,
        /// By the file system.
        found: u64,
    },
    /// The segment's header is sound but is not the one that its successor names.
    #[error("not the segment that its successor names")]
    AlteredSegment,
    /// No batch begins where one must.
    #[error("the batch's header is broken")]
    BatchHeader,
    /// The batch's bytes are not those of its checksum.
    #[error("the batch's bytes do not match its checksum")]
    BatchChecksum,
    /// The batch's checksum is right but its events do not add up.
    #[error("the batch's events do not fill it")]
    BatchStructure,
    /// The file ends inside the batch.
    #[error("the file ends inside a batch")]
    Incomplete,
    /// The batch does not follow the one before it.
    #[error("a gap: the batch begins at sequence {found}")]
    Gap {
        /// The first sequence that the batch has.
        found: u64,
    },
    /// The events are not those that the chain's hash was made of.
    #[error("the chain of hashes breaks")]
    ChainBroken,
    /// The journal ends before a sequence that was already there.
    #[error("the journal ends at sequence {end}, and {witness} has seen {seen}")]
    EndBefore {
        /// The journal's last sequence.
        end: u64,
        /// The sequence that was there.
        seen: u64,
        /// Who knows it.
        witness: Witness,
    },
    /// The journal has another history than the one that was seen.
    #[error("another history than the one that {witness} has seen")]
    OtherHistory {
        /// Who knows it.
        witness: Witness,
    },
    /// The file can't be read there.
    #[error("cannot be read: {error}")]
    Unreadable {
        /// What the system said.
        error: String,
    },
}

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is damaged; `verify` lists everything, `repair` is the way out.
    #[error("{verdict}: {0}", verdict = .0.verdict())]
    Damaged(#[from] Damage),
    /// The file system failed.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(damage) => Self::Damaged(damage),
            ReadError::Io(failure) => Self::Io(failure),
            // Only sequences within the journal are looked up while it is opened.
            ReadError::NotThere { sequence, end } => Self::Damaged(Damage {
                file: String::new(),
                offset: 0,
                sequence,
                kind: DamageKind::EndBefore {
                    end,
                    seen: sequence,
                    witness: Witness::Seen,
                },
            }),
        }
    }
}

/// Why a batch was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A batch has at least one event.
    #[error("a batch without an event")]
    Empty,
    /// An event is larger than [`super::MAX_EVENT`].
    #[error("event {index} of the batch has {bytes} bytes, and at most {MAX} are allowed", MAX = super::MAX_EVENT)]
    EventTooLarge {
        /// Which of the batch, from 0.
        index: usize,
        /// Its bytes.
        bytes: usize,
    },
    /// The batch is larger than [`super::MAX_BATCH`].
    #[error("the batch has {bytes} bytes, and at most {MAX} are allowed", MAX = super::MAX_BATCH)]
    BatchTooLarge {
        /// Its bytes, with 4 for each event.
        bytes: usize,
    },
    /// A write or sync failed. Final: the batch may or may not be there after the next open.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// An earlier write or sync failed; nothing is appended until the journal is opened again.
    #[error("the journal stopped: {why}")]
    Stopped {
        /// The earlier failure.
        why: String,
    },
}

/// Why events were not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The journal is damaged there.
    #[error("{verdict}: {0}", verdict = .0.verdict())]
    Damaged(#[from] Damage),
    /// The file system failed.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// There is no such sequence: they go from 1 to `end`.
    #[error("there is no event {sequence}: the journal ends at {end}")]
    NotThere {
        /// The one asked for.
        sequence: u64,
        /// The last one.
        end: u64,
    },
}
