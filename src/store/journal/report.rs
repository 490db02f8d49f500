//! What a verification found.

use super::chain::Position;
use super::error::Damage;
use super::mark::MarkState;
use super::survey::TornTail;
use crate::core::count::counted;
use serde::Serialize;
use std::fmt;

/// What a verification found; as text by `Display`, one line a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Segment files.
    pub segments: usize,
    /// Sound batches.
    pub batches: u64,
    /// Events in them.
    pub events: u64,
    /// Bytes of all segments.
    pub bytes: u64,
    /// The end of the last sound batch, whatever is wrong before it.
    pub end: Position,
    /// Up to where everything is sound: the most that `repair` can keep.
    pub sound: Position,
    /// What the mark says.
    pub mark: MarkState,
    /// The torn end of an unanswered batch, which the next open cuts. No damage.
    pub torn: Option<TornTail>,
    /// Everything that is wrong.
    pub damages: Vec<Damage>,
}

impl Report {
    pub(super) fn new(mark: MarkState, damages: Vec<Damage>) -> Self {
        Self {
            segments: 0,
            batches: 0,
            events: 0,
            bytes: 0,
            end: Position::START,
            sound: Position::START,
            mark,
            torn: None,
            damages,
        }
    }

    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.damages.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}, {} bytes, {}, {}; the end is {} with hash {}",
            counted(self.segments, "segment", "segments"),
            self.bytes,
            counted(self.batches, "batch", "batches"),
            counted(self.events, "event", "events"),
            self.end.sequence,
            self.end.hash
        )?;
        match self.mark {
            MarkState::Durable(at) => writeln!(f, "mark: durable up to {}", at.sequence)?,
            MarkState::Absent => writeln!(f, "mark: there is none, so it does not prove the end")?,
            MarkState::Unreadable => writeln!(f, "mark: unreadable, so it proves nothing")?,
        }
        if let Some(torn) = &self.torn {
            writeln!(f, "{torn}")?;
        }
        for damage in &self.damages {
            let kind = if damage.is_newer() { "newer" } else { "damage" };
            writeln!(f, "{kind}: {damage}")?;
        }
        if self.is_whole() {
            write!(f, "whole")
        } else {
            write!(f, "sound up to sequence {}", self.sound.sequence)
        }
    }
}
