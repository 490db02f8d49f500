//! Sources that are wrong as a whole: a list that has changed its unit, say, or whose columns have moved.
//!
//! Each word for a known price is refused by itself. But such a list also names models that had no price, and some of
//! its first words are likely: they must not be taken of a source that is wrong about most of what can be told.

use super::Witness;
use crate::core::price_change::Votes;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// With fewer words that can't be meant a source is not doubted: a list of few models has not changed as a whole.
const REJECTED_LEAST: u32 = 5;

/// What is left of the weight of a source that is doubted: enough to be heard beside others, never alone.
const LEFT: Decimal = Decimal::from_parts(25, 0, 0, false, 2);

/// The witnesses with little weight for those of whose words more than half can't be meant; none where there are no such.
pub(super) fn doubted(
    witnesses: &[Witness],
    votes: &BTreeMap<String, Votes>,
) -> Option<Vec<Witness>> {
    let is_doubted = |witness: &Witness| {
        votes
            .get(&*witness.source)
            .is_some_and(|votes| is_wrong_as_a_whole(*votes))
    };
    if !witnesses.iter().any(is_doubted) {
        return None;
    }
    let mut witnesses = witnesses.to_vec();
    for witness in witnesses.iter_mut().filter(|witness| is_doubted(witness)) {
        witness.weight = (witness.weight * LEFT).normalize();
    }
    Some(witnesses)
}

const fn is_wrong_as_a_whole(votes: Votes) -> bool {
    let others = votes.total().saturating_sub(votes.rejected);
    votes.rejected >= REJECTED_LEAST && votes.rejected > others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_many_words_must_be_wrong() {
        let votes = |agreed, outvoted, rejected, undecided| Votes {
            agreed,
            outvoted,
            rejected,
            undecided,
        };
        assert!(is_wrong_as_a_whole(votes(2, 2, 5, 0)));
        assert!(is_wrong_as_a_whole(votes(0, 0, 11, 10)));
        assert!(!is_wrong_as_a_whole(votes(0, 0, 4, 0)));
        assert!(!is_wrong_as_a_whole(votes(20, 2, 20, 0)));
        assert!(!is_wrong_as_a_whole(votes(2, 2, 5, 10)));
        let (rejected, undecided) = (71, 3781);
        assert!(!is_wrong_as_a_whole(votes(0, 0, rejected, undecided)));
    }
}
