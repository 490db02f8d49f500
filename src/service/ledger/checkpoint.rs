//! Writing the state behind into the lookup store, and reading it back.

use super::keys::{self, kind};
use super::requests;
use crate::core::alert::AlertStatus;
use crate::core::allocation::AllocationStatus;
use crate::core::id::RecordId;
use crate::core::increase::IncreaseStatus;
use crate::core::state::{Meter, Row, RowKey, State};
use crate::core::time;
use crate::core::usage::Correction;
use crate::reporting::rollup::{Dimensions, Place, Rollups, Sums};
use crate::store::journal::{ChainHash, Position};
use crate::store::lookup::{Head, Lookup, LookupError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is kept beside the sequence that the store is true of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    next_id: u64,
    hash: [u8; 32],
    /// Up to when windows may have been moved, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved_until: Option<i64>,
}

type Rows = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Everything that changed since the last checkpoint, at one sequence.
pub struct Checkpoint {
    pub(super) at: Position,
    pub(super) next_id: u64,
    pub(super) rows: Vec<(RowKey, Option<Row>)>,
    /// Counters to move, and up to when any may have been.
    pub(super) moved: Vec<(RowKey, Meter)>,
    pub(super) moved_until: Option<Timestamp>,
    pub(super) requests: Rows,
    pub(super) rollups: Arc<Rollups>,
    pub(super) now: Timestamp,
}

impl Checkpoint {
    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// Of the store, in which it may be kept though.
    pub fn write(self, store: &dyn Lookup) -> Result<(), LookupError> {
        let mut batch = self.requests;
        for (key, row) in self.rows {
            put_row(&mut batch, &key, row.as_ref())?;
            if let (RowKey::Policy(gone), None) = (key, row) {
                let (low, high) = keys::moved_meters(gone);
                for row in store.scan(&low, &high, false) {
                    batch.push((row?.0, None));
                }
            }
        }
        for (key, meter) in self.moved {
            batch.push((keys::row(&key, true), None));
            batch.push((keys::row(&key, false), Some(encode(&Row::Meter(meter))?)));
        }
        // The sums are read together with the head; all other rows are asked for only once the state has let go of them.
        let mut sums_now = Vec::new();
        for (slot, dimensions, sums) in self.rollups.iter() {
            let key = keys::rollup(&Place::of(slot, dimensions));
            let mut total = store
                .get(&key)?
                .map_or(Ok((dimensions.clone(), Sums::default())), |row| {
                    read_rollup(&row)
                })?;
            total.1.add(sums);
            sums_now.push((key, Some(encode(&total)?)));
        }
        batch.extend(
            requests::outdated(store, self.now)?
                .into_iter()
                .map(|key| (key, None)),
        );
        let note = Note {
            next_id: self.next_id,
            hash: *self.at.hash.as_bytes(),
            moved_until: self.moved_until.map(Timestamp::as_microsecond),
        };
        store.commit_many(
            batch,
            sums_now,
            &Head {
                sequence: self.at.sequence,
                note: encode(&note)?,
            },
        )
    }
}

fn put_row(batch: &mut Rows, key: &RowKey, row: Option<&Row>) -> Result<(), LookupError> {
    let value = row.map(encode).transpose()?;
    let open = row.is_none_or(is_open);
    if !open {
        batch.push((keys::row(key, true), None));
    }
    batch.push((keys::row(key, open), value));
    Ok(())
}

/// Whether a row is of the present state: what has ended stands apart, so that starting does not read it.
fn is_open(row: &Row) -> bool {
    match row {
        Row::Allocation(allocation) => allocation.status == AllocationStatus::Held,
        Row::Alert(alert) => alert.status != AlertStatus::Resolved,
        Row::Increase(increase) => increase.status == IncreaseStatus::Open,
        Row::Budget(..)
        | Row::Policy(..)
        | Row::Meter(_)
        | Row::Override(_)
        | Row::Price(_)
        | Row::Source(_)
        | Row::Correction(_) => true,
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, LookupError> {
    rmp_serde::to_vec_named(value)
        .map_err(|error| LookupError::Damaged(format!("a row can't be written: {error}")))
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, LookupError> {
    rmp_serde::from_slice(bytes)
        .map_err(|error| LookupError::Damaged(format!("a row can't be read: {error}")))
}

/// A row of the state, as it was written.
pub(super) fn read_row(bytes: &[u8]) -> Result<Row, LookupError> {
    decode(bytes)
}

/// A bucket of usage, as it was written.
pub(super) fn read_rollup(bytes: &[u8]) -> Result<(Dimensions, Sums), LookupError> {
    decode(bytes)
}

/// The place in the journal that the store is true of; none in a new store.
///
/// # Errors
/// Of the store.
pub fn seen(store: &dyn Lookup) -> Result<Option<Position>, LookupError> {
    let Some(head) = store.head()? else {
        return Ok(None);
    };
    let note: Note = decode(&head.note)?;
    Ok(Some(position(&head, &note)))
}

fn position(head: &Head, note: &Note) -> Position {
    Position {
        sequence: head.sequence,
        hash: ChainHash::from_bytes(note.hash),
    }
}

/// The state that the store is true of, with its place in the journal; none in a new store.
pub(super) fn load(store: &dyn Lookup) -> Result<Option<(State, Position)>, LookupError> {
    let Some(head) = store.head()? else {
        return Ok(None);
    };
    let note: Note = decode(&head.note)?;
    let mut rows = Vec::new();
    for kind in keys::STATE_KINDS {
        let (low, high) = keys::range(kind);
        for row in store.scan(&low, &high, false) {
            let (key, value) = row?;
            let key = keys::read(&key)
                .ok_or_else(|| LookupError::Damaged("a row has a key of no kind".into()))?;
            rows.push((key, read_row(&value)?));
        }
    }
    let mut state = State::from_rows(head.sequence, note.next_id, rows);
    let until = note.moved_until.map(time::of_microsecond).transpose();
    state.set_moved_until(until.map_err(|error| LookupError::Damaged(error.to_string()))?);
    Ok(Some((state, position(&head, &note))))
}

/// The counters among these that were moved into the store.
pub(super) fn moved(
    store: &dyn Lookup,
    keys: Vec<RowKey>,
) -> Result<Vec<(RowKey, Meter)>, LookupError> {
    let mut found = Vec::new();
    for key in keys {
        if let Some(Row::Meter(meter)) = ended_row(store, &key)? {
            found.push((key, meter));
        }
    }
    Ok(found)
}

/// What a record was corrected by; nothing where it never was.
pub(super) fn correction(
    store: &dyn Lookup,
    record: RecordId,
) -> Result<Option<Correction>, LookupError> {
    let row = ended_row(store, &RowKey::Correction(record))?;
    Ok(row.and_then(|row| match row {
        Row::Correction(sum) => Some(sum),
        _ => None,
    }))
}

/// A row of an allocation, alert or request for more that has ended, or of a counter that was moved.
pub(super) fn ended_row(store: &dyn Lookup, key: &RowKey) -> Result<Option<Row>, LookupError> {
    store
        .get(&keys::row(key, false))?
        .map(|row| read_row(&row))
        .transpose()
}

/// The kind under which the ended ones of a row's kind stand.
pub(super) const fn ended_kind(key: &RowKey) -> Option<u8> {
    match key {
        RowKey::Allocation(_) => Some(kind::ALLOCATION_ENDED),
        RowKey::Alert(_) => Some(kind::ALERT_RESOLVED),
        RowKey::Increase(_) => Some(kind::INCREASE_ANSWERED),
        _ => None,
    }
}
