//! Sums of tokens, calls and cost in numbers that can't overflow.

use rust_decimal::Decimal;
use std::ops::{Add, Sub};
use tekton_budget::core::quantity::Usd;
use tekton_budget::core::tally::Tally;

/// Tokens, calls and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Tokens.
    pub tokens: i128,
    /// Calls.
    pub requests: i128,
    /// Cost in dollars.
    pub cost: Decimal,
}

impl From<Tally> for Sum {
    fn from(tally: Tally) -> Self {
        Self {
            tokens: tally.tokens.into(),
            requests: tally.requests.into(),
            cost: tally.cost.amount(),
        }
    }
}

impl Sum {
    /// The same as the ledger writes it.
    pub fn tally(self) -> Tally {
        Tally {
            tokens: self.tokens.try_into().unwrap(),
            requests: self.requests.try_into().unwrap(),
            cost: Usd::new(self.cost),
        }
    }

    /// The parts side by side as exact numbers: tokens, calls, cost.
    pub fn parts(self) -> [Decimal; 3] {
        [
            Decimal::from(self.tokens),
            Decimal::from(self.requests),
            self.cost,
        ]
    }

    /// The lesser of each part.
    pub fn least(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.min(other.tokens),
            requests: self.requests.min(other.requests),
            cost: self.cost.min(other.cost),
        }
    }

    /// Each part, or nothing where it is below.
    pub fn not_below_zero(self) -> Self {
        Self {
            tokens: self.tokens.max(0),
            requests: self.requests.max(0),
            cost: self.cost.max(Decimal::ZERO),
        }
    }
}

impl Add for Sum {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            tokens: self.tokens + other.tokens,
            requests: self.requests + other.requests,
            cost: self.cost + other.cost,
        }
    }
}

impl Sub for Sum {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            tokens: self.tokens - other.tokens,
            requests: self.requests - other.requests,
            cost: self.cost - other.cost,
        }
    }
}

impl std::iter::Sum for Sum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), Add::add)
    }
}
