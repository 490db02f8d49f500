//! Whether what an order comes to fits into one batch of the journal, seen before the first event: an order is durable as
//! a whole or not at all.

use super::Desk;
use super::alert_bounds::{ALERTS_MOST, KEYED_ALERTS_MOST, OVERRUN_SPENDERS_MOST, RESOLVED_MOST};
use crate::core::alert::{AlertCause, AlertStatus, Level, MeterKey};
use crate::core::command::Posting;
use crate::core::id::PolicyId;
use crate::core::refusal::{Code, Refusal};
use crate::core::weight;
use rustc_hash::FxHashMap;

/// The alerts of a counter's levels.
const LEVELS: usize = Level::ALL.len();

/// How many more alerts about policies may be raised, and what there was no room for.
pub(super) struct AlertRoom {
    left: usize,
    untold: usize,
    worst: Option<Level>,
}

impl AlertRoom {
    /// Where few policies are concerned.
    pub(super) const UNBOUND: Self = Self::of(usize::MAX);

    const fn of(left: usize) -> Self {
        Self {
            left,
            untold: 0,
            worst: None,
        }
    }

    /// Takes the room of an alert that matters as one of this level does; false where none is left.
    pub(super) fn takes(&mut self, level: Level) -> bool {
        if self.left == 0 {
            self.untold += 1;
            self.worst = self.worst.max(Some(level));
            return false;
        }
        self.left -= 1;
        true
    }
}

impl Desk<'_> {
    /// Raises what follows of one posting or correction, which may meet any number of policies: so many alerts about
    /// them, and one for all others.
    pub(super) fn with_room_for_alerts(&mut self, raise: impl FnOnce(&mut Self)) {
        self.alert_room = AlertRoom::of(ALERTS_MOST);
        raise(self);
        let AlertRoom { untold, worst, .. } =
            std::mem::replace(&mut self.alert_room, AlertRoom::UNBOUND);
        let Some(level) = worst else {
            return;
        };
        let stands = self.state.alerts().any(|alert| {
            alert.status == AlertStatus::Open
                && matches!(alert.cause, AlertCause::LevelOfOtherPolicies { level: told } if told >= level)
        });
        if !stands {
            let message = format!(
                "one usage reached {untold} levels and limits of policies beside the {ALERTS_MOST} that have alerts of \
                 their own; get_budget_status shows where all stand, and what uses them next raises more"
            );
            self.raise(AlertCause::LevelOfOtherPolicies { level }, &message);
        }
    }

    /// Refuses postings whose records and alerts might be too large for the journal. Fewer of them always fit: of one
    /// alone only so many alerts are raised.
    pub(super) fn check_room(&self, postings: &[Posting]) -> Result<(), Refusal> {
        let usages = postings.iter().map(|posting| &posting.usage);
        let weights = usages.clone().map(weight::of_usage);
        let (heavy, records) = weights.fold((0, 0_usize), |(heavy, all), weight| {
            (weight.max(heavy), all.saturating_add(weight))
        });
        if heavy > weight::EVENT_MOST {
            let expects = format!(
                "expects at most {} bytes of one, and one has {heavy}",
                weight::EVENT_MOST
            );
            return Err(Refusal::invalid("records", expects));
        }
        if postings.len() < 2 {
            return Ok(());
        }
        let alert = usages.map(weight::of_alert).max().unwrap_or_default();
        // Each of them could raise so many of each policy, and mostly that fits: it need not be known better.
        let each = (2 * LEVELS + 1) * alert + weight::POLICY;
        let policies = self.state.policy_count();
        let roughly = each.saturating_mul(policies * postings.len());
        if records.saturating_add(roughly) <= weight::ORDER_MOST {
            return Ok(());
        }
        let all = records.saturating_add(self.weight_of_alerts(postings, alert));
        if all > weight::ORDER_MOST {
            let expects = format!(
                "expects records that come to at most {} bytes with the alerts that they may raise, and these may come \
                 to {all}; record fewer at once",
                weight::ORDER_MOST
            );
            return Err(Refusal::invalid("records", expects));
        }
        Ok(())
    }

    /// What counting postings weighs, and the alerts that they may raise.
    fn weight_of_alerts(&self, postings: &[Posting], alert: usize) -> usize {
        let mut counted = 0;
        let mut counters: FxHashMap<(PolicyId, MeterKey), usize> = FxHashMap::default();
        for Posting { usage, .. } in postings {
            for counter in self.state.counters(&usage.facts(), usage.occurred) {
                counted += 1;
                *counters.entry(counter).or_default() += 1;
            }
        }
        let mut of_policies: FxHashMap<PolicyId, (usize, usize)> = FxHashMap::default();
        for ((policy, key), postings) in counters {
            let (of_windows, of_keys) = of_policies.entry(policy).or_default();
            let overruns = postings.min(OVERRUN_SPENDERS_MOST + 1);
            match key {
                // And those of the window that it carries into.
                MeterKey::Window(_) => *of_windows += 2 * LEVELS + overruns,
                MeterKey::Of(_) => *of_keys += LEVELS + overruns,
            }
        }
        let most_of_keys = (LEVELS + 1) * (KEYED_ALERTS_MOST + 1);
        let alerts: usize = of_policies
            .values()
            .map(|(of_windows, of_keys)| of_windows + of_keys.min(&most_of_keys))
            .sum();
        (counted * weight::POLICY).saturating_add(alerts.saturating_mul(alert))
    }

    /// How many alerts stand about policies.
    pub(super) fn alerts_of(&self, policies: &[PolicyId]) -> usize {
        let about = policies.iter().map(|id| self.state.alerts_about(*id));
        about.map(Iterator::count).sum()
    }

    /// Refuses to take away policies about which there are more alerts than one command resolves.
    pub(super) fn check_alerts_of(&self, policies: &[PolicyId]) -> Result<(), Refusal> {
        let standing = self.alerts_of(policies);
        if standing > RESOLVED_MOST {
            let message = format!(
                "{standing} alerts stand about what would be gone, and one command resolves at most {RESOLVED_MOST}; \
                 set enabled to false with save_policy until there are fewer"
            );
            return Err(Refusal::new(Code::Conflict, message));
        }
        Ok(())
    }
}
