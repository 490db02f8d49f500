//! Cuts a command's instants to what the journal keeps, so that the state is the same once its events are read again.

use super::Order;
use crate::core::command::{ApplyPrices, Command, PolicyDraft};
use crate::core::price_change::SourceOutcome;
use crate::core::time::to_microsecond;
use jiff::Timestamp;

impl Order {
    /// The same order with every instant cut to the microsecond.
    pub(super) fn cut(mut self) -> Self {
        cut(&mut self.stamp.at);
        match &mut self.command {
            Command::Record(postings) => postings
                .iter_mut()
                .for_each(|posting| cut(&mut posting.usage.occurred)),
            Command::Adjust(adjust) => cut(&mut adjust.adjusted.occurred),
            Command::SaveBudget(draft) => draft.policies.iter_mut().for_each(cut_draft),
            Command::SavePolicy(_, draft) => cut_draft(draft),
            Command::OverridePrice { effective_from, .. } => cut(effective_from),
            Command::ApplyPrices(refresh) => cut_refresh(refresh),
            _ => {}
        }
        self
    }
}

fn cut_draft(draft: &mut PolicyDraft) {
    [&mut draft.start, &mut draft.end]
        .into_iter()
        .flatten()
        .for_each(cut);
}

fn cut_refresh(refresh: &mut ApplyPrices) {
    for change in &mut refresh.changes {
        cut(&mut change.effective_from);
        change
            .quotes
            .iter_mut()
            .for_each(|quote| cut(&mut quote.fetched_at));
    }
    for report in &mut refresh.sources {
        if let SourceOutcome::Worked { fetched_at, .. } = &mut report.outcome {
            cut(fetched_at);
        }
    }
    for history in &mut refresh.history {
        cut(&mut history.fetched_at);
        for price in &mut history.prices {
            cut(&mut price.from);
            cut(&mut price.until);
        }
    }
}

fn cut(at: &mut Timestamp) {
    *at = to_microsecond(*at);
}
