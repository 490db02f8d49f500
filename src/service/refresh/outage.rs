//! Whether sources fail, or this machine is offline.

use super::{Answered, Gathered, Refresher};
use crate::core::state::State;
use std::collections::BTreeSet;

impl Refresher {
    /// Another source to ask, where the only one that was asked can't be reached: rather one that is not known to fail.
    pub(super) fn other(
        &self,
        gathered: &[Gathered],
        asked: &BTreeSet<String>,
        state: &State,
    ) -> Option<String> {
        let mut gathered = gathered.iter();
        let is_unreachable = |one: &Gathered| matches!(one.answered, Answered::Failed { unreachable, .. } if unreachable);
        let is_in_doubt = asked.len() == 1 && gathered.any(is_unreachable);
        let names = self
            .settings
            .asked()
            .map(|source| &*source.declaration.name);
        let others = names.filter(|name| is_in_doubt && !asked.contains(*name));
        let fails = |name: &&str| {
            state
                .source(name)
                .is_some_and(|known| known.failing.is_some())
        };
        others.min_by_key(fails).map(str::to_owned)
    }
}

/// Whether several were asked, or rest since they were asked last, and none of them could be reached. Of one alone it is that one
/// which fails; in the background another is asked first.
pub(super) fn is_offline(gathered: &[Gathered]) -> bool {
    let reached = gathered.iter().filter_map(|one| match &one.answered {
        Answered::Fetched | Answered::Unchanged => Some(true),
        Answered::Failed { unreachable, .. } => Some(!unreachable),
        Answered::Spared { resting, .. } => resting.as_ref().map(|last| !last.unreachable),
        Answered::NotAsked | Answered::Misconfigured { .. } => None,
    });
    let reached: Vec<bool> = reached.collect();
    reached.len() > 1 && !reached.contains(&true)
}
