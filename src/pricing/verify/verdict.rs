//! What is decided of one rate.

use crate::core::price_change::PriceRule;
use rust_decimal::Decimal;

/// What is decided of one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays as it is; `backed` where a quorum says so.
    Keep { backed: bool },
    /// A quorum's rate takes its place.
    Take(Decimal),
    /// One source's rate of a model that had no price.
    First(Decimal),
    /// One source's rate, which keeps its share of one that a quorum changed.
    Follow(Decimal),
    /// It waits for a person.
    Hold(Decimal, PriceRule),
    /// It goes: the sources that said it say it no more.
    Drop,
    /// That it goes waits for a person.
    HoldDrop(PriceRule),
    /// A person has turned it down.
    Declined,
    /// It is left out: it looks as if it were for another number of units, and no quorum says so.
    Leave,
    /// It is left out: a price has no room for it.
    NoRoom,
}

impl Verdict {
    pub(super) const fn is_backed(self) -> bool {
        matches!(self, Self::Take(_) | Self::Keep { backed: true })
    }

    /// The rate that is taken into the price.
    pub(super) const fn taken(self) -> Option<Decimal> {
        match self {
            Self::Take(rate) | Self::First(rate) | Self::Follow(rate) => Some(rate),
            _ => None,
        }
    }

    /// What waits for a person, with the rule: a rate, or that there is none any more.
    pub(super) const fn held(self) -> Option<(Option<Decimal>, PriceRule)> {
        match self {
            Self::Hold(rate, rule) => Some((Some(rate), rule)),
            Self::HoldDrop(rule) => Some((None, rule)),
            _ => None,
        }
    }
}
