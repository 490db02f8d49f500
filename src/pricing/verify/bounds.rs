//! Every bound of the verification, with its reason. The figures about prices are of the bundled catalogue: 4,870 chat
//! models of November 2026.

use crate::core::price::Unit;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

const fn dec(digits: u32, scale: u32) -> Decimal {
    Decimal::from_parts(digits, 0, 0, false, scale)
}

/// Two rates this close, as a share of the larger, are the same: lists keep a price per token in a float or round its
/// sixth digit, and no provider changes a price by so little. The nearest prices that differ are a region's, by 10 %.
pub const TOLERANCE: Decimal = dec(5, 3);

/// A word older than this does not vote: lists change daily, and one that was not fetched for a week is an outage, in
/// which a price may have changed.
pub const FRESH_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far in the future a word may have been fetched, by a clock that was set back since, and still be of an age.
pub const AHEAD_MOST: SignedDuration = SignedDuration::from_hours(24);

/// Whether a word that was fetched then has an age at which it votes. One from a time that is still to come, by a clock that was
/// ahead, is of no age.
pub fn is_fresh(fetched_at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(fetched_at);
    (-AHEAD_MOST..=FRESH_FOR).contains(&age)
}

/// How much those who agree must weigh: more than one full source (1.0), whoever it is.
pub const QUORUM_WEIGHT: Decimal = dec(15, 1);

/// How many of those who agree must not be light: light ones are copies of lists more often than not, so that one list and
/// its copies are one source.
pub const FULL_LEAST: usize = 2;

/// The share of all that vote that must agree: two of three full sources do, two of four do not.
pub const QUORUM_SHARE: Decimal = dec(6, 1);

/// A source below this weight is light.
pub const LIGHT: Decimal = dec(5, 1);

/// What all light sources together count at most: they tip a balance between others, and however many say the same, they
/// make no quorum.
pub const LIGHT_MOST: Decimal = dec(5, 1);

/// The largest rise, as a factor, that a quorum makes by itself. A promotion that ended and a preview that was priced
/// anew came to four times; beyond that several lists have more often copied one error.
pub const RISE_MOST: Decimal = dec(5, 0);

/// The deepest cut, as a factor, that a quorum makes by itself: cuts of 90 % have happened.
pub const CUT_LEAST: Decimal = dec(5, 2);

/// From this factor on, either way, a rate is for another number of units (10^3, 10^6): no price has ever changed a
/// hundredfold.
pub const SLIP: Decimal = dec(100, 0);

/// How far several steps may go together within a time.
#[derive(Clone, Copy, Debug)]
pub struct Drift {
    /// How many days are looked back.
    pub days: i64,
    /// The most that several rises come to.
    pub rise_most: Decimal,
    /// The least that several cuts leave.
    pub cut_least: Decimal,
}

/// What several steps may come to: a provider seldom changes a price twice in a month, and one who wants to go unseen
/// does it in small steps. Those that wait out the month have the year's bound.
pub const DRIFTS: [Drift; 2] = [
    Drift {
        days: 30,
        rise_most: dec(125, 2),
        cut_least: dec(5, 1),
    },
    Drift {
        days: 365,
        rise_most: dec(2, 0),
        cut_least: dec(1, 1),
    },
];

/// The least rate of a million tokens that is not zero: the cheapest that is sold costs 0.001, and a price per token
/// (2.5e-6) that was taken for one per million is far below.
pub const TOKEN_RATE_LEAST: Decimal = dec(1, 3);

/// The largest rate of a million tokens: the dearest that was ever sold costs 600.
pub const TOKEN_RATE_MOST: Decimal = dec(1_000, 0);

/// The largest rate of a million calls, images, searches or seconds: ten dollars each.
pub const PIECE_RATE_MOST: Decimal = dec(10_000_000, 0);

/// The largest rate of a unit.
pub const fn rate_most(unit: Unit) -> Decimal {
    match unit {
        Unit::Image | Unit::Request | Unit::WebSearch | Unit::Second => PIECE_RATE_MOST,
        _ => TOKEN_RATE_MOST,
    }
}

/// The output's least share of the input's rate: of all chat models two are below, both errors of their list.
pub const OUTPUT_SHARE_LEAST: Decimal = dec(1, 1);

/// What a rate may be, as a share of the same unit's in the standard tier or for shorter prompts, where it is the first at
/// its place: batches cost from 0.43 times, priority up to 2.5 times, long prompts up to 12 times.
pub const SAME_UNIT_SHARE: (Decimal, Decimal) = (dec(5, 2), dec(20, 0));

/// The side by which a unit's rate goes, and what the first rate of that unit may be as a share of it; none for sides
/// themselves, and for what is sold by the piece.
///
/// - A cache write costs from 0.055 to 2.1 times the input, one for an hour twice; one reseller asks 9 times.
/// - A cache read costs 0.008 times the input and more; above it is no read at all.
/// - Reasoning costs from 0.08 to 3.3 times the output.
/// - Audio costs up to 67 times the text, and read from a cache up to three times.
pub const fn share_of_side(unit: Unit) -> Option<(Unit, (Decimal, Decimal))> {
    match unit {
        Unit::CacheWrite | Unit::CacheWrite1h => Some((Unit::Input, (dec(2, 3), dec(10, 0)))),
        Unit::CacheRead => Some((Unit::Input, (dec(1, 3), dec(10, 0)))),
        Unit::CacheReadAudio => Some((Unit::Input, (dec(1, 3), dec(100, 0)))),
        Unit::AudioInput => Some((Unit::Input, (dec(1, 2), dec(200, 0)))),
        Unit::Reasoning => Some((Unit::Output, (dec(1, 2), dec(10, 0)))),
        Unit::AudioOutput => Some((Unit::Output, (dec(1, 2), dec(200, 0)))),
        Unit::Input
        | Unit::Output
        | Unit::Image
        | Unit::Request
        | Unit::WebSearch
        | Unit::Second => None,
    }
}

/// How near two rates must be to the other side's, as a share, to count as swapped.
pub const SWAP_TOLERANCE: Decimal = dec(1, 1);

/// What a lone source may say of a model that had no price, for a million input tokens and a million output tokens:
/// three chat models of all are cheaper and none is dearer; a slip of 10^3 of most others is outside.
pub const FIRST_INPUT: (Decimal, Decimal) = (dec(5, 3), dec(200, 0));
/// The same for the input of a model that has no rate of output: some embeddings, rerankers and transcriptions cost 0.003.
pub const FIRST_INPUT_ALONE: (Decimal, Decimal) = (dec(2, 3), dec(200, 0));
/// The same for output.
pub const FIRST_OUTPUT: (Decimal, Decimal) = (dec(1, 2), dec(800, 0));

/// How near a rate that follows another (a batch's, a long prompt's) must keep its share of it.
pub const FOLLOW_TOLERANCE: Decimal = dec(1, 2);
