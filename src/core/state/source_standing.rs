//! How a source of prices stands: what it said last, its outage, and its record.

use crate::core::digest::Digest;
use crate::core::price_change::{SourceOutcome, SourceReport, Votes};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How a source of prices stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStanding {
    /// What was fetched last, cut to 16 bytes of its BLAKE3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// When new content was fetched last.
    #[serde(
        default,
        with = "crate::core::time::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub fetched_at: Option<Timestamp>,
    /// When its votes were counted last; with its content, if that is not said.
    #[serde(
        default,
        with = "crate::core::time::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub counted_at: Option<Timestamp>,
    /// Since when it fails, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// A thousand times the votes with what was decided, older ones counting less.
    pub agreed: u64,
    /// A thousand times the votes against what was decided, older ones counting less.
    pub against: u64,
    /// A thousand times the words that could not be meant, older ones counting less.
    #[serde(default)]
    pub impossible: u64,
    /// A thousand times the words on which nothing was decided, older ones counting less.
    #[serde(default)]
    pub undecided: u64,
}

/// An outage of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Since when.
    #[serde(with = "crate::core::time")]
    pub since: Timestamp,
    /// What is wrong.
    pub error: String,
}

impl SourceStanding {
    /// A vote's share of what it counted before, each time that votes are counted: after five more it counts a third, so
    /// that a source that has mended is trusted again within days.
    const FADES: (u64, u64) = (4, 5);
    /// How long the votes of a content that stays are not counted again: a day, less what a daily refresh may come early.
    /// However often a source is asked, what it says weighs no more.
    const COUNTED_ANEW: SignedDuration = SignedDuration::from_hours(20);
    /// Below so many words (in thousandths) nothing can be said of a source.
    const WORDS_LEAST: u64 = 20_000;
    /// Up to this share of wrong words, in percent, a source counts in full: honest lists differ on so many.
    const WRONG_MOST: u64 = 20;
    /// From this share on, in percent, it counts as little as it can.
    const WRONG_OFTEN: u64 = 60;
    /// The least that is left of a source's weight, in percent: enough to be heard beside others, never alone.
    const FACTOR_LEAST: u64 = 25;

    /// What is left of its declared weight: from 1 down to 0.25.
    pub fn factor(&self) -> Decimal {
        let share = self.outvoted_share().max(self.impossible_share());
        let share = share.clamp(Self::WRONG_MOST, Self::WRONG_OFTEN);
        let lost = (share - Self::WRONG_MOST) * (100 - Self::FACTOR_LEAST)
            / (Self::WRONG_OFTEN - Self::WRONG_MOST);
        Decimal::new((100 - lost).cast_signed(), 2).normalize()
    }

    /// Why it loses weight, where it does: "often outvoted", say.
    pub fn why_it_counts_less(&self) -> &'static str {
        if self.outvoted_share() >= self.impossible_share() {
            "often outvoted"
        } else {
            "often wrong: what it says can't be meant"
        }
    }

    /// Of what was decided, in percent: many models that it alone knows don't hide that it is wrong about the others.
    const fn outvoted_share(&self) -> u64 {
        Self::share(self.against, self.agreed + self.against)
    }

    /// Of all that it says, in percent.
    const fn impossible_share(&self) -> u64 {
        let total = self.agreed + self.against + self.impossible + self.undecided;
        Self::share(self.impossible, total)
    }

    const fn share(wrong: u64, total: u64) -> u64 {
        if total < Self::WORDS_LEAST {
            0
        } else {
            wrong * 100 / total
        }
    }

    fn count(&mut self, votes: Votes) {
        let (over, under) = Self::FADES;
        let faded = |old: u64, new: u32| old * over / under + u64::from(new) * 1_000;
        self.agreed = faded(self.agreed, votes.agreed);
        self.against = faded(self.against, votes.outvoted);
        self.impossible = faded(self.impossible, votes.rejected);
        self.undecided = faded(self.undecided, votes.undecided);
    }

    /// Whether a content that stays is counted again: what was right may be stale by now, and the other way round.
    fn is_counted_anew(&self, at: Timestamp) -> bool {
        let last = self.counted_at.or(self.fetched_at);
        last.is_none_or(|last| at.duration_since(last) >= Self::COUNTED_ANEW)
    }

    /// How it stands after a report.
    #[must_use]
    pub fn after(&self, report: &SourceReport, at: Timestamp) -> Self {
        let mut after = self.clone();
        match &report.outcome {
            SourceOutcome::Worked {
                content,
                fetched_at,
                votes,
            } => {
                after.failing = None;
                let is_new = after.content != Some(*content);
                if is_new {
                    after.content = Some(*content);
                    after.fetched_at = Some(*fetched_at);
                }
                if is_new || after.is_counted_anew(at) {
                    after.counted_at = Some(at);
                    after.count(*votes);
                }
            }
            SourceOutcome::Failed { error } => {
                let since = after.failing.map_or(at, |failing| failing.since);
                let error = error.clone();
                after.failing = Some(Failing { since, error });
            }
            SourceOutcome::Removed => after.failing = None,
        }
        after
    }
}
