//! Where each row stands in the lookup store: a letter for its kind, then its id big-endian.

use crate::core::alert::MeterKey;
use crate::core::id::{AlertId, AllocationId, BudgetId, IncreaseId, PolicyId, RecordId};
use crate::core::period::Window;
use crate::core::state::RowKey;
use crate::reporting::rollup::Place;

/// The kinds of rows.
pub(crate) mod kind {
    pub(crate) const ALLOCATION_OPEN: u8 = b'a';
    pub(crate) const ALLOCATION_ENDED: u8 = b'A';
    pub(crate) const ALERT: u8 = b'l';
    pub(crate) const ALERT_RESOLVED: u8 = b'L';
    pub(crate) const CORRECTION: u8 = b'k';
    pub(crate) const BUDGET: u8 = b'b';
    pub(crate) const INCREASE: u8 = b'i';
    pub(crate) const INCREASE_ANSWERED: u8 = b'I';
    pub(crate) const METER: u8 = b'm';
    pub(crate) const METER_MOVED: u8 = b'M';
    pub(crate) const OVERRIDE: u8 = b'o';
    pub(crate) const POLICY: u8 = b'p';
    pub(crate) const PRICE: u8 = b'c';
    pub(crate) const REQUESTS: u8 = b'r';
    pub(crate) const ROLLUP: u8 = b'u';
    pub(crate) const SOURCE: u8 = b's';
}

/// The kinds that the present state is made of.
pub(crate) const STATE_KINDS: [u8; 9] = [
    kind::BUDGET,
    kind::POLICY,
    kind::METER,
    kind::ALLOCATION_OPEN,
    kind::ALERT,
    kind::INCREASE,
    kind::OVERRIDE,
    kind::PRICE,
    kind::SOURCE,
];

/// A kind's first key, and the first one behind its last.
pub(crate) const fn range(kind: u8) -> ([u8; 1], [u8; 1]) {
    ([kind], [kind + 1])
}

/// The key of a kind and a number.
pub(crate) fn numbered(kind: u8, number: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(9);
    key.push(kind);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The key of a row; `open` says whether what it is about has not ended.
pub(crate) fn row(key: &RowKey, open: bool) -> Vec<u8> {
    let either = |open_kind, ended_kind| if open { open_kind } else { ended_kind };
    match key {
        RowKey::Budget(id) => numbered(kind::BUDGET, id.0),
        RowKey::Policy(id) => numbered(kind::POLICY, id.0),
        RowKey::Meter(policy, meter) => {
            self::meter(either(kind::METER, kind::METER_MOVED), *policy, meter)
        }
        RowKey::Allocation(id) => {
            numbered(either(kind::ALLOCATION_OPEN, kind::ALLOCATION_ENDED), id.0)
        }
        RowKey::Alert(id) => numbered(either(kind::ALERT, kind::ALERT_RESOLVED), id.0),
        RowKey::Increase(id) => numbered(either(kind::INCREASE, kind::INCREASE_ANSWERED), id.0),
        RowKey::Override(provider, model) => self::model(kind::OVERRIDE, provider, model),
        RowKey::Price(provider, model) => self::model(kind::PRICE, provider, model),
        RowKey::Source(source) => {
            let mut key = vec![kind::SOURCE];
            key.extend_from_slice(source.as_bytes());
            key
        }
        RowKey::Correction(id) => numbered(kind::CORRECTION, id.0),
    }
}

fn model(kind: u8, provider: &str, model: &str) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(provider.as_bytes());
    key.push(0);
    key.extend_from_slice(model.as_bytes());
    key
}

fn read_model(key: &[u8]) -> Option<(String, String)> {
    let (provider, model) = std::str::from_utf8(key).ok()?.split_once('\0')?;
    Some((provider.to_owned(), model.to_owned()))
}

/// The first key of a policy's counters that were moved, and the first one behind them.
pub(crate) fn moved_meters(policy: PolicyId) -> (Vec<u8>, Vec<u8>) {
    let from = |id| numbered(kind::METER_MOVED, id);
    (from(policy.0), from(policy.0.saturating_add(1)))
}

fn meter(kind: u8, policy: PolicyId, meter: &MeterKey) -> Vec<u8> {
    let mut key = numbered(kind, policy.0);
    match meter {
        MeterKey::Window(window) => {
            key.push(0);
            key.extend_from_slice(&window.start.as_microsecond().to_be_bytes());
            key.extend_from_slice(&window.end.as_microsecond().to_be_bytes());
        }
        MeterKey::Of(id) => {
            key.push(1);
            key.extend_from_slice(id.as_bytes());
        }
    }
    key
}

/// The key that a row was written under; none if it is not one of the state's.
pub(crate) fn read(key: &[u8]) -> Option<RowKey> {
    let (kind, rest) = key.split_first()?;
    let number = || rest.try_into().ok().map(u64::from_be_bytes);
    match *kind {
        kind::BUDGET => number().map(BudgetId).map(RowKey::Budget),
        kind::POLICY => number().map(PolicyId).map(RowKey::Policy),
        kind::ALLOCATION_OPEN | kind::ALLOCATION_ENDED => {
            number().map(AllocationId).map(RowKey::Allocation)
        }
        kind::ALERT | kind::ALERT_RESOLVED => number().map(AlertId).map(RowKey::Alert),
        kind::INCREASE | kind::INCREASE_ANSWERED => number().map(IncreaseId).map(RowKey::Increase),
        kind::METER | kind::METER_MOVED => {
            let (policy, meter) = rest.split_first_chunk::<8>()?;
            Some(RowKey::Meter(
                PolicyId(u64::from_be_bytes(*policy)),
                read_meter(meter)?,
            ))
        }
        kind::OVERRIDE => {
            read_model(rest).map(|(provider, model)| RowKey::Override(provider, model))
        }
        kind::PRICE => read_model(rest).map(|(provider, model)| RowKey::Price(provider, model)),
        kind::CORRECTION => number().map(RecordId).map(RowKey::Correction),
        kind::SOURCE => {
            let source = std::str::from_utf8(rest).ok()?;
            Some(RowKey::Source(source.to_owned()))
        }
        _ => None,
    }
}

fn read_meter(key: &[u8]) -> Option<MeterKey> {
    match key.split_first()? {
        (0, window) => {
            let (start, end) = window.split_first_chunk::<8>()?;
            let start = i64::from_be_bytes(*start);
            let end = i64::from_be_bytes(end.try_into().ok()?);
            let instant = |micros| crate::core::time::of_microsecond(micros).ok();
            Some(MeterKey::Window(Window {
                start: instant(start)?,
                end: instant(end)?,
            }))
        }
        (1, id) => std::str::from_utf8(id)
            .ok()
            .map(|id| MeterKey::Of(id.into())),
        _ => None,
    }
}

/// The key of a bucket of usage.
pub(crate) fn rollup(place: &Place) -> Vec<u8> {
    let mut key = slot(place.slot);
    key.extend_from_slice(&place.digest.to_be_bytes());
    key
}

/// The first key of a slot's buckets. Slots before 1970 sort before the others.
pub(crate) fn slot(slot: i64) -> Vec<u8> {
    numbered(kind::ROLLUP, slot.cast_unsigned() ^ (1 << 63))
}

/// The slot of a bucket's key.
pub(crate) fn read_slot(key: &[u8]) -> Option<i64> {
    let (number, _) = key.get(1..)?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*number) ^ (1 << 63)).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn a_key_is_read_back_as_what_it_was() {
        let window = Window {
            start: Timestamp::UNIX_EPOCH,
            end: "2026-11-24T00:00:00Z".parse().unwrap(),
        };
        let keys = [
            RowKey::Budget(BudgetId(7)),
            RowKey::Policy(PolicyId(u64::MAX)),
            RowKey::Meter(PolicyId(3), MeterKey::Window(window)),
            RowKey::Meter(PolicyId(3), MeterKey::Window(Window::ALWAYS)),
            RowKey::Meter(PolicyId(3), MeterKey::Of("Sitzung ä".into())),
            RowKey::Allocation(AllocationId(1)),
            RowKey::Override("openai".into(), "gpt-4o".into()),
            RowKey::Price("openai".into(), "gpt-4o".into()),
            RowKey::Source("litellm".into()),
            RowKey::Correction(RecordId(9)),
        ];
        for key in keys {
            assert_eq!(read(&row(&key, true)), Some(key));
        }
        assert_eq!(read_slot(&slot(-5)), Some(-5));
        assert!(slot(-5) < slot(0) && slot(0) < slot(5));
    }
}
