//! Checking a backup, and reading its batches.

use super::error::{BackupError, Flaw, on};
use super::format::{CHECKSUM, FRAME, Frame, HEADER, Header, NoHeader, events};
use crate::store::journal::Position;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// What is in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The last sequence, and the chain's hash there.
    pub end: Position,
    /// The batches up to it.
    pub batches: u64,
}

impl Summary {
    pub(super) fn new(header: &Header) -> Self {
        Self {
            end: header.end,
            batches: header.batches,
        }
    }
}

/// Checks a whole backup: its checksum, its batches, and the chain of hashes up to the one that it names.
///
/// # Errors
/// [`BackupError::Flawed`] where it is not sound.
pub fn check(path: &Path) -> Result<Summary, BackupError> {
    let mut backup = Backup::open(path)?;
    while backup.next_batch()?.is_some() {}
    Ok(backup.summary())
}

/// The BLAKE3 of the next `length` bytes; `None` where there are fewer.
pub(super) fn digest(mut from: impl Read, length: u64) -> io::Result<Option<blake3::Hash>> {
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; 1 << 20];
    let mut left = length;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
        let read = match from.read(&mut chunk[..wanted]) {
            Ok(0) => return Ok(None),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&chunk[..read]);
        left -= read as u64;
    }
    Ok(Some(hasher.finalize()))
}

/// A batch's events, and the position after it.
type Step<'a> = (Vec<&'a [u8]>, Position);

/// A backup whose checksum is right, being read.
pub(super) struct Backup {
    path: PathBuf,
    file: BufReader<File>,
    header: Header,
    /// Bytes of batches that are still to come.
    left: u64,
    read: Summary,
    body: Vec<u8>,
}

impl Backup {
    pub(super) fn open(path: &Path) -> Result<Self, BackupError> {
        let failed = on(path);
        let mut file = File::open(path).map_err(&failed)?;
        let length = file.metadata().map_err(&failed)?.len();
        let mut bytes = Vec::with_capacity(HEADER);
        let header = (&mut file).take(HEADER as u64).read_to_end(&mut bytes);
        header.map_err(&failed)?;
        let flawed = |flaw| BackupError::Flawed {
            path: path.to_path_buf(),
            flaw,
        };
        let header = Header::decode(&bytes).map_err(|wrong| {
            flawed(match wrong {
                NoHeader::Magic => Flaw::NoBackup,
                NoHeader::Version(version) => Flaw::Version(version),
                NoHeader::Length => Flaw::Checksum,
            })
        })?;
        let Some(left) = length.checked_sub((HEADER + CHECKSUM) as u64) else {
            return Err(flawed(Flaw::Checksum));
        };
        file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        let computed = digest(&mut file, length - CHECKSUM as u64).map_err(&failed)?;
        let mut checksum = [0; CHECKSUM];
        file.read_exact(&mut checksum).map_err(&failed)?;
        if computed != Some(blake3::Hash::from_bytes(checksum)) {
            return Err(flawed(Flaw::Checksum));
        }
        file.seek(SeekFrom::Start(HEADER as u64)).map_err(&failed)?;
        Ok(Self {
            path: path.to_path_buf(),
            file: BufReader::with_capacity(1 << 20, file),
            header,
            left,
            read: Summary {
                end: Position::START,
                batches: 0,
            },
            body: Vec::new(),
        })
    }

    pub(super) fn summary(&self) -> Summary {
        Summary::new(&self.header)
    }

    /// The next batch; `None` after the last, once all adds up.
    pub(super) fn next_batch(&mut self) -> Result<Option<Step<'_>>, BackupError> {
        if self.left == 0 {
            return if self.read == self.summary() {
                Ok(None)
            } else {
                Err(self.flawed())
            };
        }
        let mut frame = [0; FRAME];
        self.fill(FRAME as u64, |file, _| file.read_exact(&mut frame))?;
        let frame = Frame::decode(&frame).ok_or_else(|| self.flawed())?;
        self.fill(u64::from(frame.body), |file, body| {
            body.resize(frame.body as usize, 0);
            file.read_exact(body)
        })?;
        let before = self.read.end;
        let follows =
            frame.first == before.sequence + 1 && before.hash.after(&self.body) == frame.hash;
        if !follows {
            return Err(self.flawed());
        }
        self.read.end = Position {
            sequence: before.sequence + u64::from(frame.count),
            hash: frame.hash,
        };
        self.read.batches += 1;
        match events(&self.body, frame.count) {
            Some(events) => Ok(Some((events, self.read.end))),
            None => Err(BackupError::Flawed {
                path: self.path.clone(),
                flaw: Flaw::Batches(before.sequence),
            }),
        }
    }

    fn fill(
        &mut self,
        bytes: u64,
        read: impl FnOnce(&mut BufReader<File>, &mut Vec<u8>) -> io::Result<()>,
    ) -> Result<(), BackupError> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| self.flawed())?;
        read(&mut self.file, &mut self.body).map_err(on(&self.path))
    }

    fn flawed(&self) -> BackupError {
        BackupError::Flawed {
            path: self.path.clone(),
            flaw: Flaw::Batches(self.read.end.sequence),
        }
    }
}
