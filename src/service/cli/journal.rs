//! `tekton-budget verify` and `tekton-budget repair`: what is wrong with the journal, and giving it up.

use super::seen::Seen;
use super::{Client, print, progress};
use crate::core::codec;
use crate::core::count::counted;
use crate::service::front;
use crate::service::house::{journal_dir, lookup_dir};
use crate::store::files::RealFiles;
use crate::store::journal::{
    Choice, DamageKind, Expect, IoFailure, RepairError, Report, SoundBatch, repair, verify_each,
};
use crate::store::lookup::set_aside;
use clap::Args;
use serde::Serialize;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How often a journal is gone through whose owner appends meanwhile, until it is found whole.
const ROUNDS: usize = 3;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct RepairArgs {
    /// Give up a broken end behind the last sound batch
    #[arg(long)]
    drop_tail: bool,
    /// Give up every event after this sequence, the last one of a batch; 0 gives up all
    #[arg(long, value_name = "SEQ")]
    truncate_after: Option<u64>,
    /// Move a file that is no part of the journal out of the way; no event is lost
    #[arg(long, value_name = "NAME")]
    set_aside: Option<String>,
}

/// An event in a sound batch that this program can't read.
#[derive(Debug, Serialize)]
struct UnreadableEvent {
    file: String,
    /// Where its batch begins.
    offset: u64,
    sequence: u64,
    error: String,
}

#[derive(Debug, Serialize)]
struct Findings {
    whole: bool,
    /// Whether a running tekton-budget has the store open.
    owned: bool,
    lookup: Seen,
    journal: PathBuf,
    #[serde(flatten)]
    report: Report,
    unreadable_events: Vec<UnreadableEvent>,
}

/// Finds all that is wrong and says so on standard output; fails where anything is.
pub(super) fn verify(client: &Client, wanted: &VerifyArgs) -> Result<(), String> {
    let data_dir = client.data_dir()?;
    let journal = existing_journal(&data_dir)?;
    let owned = is_owned(&data_dir)?;
    // Before the journal is read: what it has seen by now is there then, though an owner comes and goes on.
    let lookup = Seen::look(&data_dir, owned);
    let found = find_all(journal, owned, lookup).map_err(|error| error.to_string())?;
    if wanted.json {
        print(&serde_json::to_string_pretty(&found).map_err(|error| error.to_string())?)?;
    } else {
        print(&described(&found))?;
    }
    next_step(&found).map_or(Ok(()), Err)
}

/// The journal of a data directory, where there is one.
pub(super) fn existing_journal(data_dir: &Path) -> Result<PathBuf, String> {
    let journal = journal_dir(data_dir);
    let why = match fs::metadata(&journal) {
        Ok(found) if found.is_dir() => return Ok(journal),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => format!(": {error}"),
        _ => String::new(),
    };
    Err(format!(
        "there is no journal in {} that this user can read{why}; name the data directory with --data-dir",
        data_dir.display()
    ))
}

/// Whether a running tekton-budget has the store open.
pub(super) fn is_owned(data_dir: &Path) -> Result<bool, String> {
    front::is_owned(data_dir)
        .map_err(|error| format!("the lock in {} can't be read: {error}", data_dir.display()))
}

fn find_all(journal: PathBuf, owned: bool, lookup: Seen) -> Result<Findings, IoFailure> {
    let rounds = if owned { ROUNDS } else { 1 };
    let mut round = 1;
    loop {
        let (report, unreadable_events) = find(&journal, lookup.expect())?;
        let settled = report.is_whole() && report.torn.is_none();
        if settled || round == rounds {
            return Ok(Findings {
                whole: report.is_whole() && unreadable_events.is_empty(),
                owned,
                lookup,
                journal,
                report,
                unreadable_events,
            });
        }
        round += 1;
    }
}

fn find(journal: &Path, expect: Expect) -> Result<(Report, Vec<UnreadableEvent>), IoFailure> {
    let mut unreadable = Vec::new();
    let bar = progress::events("verifying");
    let report = verify_each(&RealFiles, journal, expect, &mut |sound| {
        bar.inc(sound.batch.len() as u64);
        decode(sound, &mut unreadable);
    });
    bar.finish_and_clear();
    Ok((report?, unreadable))
}

fn decode(sound: SoundBatch<'_>, unreadable: &mut Vec<UnreadableEvent>) {
    for (sequence, event) in (sound.batch.first()..).zip(sound.batch.events()) {
        if let Err(error) = codec::decode(event) {
            unreadable.push(UnreadableEvent {
                file: sound.file.to_owned(),
                offset: sound.offset,
                sequence,
                error: error.to_string(),
            });
        }
    }
}

fn described(found: &Findings) -> String {
    let mut text = format!("{}\n{}", found.lookup, found.report);
    for event in &found.unreadable_events {
        let _ = write!(
            text,
            "\nunreadable: {}, offset {}, sequence {}: {}",
            event.file, event.offset, event.sequence, event.error
        );
    }
    text
}

/// What to do about what was found; `None` where nothing is wrong.
fn next_step(found: &Findings) -> Option<String> {
    let (damages, events) = (found.report.damages.len(), found.unreadable_events.len());
    if damages == 0 && events == 0 {
        return None;
    }
    if damages == 0 {
        return Some(format!(
            "{} can't be read; use the tekton-budget that wrote them, or a newer one",
            counted(events, "event", "events")
        ));
    }
    if let Some(newer) = found.report.damages.iter().find(|damage| damage.is_newer()) {
        return Some(format!(
            "the journal is newer than this program: {newer}; update tekton-budget, and verify with that"
        ));
    }
    let foreign = found.report.damages.iter();
    let foreign = foreign.filter(|damage| damage.kind == DamageKind::ForeignFile);
    let step = if foreign.clone().count() == damages {
        let names =
            foreign.map(|damage| format!("`tekton-budget repair --set-aside '{}'`", damage.file));
        names.collect::<Vec<_>>().join(" and ")
    } else {
        format!(
            "restore a backup into a new data directory, or give up what is behind the sound part with \
             `tekton-budget repair --truncate-after {}`",
            found.report.sound.sequence
        )
    };
    Some(format!(
        "the journal is damaged in {}: {step}",
        counted(damages, "place", "places")
    ))
}

/// Gives up what it is told to give up, and says what that was.
pub(super) fn mend(client: &Client, wanted: &RepairArgs) -> Result<(), String> {
    let data_dir = client.data_dir()?;
    let journal = existing_journal(&data_dir)?;
    let _alone = front::exclusively(&data_dir).map_err(|error| error.to_string())?;
    let choice = wanted.choice()?;
    let repaired = repair(&RealFiles, &journal, &choice).map_err(|error| explain(&error))?;
    let mut text = repaired.to_string();
    if let Some(folder) = &repaired.set_aside {
        let _ = write!(
            text,
            "\nwhat was cut is kept in {}",
            journal.join(folder).display()
        );
    }
    let lookup = lookup_dir(&data_dir);
    // Also where nothing was cut: an earlier repair may have been interrupted before this.
    if !matches!(choice, Choice::SetAside(_)) && lookup.is_dir() {
        let folder = set_aside(&lookup).map_err(|error| {
            format!("{text}\nbut the lookup store could not be set aside: {error}; repair again")
        })?;
        let _ = write!(
            text,
            "\nthe lookup store is set aside in {}; the next start makes it again",
            folder.display()
        );
    }
    print(&text)
}

fn explain(error: &RepairError) -> String {
    let next = match error {
        RepairError::NothingToDrop | RepairError::NotForeign(_) => {
            "; `tekton-budget verify` tells what is wrong"
        }
        RepairError::InsideBatch { .. } => "; name one of these two",
        _ => "",
    };
    format!("nothing was given up: {error}{next}")
}

impl RepairArgs {
    fn choice(&self) -> Result<Choice, String> {
        match (self.truncate_after, &self.set_aside) {
            (Some(sequence), _) => Ok(Choice::TruncateAfter(sequence)),
            (None, Some(name)) => Ok(Choice::SetAside(name.clone())),
            (None, None) if self.drop_tail => Ok(Choice::DropTail),
            (None, None) => Err("say what to give up".to_owned()),
        }
    }
}
