//! The window that holds an instant, found by walking days and minutes on a clock with the zone's offset.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tekton_budget::core::alert::MeterKey;
use tekton_budget::core::period::{Period, WeekStart, Window};
use tekton_budget::core::policy::Policy;

const DAY: i64 = 86_400;

/// The window of a policy that holds an instant; none where its counters are not cut by time.
pub fn window(policy: &Policy, at: Timestamp) -> Option<Window> {
    let zone = TimeZone::get(&policy.time_zone).unwrap();
    match policy.period {
        Period::PerSession | Period::PerTask => None,
        Period::Total => Some(Window::ALWAYS),
        Period::Hourly => Some(hour(&zone, at)),
        _ => {
            let begins = |day: i64| begins(policy.period, policy.week_start, day);
            let today = local(&zone, seconds(at)).div_euclid(DAY);
            let first = (0..=366).map(|back| today - back).find(|day| begins(*day));
            let next = (1..=366).map(|on| today + on).find(|day| begins(*day));
            Some(Window {
                start: instant(start_of(&zone, first.unwrap())),
                end: instant(start_of(&zone, next.unwrap())),
            })
        }
    }
}

/// The window before one.
pub fn before(policy: &Policy, key: &MeterKey) -> Option<Window> {
    match key {
        MeterKey::Window(window) if policy.period != Period::Total => {
            let just_before = window.start.as_microsecond() - 1;
            self::window(policy, Timestamp::from_microsecond(just_before).unwrap())
        }
        _ => None,
    }
}

/// Whether a period begins on a day, in days since 1970-01-01.
fn begins(period: Period, week_start: WeekStart, day: i64) -> bool {
    let (_, month, date) = civil(day);
    match period {
        Period::Daily => true,
        // 1970-01-01 was a Thursday.
        Period::Weekly => (day + 3).rem_euclid(7) == week_start as i64,
        Period::Monthly => date == 1,
        Period::Quarterly => date == 1 && [1, 4, 7, 10].contains(&month),
        Period::Yearly => date == 1 && month == 1,
        _ => unreachable!("a period without days"),
    }
}

/// Year, month and day, by counting them off from 1970.
fn civil(mut day: i64) -> (i64, usize, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while day < 0 {
        year -= 1;
        day += if leap(year) { 366 } else { 365 };
    }
    while day >= if leap(year) { 366 } else { 365 } {
        day -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= months[month] {
        day -= months[month];
        month += 1;
    }
    (year, month + 1, day + 1)
}

fn seconds(at: Timestamp) -> i64 {
    at.as_microsecond().div_euclid(1_000_000)
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn local(zone: &TimeZone, second: i64) -> i64 {
    second + i64::from(zone.to_offset(instant(second)).seconds())
}

/// The first second whose local day is this one or a later one, by halving.
fn start_of(zone: &TimeZone, day: i64) -> i64 {
    let (mut before, mut from) = (day * DAY - 2 * DAY, day * DAY + 2 * DAY);
    while from - before > 1 {
        let middle = i64::midpoint(before, from);
        if local(zone, middle).div_euclid(DAY) >= day {
            from = middle;
        } else {
            before = middle;
        }
    }
    from
}

/// The minutes around an instant that share its hour on the clock and its offset.
fn hour(zone: &TimeZone, at: Timestamp) -> Window {
    let face = |second: i64| {
        (
            local(zone, second).div_euclid(3600),
            local(zone, second) - second,
        )
    };
    let minute = seconds(at).div_euclid(60) * 60;
    let (mut start, mut end) = (minute, minute + 60);
    while face(start - 60) == face(minute) {
        start -= 60;
    }
    while face(end) == face(minute) {
        end += 60;
    }
    Window {
        start: instant(start),
        end: instant(end),
    }
}
