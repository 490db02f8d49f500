//! Events as bytes: a schema version, then the event with named fields in MessagePack.

use super::event::{Event, Recorded};
use super::period::GoesOn;

/// The version that is written now.
///
/// Version 2: a change that is held back can be of a time that is over, and a source can be removed. A program that knows
/// only version 1 would take the one for a price of now.
///
/// Version 3: an alert can stand for many sessions or tasks, and a policy that is saved can begin to count anew. A program
/// that knows only version 2 would take the one for damage, and go on with the former counters of the other.
///
/// Version 4: a policy whose other time zone or week cuts nothing in another way counts on. A program that knows only version
/// 3 would let its corrections and what it carries over begin anew. Usage keeps the release that it was priced by.
///
/// Version 5: an alert can stand for the unknown costs of many models, which a program that knows only version 4 would take for
/// damage; and holds, usage and corrections keep the name that was given for a model, by which scopes cover them, too.
pub const VERSION: u16 = 5;

/// Why bytes are no event that this program can read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The version is of a later program.
    #[error(
        "an event of schema version {0} was written by a newer tekton-budget; this one reads up to {VERSION}"
    )]
    Newer(u16),
    /// There is no version.
    #[error("an event without a schema version")]
    NoVersion,
    /// The fields are not those of an event.
    #[error("an event of schema version {version} can't be read: {error}")]
    Fields {
        /// The version.
        version: u16,
        /// What is wrong with the fields.
        error: rmp_serde::decode::Error,
    },
    /// The event can't be written.
    #[error("an event can't be written: {0}")]
    Write(#[from] rmp_serde::encode::Error),
}

/// Writes an event.
pub fn encode(recorded: &Recorded, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    rmp_serde::encode::write_named(bytes, recorded)?;
    Ok(())
}

/// Reads an event of any version up to the present one.
pub fn decode(bytes: &[u8]) -> Result<Recorded, CodecError> {
    let Some((version, fields)) = bytes.split_first_chunk::<2>() else {
        return Err(CodecError::NoVersion);
    };
    match u16::from_be_bytes(*version) {
        VERSION => read(VERSION, fields),
        former @ 1..VERSION => upcast(former, fields),
        0 => Err(CodecError::NoVersion),
        newer => Err(CodecError::Newer(newer)),
    }
}

/// The version that first said of a period how its counters go on.
const GOES_ON_SAID: u16 = 4;

/// Every field that the present version has beside those of former ones says by its absence what was meant then. When a
/// field changes, what they wrote is kept here as a type of its own and is turned into the present one.
fn upcast(version: u16, fields: &[u8]) -> Result<Recorded, CodecError> {
    let mut recorded = read(version, fields)?;
    if version >= GOES_ON_SAID {
        return Ok(recorded);
    }
    if let Event::BudgetSaved { goes_on, .. } | Event::PolicySaved { goes_on, .. } =
        &mut recorded.event
    {
        *goes_on = GoesOn::ByName;
    }
    Ok(recorded)
}

fn read(version: u16, fields: &[u8]) -> Result<Recorded, CodecError> {
    rmp_serde::from_slice(fields).map_err(|error| CodecError::Fields { version, error })
}
