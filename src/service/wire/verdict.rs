//! What the policies said, on the wire.

use super::amounts::Amounts;
use super::schema::Instant;
use crate::core::alert::MeterKey;
use crate::core::charge::Amount;
use crate::core::id::{BudgetId, PolicyId};
use crate::core::period::Period;
use crate::core::policy::Enforcement;
use crate::core::state::State;
use crate::core::verdict::{Cause, Finding, Outcome, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one policy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyOutcome {
    /// Budget.
    pub budget_id: BudgetId,
    /// Its name.
    pub budget_name: String,
    /// Policy.
    pub policy_id: PolicyId,
    /// How strictly it is kept.
    pub enforcement: Enforcement,
    /// Its period.
    pub period: Period,
    /// Start of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_start: Option<Instant>,
    /// When it resets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_end: Option<Instant>,
    /// Session or task that it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_for: Option<String>,
    /// Limit, with what was carried over and granted.
    pub limit: Amounts,
    /// Posted.
    pub posted: Amounts,
    /// Held.
    pub held: Amounts,
    /// Left.
    pub available: Amounts,
    /// What it says.
    pub outcome: Outcome,
}

impl PolicyOutcome {
    /// A finding on the wire.
    pub fn of(finding: &Finding, state: &State) -> Self {
        let limits = &finding.limits;
        let limited = |tally| Amounts::limited(tally, limits);
        let (start, end, counts_for) = match &finding.meter {
            MeterKey::Window(window) if window.is_endless() => (None, None, None),
            MeterKey::Window(window) => {
                (Some(Instant(window.start)), Some(Instant(window.end)), None)
            }
            MeterKey::Of(id) => (None, None, Some(id.to_string())),
        };
        Self {
            budget_id: finding.budget,
            budget_name: name_of(state, finding.budget),
            policy_id: finding.policy,
            enforcement: finding.enforcement,
            period: finding.period,
            window_start: start,
            window_end: end,
            counts_for,
            limit: limited(limits.tally()),
            posted: limited(finding.posted),
            held: limited(finding.held),
            available: limited(finding.available()),
            outcome: finding.outcome,
        }
    }
}

/// A budget's name.
pub fn name_of(state: &State, budget: BudgetId) -> String {
    state
        .budget(budget)
        .map(|known| known.budget.name.clone())
        .unwrap_or_default()
}

/// Why the policies did not simply allow, a sentence for each.
pub fn reasons(verdict: &Verdict, asked: &Amount, state: &State) -> Vec<String> {
    verdict
        .findings
        .iter()
        .filter_map(|finding| reason(finding, asked, state))
        .collect()
}

fn reason(finding: &Finding, asked: &Amount, state: &State) -> Option<String> {
    let (name, period) = (name_of(state, finding.budget), finding.period.as_str());
    let limits = &finding.limits;
    let left = Amounts::limited(finding.available(), limits).words();
    let wanted = Amounts::limited(asked.tally(), limits).words();
    let who = format!("budget {name:?}, {period} policy {}", finding.policy);
    Some(match finding.cause? {
        Cause::Exceeds if finding.outcome == Outcome::Deny => {
            let when = finding
                .resets()
                .map_or(String::new(), |end| format!("; it resets at {end}"));
            format!("{who}: {wanted} asked, {left} available{when}")
        }
        Cause::Exceeds => format!("{who}: {wanted} asked is more than the {left} available"),
        Cause::Warning => format!("{who}: the warning threshold is reached, {left} available"),
        Cause::Action => format!("{who}: the action threshold is reached, {left} available"),
        Cause::CostUnknown => format!(
            "{who}: it limits the cost, and the model has no price for all that is asked; give cost_usd, or an admin adds it \
             with override_price (estimate_cost names what is missing)"
        ),
        Cause::TokensUnknown => format!("{who}: it limits tokens; say how many"),
        Cause::Bypassed => {
            format!("{who}: passed as critical, {wanted} asked and {left} available")
        }
    })
}
