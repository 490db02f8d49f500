//! The state as rows, for a store that looks them up, and back.

use super::{Meter, ModelPrices, Past, PolicyState, PriceOverrides, RowKey, SourceStanding, State};
use crate::core::alert::{Alert, AlertStatus};
use crate::core::allocation::{Allocation, AllocationStatus};
use crate::core::budget::Budget;
use crate::core::id::{BudgetId, PolicyId};
use crate::core::increase::{Increase, IncreaseStatus};
use crate::core::policy::Policy;
use crate::core::usage::Correction;
use serde::{Deserialize, Serialize};

/// One thing that the state is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// A budget with its policies' ids.
    Budget(Budget, Vec<PolicyId>),
    /// A policy of a budget, with the terms that it had before.
    Policy(BudgetId, Policy, Past),
    /// A counter.
    Meter(Meter),
    /// An allocation, open or ended.
    Allocation(Allocation),
    /// An alert, standing or resolved.
    Alert(Alert),
    /// A request for more, answered or not.
    Increase(Increase),
    /// The prices that admins set for a model.
    Override(PriceOverrides),
    /// The prices that sources made for a model, and the change of it that waits.
    Price(ModelPrices),
    /// How a source of prices stands.
    Source(SourceStanding),
    /// What a record was corrected by, in all.
    Correction(Correction),
}

impl State {
    pub(super) fn row(&self, key: &RowKey) -> Option<Row> {
        match key {
            RowKey::Budget(id) => self
                .budgets
                .get(id)
                .map(|state| Row::Budget(state.budget.clone(), state.policies.clone())),
            RowKey::Policy(id) => self
                .policies
                .get(id)
                .map(|state| Row::Policy(state.budget, state.policy.clone(), state.past().clone())),
            RowKey::Meter(policy, key) => self
                .policies
                .get(policy)
                .filter(|state| state.has_used(key))
                .map(|state| Row::Meter(state.meter(key))),
            RowKey::Allocation(id) => self.allocation(*id).cloned().map(Row::Allocation),
            RowKey::Alert(id) => self
                .alerts
                .get(id)
                .or_else(|| self.ended().alerts.get(id))
                .cloned()
                .map(Row::Alert),
            RowKey::Increase(id) => self
                .increases
                .get(id)
                .or_else(|| self.ended().increases.get(id))
                .cloned()
                .map(Row::Increase),
            RowKey::Override(provider, model) => self
                .overrides
                .get(&(provider.clone(), model.clone()))
                .cloned()
                .map(Row::Override),
            RowKey::Price(provider, model) => self.prices(provider, model).cloned().map(Row::Price),
            RowKey::Source(source) => self.source(source).cloned().map(Row::Source),
            RowKey::Correction(record) => self.correction(*record).copied().map(Row::Correction),
        }
    }

    /// The state at `sequence` that these rows make; rows of what has ended are passed over.
    pub fn from_rows(
        sequence: u64,
        next_id: u64,
        rows: impl IntoIterator<Item = (RowKey, Row)>,
    ) -> Self {
        let mut state = Self {
            sequence,
            next_id,
            ..Self::default()
        };
        let mut meters = Vec::new();
        let mut allocations = Vec::new();
        for (key, row) in rows {
            match (key, row) {
                (RowKey::Meter(policy, key), Row::Meter(meter)) => {
                    meters.push((policy, key, meter));
                }
                (_, Row::Allocation(allocation)) if allocation.status == AllocationStatus::Held => {
                    allocations.push(allocation);
                }
                (key, row) => state.put(key, row),
            }
        }
        for (policy, key, meter) in meters {
            if let Some(policy) = state.policies.get_mut(&policy) {
                *policy.meter_mut(&key) = meter;
            }
        }
        let budgets: Vec<_> = state.budgets.keys().copied().collect();
        for budget in budgets {
            state.key_holds_of(budget);
        }
        for allocation in allocations {
            state.open_hold(allocation);
        }
        state
    }

    fn put(&mut self, key: RowKey, row: Row) {
        match (key, row) {
            (_, Row::Budget(budget, policies)) => self.put_budget(budget, policies),
            (_, Row::Policy(budget, policy, past)) => {
                self.policies
                    .insert(policy.id, PolicyState::with_past(policy, budget, past));
            }
            (_, Row::Alert(alert)) if alert.status != AlertStatus::Resolved => {
                self.put_alert(alert);
            }
            (_, Row::Increase(increase)) if increase.status == IncreaseStatus::Open => {
                self.put_increase(increase);
            }
            (RowKey::Override(provider, model), Row::Override(versions)) => {
                let last = versions.iter().map(|set| set.version).max();
                self.price_log
                    .touch(last.unwrap_or_default(), &provider, &model);
                self.overrides.insert((provider, model), versions);
            }
            (RowKey::Price(provider, model), Row::Price(prices)) => {
                self.put_prices(provider, model, prices);
            }
            (RowKey::Correction(record), Row::Correction(sum)) => {
                self.recall_correction(record, sum);
            }
            (RowKey::Source(source), Row::Source(standing)) => {
                self.sources.insert(source, standing);
            }
            _ => {}
        }
    }
}
