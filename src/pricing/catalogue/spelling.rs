//! The ways in which one model's name is written: its date, and the word for its latest state.

use jiff::civil::Date;
use std::borrow::Cow;

/// The word that stands for the latest state of a model.
const LATEST: &str = "latest";

/// How a name had to be written to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spelling {
    /// As it is.
    AsIs,
    /// With its date, or the mark before it or before `latest`, another way.
    DateOtherWay,
    /// With `latest` at its end.
    LatestAdded,
    /// Without the date at its end.
    WithoutDate,
    /// With `latest` in place of the date at its end.
    LatestForDate,
    /// Without the `latest` at its end.
    WithoutLatest,
}

impl Spelling {
    /// Whether the name that was given is that of a state of the model.
    pub const fn is_of_a_state(self) -> bool {
        matches!(
            self,
            Self::WithoutDate | Self::LatestForDate | Self::WithoutLatest
        )
    }
}

/// The ways to write a model's name, the given one first. The others are made only where that is not enough.
pub fn spellings(model: &str) -> impl Iterator<Item = (Spelling, Cow<'_, str>)> {
    let other_ways = std::iter::once_with(|| writings(model).into_iter().skip(1)).flatten();
    let other_ways = other_ways.map(|way| (Spelling::DateOtherWay, way));
    let stem = dated(model).map(|(stem, _)| stem);
    let for_date = stem.map(|stem| (Spelling::LatestForDate, Cow::Owned(with_latest(stem))));
    let stem = stem.map(|stem| (Spelling::WithoutDate, Cow::Borrowed(stem)));
    let latest = latest(model).map(|(stem, _)| (Spelling::WithoutLatest, Cow::Borrowed(stem)));
    std::iter::once((Spelling::AsIs, Cow::Borrowed(model)))
        .chain(other_ways)
        .chain(stem)
        .chain(for_date)
        .chain(latest)
}

/// The name of a model's latest state.
pub(super) fn with_latest(model: &str) -> String {
    format!("{model}-{LATEST}")
}

/// The name of a state in two: the model's, and what tells the state, with the mark before it.
pub fn parted(model: &str) -> Option<(&str, &str)> {
    let stem = dated(model).map(|(stem, _)| stem);
    let stem = stem.or_else(|| latest(model).map(|(stem, _)| stem))?;
    model.split_at_checked(stem.len())
}

/// The ways to write the name of a state, the given one first: its date with hyphens or without, after a hyphen or an at
/// sign, or `latest` after a hyphen or a colon.
pub fn writings(model: &str) -> Vec<Cow<'_, str>> {
    let mut ways = vec![Cow::Borrowed(model)];
    if let Some((stem, date)) = dated(model) {
        let dates =
            [date.strftime("%Y-%m-%d"), date.strftime("%Y%m%d")].map(|date| date.to_string());
        let marked = dates
            .iter()
            .flat_map(|date| ['-', '@'].map(|mark| format!("{stem}{mark}{date}")));
        ways.extend(marked.filter(|way| way != model).map(Cow::Owned));
    } else if let Some((stem, mark)) = latest(model) {
        let other = if mark == '-' { ':' } else { '-' };
        ways.push(Cow::Owned(format!("{stem}{other}{LATEST}")));
    }
    ways
}

/// The day that the name of a state tells; the end of time for the latest one.
pub fn day_of_state(model: &str) -> Date {
    dated(model).map_or(Date::MAX, |(_, date)| date)
}

/// A name that ends in `latest`, in whatever case: what is before it, and the mark between.
fn latest(model: &str) -> Option<(&str, char)> {
    let at = model.len().checked_sub(LATEST.len())?;
    let (head, word) = model.split_at_checked(at)?;
    if !word.eq_ignore_ascii_case(LATEST) {
        return None;
    }
    let mark = head
        .chars()
        .next_back()
        .filter(|mark| matches!(mark, '-' | ':'))?;
    Some((&head[..head.len() - 1], mark))
}

/// A name that ends in a date: what is before it and the mark between, and the date.
fn dated(model: &str) -> Option<(&str, Date)> {
    for (length, form) in [(8, "%Y%m%d"), (10, "%Y-%m-%d")] {
        let at = model.len().checked_sub(length)?;
        let Some((head, digits)) = model.split_at_checked(at) else {
            continue;
        };
        let Some(stem) = head.strip_suffix(['-', '@']) else {
            continue;
        };
        let Ok(date) = Date::strptime(form, digits) else {
            continue;
        };
        if (2020..2100).contains(&date.year()) {
            return Some((stem, date));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_a_state_is_parted_in_whatever_case() {
        for (name, parts) in [
            ("m-20240806", Some(("m", "-20240806"))),
            ("m@2024-08-06", Some(("m", "@2024-08-06"))),
            ("M-LATEST", Some(("M", "-LATEST"))),
            ("m:Latest", Some(("m", ":Latest"))),
            ("m", None),
            ("é-latést", None),
        ] {
            assert_eq!(parted(name), parts, "{name}");
        }
        assert_eq!(writings("m-LATEST"), ["m-LATEST", "m:latest"]);
    }

    #[test]
    fn a_state_is_one_however_it_is_written() {
        for (one, others) in [
            (
                "m-2024-08-06",
                vec!["m@2024-08-06", "m-20240806", "m@20240806"],
            ),
            ("m-latest", vec!["m:latest"]),
            ("m", vec![]),
            ("m-1234-56-78", vec![]),
            ("latest", vec![]),
            ("m.latest", vec![]),
        ] {
            for name in std::iter::once(&one).chain(&others) {
                let mut ways = writings(name);
                assert_eq!(ways[0], **name);
                ways.sort();
                let mut all: Vec<_> = std::iter::once(one).chain(others.clone()).collect();
                all.sort_unstable();
                assert_eq!(ways, all, "{name}");
            }
        }
    }
}
