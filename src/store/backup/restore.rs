//! Restoring a backup: beside the journal's place, and moved there once it is whole and durable.

use super::deferred::Deferred;
use super::error::{BackupError, on};
use super::read::{Backup, Summary, check};
use crate::store::files::Files;
use crate::store::journal::{Expect, Journal, verify};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Makes the journal in `journal_dir` from a backup, with the same batches, sequences and hashes. The whole file is
/// checked first. The caller owns the data directory. Tells `progress` how many of how many events are restored.
///
/// # Errors
/// Where there is a journal already, the backup is flawed, or the file system fails; then there is no journal.
pub fn restore(
    files: &Arc<dyn Files>,
    backup: &Path,
    journal_dir: &Path,
    progress: &dyn Fn(u64, u64),
) -> Result<Summary, BackupError> {
    refuse_used(&**files, journal_dir)?;
    let summary = check(backup)?;
    let draft = journal_dir.with_extension("restoring");
    match fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(on(&draft)(error)),
        _ => {}
    }
    let deferred = Arc::new(Deferred(Arc::clone(files)));
    append_all(
        backup,
        Arc::clone(&deferred) as Arc<dyn Files>,
        &draft,
        progress,
    )?;
    let report = verify(&**files, &draft, Expect::after(summary.end))?;
    if !report.is_whole() || report.end != summary.end || report.batches != summary.batches {
        return Err(BackupError::Differs {
            found: report.sound,
            wanted: summary.end,
        });
    }
    deferred.settle(&draft).map_err(on(&draft))?;
    files.rename(&draft, journal_dir).map_err(on(journal_dir))?;
    if let Some(parent) = journal_dir.parent() {
        files.sync_dir(parent).map_err(on(parent))?;
    }
    Ok(summary)
}

fn refuse_used(files: &dyn Files, journal_dir: &Path) -> Result<(), BackupError> {
    match files.list(journal_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(on(journal_dir)(error)),
        Ok(entries) if entries.is_empty() => Ok(()),
        Ok(_) => {
            let used = journal_dir.parent().unwrap_or(journal_dir);
            Err(BackupError::Used(used.to_path_buf()))
        }
    }
}

fn append_all(
    backup: &Path,
    files: Arc<dyn Files>,
    draft: &Path,
    progress: &dyn Fn(u64, u64),
) -> Result<(), BackupError> {
    let mut batches = Backup::open(backup)?;
    let wanted = batches.summary().end;
    let mut journal = Journal::open(files, draft, Expect::NOTHING)?.journal;
    while let Some((events, end)) = batches.next_batch()? {
        let found = journal.append(&events)?;
        if found != end {
            return Err(BackupError::Differs { found, wanted });
        }
        progress(found.sequence, wanted.sequence);
    }
    Ok(journal.close()?)
}
