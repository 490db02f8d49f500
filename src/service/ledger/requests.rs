//! Which request ids have been used, so that a retry changes nothing.
//!
//! In memory a fingerprint of each id leads to the sequence of its event; the event itself is read back from the journal
//! to compare the whole id and the content. In the store the fingerprints stand in blocks, in the order of the journal:
//! a row for each id would make the lookup store write at random places, a hundred times slower.

use super::keys::{self, kind};
use crate::core::decide::Entry;
use crate::store::lookup::{Lookup, LookupError};
use jiff::{SignedDuration, Timestamp};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::sync::Arc;
use std::thread::{JoinHandle, yield_now};

/// How long an id is remembered at least.
pub(super) const REMEMBERED: SignedDuration = SignedDuration::from_hours(31 * 24);
/// The most ids of one block, so that its value stays small.
const BLOCK_MOST: usize = 1024;
/// Bytes of one id in a block: fingerprint and sequence.
const ITEM: usize = 16;

/// The first eight bytes of an id's BLAKE3.
fn fingerprint(id: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

/// That an event used a request id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    print: u64,
    sequence: u64,
    at: Timestamp,
}

/// What there is to remember of events.
pub(super) fn noted(entries: &[Entry]) -> Vec<Noted> {
    let with_ids = entries.iter().filter_map(|entry| {
        let request = entry.recorded.request.as_ref()?;
        Some(Noted {
            print: fingerprint(&request.id),
            sequence: entry.sequence,
            at: entry.recorded.stamp.at,
        })
    });
    with_ids.collect()
}

/// The used request ids.
#[derive(Default)]
pub(super) struct RequestIndex {
    /// Ids of this spell and of the one before it; after a spell the older half is forgotten.
    young: FxHashMap<u64, u64>,
    old: FxHashMap<u64, u64>,
    turned: Option<Timestamp>,
    loading: Option<JoinHandle<Result<Loaded, LookupError>>>,
    /// Why the remembered ids could not be read: nothing may be taken for new then.
    unread: Option<String>,
    unsaved: Vec<(u64, u64)>,
}

struct Loaded {
    ids: FxHashMap<u64, u64>,
}

impl RequestIndex {
    /// An index that reads what the store remembers in the background; the first look-up waits for it.
    pub(super) fn load(store: Arc<dyn Lookup>) -> Self {
        let reading = std::thread::Builder::new()
            .name("request-ids".into())
            .spawn(move || read(&*store));
        let mut index = Self::default();
        match reading {
            Ok(reading) => index.loading = Some(reading),
            Err(error) => index.unread = Some(error.to_string()),
        }
        index
    }

    /// The sequence of the event that used an id, if any; whether it is the same id is for the caller to see.
    pub(super) fn find(&mut self, id: &str) -> Result<Option<u64>, LookupError> {
        self.finish_loading()?;
        let print = fingerprint(id);
        Ok(self
            .young
            .get(&print)
            .or_else(|| self.old.get(&print))
            .copied())
    }

    pub(super) fn finish_loading(&mut self) -> Result<(), LookupError> {
        if let Some(reading) = self.loading.take() {
            let loaded = reading
                .join()
                .unwrap_or_else(|_| Err(LookupError::Damaged("the reading thread failed".into())));
            match loaded {
                // What was noted meanwhile is younger, and may have turned old already.
                Ok(mut loaded) => {
                    loaded.ids.extend(self.old.drain());
                    self.old = loaded.ids;
                }
                Err(error) => self.unread = Some(error.to_string()),
            }
        }
        match &self.unread {
            Some(why) => Err(LookupError::Damaged(format!(
                "request ids could not be read: {why}"
            ))),
            None => Ok(()),
        }
    }

    /// Makes room for so many ids at once: a map that grows moves all that is in it again and again.
    pub(super) fn expect(&mut self, many: u64) {
        let many = usize::try_from(many).unwrap_or_default();
        // Where there is no memory for it, it grows as far as it must.
        let _ = self.young.try_reserve(many);
    }

    /// Remembers the ids of events.
    pub(super) fn note(&mut self, noted: &[Noted]) {
        for one in noted {
            self.turn(one.at);
            self.young.insert(one.print, one.sequence);
            self.unsaved.push((one.print, one.sequence));
        }
    }

    fn turn(&mut self, now: Timestamp) {
        let turned = *self.turned.get_or_insert(now);
        if now.duration_since(turned) > REMEMBERED {
            self.old = std::mem::take(&mut self.young);
            self.turned = Some(now);
        }
    }

    /// How many ids are not in the store.
    pub(super) fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    /// The rows of the ids that are not in the store, which count as saved from now on.
    pub(super) fn take_rows(&mut self, now: Timestamp) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let unsaved = std::mem::take(&mut self.unsaved);
        let rows = unsaved.chunks(BLOCK_MOST).map(|block| {
            let mut value = Vec::with_capacity(8 + block.len() * ITEM);
            value.extend_from_slice(&now.as_second().to_be_bytes());
            for (print, sequence) in block {
                value.extend_from_slice(&print.to_be_bytes());
                value.extend_from_slice(&sequence.to_be_bytes());
            }
            (keys::numbered(kind::REQUESTS, block[0].1), Some(value))
        });
        rows.collect()
    }
}

/// Reads all remembered ids. They are gathered before the map is made, since a map that grows under them would stop all
/// else on its processor again and again.
fn read(store: &dyn Lookup) -> Result<Loaded, LookupError> {
    let (low, high) = keys::range(kind::REQUESTS);
    let mut items = Vec::new();
    for row in store.scan(&low, &high, false) {
        let (_, value) = row?;
        for item in value.get(8..).unwrap_or_default().chunks_exact(ITEM) {
            let (print, sequence) = item.split_at(8);
            items.push((number(print), number(sequence)));
        }
        yield_now();
    }
    let mut ids = FxHashMap::with_capacity_and_hasher(items.len(), FxBuildHasher);
    for block in items.chunks(BLOCK_MOST) {
        ids.extend(block.iter().copied());
        yield_now();
    }
    Ok(Loaded { ids })
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}

/// The keys of the blocks whose ids need not be remembered any more.
pub(super) fn outdated(store: &dyn Lookup, now: Timestamp) -> Result<Vec<Vec<u8>>, LookupError> {
    let (low, high) = keys::range(kind::REQUESTS);
    let mut found = Vec::new();
    for row in store.scan(&low, &high, false) {
        let (key, value) = row?;
        let written = value
            .first_chunk::<8>()
            .map_or(0, |second| i64::from_be_bytes(*second));
        if now.as_second() - written <= REMEMBERED.as_secs() {
            break;
        }
        found.push(key);
    }
    Ok(found)
}
