//! Patterns of models' names: what is written in several ways is covered in all of them.

use crate::core::scope::is_pattern;

/// Whether a pattern is nothing but wildcards.
pub(super) fn is_anything(pattern: &str) -> bool {
    pattern.bytes().all(|byte| matches!(byte, b'*' | b'?'))
}

/// A pattern of the dates of one model (of this century, or of any behind an at sign) in each way to write a date: with hyphens or
/// without, behind a hyphen or an at sign; nothing of another pattern.
pub(super) fn of_dates(pattern: &str) -> Vec<String> {
    let marks = pattern.char_indices();
    let mut marks = marks.filter(|(_, mark)| matches!(mark, '-' | '@'));
    let found = marks.find_map(|(at, mark)| {
        let (model, dates) = (&pattern[..at], &pattern[at + 1..]);
        let is_of_dates = is_pattern(dates)
            && dates.bytes().all(is_of_a_date)
            && (dates.starts_with(CENTURY) || mark == '@' && is_anything(dates));
        // Behind a pattern, that it is of dates is only told by more of one.
        let is_told = !is_pattern(model) || begins_with_a_month(dates);
        (is_of_dates && !model.is_empty() && is_told).then_some((model, dates))
    });
    let Some((model, dates)) = found else {
        return Vec::new();
    };
    let dates = if is_anything(dates) { ANY } else { dates };
    let plain = dates.replace('-', "");
    let ways = [hyphenated(&plain), plain];
    let ways = ways.iter().flat_map(|dates| {
        let marked = |mark| format!("{model}{mark}{dates}");
        ['-', '@'].map(marked)
    });
    let mut ways: Vec<_> = ways.collect();
    ways.sort_unstable();
    ways.dedup();
    ways
}

/// How every date of a model begins.
const CENTURY: &str = "20";
/// Any date.
const ANY: &str = "20*";

fn begins_with_a_month(dates: &str) -> bool {
    let plain = dates.bytes().filter(|byte| *byte != b'-');
    plain.take_while(u8::is_ascii_digit).count() >= 6
}

fn is_of_a_date(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'*' | b'?')
}

/// Dates with hyphens behind the year and the month, as far as their places are told.
fn hyphenated(plain: &str) -> String {
    let told = plain.find('*').unwrap_or(plain.len());
    let mut dates = String::with_capacity(plain.len() + 2);
    for (at, part) in plain.char_indices() {
        if matches!(at, 4 | 6) && at < told {
            dates.push('-');
        }
        dates.push(part);
    }
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_dates_is_one_in_every_way_to_write_them() {
        for (pattern, ways) in [
            ("m-2025*", &["m-2025*", "m@2025*"][..]),
            (
                "m-2025-05-*",
                &["m-2025-05*", "m-202505*", "m@2025-05*", "m@202505*"],
            ),
            (
                "m-2025????",
                &["m-2025-??-??", "m-2025????", "m@2025-??-??", "m@2025????"],
            ),
            ("a/m-4@*", &["a/m-4-20*", "a/m-4@20*"]),
            (
                "a-*-202505*",
                &["a-*-2025-05*", "a-*-202505*", "a-*@2025-05*", "a-*@202505*"],
            ),
            ("m-20*05-01", &["m-20*0501", "m@20*0501"]),
        ] {
            assert_eq!(of_dates(pattern), ways, "{pattern}");
        }
        for pattern in [
            "m-*",
            "m-4*",
            "m-2025-05-14",
            "m-2025*-mini",
            "*-2025*",
            "-2025*",
            "m-20b*",
        ] {
            assert!(of_dates(pattern).is_empty(), "{pattern}");
        }
    }
}
