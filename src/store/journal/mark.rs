//! The mark: a small file that says up to where the journal was durable, and so may have been answered.
//!
//! It is overwritten after each batch's fdatasync and not synced itself (a write into the page cache, about
//! a microsecond). So it never says more than is durable; after a kill it is exact, after a power cut it may
//! be older, and a batch that was followed by another is proven by that one anyway.

use super::chain::{ChainHash, Position};
use super::error::{IoFailure, failed};
use super::format::{Fields, VERSION};
use crate::store::files::{Access, File, Files};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The mark's file name.
pub(super) const MARK_NAME: &str = "mark";
const MAGIC: [u8; 8] = *b"TkBudMrk";
/// Bytes of the file. Below a sector, so it is written whole or not at all.
const LENGTH: usize = 8 + 4 + 8 + 32 + 4;

/// What the mark said when the journal was opened or verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkState {
    /// The journal was durable up to there.
    Durable(Position),
    /// There is no mark: nothing is known.
    Absent,
    /// The mark is broken or of another version: nothing is known.
    Unreadable,
}

impl MarkState {
    /// The position, where there is one.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Durable(position) => Some(*position),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// The mark's file, open for writing.
#[derive(Debug)]
pub(super) struct Mark {
    file: Arc<dyn File>,
    path: PathBuf,
}

impl Mark {
    /// Reads the mark of a journal's folder.
    pub(super) fn read(files: &dyn Files, dir: &Path) -> Result<MarkState, IoFailure> {
        let path = dir.join(MARK_NAME);
        let file = match files.open(&path, Access::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(MarkState::Absent),
            opened => opened.map_err(failed("open", &path))?,
        };
        let mut bytes = [0; LENGTH];
        let read = file
            .read_full_at(0, &mut bytes)
            .map_err(failed("read", &path))?;
        Ok(decode(&bytes[..read]).map_or(MarkState::Unreadable, MarkState::Durable))
    }

    /// Opens the mark for writing, making it where there is none.
    pub(super) fn open(files: &dyn Files, dir: &Path) -> Result<Self, IoFailure> {
        let path = dir.join(MARK_NAME);
        let file = match files.open(&path, Access::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => files.create_new(&path),
            opened => opened,
        };
        match file {
            Ok(file) => Ok(Self { file, path }),
            Err(error) => Err(failed("open", &path)(error)),
        }
    }

    /// Says that the journal is durable up to `position`.
    pub(super) fn write(&self, position: Position) -> Result<(), IoFailure> {
        self.file
            .write_all_at(0, &encode(position))
            .map_err(failed("write", &self.path))
    }

    /// Makes the mark itself durable.
    pub(super) fn sync(&self) -> Result<(), IoFailure> {
        self.file.sync_data().map_err(failed("sync", &self.path))
    }
}

fn encode(position: Position) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(position.sequence.to_le_bytes());
    bytes.extend(position.hash.as_bytes());
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Position> {
    let mut fields = Fields(bytes);
    let magic = fields.take::<8>()?;
    let version = fields.u32()?;
    let sequence = fields.u64()?;
    let hash: ChainHash = fields.hash()?;
    let crc = fields.u32()?;
    let sound =
        magic == MAGIC && version == VERSION && crc == crc32c::crc32c(bytes.get(..LENGTH - 4)?);
    sound.then_some(Position { sequence, hash })
}
