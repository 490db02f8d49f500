//! What the lookup store has seen of the journal. It is read from a copy, for verifying changes nothing.

use crate::service::house::lookup_dir;
use crate::service::ledger;
use crate::store::journal::{Expect, Position};
use crate::store::lookup::{LookupError, SledLookup};
use serde::Serialize;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// What the lookup store says of the journal.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Seen {
    /// That it was there up to a sequence.
    Read {
        sequence: u64,
        #[serde(skip)]
        at: Position,
    },
    /// There is none, or it is new.
    Absent,
    /// A running tekton-budget has it, and has held the journal against it at its start.
    InUse,
    /// It can't be read.
    Unreadable { why: String },
}

impl Seen {
    /// Asks the lookup store of a data directory.
    pub(super) fn look(data_dir: &Path, owned: bool) -> Self {
        if owned {
            return Self::InUse;
        }
        match read(&lookup_dir(data_dir)) {
            Ok(Some(at)) => Self::Read {
                sequence: at.sequence,
                at,
            },
            Ok(None) => Self::Absent,
            Err(error) => Self::Unreadable {
                why: error.to_string(),
            },
        }
    }

    /// What the journal has to hold by it.
    pub(super) fn expect(&self) -> Expect {
        match self {
            Self::Read { at, .. } => Expect {
                seen: at.sequence,
                seen_hash: Some(at.hash),
                ..Expect::NOTHING
            },
            _ => Expect::NOTHING,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lookup store: ")?;
        match self {
            Self::Read { sequence, .. } => write!(f, "has seen the journal up to {sequence}"),
            Self::Absent => f.write_str("there is none"),
            Self::InUse => f.write_str("in use by a running tekton-budget, so it was not asked"),
            Self::Unreadable { why } => write!(f, "not to be read, so it proves nothing: {why}"),
        }
    }
}

fn read(lookup: &Path) -> Result<Option<Position>, LookupError> {
    if !fs::exists(lookup)? {
        return Ok(None);
    }
    let place = tempfile::tempdir()?;
    let copy = place.path().join("lookup");
    copy_folder(lookup, &copy)?;
    ledger::seen(&SledLookup::open(&copy)?)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
