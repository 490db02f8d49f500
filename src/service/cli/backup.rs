//! `tekton-budget backup` and `tekton-budget restore`: everything that is true, in one file.

use super::journal::{existing_journal, is_owned};
use super::{Client, print, progress};
use crate::service::front;
use crate::service::house::{journal_dir, lookup_dir};
use crate::store::backup::{self, Existing};
use crate::store::files::{Files, RealFiles};
use crate::store::lookup::set_aside;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a file of that name
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// The backup to restore
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Writes a backup; whoever has the store open goes on undisturbed.
pub(super) fn save(client: &Client, wanted: &BackupArgs) -> Result<(), String> {
    let data_dir = client.data_dir()?;
    let journal = existing_journal(&data_dir)?;
    let owned = is_owned(&data_dir)?;
    let existing = if wanted.force {
        Existing::IsReplaced
    } else {
        Existing::Stays
    };
    let bar = progress::share("backing up");
    let tell = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let saved = backup::write(&RealFiles, &journal, owned, &wanted.file, existing, &tell);
    bar.finish_and_clear();
    let saved = saved.map_err(|error| error.to_string())?;
    print(&format!(
        "{} holds {} events in {} batches, with hash {}",
        wanted.file.display(),
        saved.end.sequence,
        saved.batches,
        saved.end.hash
    ))
}

/// Makes the journal of a new data directory from a backup.
pub(super) fn restore(client: &Client, wanted: &RestoreArgs) -> Result<(), String> {
    let data_dir = client.data_dir()?;
    let _alone = front::exclusively(&data_dir).map_err(|error| error.to_string())?;
    let bar = progress::share("restoring");
    let tell = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let journal = journal_dir(&data_dir);
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let restored = backup::restore(&files, &wanted.file, &journal, &tell);
    bar.finish_and_clear();
    let restored = restored.map_err(|error| error.to_string())?;
    let lookup = lookup_dir(&data_dir);
    if lookup.is_dir() {
        // Of a journal that is gone: it would be taken for the witness of another history.
        set_aside(&lookup)
            .map_err(|error| format!("the old lookup store is in the way: {error}"))?;
    }
    print(&format!(
        "{} holds {} events in {} batches, with hash {}; the next start makes the lookup store",
        data_dir.display(),
        restored.end.sequence,
        restored.batches,
        restored.end.hash
    ))
}
