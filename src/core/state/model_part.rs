//! The part of a model pattern without wildcards that a budget is filed by, in lower case: patterns are matched in whatever case.

use std::borrow::Cow;

/// The longest part that is looked for anywhere in a name, in bytes: each length costs a look at every place of the name.
const WITHIN_MOST: usize = 16;

/// Where in a model's name a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// At its beginning.
    First,
    /// At its end.
    Last,
    /// Anywhere.
    Within,
}

/// What every model that a pattern covers has in its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Part<'a> {
    pub(super) place: Place,
    pub(super) text: Cow<'a, str>,
}

impl<'a> Part<'a> {
    /// The longest part of a pattern between its wildcards, and of equal ones the one that is found with fewest looks.
    pub(super) fn of(pattern: &'a str) -> Self {
        let part = |place, text| Self {
            place,
            text: lower(text),
        };
        let Some((first, rest)) = pattern.split_once(['*', '?']) else {
            return part(Place::First, pattern);
        };
        let (middle, last) = rest.rsplit_once(['*', '?']).unwrap_or(("", rest));
        let within = middle.split(['*', '?']).map(last_of);
        [part(Place::First, first), part(Place::Last, last)]
            .into_iter()
            .chain(within.map(|text| part(Place::Within, text)))
            .reduce(|best, next| {
                if next.text.len() > best.text.len() {
                    next
                } else {
                    best
                }
            })
            .unwrap_or(part(Place::First, first))
    }

    /// Whether a model's name, in lower case, has this part.
    pub(super) fn is_in(&self, model: &str) -> bool {
        match self.place {
            Place::First => model.starts_with(&*self.text),
            Place::Last => model.ends_with(&*self.text),
            Place::Within => model.contains(&*self.text),
        }
    }
}

/// A name as it is filed and looked for.
pub(super) fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The parts of one place and length that a model's name has, which is in lower case.
pub(super) fn parts(place: Place, length: usize, model: &str) -> impl Iterator<Item = Part<'_>> {
    let last = model.len().checked_sub(length);
    let starts = match (place, last) {
        (_, None) => 0..0,
        (Place::First, Some(_)) => 0..1,
        (Place::Last, Some(last)) => last..last + 1,
        (Place::Within, Some(last)) => 0..last + 1,
    };
    starts
        .filter_map(move |start| model.get(start..start + length))
        .map(move |text| Part {
            place,
            text: Cow::Borrowed(text),
        })
}

/// The end of a text: names that differ do so there more often than at their beginnings.
fn last_of(text: &str) -> &str {
    let from = text.len().saturating_sub(WITHIN_MOST);
    text.get(text.ceil_char_boundary(from)..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_part_is_taken_and_an_end_before_a_middle() {
        for (pattern, place, text) in [
            ("gpt-4o", Place::First, "gpt-4o"),
            ("gpt-4o-*-mini", Place::First, "gpt-4o-"),
            ("gpt-*-mini", Place::Last, "-mini"),
            ("*-mini", Place::Last, "-mini"),
            ("?o*\u{e9}", Place::Last, "\u{e9}"),
            ("*mini*", Place::Within, "mini"),
            ("g?t*audio*", Place::Within, "audio"),
            ("gpt*aud*", Place::First, "gpt"),
            (
                "*claude-sonnet-4-5-20250929*",
                Place::Within,
                "net-4-5-20250929",
            ),
            (
                "*\u{e9}claude-opus-2025\u{e9}*",
                Place::Within,
                "aude-opus-2025\u{e9}",
            ),
            ("*", Place::First, ""),
            ("*?*", Place::First, ""),
            ("", Place::First, ""),
            ("GPT-*", Place::First, "gpt-"),
        ] {
            let text = text.into();
            assert_eq!(Part::of(pattern), Part { place, text }, "{pattern}");
        }
    }

    #[test]
    fn a_model_has_a_part_where_it_stands() {
        let has = |place, length, model| {
            let found = parts(place, length, model);
            found.map(|part| part.text.into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(has(Place::First, 2, "o3-mini"), ["o3"]);
        assert_eq!(has(Place::Last, 4, "o3-mini"), ["mini"]);
        assert_eq!(has(Place::Within, 6, "o3-mini"), ["o3-min", "3-mini"]);
        assert_eq!(has(Place::Within, 2, "a\u{e9}b"), ["\u{e9}"]);
        assert!(has(Place::Within, 8, "o3-mini").is_empty());
        for part in parts(Place::Within, 3, "o3-mini") {
            assert!(part.is_in("openai/o3-mini"));
        }
    }
}
