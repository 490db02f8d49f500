//! The slots that a report is of.

use super::UsageReportInput;
use crate::core::period::{Calendar, Period, WeekStart};
use crate::core::refusal::Refusal;
use crate::reporting::rollup::{SLOT, slot_of};
use crate::service::wire::schema::Instant;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most slots of one report: ten years.
const SLOTS_MOST: i64 = 4 * 24 * 3_653;

/// A named stretch of time that ends now or at a step of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportPeriod {
    Today,
    Yesterday,
    ThisWeek,
    LastWeek,
    ThisMonth,
    LastMonth,
    #[serde(rename = "last_24h")]
    Last24h,
    #[serde(rename = "last_7d")]
    Last7d,
    #[serde(rename = "last_30d")]
    Last30d,
}

/// The slots of a report, since 1970: from the first up to but without the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    pub from: i64,
    pub to: i64,
}

impl Slots {
    /// As many slots, just before.
    pub(crate) const fn before(self) -> Self {
        Self {
            from: self.from - (self.to - self.from),
            to: self.from,
        }
    }

    /// The whole slots that hold what is asked for.
    pub(crate) fn asked(
        input: &UsageReportInput,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (from, to) = match (input.period, input.from, input.to) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                return Err(Refusal::invalid(
                    "period",
                    "expects no from and no to beside it",
                ));
            }
            (None, None, Some(_)) => {
                return Err(Refusal::invalid(
                    "from",
                    "expects an instant, as to has one",
                ));
            }
            (None, Some(from), to) => (from.time(), to.map_or(now, Instant::time)),
            (period, None, None) => named(period.unwrap_or(ReportPeriod::ThisMonth), zone, now),
        };
        let slots = Self {
            from: slot_of(from),
            to: slot_up(to),
        };
        if slots.from >= slots.to {
            return Err(Refusal::invalid("to", "expects an instant after from"));
        }
        slots.within_bounds()
    }

    fn within_bounds(self) -> Result<Self, Refusal> {
        if self.from < 0 {
            return Err(Refusal::invalid("from", "expects an instant after 1970"));
        }
        if self.to.saturating_sub(self.from) > SLOTS_MOST {
            return Err(Refusal::invalid(
                "from",
                "expects at most ten years before to",
            ));
        }
        Ok(self)
    }

    /// The cursor of a place among the rows of these slots, so that every page is of the same ones.
    pub(crate) fn cursor(self, offset: usize) -> String {
        format!("{}.{}.{offset}", self.from, self.to)
    }

    /// The slots and the place of a cursor.
    pub(crate) fn of_cursor(cursor: &str) -> Result<(Self, usize), Refusal> {
        let wrong = || Refusal::invalid("cursor", "expects the next_cursor of an answer");
        let parts: Vec<&str> = cursor.split('.').collect();
        let &[from, to, offset] = parts.as_slice() else {
            return Err(wrong());
        };
        let slot = |text: &str| text.parse::<i64>().map_err(|_| wrong());
        let slots = Self {
            from: slot(from)?,
            to: slot(to)?,
        };
        let offset = offset.parse().map_err(|_| wrong())?;
        if slots.from >= slots.to {
            return Err(wrong());
        }
        Ok((slots.within_bounds().map_err(|_| wrong())?, offset))
    }
}

/// The first slot that begins at an instant or later.
fn slot_up(at: Timestamp) -> i64 {
    let slot = slot_of(at);
    let whole = at.as_second().rem_euclid(SLOT) == 0 && at.subsec_nanosecond() == 0;
    if whole { slot } else { slot + 1 }
}

fn named(period: ReportPeriod, zone: &TimeZone, now: Timestamp) -> (Timestamp, Timestamp) {
    let calendar = |period| Calendar::new(period, zone.clone(), WeekStart::Monday);
    let this = |period| (calendar(period).window(now).start, now);
    let last = |period| {
        let calendar = calendar(period);
        let end = calendar.window(now).start;
        (
            calendar.window(end - SignedDuration::from_secs(1)).start,
            end,
        )
    };
    let hours = |hours| (now - SignedDuration::from_hours(hours), now);
    match period {
        ReportPeriod::Today => this(Period::Daily),
        ReportPeriod::Yesterday => last(Period::Daily),
        ReportPeriod::ThisWeek => this(Period::Weekly),
        ReportPeriod::LastWeek => last(Period::Weekly),
        ReportPeriod::ThisMonth => this(Period::Monthly),
        ReportPeriod::LastMonth => last(Period::Monthly),
        ReportPeriod::Last24h => hours(24),
        ReportPeriod::Last7d => hours(7 * 24),
        ReportPeriod::Last30d => hours(30 * 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reporting::report::instant;

    fn asked(input: &str, zone: &str, now: &str) -> Result<(String, String), Refusal> {
        let input = serde_json::from_str(input).unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let slots = Slots::asked(&input, &zone, now.parse().unwrap())?;
        Ok((
            instant(slots.from).to_string(),
            instant(slots.to).to_string(),
        ))
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn from_is_rounded_down_and_to_up() {
        let input = r#"{"from": "2026-05-01T10:44:59Z", "to": "2026-05-01T12:00:00.000001Z"}"#;
        assert_eq!(
            asked(input, "UTC", "2026-05-02T00:00:00Z").unwrap(),
            pair("2026-05-01T10:30:00Z", "2026-05-01T12:15:00Z")
        );
        let whole = r#"{"from": "2026-05-01T10:00:00Z", "to": "2026-05-01T12:00:00Z"}"#;
        assert_eq!(
            asked(whole, "UTC", "2026-05-02T00:00:00Z").unwrap(),
            pair("2026-05-01T10:00:00Z", "2026-05-01T12:00:00Z")
        );
    }

    #[test]
    fn a_named_period_is_of_the_zone() {
        let now = "2026-05-13T22:30:00Z";
        let of =
            |name: &str, zone| asked(&format!(r#"{{"period": "{name}"}}"#), zone, now).unwrap();
        assert_eq!(
            of("today", "Europe/Berlin"),
            pair("2026-05-13T22:00:00Z", "2026-05-13T22:30:00Z")
        );
        assert_eq!(
            of("today", "Asia/Kathmandu"),
            pair("2026-05-13T18:15:00Z", "2026-05-13T22:30:00Z")
        );
        assert_eq!(
            of("yesterday", "UTC"),
            pair("2026-05-12T00:00:00Z", "2026-05-13T00:00:00Z")
        );
        assert_eq!(
            of("last_week", "UTC"),
            pair("2026-05-04T00:00:00Z", "2026-05-11T00:00:00Z")
        );
        assert_eq!(
            of("last_month", "UTC"),
            pair("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")
        );
        assert_eq!(
            of("last_24h", "UTC"),
            pair("2026-05-12T22:30:00Z", "2026-05-13T22:30:00Z")
        );
    }

    #[test]
    fn a_time_that_makes_no_sense_is_refused() {
        for wrong in [
            r#"{"to": "2026-05-01T12:00:00Z"}"#,
            r#"{"from": "2026-05-01T12:00:00Z", "to": "2026-05-01T12:00:00Z"}"#,
            r#"{"from": "2026-05-01T12:00:00Z", "period": "today"}"#,
            r#"{"from": "2001-05-01T12:00:00Z"}"#,
            r#"{"from": "1901-05-01T12:00:00Z", "to": "1902-05-01T12:00:00Z"}"#,
        ] {
            assert!(
                asked(wrong, "UTC", "2026-05-02T00:00:00Z").is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let slots = Slots { from: 500, to: 600 };
        assert_eq!(Slots::of_cursor(&slots.cursor(7)).unwrap(), (slots, 7));
        assert_eq!(slots.before(), Slots { from: 400, to: 500 });
        for wrong in ["", "7", "600.500.7", "500.600", "500.600.-1", "0.900000.1"] {
            assert!(Slots::of_cursor(wrong).is_err(), "{wrong}");
        }
    }
}
