//! Who agrees with whom on one rate, and whether that is enough.

use super::bounds::{FULL_LEAST, LIGHT, LIGHT_MOST, QUORUM_SHARE, QUORUM_WEIGHT};
use super::nearness::near;
use rust_decimal::Decimal;

/// One source's rate with its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice {
    pub(super) rate: Decimal,
    pub(super) weight: Decimal,
}

/// The rate that most weight is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Winner {
    pub(super) rate: Decimal,
    /// How much is for it.
    pub(super) support: Decimal,
    /// How many are for it.
    pub(super) sources: usize,
    /// How many are for it that are not light.
    pub(super) full: usize,
    /// How much voted.
    pub(super) total: Decimal,
    /// How many voted.
    pub(super) voices: usize,
}

impl Winner {
    /// Whether that decides.
    pub(super) fn has_quorum(&self) -> bool {
        self.full >= FULL_LEAST
            && self.support >= QUORUM_WEIGHT
            && self.support >= self.total.saturating_mul(QUORUM_SHARE)
    }

    /// Whether anybody says otherwise.
    pub(super) const fn is_contested(&self) -> bool {
        self.sources < self.voices
    }
}

/// The rate that most weight is for; of two of the same weight the present one, then the dearer.
pub(super) fn winner(voices: &[Voice], present: Option<Decimal>) -> Option<Winner> {
    let best = voices.iter().map(|voice| voice.rate).max_by_key(|rate| {
        let near_present = present.is_some_and(|present| near(*rate, present));
        let exact = weigh(voices, |other| other == *rate);
        (support(voices, *rate), near_present, exact, *rate)
    })?;
    let agreed = || voices.iter().filter(|voice| near(voice.rate, best));
    Some(Winner {
        rate: best,
        support: support(voices, best),
        sources: agreed().count(),
        full: agreed().filter(|voice| voice.weight >= LIGHT).count(),
        total: weigh(voices, |_| true),
        voices: voices.len(),
    })
}

fn support(voices: &[Voice], rate: Decimal) -> Decimal {
    weigh(voices, |other| near(other, rate))
}

/// What some of the voices weigh; all light ones together at most [`LIGHT_MOST`].
fn weigh(voices: &[Voice], counts: impl Fn(Decimal) -> bool) -> Decimal {
    let counted = || voices.iter().filter(|voice| counts(voice.rate));
    let sum = |light: bool| -> Decimal {
        counted()
            .map(|voice| voice.weight)
            .filter(|weight| (*weight < LIGHT) == light)
            .sum()
    };
    sum(false) + sum(true).min(LIGHT_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::prelude::FromPrimitive;

    fn voices(said: &[(f64, f64)]) -> Vec<Voice> {
        let exact = |number: f64| Decimal::from_f64(number).unwrap();
        said.iter()
            .map(|(rate, weight)| Voice {
                rate: exact(*rate),
                weight: exact(*weight),
            })
            .collect()
    }

    fn decided(said: &[(f64, f64)]) -> (String, bool) {
        let winner = winner(&voices(said), None).unwrap();
        (winner.rate.normalize().to_string(), winner.has_quorum())
    }

    #[test]
    fn weight_decides_and_not_number() {
        let crowd = [(9.0, 0.3), (9.0, 0.3), (9.0, 0.3), (9.0, 0.3), (9.0, 0.3)];
        assert_eq!(decided(&crowd), ("9".into(), false));
        let mut beside = crowd.to_vec();
        beside.push((2.0, 1.0));
        assert_eq!(decided(&beside), ("2".into(), false));
        beside.push((2.0, 1.0));
        assert_eq!(decided(&beside), ("2".into(), true));
        // One full source and a crowd are one source: pages copy lists.
        let mut behind_one = crowd.to_vec();
        behind_one.push((9.0, 1.0));
        assert_eq!(decided(&behind_one), ("9".into(), false));
    }

    #[test]
    fn a_quorum_needs_two_and_three_fifths() {
        assert!(!decided(&[(2.0, 1.0)]).1);
        assert!(!decided(&[(2.0, 3.0)]).1);
        assert!(decided(&[(2.0, 1.0), (2.0, 1.0)]).1);
        assert!(decided(&[(2.0, 1.0), (2.0, 1.0), (3.0, 1.0)]).1);
        assert!(!decided(&[(2.0, 1.0), (2.0, 1.0), (3.0, 1.0), (3.0, 1.0)]).1);
        assert!(!decided(&[(2.0, 1.0), (3.0, 1.0)]).1);
    }

    #[test]
    fn rounding_is_no_disagreement_and_a_tie_is_the_present() {
        assert_eq!(
            decided(&[(0.15, 1.0), (0.149_999_9, 1.0)]),
            ("0.15".into(), true)
        );
        let split = voices(&[(2.0, 1.0), (3.0, 1.0)]);
        let present = Decimal::from(2);
        assert_eq!(winner(&split, Some(present)).unwrap().rate, present);
        assert_eq!(winner(&split, None).unwrap().rate, Decimal::from(3));
    }
}
