//! Making a backup.

use super::error::{BackupError, on};
use super::format::{HEADER, Header, lay_out};
use super::read::{Summary, digest};
use crate::store::files::Files;
use crate::store::journal::read_durable;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// What happens to a file that has the backup's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and no backup is made.
    Stays,
    /// The backup takes its place, once it is whole.
    IsReplaced,
}

/// Writes all durable events of the journal in `journal_dir` to one file, which is there only once it is whole. Does not
/// disturb an owner; `owned` says whether there is one. Tells `progress` how many of how many bytes are done, about.
///
/// # Errors
/// Where the journal is damaged, the file is there already or would be in the data directory, or the file system fails.
pub fn write(
    files: &dyn Files,
    journal_dir: &Path,
    owned: bool,
    to: &Path,
    existing: Existing,
    progress: &dyn Fn(u64, u64),
) -> Result<Summary, BackupError> {
    refuse_own(to, journal_dir)?;
    refuse_existing(to, existing)?;
    let draft = Draft::begin(to)?;
    let summary = fill(files, journal_dir, owned, &draft, progress)?;
    refuse_existing(to, existing)?;
    draft.put_in_place(to)?;
    Ok(summary)
}

/// Refuses a file in the data directory: it could take the place of what it is a backup of.
fn refuse_own(to: &Path, journal_dir: &Path) -> Result<(), BackupError> {
    let folder = fs::canonicalize(folder_of(to)).map_err(on(to))?;
    let store = fs::canonicalize(folder_of(journal_dir)).map_err(on(journal_dir))?;
    if folder.starts_with(store) {
        return Err(BackupError::InStore(to.to_path_buf()));
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    let parent = path.parent();
    let named = parent.filter(|parent| !parent.as_os_str().is_empty());
    named.unwrap_or(Path::new("."))
}

fn refuse_existing(to: &Path, existing: Existing) -> Result<(), BackupError> {
    if existing == Existing::Stays && fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_path_buf()));
    }
    Ok(())
}

fn fill(
    files: &dyn Files,
    journal_dir: &Path,
    owned: bool,
    draft: &Draft,
    progress: &dyn Fn(u64, u64),
) -> Result<Summary, BackupError> {
    let failed = on(&draft.path);
    let mut batches = read_durable(files, journal_dir, owned)?;
    let total = batches.bytes();
    let mut out = BufWriter::with_capacity(1 << 20, &draft.file);
    out.write_all(&[0; HEADER]).map_err(&failed)?;
    let (mut laid_out, mut count, mut done) = (Vec::new(), 0, HEADER as u64);
    while let Some(batch) = batches.next_batch()? {
        lay_out(batch, &mut laid_out);
        out.write_all(&laid_out).map_err(&failed)?;
        count += 1;
        done += laid_out.len() as u64;
        progress(done.min(total), total);
    }
    let header = Header {
        end: batches.end(),
        batches: count,
    };
    out.seek(SeekFrom::Start(0)).map_err(&failed)?;
    out.write_all(&header.encode()).map_err(&failed)?;
    out.flush().map_err(&failed)?;
    drop(out);
    // The checksum is of what reads back, not of what was meant.
    let mut file = &draft.file;
    let checksum = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| digest(file, done))
        .map_err(&failed)?;
    let checksum = checksum.ok_or_else(|| failed(std::io::ErrorKind::UnexpectedEof.into()))?;
    file.write_all(checksum.as_bytes()).map_err(&failed)?;
    file.sync_all().map_err(&failed)?;
    Ok(Summary::new(&header))
}

/// The file until it is whole; removed where it never is.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn begin(to: &Path) -> Result<Self, BackupError> {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let path = to.with_file_name(format!(".{name}.{}.partial", std::process::id()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(on(&path))?;
        Ok(Self { path, file })
    }

    fn put_in_place(&self, to: &Path) -> Result<(), BackupError> {
        fs::rename(&self.path, to).map_err(on(to))?;
        let parent = folder_of(to);
        File::open(parent)
            .and_then(|folder| folder.sync_all())
            .map_err(on(parent))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.path.display(), "an incomplete backup is left");
            }
            _ => {}
        }
    }
}
