//! How near two rates are.

use super::bounds::TOLERANCE;
use rust_decimal::Decimal;

/// Whether two rates are the same but for rounding.
pub(super) fn near(one: Decimal, other: Decimal) -> bool {
    within(one, other, TOLERANCE)
}

/// Whether two rates differ by at most a share of the larger.
pub(super) fn within(one: Decimal, other: Decimal, share: Decimal) -> bool {
    let (low, high) = if one <= other {
        (one, other)
    } else {
        (other, one)
    };
    high.saturating_sub(low) <= high.abs().saturating_mul(share)
}

/// How many times `new` is of `old`; none of zero.
pub(super) fn ratio(new: Decimal, old: Decimal) -> Option<Decimal> {
    new.checked_div(old)
}
