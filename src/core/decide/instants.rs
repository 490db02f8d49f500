//! Cuts a command's instants to what the journal keeps, so that the state is the same once its events are read again.

use super::Order;
use crate::core::command::{Command, PolicyDraft};
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
            Command::Adjust(adjusted) => cut(&mut adjusted.occurred),
            Command::SaveBudget(draft) => draft.policies.iter_mut().for_each(cut_draft),
            Command::SavePolicy(_, draft) => cut_draft(draft),
            Command::OverridePrice { effective_from, .. } => cut(effective_from),
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

fn cut(at: &mut Timestamp) {
    *at = to_microsecond(*at);
}
