//! Why no backup was made or none was restored.

use super::format::VERSION;
use crate::store::journal::{AppendError, IoFailure, OpenError, Position};
use std::io;
use std::path::{Path, PathBuf};

/// Why no backup was made or none was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of that name.
    #[error("{} is there already; name another file, or say --force to replace it", .0.display())]
    Exists(PathBuf),
    /// The file would lie among the store's own.
    #[error("{} is in the data directory, whose files are the store's own; name a file elsewhere", .0.display())]
    InStore(PathBuf),
    /// The file is not a whole and sound backup.
    #[error("{}: {flaw}; nothing was restored, use another backup", .path.display())]
    Flawed {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// The journal is there already.
    #[error(
        "{} holds a journal already, and a restore never overwrites one; name a new data directory with --data-dir",
        .0.display()
    )]
    Used(PathBuf),
    /// What was restored is not what was backed up.
    #[error("the restored journal ends at {}, and the backup at {}; nothing was put in place", .found.sequence, .wanted.sequence)]
    Differs {
        /// The end of what was restored.
        found: Position,
        /// The end of the backup.
        wanted: Position,
    },
    /// The journal can't be read.
    #[error("{0}; `tekton-budget verify` tells all that is wrong")]
    Journal(#[from] OpenError),
    /// A batch can't be written.
    #[error("the journal can't be written: {0}")]
    Append(#[from] AppendError),
    /// The journal's file system failed.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// The file system failed.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What is wrong with a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It does not begin as one.
    #[error("this is no backup of tekton-budget")]
    NoBackup,
    /// A newer program wrote it.
    #[error(
        "a backup of version {0}, written by a newer tekton-budget; this one reads version {VERSION}"
    )]
    Version(u32),
    /// It is short or its bytes are not those of its checksum.
    #[error("the backup is incomplete or altered: its bytes do not match its checksum")]
    Checksum,
    /// The checksum is right but the batches do not add up to what the header says.
    #[error("the backup's batches do not add up behind sequence {0}")]
    Batches(u64),
}

/// Names the file that failed.
pub(super) fn on(path: &Path) -> impl Fn(io::Error) -> BackupError + use<> {
    let path = path.to_path_buf();
    move |source| BackupError::File {
        path: path.clone(),
        source,
    }
}
