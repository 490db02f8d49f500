//! Periods and the windows they cut time into.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ZonedDateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a policy's counter runs before a new one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Each hour of the clock.
    Hourly,
    /// Each day.
    Daily,
    /// Each week, from the day that the policy says.
    Weekly,
    /// Each month.
    Monthly,
    /// Each quarter of a year.
    Quarterly,
    /// Each year.
    Yearly,
    /// For as long as the policy is.
    Total,
    /// For each `session_id`.
    PerSession,
    /// For each `task_id`.
    PerTask,
}

impl Period {
    /// Whether its counters are kept by a session or task and not by time.
    pub const fn is_keyed(self) -> bool {
        matches!(self, Self::PerSession | Self::PerTask)
    }

    /// The period's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
            Self::Yearly => "yearly",
            Self::Total => "total",
            Self::PerSession => "per_session",
            Self::PerTask => "per_task",
        }
    }
}

/// The day that a week starts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeekStart {
    /// As in ISO 8601.
    #[default]
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl WeekStart {
    const fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

/// A stretch of time, from its start up to but without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first instant.
    #[serde(with = "super::time")]
    pub start: Timestamp,
    /// The first instant after it.
    #[serde(with = "super::time")]
    pub end: Timestamp,
}

impl Window {
    /// All of time, for what has no window.
    ///
    /// Its end is the last microsecond of the calendar, so that it is the same when it is read back.
    pub const ALWAYS: Self = Self {
        start: Timestamp::UNIX_EPOCH,
        end: Timestamp::constant(253_402_207_200, 999_999_000),
    };

    /// Whether it never ends.
    pub fn is_endless(&self) -> bool {
        self.end >= Self::ALWAYS.end
    }

    /// Whether an instant is within.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

/// How it is told whether the counting of a policy goes on as it is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoesOn {
    /// Where its calendar cuts time as it did.
    #[default]
    ByCut,
    /// Where its period, time zone and week are what they were, though others cut nothing in another way: so it was up to
    /// version 3 of events.
    ByName,
}

impl GoesOn {
    /// Whether it is told as it is now.
    pub const fn is_by_cut(&self) -> bool {
        matches!(self, Self::ByCut)
    }
}

/// A period as a policy uses it: in its time zone, with its first day of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    period: Period,
    zone: TimeZone,
    week_start: WeekStart,
}

impl Calendar {
    /// A period in a time zone.
    pub const fn new(period: Period, zone: TimeZone, week_start: WeekStart) -> Self {
        Self {
            period,
            zone,
            week_start,
        }
    }

    /// Whether what is counted by it goes on where it was counted by another.
    pub fn goes_on(&self, other: &Self, by: GoesOn) -> bool {
        match by {
            GoesOn::ByCut => self.cuts_as(other),
            GoesOn::ByName => self == other,
        }
    }

    /// Whether it cuts time where another does. A time zone is nothing to what time does not cut, and a first day of the week
    /// to all but weeks.
    pub fn cuts_as(&self, other: &Self) -> bool {
        let is_uncut = matches!(
            self.period,
            Period::Total | Period::PerSession | Period::PerTask
        );
        let same_zone = is_uncut || self.zone == other.zone;
        let same_week = self.period != Period::Weekly || self.week_start == other.week_start;
        self.period == other.period && same_zone && same_week
    }

    /// The window that holds `at`. Windows of one calendar follow one another without gap or overlap.
    ///
    /// Periods that time does not cut have [`Window::ALWAYS`].
    pub fn window(&self, at: Timestamp) -> Window {
        let local = at.to_zoned_datetime(self.zone.clone());
        let found = match self.period {
            Period::Hourly => Some(self.hour(at)),
            Period::Daily => self.days(local.date(), Span::new().days(1)),
            Period::Weekly => {
                let into = i64::from(local.date().weekday().since(self.week_start.weekday()));
                local
                    .date()
                    .checked_sub(Span::new().days(into))
                    .ok()
                    .and_then(|first| self.days(first, Span::new().weeks(1)))
            }
            Period::Monthly => self.days(local.date().first_of_month(), Span::new().months(1)),
            Period::Quarterly => {
                let month = (local.month() - 1) / 3 * 3 + 1;
                Date::new(local.year(), month, 1)
                    .ok()
                    .and_then(|first| self.days(first, Span::new().months(3)))
            }
            Period::Yearly => self.days(local.date().first_of_year(), Span::new().years(1)),
            Period::Total | Period::PerSession | Period::PerTask => None,
        };
        // Only an instant at the very edge of the calendar (years -9999 and 9999) has no window of its own.
        found.unwrap_or(Window::ALWAYS)
    }

    fn days(&self, first: Date, length: Span) -> Option<Window> {
        let next = first.checked_add(length).ok()?;
        Some(Window {
            start: self.start_of(first)?,
            end: self.start_of(next)?,
        })
    }

    fn start_of(&self, day: Date) -> Option<Timestamp> {
        day.to_zoned_datetime(self.zone.clone())
            .and_then(|day: ZonedDateTime| day.start_of_day())
            .map(|start| start.timestamp())
            .ok()
    }

    /// The local hour that holds `at`. Where the clocks change by part of an hour the change ends one window and begins
    /// another; where an hour comes twice it is two windows.
    fn hour(&self, at: Timestamp) -> Window {
        const HOUR: i64 = 3600;
        let offset = i64::from(self.zone.to_offset(at).seconds());
        let local = at.as_second() + offset;
        // `as_second` rounds towards zero, so instants before 1970 with a fraction belong one second earlier.
        let local = if at.subsec_nanosecond() < 0 {
            local - 1
        } else {
            local
        };
        let start = local.div_euclid(HOUR) * HOUR - offset;
        let instant = |second| Timestamp::from_second(second).unwrap_or(at);
        let (mut start, mut end) = (instant(start), instant(start + HOUR));
        let just_after = at.checked_add(Span::new().nanoseconds(1)).unwrap_or(at);
        if let Some(change) = self.zone.preceding(just_after).next() {
            start = start.max(change.timestamp());
        }
        if let Some(change) = self.zone.following(at).next() {
            end = end.min(change.timestamp());
        }
        Window { start, end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(period: Period, zone: &str, at: &str) -> (String, String) {
        let calendar = Calendar::new(period, TimeZone::get(zone).unwrap(), WeekStart::Monday);
        let window = calendar.window(at.parse().unwrap());
        (window.start.to_string(), window.end.to_string())
    }

    fn pair(start: &str, end: &str) -> (String, String) {
        (start.to_owned(), end.to_owned())
    }

    #[test]
    fn a_day_of_the_clock_change_is_an_hour_shorter_or_longer() {
        assert_eq!(
            window(Period::Daily, "Europe/Berlin", "2026-03-29T12:00:00Z"),
            pair("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
        );
        assert_eq!(
            window(Period::Daily, "Europe/Berlin", "2026-10-25T12:00:00Z"),
            pair("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")
        );
    }

    #[test]
    fn a_day_that_begins_after_a_skipped_midnight_begins_at_one() {
        // In Santiago the clocks of 2026-09-06 go from 00:00 to 01:00.
        assert_eq!(
            window(Period::Daily, "America/Santiago", "2026-09-06T12:00:00Z"),
            pair("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z")
        );
    }

    #[test]
    fn an_hour_that_comes_twice_is_two_windows() {
        assert_eq!(
            window(Period::Hourly, "Europe/Berlin", "2026-10-25T00:30:00Z"),
            pair("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z")
        );
        // Lord Howe moves by half an hour.
        assert_eq!(
            window(
                Period::Hourly,
                "Australia/Lord_Howe",
                "2026-04-04T14:45:00Z"
            ),
            pair("2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z")
        );
        assert_eq!(
            window(
                Period::Hourly,
                "Australia/Lord_Howe",
                "2026-04-04T15:10:00Z"
            ),
            pair("2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z")
        );
    }

    #[test]
    fn weeks_months_quarters_and_years_start_where_the_calendar_says() {
        assert_eq!(
            window(Period::Weekly, "UTC", "2026-11-22T23:59:59Z"),
            pair("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")
        );
        assert_eq!(
            window(Period::Monthly, "UTC", "2028-02-29T10:00:00Z"),
            pair("2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z")
        );
        assert_eq!(
            window(Period::Quarterly, "UTC", "2026-12-31T23:59:59Z"),
            pair("2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z")
        );
        assert_eq!(
            window(Period::Yearly, "Asia/Tokyo", "2026-12-31T15:00:00Z"),
            pair("2026-12-31T15:00:00Z", "2027-12-31T15:00:00Z")
        );
    }

    const ZONES: [&str; 8] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Africa/Casablanca",
    ];
    const PERIODS: [Period; 6] = [
        Period::Hourly,
        Period::Daily,
        Period::Weekly,
        Period::Monthly,
        Period::Quarterly,
        Period::Yearly,
    ];
    const WEEK_STARTS: [WeekStart; 3] = [WeekStart::Monday, WeekStart::Saturday, WeekStart::Sunday];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

        #[test]
        fn windows_hold_their_instant_and_follow_one_another(
            zone in 0..ZONES.len(), period in 0..PERIODS.len(), week in 0..WEEK_STARTS.len(),
            second in 0i64..4_000_000_000, nano in 0i32..1_000_000_000,
        ) {
            let calendar =
                Calendar::new(PERIODS[period], TimeZone::get(ZONES[zone]).unwrap(), WEEK_STARTS[week]);
            let at = Timestamp::new(second, nano).unwrap();
            let window = calendar.window(at);
            prop_assert!(window.contains(at), "{at} in {window:?}");
            prop_assert_eq!(calendar.window(window.start), window);
            prop_assert_eq!(calendar.window(window.end).start, window.end);
            let before = window.start - Span::new().nanoseconds(1);
            prop_assert_eq!(calendar.window(before).end, window.start);
        }
    }
}
