//! What each event does to the state. Applying is total: an event was decided once and is never refused later.

use super::changes::RowKey;
use super::holds::Held;
use super::{BudgetState, Counters, PolicyState, PriceOverride, State};
use crate::core::alert::{Acknowledgement, Alert, AlertCause, AlertStatus};
use crate::core::allocation::{Allocation, AllocationStatus};
use crate::core::budget::Budget;
use crate::core::event::{
    AllocationEnded, AllocationExtended, AllocationMade, Event, Recorded, Stamp, UsageAdjusted,
    UsageRecorded,
};
use crate::core::id::{AlertId, AllocationId, BudgetId, ChangeId, IncreaseId, PolicyId};
use crate::core::increase::{Increase, IncreaseStatus, Review};
use crate::core::period::GoesOn;
use crate::core::policy::Policy;
use crate::core::role::Interface;
use crate::core::tally::Tally;
use crate::core::usage::Draw;
use jiff::{SignedDuration, Timestamp};

/// How long an alert stands that no window ends.
pub(super) const ALERT_STANDS: SignedDuration = SignedDuration::from_hours(30 * 24);

impl State {
    /// Takes in the event at `sequence`, which follows the last one.
    pub fn apply(&mut self, sequence: u64, recorded: &Recorded) {
        debug_assert_eq!(
            sequence,
            self.sequence + 1,
            "events are applied in order and without a gap"
        );
        self.sequence = sequence;
        let stamp = &recorded.stamp;
        match &recorded.event {
            Event::UsageRecorded(usage) => self.record(usage),
            Event::UsageAdjusted(adjusted) => self.adjust(adjusted),
            Event::AllocationMade(made) => self.allocate(AllocationId(sequence), made, stamp),
            Event::AllocationExtended(extended) => self.extend(extended),
            Event::AllocationEnded(ended) => self.end_allocation(ended),
            Event::BudgetSaved {
                budget,
                policies,
                anew,
                goes_on,
            } => {
                self.save_budget(budget, policies, stamp.at, *goes_on);
                for policy in anew {
                    self.count_anew(*policy);
                }
            }
            Event::BudgetArchived { budget } => self.archive_budget(*budget),
            Event::PolicySaved {
                budget,
                policy,
                anew,
                goes_on,
            } => {
                self.save_policy(*budget, policy, stamp.at, *goes_on);
                if *anew {
                    self.count_anew(policy.id);
                }
                self.key_holds_of(*budget);
            }
            Event::PolicyRemoved { budget, policy } => self.remove_policy(*budget, *policy),
            Event::AlertRaised { .. } => {
                if let Some(alert) = recorded.raised_alert(sequence) {
                    self.raise_alert(alert);
                }
            }
            Event::AlertAcknowledged { alert, note } => {
                self.acknowledge_alert(*alert, note.as_ref(), stamp);
            }
            Event::AlertResolved { alert } => self.resolve_alert(*alert, stamp.at),
            Event::IncreaseRequested {
                budget,
                policy,
                meter,
                amount,
            } => self.request_increase(Increase {
                id: IncreaseId(sequence),
                budget: *budget,
                policy: *policy,
                meter: meter.clone(),
                amount: *amount,
                reason: stamp.reason.clone().unwrap_or_default(),
                actor: stamp.actor.clone(),
                asked: stamp.at,
                status: IncreaseStatus::Open,
                review: None,
            }),
            Event::IncreaseReviewed { increase, granted } => {
                self.review_increase(*increase, *granted, stamp);
            }
            Event::PriceOverridden {
                provider,
                model,
                rates,
                effective_from,
            } => {
                let set = PriceOverride {
                    version: sequence,
                    effective_from: *effective_from,
                    set_at: stamp.at,
                    actor: stamp.actor.clone(),
                    reason: stamp.reason.clone(),
                    rates: rates.clone(),
                };
                self.override_price(provider, model, set);
            }
            Event::PriceApplied(applied) => self.apply_price(sequence, applied, stamp.at),
            Event::PriceHeldBack(held) => self.hold_price(ChangeId(sequence), held, stamp.at),
            Event::PriceReviewed {
                change, approved, ..
            } => self.review_price(sequence, *change, *approved, stamp),
            Event::PriceChangeDropped { change, .. } => self.drop_price_change(*change),
            Event::PriceHistoryImported(history) => self.import_history(sequence, history),
            Event::SourceReported(report) => self.report_source(report, stamp.at),
        }
    }

    fn record(&mut self, recorded: &UsageRecorded) {
        let usage = &recorded.usage;
        let counted = recorded.counted.as_deref();
        let counters = self.counted(counted, &usage.facts(), usage.occurred);
        self.post(counters, usage.tally());
        if let (
            Some(id),
            Some(Draw::Drawn {
                taken, released, ..
            }),
        ) = (usage.allocation, recorded.draw)
        {
            self.change_hold(id, -taken);
            if let Some(open) = self.allocations.get_mut(&id) {
                open.allocation.posted += usage.tally();
            }
            self.changes.note(RowKey::Allocation(id));
            if released.is_some() {
                self.finish(id, AllocationStatus::Closed);
            }
        }
    }

    fn adjust(&mut self, adjusted: &UsageAdjusted) {
        self.post(self.corrected(adjusted), adjusted.correction.tally());
        self.add_correction(adjusted);
    }

    fn post(&mut self, counters: Counters, tally: Tally) {
        for (id, key) in counters {
            if let Some(state) = self.policies.get_mut(&id) {
                state.post(&key, tally);
                self.changes.note(RowKey::Meter(id, key));
            }
        }
    }

    fn allocate(&mut self, id: AllocationId, made: &AllocationMade, stamp: &Stamp) {
        self.open_hold(Allocation {
            id,
            model: made.model.clone(),
            service_tier: made.service_tier,
            context: made.context.clone(),
            granted: made.held,
            remaining: made.held,
            posted: Tally::ZERO,
            status: AllocationStatus::Held,
            created: stamp.at,
            expires: made.expires,
            actor: stamp.actor.clone(),
        });
        self.changes.note(RowKey::Allocation(id));
    }

    fn extend(&mut self, extended: &AllocationExtended) {
        let id = extended.allocation;
        self.change_hold(id, extended.added);
        self.change_expiry(id, extended.expires);
        if let Some(open) = self.allocations.get_mut(&id) {
            open.allocation.granted += extended.added;
        }
        self.changes.note(RowKey::Allocation(id));
    }

    fn end_allocation(&mut self, ended: &AllocationEnded) {
        self.finish(ended.allocation, ended.status);
    }

    fn finish(&mut self, id: AllocationId, status: AllocationStatus) {
        if let Some(mut allocation) = self.close_hold(id) {
            allocation.status = status;
            self.changes.end_allocation(allocation);
        }
    }

    fn save_budget(
        &mut self,
        budget: &Budget,
        policies: &[Policy],
        at: Timestamp,
        goes_on: GoesOn,
    ) {
        let place = |budget: &Budget| (budget.parent, budget.archived);
        let before = self.budgets.get(&budget.id);
        let moved = before.is_none_or(|BudgetState { budget: before, .. }| {
            place(before) != place(budget) || before.scope != budget.scope
        });
        let kept = before.map(|state| state.policies.clone());
        self.put_budget(budget.clone(), kept.unwrap_or_default());
        for policy in policies {
            self.save_policy(budget.id, policy, at, goes_on);
        }
        self.next_id = self.next_id.max(budget.id.0 + 1);
        self.changes.note(RowKey::Budget(budget.id));
        self.key_holds_of(budget.id);
        if moved {
            self.match_holds_of(budget.id);
        }
    }

    /// Puts a budget in its place, or in that of an earlier version of it.
    pub(super) fn put_budget(&mut self, budget: Budget, policies: Vec<PolicyId>) {
        let id = budget.id;
        let mut held = Held::default();
        if let Some(old) = self.budgets.remove(&id) {
            if !old.budget.archived {
                self.index.remove(id);
                self.names.remove(&old.budget.name);
            }
            if let Some(parent) = old.budget.parent
                && let Some(below) = self.below.get_mut(&parent)
            {
                below.remove(&id);
            }
            held = old.held;
        }
        if let Some(parent) = budget.parent {
            self.below.entry(parent).or_default().insert(id);
        }
        if !budget.archived {
            self.index.insert(id, &budget.scope);
            self.names.insert(budget.name.clone(), id);
        }
        let state = BudgetState {
            budget,
            policies,
            held,
        };
        self.budgets.insert(id, state);
    }

    fn archive_budget(&mut self, id: BudgetId) {
        if let Some(state) = self.budgets.get(&id) {
            let mut budget = state.budget.clone();
            budget.archived = true;
            self.put_budget(budget, state.policies.clone());
            self.changes.note(RowKey::Budget(id));
            self.match_holds_of(id);
        }
    }

    fn save_policy(&mut self, budget: BudgetId, policy: &Policy, at: Timestamp, goes_on: GoesOn) {
        self.next_id = self.next_id.max(policy.id.0 + 1);
        self.changes.note(RowKey::Policy(policy.id));
        if let Some(known) = self.policies.get_mut(&policy.id) {
            known.replace(policy.clone(), at, (self.sequence, goes_on));
            return;
        }
        self.policies.insert(
            policy.id,
            PolicyState::new(policy.clone(), budget, self.sequence),
        );
        if let Some(state) = self.budgets.get_mut(&budget) {
            state.policies.push(policy.id);
        }
        self.changes.note(RowKey::Budget(budget));
    }

    /// Forgets the counters of a policy from before it was saved, as they were cut by another period, time zone or week.
    fn count_anew(&mut self, policy: PolicyId) {
        let dropped = self.policies.get_mut(&policy);
        let dropped = dropped.map(PolicyState::drop_present);
        for key in dropped.into_iter().flatten() {
            self.changes.note(RowKey::Meter(policy, key));
        }
    }

    fn remove_policy(&mut self, budget: BudgetId, policy: PolicyId) {
        if let Some(removed) = self.policies.remove(&policy) {
            for (key, _) in removed.meters() {
                self.changes.note(RowKey::Meter(policy, key));
            }
        }
        if let Some(state) = self.budgets.get_mut(&budget) {
            state.policies.retain(|other| *other != policy);
        }
        self.changes.note(RowKey::Policy(policy));
        self.changes.note(RowKey::Budget(budget));
        self.key_holds_of(budget);
    }

    fn raise_alert(&mut self, alert: Alert) {
        self.mark_raised(&alert.cause, Some(alert.id));
        self.changes.note(RowKey::Alert(alert.id));
        self.put_alert(alert);
    }

    /// Puts a standing alert in its place.
    pub(super) fn put_alert(&mut self, alert: Alert) {
        self.alert_ends.insert((ends(&alert), alert.id));
        if let Some((_, policy)) = alert.cause.policy() {
            self.policy_alerts
                .entry(policy)
                .or_default()
                .insert(alert.id);
        }
        self.open_overruns.insert(&alert);
        self.keyed_alerts.insert(&alert);
        if let AlertCause::PriceHeldBack { change, .. } = &alert.cause {
            self.price_alerts.insert(*change, alert.id);
        }
        if let AlertCause::CostUnknown {
            provider, model, ..
        } = &alert.cause
        {
            let key = (provider.clone(), model.clone());
            self.unknown_costs.insert(key, alert.id);
        }
        self.alerts.insert(alert.id, alert);
    }

    fn mark_raised(&mut self, cause: &AlertCause, alert: Option<AlertId>) {
        let Some((policy, key)) = cause.meter() else {
            return;
        };
        let Some(state) = self.policies.get_mut(&policy) else {
            return;
        };
        // An alert may outlive its counter, and ends without bringing it back.
        if alert.is_none() && !state.has_used(key) {
            return;
        }
        match cause {
            AlertCause::Level { level, .. } => {
                state.meter_mut(key).raised.set_level(*level, alert);
            }
            AlertCause::PolicyOverrun { .. } => state.meter_mut(key).raised.set_overrun(alert),
            _ => return,
        }
        self.changes.note(RowKey::Meter(policy, key.clone()));
    }

    fn acknowledge_alert(&mut self, id: AlertId, note: Option<&String>, stamp: &Stamp) {
        if let Some(alert) = self.alerts.get_mut(&id) {
            self.open_overruns.remove(alert);
            self.keyed_alerts.acknowledge(alert);
            alert.status = AlertStatus::Acknowledged;
            alert.acknowledged = Some(Acknowledgement {
                actor: stamp.actor.clone(),
                at: stamp.at,
                note: note.cloned(),
            });
            self.changes.note(RowKey::Alert(id));
        }
    }

    fn resolve_alert(&mut self, id: AlertId, at: Timestamp) {
        let Some(mut alert) = self.alerts.remove(&id) else {
            return;
        };
        self.alert_ends.remove(&(ends(&alert), id));
        if let Some((_, policy)) = alert.cause.policy() {
            self.forget_policy_alert(policy, id);
        }
        self.open_overruns.remove(&alert);
        self.keyed_alerts.remove(&alert);
        // A window that is over has raised what it has raised: it does so once.
        let over = alert.cause.meter().is_some_and(|(_, key)| key.is_over(at));
        if !over {
            self.mark_raised(&alert.cause.clone(), None);
        }
        if let AlertCause::PriceHeldBack { change, .. } = &alert.cause {
            self.price_alerts.remove(change);
        }
        if let AlertCause::CostUnknown {
            provider, model, ..
        } = &alert.cause
        {
            let key = (provider.clone(), model.clone());
            self.unknown_costs.remove(&key);
        }
        alert.status = AlertStatus::Resolved;
        alert.resolved = Some(at);
        self.changes.end_alert(alert);
    }

    fn forget_policy_alert(&mut self, policy: PolicyId, alert: AlertId) {
        if let Some(about) = self.policy_alerts.get_mut(&policy) {
            about.remove(&alert);
            if about.is_empty() {
                self.policy_alerts.remove(&policy);
            }
        }
    }

    fn request_increase(&mut self, increase: Increase) {
        self.changes.note(RowKey::Increase(increase.id));
        self.put_increase(increase);
    }

    /// Puts a request that waits in its place.
    pub(super) fn put_increase(&mut self, increase: Increase) {
        if let Some(end) = increase.ends() {
            self.increase_ends.insert((end, increase.id));
        }
        self.increases.insert(increase.id, increase);
    }

    fn review_increase(&mut self, id: IncreaseId, granted: bool, stamp: &Stamp) {
        let Some(mut increase) = self.increases.remove(&id) else {
            return;
        };
        if let Some(end) = increase.ends() {
            self.increase_ends.remove(&(end, id));
        }
        if granted && let Some(state) = self.policies.get_mut(&increase.policy) {
            state.meter_mut(&increase.meter).granted += increase.amount;
            self.changes
                .note(RowKey::Meter(increase.policy, increase.meter.clone()));
        }
        let by_time = stamp.interface == Interface::Ledger;
        increase.status = if granted {
            IncreaseStatus::Granted
        } else if by_time && increase.meter.is_over(stamp.at) {
            IncreaseStatus::Expired
        } else {
            IncreaseStatus::Declined
        };
        increase.review = Some(Review {
            actor: stamp.actor.clone(),
            at: stamp.at,
            reason: stamp.reason.clone(),
        });
        self.changes.end_increase(increase);
    }
}

/// When an alert resolves by itself: with its window, or after [`ALERT_STANDS`] where that never ends or was over when
/// it was raised. A level of a counter that never ends stands as long as it holds, a request as long as it waits, and so
/// do some others until they are settled.
fn ends(alert: &Alert) -> Timestamp {
    if alert.cause.stands_until_settled() {
        return Timestamp::MAX;
    }
    let end = alert.cause.meter().and_then(|(_, key)| key.ends());
    match (&alert.cause, end) {
        (AlertCause::IncreaseRequested { .. }, _) | (AlertCause::Level { .. }, None) => {
            Timestamp::MAX
        }
        (_, Some(end)) if end > alert.raised => end,
        _ => alert
            .raised
            .checked_add(ALERT_STANDS)
            .unwrap_or(Timestamp::MAX),
    }
}
