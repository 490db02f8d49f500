//! Repairing: gives up what it is told to give up, and nothing else. What is cut is moved into a folder
//! `set-aside-…` beside the segments, never deleted.
//!
//! Each step is durable before the next, and later segments go before earlier ones, so a repair that is
//! interrupted leaves a journal that is still refused, and can be asked for again.

use super::aside::Aside;
use super::chain::Position;
use super::error::{Damage, DamageKind, IoFailure, failed};
use super::expect::Expect;
use super::format::SEGMENT_HEADER;
use super::inventory::{Inventory, SegmentFile};
use super::mark::Mark;
use super::report::Report;
use super::stream::{Step, Stream};
use super::verify::verify;
use crate::store::files::{Access, Files};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What to give up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// A broken or missing end behind the last sound batch; refused where a sound batch lies behind the damage.
    DropTail,
    /// Every event after this sequence, which must be the last one of a batch, or 0; all before must be sound.
    TruncateAfter(u64),
    /// A foreign file or folder, by its name; no event is lost.
    SetAside(String),
}

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// The folder, inside the journal's, that now holds what was cut; `None` where there was nothing to move.
    pub set_aside: Option<String>,
    /// The files in it.
    pub moved: Vec<String>,
    /// Bytes that were cut off or moved.
    pub bytes: u64,
    /// Where the journal ends now. A caller's store that has seen more must be made anew.
    pub end: Position,
    /// The first and last sequence that are known to be lost; `None` where no event is.
    pub lost: Option<(u64, u64)>,
}

impl fmt::Display for Repaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lost {
            Some((first, last)) => write!(f, "gave up the events {first} to {last}")?,
            None => write!(f, "gave up no event that is known of")?,
        }
        if let Some(folder) = &self.set_aside {
            let names = self.moved.join(", ");
            write!(f, "; {} bytes are in {folder} ({names})", self.bytes)?;
        }
        write!(f, "; the journal ends at {}", self.end.sequence)
    }
}

/// Why nothing was repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// A newer program wrote a part of it, which this one would take for damage.
    #[error("the journal is newer than this program: {0}; update tekton-budget")]
    Newer(Box<Damage>),
    /// The journal has no such end to drop.
    #[error("the end is sound: there is nothing to drop")]
    NothingToDrop,
    /// The damage is not at the end: sound events lie behind it, which only `TruncateAfter` gives up.
    #[error(
        "sound events up to {end} lie behind the damage ({damage}); to give them up, truncate after {sound}"
    )]
    NotATail {
        /// The first damage.
        damage: Box<Damage>,
        /// Up to where everything is sound.
        sound: u64,
        /// The last sound event.
        end: u64,
    },
    /// What is to be kept is not sound.
    #[error(
        "only the events up to {sound} are sound, so the journal can't be truncated after a later one"
    )]
    NotSound {
        /// Up to where everything is sound.
        sound: u64,
    },
    /// The sequence is inside a batch.
    #[error(
        "{sequence} is inside a batch, which ends with {end}; the one before it ends with {before}"
    )]
    InsideBatch {
        /// The one asked for.
        sequence: u64,
        /// The last of the batch before.
        before: u64,
        /// The last of the batch.
        end: u64,
    },
    /// There is no foreign file of that name.
    #[error("{0:?} is no foreign file of the journal")]
    NotForeign(String),
    /// The file system failed; the repair can be asked for again.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

/// Repairs the journal in a folder, which no one else may have open.
///
/// # Errors
/// Where the choice does not fit what is there, before anything is changed; or what the file system said.
pub fn repair(files: &dyn Files, dir: &Path, choice: &Choice) -> Result<Repaired, RepairError> {
    let report = verify(files, dir, Expect::NOTHING)?;
    let inventory = Inventory::take(files, dir)?;
    if let Some(newer) = report.damages.iter().find(|damage| damage.is_newer())
        && !matches!(choice, Choice::SetAside(_))
    {
        return Err(RepairError::Newer(Box::new(newer.clone())));
    }
    let bench = Bench { files, dir };
    match choice {
        Choice::SetAside(name) => bench.set_foreign_aside(&inventory, &report, name),
        Choice::DropTail => {
            check_tail(&report)?;
            bench.truncate(&inventory, &report, report.sound.sequence)
        }
        Choice::TruncateAfter(sequence) => bench.truncate(&inventory, &report, *sequence),
    }
}

/// Whether all that is wrong is the end.
fn check_tail(report: &Report) -> Result<(), RepairError> {
    let of_segments = |damage: &&Damage| damage.kind != DamageKind::ForeignFile;
    let Some(damage) = report.damages.iter().find(of_segments) else {
        return match report.torn {
            Some(_) => Ok(()),
            None => Err(RepairError::NothingToDrop),
        };
    };
    let at_end = matches!(
        damage.kind,
        DamageKind::BatchHeader
            | DamageKind::BatchChecksum
            | DamageKind::BatchStructure
            | DamageKind::Incomplete
            | DamageKind::EndBefore { .. }
    );
    if at_end && report.end == report.sound {
        return Ok(());
    }
    Err(RepairError::NotATail {
        damage: Box::new(damage.clone()),
        sound: report.sound.sequence,
        end: report.end.sequence,
    })
}

/// Where the journal is to be cut.
struct Cut {
    /// The segment that keeps its beginning; all after it go. `None` where all go.
    keeps: Option<usize>,
    /// Bytes of it that stay.
    offset: u64,
    end: Position,
}

struct Bench<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
}

impl Bench<'_> {
    fn set_foreign_aside(
        &self,
        inventory: &Inventory,
        report: &Report,
        name: &str,
    ) -> Result<Repaired, RepairError> {
        if !inventory.foreign.iter().any(|foreign| foreign == name) {
            return Err(RepairError::NotForeign(name.to_owned()));
        }
        let mut aside = Aside::new(self.files, self.dir)?;
        aside.take(name, 0)?;
        Ok(repaired(aside, report.end, None))
    }

    fn truncate(
        &self,
        inventory: &Inventory,
        report: &Report,
        sequence: u64,
    ) -> Result<Repaired, RepairError> {
        if sequence > report.sound.sequence {
            let sound = report.sound.sequence;
            return Err(RepairError::NotSound { sound });
        }
        let cut = self.find_cut(&inventory.segments, sequence)?;
        let mut aside = Aside::new(self.files, self.dir)?;
        let kept = cut.keeps.map_or(0, |keeps| keeps + 1);
        if let Some(segment) = cut.keeps.map(|keeps| &inventory.segments[keeps])
            && segment.length > cut.offset
        {
            aside.copy_end(segment, cut.offset)?;
        }
        for segment in inventory.segments[kept..].iter().rev() {
            aside.take(&segment.name, segment.length)?;
        }
        if let Some(keeps) = cut.keeps {
            self.shorten(&inventory.segments[keeps], cut.offset)?;
        }
        let mark = Mark::open(self.files, self.dir)?;
        mark.write(cut.end)?;
        mark.sync()?;
        let synced = self.files.sync_dir(self.dir);
        synced.map_err(failed("sync", self.dir))?;
        Ok(repaired(aside, cut.end, lost(report, cut.end.sequence)))
    }

    /// Finds where the batch ends that ends with `sequence`, in the sound part.
    fn find_cut(&self, segments: &[SegmentFile], sequence: u64) -> Result<Cut, RepairError> {
        let after = segments.partition_point(|segment| segment.first <= sequence);
        let Some(keeps) = after.checked_sub(1) else {
            return Ok(Cut {
                keeps: None,
                offset: 0,
                end: Position::START,
            });
        };
        let segment = &segments[keeps];
        let path = self.dir.join(&segment.name);
        let file = self.files.open(&path, Access::Read);
        let mut stream = Stream::segment(file.map_err(failed("open", &path))?, segment.length);
        let mut before = segment.first - 1;
        while let Step::Batch(header) = stream.advance().map_err(failed("read", &path))? {
            let end = header.end();
            if end.sequence == sequence {
                return Ok(Cut {
                    keeps: Some(keeps),
                    offset: stream.offset() + header.total(),
                    end,
                });
            }
            if end.sequence > sequence {
                let end = end.sequence;
                return Err(RepairError::InsideBatch {
                    sequence,
                    before,
                    end,
                });
            }
            before = end.sequence;
        }
        Err(RepairError::NotSound { sound: before })
    }

    fn shorten(&self, segment: &SegmentFile, length: u64) -> Result<(), IoFailure> {
        let path = self.dir.join(&segment.name);
        let file = self
            .files
            .open(&path, Access::Write)
            .map_err(failed("open", &path))?;
        file.truncate(length.max(SEGMENT_HEADER as u64))
            .map_err(failed("cut", &path))?;
        file.sync_data().map_err(failed("sync", &path))
    }
}

fn repaired(aside: Aside<'_>, end: Position, lost: Option<(u64, u64)>) -> Repaired {
    let (set_aside, moved, bytes) = aside.into_parts();
    Repaired {
        set_aside,
        moved,
        bytes,
        end,
        lost,
    }
}

/// The sequences behind the cut that were there, as far as anything knows of them.
fn lost(report: &Report, end: u64) -> Option<(u64, u64)> {
    let marked = report.mark.position().map_or(0, |mark| mark.sequence);
    let broken = report.damages.iter().map(|damage| damage.sequence);
    let last = broken
        .max()
        .unwrap_or(0)
        .max(report.end.sequence)
        .max(marked);
    (last > end).then_some((end + 1, last))
}
