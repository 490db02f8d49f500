//! How many models came to what, and what came of each source's words.

use super::Appraisal;
use crate::core::price::Rates;
use crate::core::price_change::{Applying, PriceProposal, Vote};
use crate::pricing::points::points;
use crate::pricing::verify::{Judgement, Outcome, count_votes, outcome};

/// How many models came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Models that were looked at.
    pub models: usize,
    /// Models whose price stays.
    pub unchanged: usize,
    /// Models to which a quorum's price is applied.
    pub verified: usize,
    /// Models without a price to which one source's is applied.
    pub single_source: usize,
    /// Models of which a change waits for a person.
    pub held_back: usize,
    /// Models of which a correction of the past waits for a person, and nothing else does.
    pub past_held_back: usize,
    /// Models among those held back of which a part that a quorum says is applied.
    pub applied_in_part: usize,
    /// Models of which nothing that is said can be meant.
    pub rejected: usize,
}

/// What came of one source's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Models of which it says something.
    pub models: usize,
    /// Models whose applied price it agrees with.
    pub applied: usize,
    /// Models of which it says something and a change is held back.
    pub held_back: usize,
    /// Models of which something that it says is left out, for a price has no room for it.
    pub left_out: usize,
}

impl Appraisal {
    pub(super) fn count(&mut self, judgement: &Judgement) {
        self.counts.models += 1;
        *self.counts.of(judgement.outcome) += 1;
        let in_part = judgement.apply.is_some() && judgement.hold.is_some();
        self.counts.applied_in_part += usize::from(in_part);
        let rejected = judgement.rejected.as_ref().map(|(rule, _)| *rule);
        if let Some(rule) = judgement.hold.as_ref().map(|hold| hold.rule).or(rejected) {
            *self.rules.entry((judgement.outcome, rule)).or_default() += 1;
        }
        count_votes(&mut self.votes, judgement);
        for quote in &judgement.quotes {
            let share = self.shares.entry(quote.source.clone()).or_default();
            share.models += 1;
            let agrees = judgement.apply.is_some() && quote.vote == Vote::Agreed;
            share.applied += usize::from(agrees);
            share.held_back += usize::from(judgement.hold.is_some());
            let has = |rates: &Rates| {
                let mut places = points(rates).into_keys();
                places.any(|place| judgement.no_room.contains(&place))
            };
            let is_left_out =
                !judgement.no_room.is_empty() && quote.rates.as_deref().is_some_and(has);
            share.left_out += usize::from(is_left_out);
        }
    }

    /// Counts a change that is left out because so many wait.
    pub(super) fn count_no_room(&mut self, judgement: &Judgement) {
        self.no_room += 1;
        for quote in &judgement.quotes {
            let share = self.shares.entry(quote.source.clone()).or_default();
            share.left_out += 1;
        }
    }

    /// Counts a model that nobody else knows and that is left out, for its source has told so many.
    pub(super) fn count_too_many(&mut self, judgement: &Judgement) {
        self.too_many += 1;
        for quote in &judgement.quotes {
            let share = self.shares.entry(quote.source.clone()).or_default();
            share.models += 1;
            share.left_out += 1;
        }
    }

    /// Counts a change anew of which not all can be carried out that was decided: nothing of it waits, and nothing but `apply` is
    /// applied.
    pub fn count_left_out(&mut self, proposal: &PriceProposal, apply: Option<&Applying>) {
        let less = |count: &mut usize, by: bool| *count = count.saturating_sub(usize::from(by));
        let before = outcome(proposal.apply.as_ref(), proposal.hold.is_some());
        less(self.counts.of(before), true);
        *self.counts.of(outcome(apply, false)) += 1;
        let was_in_part = proposal.apply.is_some() && proposal.hold.is_some();
        less(&mut self.counts.applied_in_part, was_in_part);
        if let Some(hold) = &proposal.hold {
            less(self.rules.entry((before, hold.rule)).or_default(), true);
        }
        for quote in &proposal.quotes {
            let share = self.shares.entry(quote.source.clone()).or_default();
            let was_applied = quote.vote == Vote::Agreed && proposal.apply.is_some();
            less(&mut share.applied, was_applied && apply.is_none());
            less(&mut share.held_back, proposal.hold.is_some());
            share.left_out += 1;
        }
    }
}

impl Counts {
    const fn of(&mut self, outcome: Outcome) -> &mut usize {
        match outcome {
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Verified => &mut self.verified,
            Outcome::SingleSource => &mut self.single_source,
            Outcome::HeldBack => &mut self.held_back,
            Outcome::Rejected => &mut self.rejected,
        }
    }
}
