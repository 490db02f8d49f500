//! Instants as events store them: RFC 3339 where a person reads, microseconds since 1970 where only programs do.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The instant, cut to the microsecond that the ledger keeps.
pub fn to_microsecond(at: Timestamp) -> Timestamp {
    of_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// The instant of a microsecond, those of the calendar's last second too, which end the window of all time.
///
/// # Errors
/// Of an instant out of the calendar.
pub fn of_microsecond(micros: i64) -> Result<Timestamp, jiff::Error> {
    const SECOND: i64 = 1_000_000;
    Timestamp::from_microsecond(micros).or_else(|_| {
        let nanos = i32::try_from(micros % SECOND * 1000).unwrap_or_default();
        Timestamp::new(micros / SECOND, nanos)
    })
}

/// Files among a system's zones that are no place's: what one machine is set to, or what nobody has set.
const NO_ZONES: [&str; 3] = ["localtime", "posixrules", "Factory"];

/// The time zone of an IANA name; none where there is no such zone. A name that stands for an unknown zone, or for another
/// one on another machine, names none.
pub fn zone(name: &str) -> Option<TimeZone> {
    if NO_ZONES.iter().any(|none| none.eq_ignore_ascii_case(name)) {
        return None;
    }
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

/// Writes an instant.
pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        at.serialize(serializer)
    } else {
        at.as_microsecond().serialize(serializer)
    }
}

/// Reads an instant.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    if deserializer.is_human_readable() {
        Timestamp::deserialize(deserializer)
    } else {
        of_microsecond(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The same for an instant that may be missing.
pub mod option {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp};

    /// Writes an instant that may be missing.
    pub fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.as_ref().map(Instant).serialize(serializer)
    }

    /// Reads an instant that may be missing.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Owned>::deserialize(deserializer)?.map(|Owned(at)| at))
    }

    struct Instant<'a>(&'a Timestamp);

    impl Serialize for Instant<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            super::serialize(self.0, serializer)
        }
    }

    #[derive(Deserialize)]
    struct Owned(#[serde(with = "super")] Timestamp);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_the_same_on_every_machine() {
        for name in ["UTC", "Europe/Berlin", "america/new_york", "Etc/GMT+5"] {
            assert!(zone(name).is_some(), "{name}");
        }
        for name in [
            "localtime",
            "LOCALTIME",
            "posixrules",
            "Factory",
            "Etc/Unknown",
            "Mars/Olympus",
            "",
        ] {
            assert!(zone(name).is_none(), "{name}");
        }
    }
}
