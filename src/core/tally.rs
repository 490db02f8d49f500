//! Sums of charges: what counters hold and what limits bound.

use super::quantity::{Counts, Usd};
use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// A sum of tokens, calls and cost; signed, as a correction may take away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Tokens; saturating, far above any limit that can be set.
    #[serde(skip_serializing_if = "is_zero")]
    pub tokens: i64,
    /// Calls.
    #[serde(skip_serializing_if = "is_zero")]
    pub requests: i64,
    /// Cost.
    #[serde(skip_serializing_if = "Usd::is_nothing")]
    pub cost: Usd,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl Tally {
    /// Nothing.
    pub const ZERO: Self = Self {
        tokens: 0,
        requests: 0,
        cost: Usd::ZERO,
    };

    /// What a usage adds to a counter.
    pub fn of(counts: &Counts, cost: Usd) -> Self {
        Self {
            tokens: saturate(counts.tokens()),
            requests: saturate(counts.requests),
            cost,
        }
    }

    /// The lesser of each part.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.min(other.tokens),
            requests: self.requests.min(other.requests),
            cost: self.cost.min(other.cost),
        }
    }

    /// Each part, or zero where it is negative.
    #[must_use]
    pub fn or_zero(self) -> Self {
        Self {
            tokens: self.tokens.max(0),
            requests: self.requests.max(0),
            cost: self.cost.or_zero(),
        }
    }

    /// Whether every part is zero.
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

/// A count as the signed number that tallies use.
pub fn saturate(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Add for Tally {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            requests: self.requests.saturating_add(other.requests),
            cost: self.cost + other.cost,
        }
    }
}

impl Neg for Tally {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            tokens: self.tokens.saturating_neg(),
            requests: self.requests.saturating_neg(),
            cost: -self.cost,
        }
    }
}

impl Sub for Tally {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Tally {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
