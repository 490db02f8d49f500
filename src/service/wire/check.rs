//! The answer to a check.

use super::schema::Instant;
use super::verdict::{PolicyOutcome, reasons};
use crate::core::charge::Amount;
use crate::core::count::counted;
use crate::core::quantity::Usd;
use crate::core::state::State;
use crate::core::verdict::{Outcome, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer to a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckAnswer {
    /// Whether to go on.
    pub allowed: bool,
    /// The worst of what the policies say.
    pub outcome: Outcome,
    /// The cost at the most; left out where it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_cost_usd: Option<Usd>,
    /// The tokens at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_tokens: Option<u64>,
    /// Whether tokens are estimated.
    pub estimated: bool,
    /// What each policy says.
    pub policies: Vec<PolicyOutcome>,
    /// Why it is not simply allowed.
    pub reasons: Vec<String>,
    /// The most output tokens at this model that would fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fits: Option<u64>,
    /// When to ask again, where waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Instant>,
    /// The cheapest models that fit as asked.
    pub alternatives: Vec<Alternative>,
}

/// A model that would fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// What the call would cost.
    pub estimated_cost_usd: Usd,
}

/// What may be done where a call does not simply fit.
#[derive(Clone, Debug, Default)]
pub struct WayOut {
    /// The most output tokens that would fit.
    pub fits: Option<u64>,
    /// The cheapest models that fit as asked.
    pub alternatives: Vec<Alternative>,
}

impl CheckAnswer {
    /// The answer that a verdict makes.
    pub fn new(
        verdict: &Verdict,
        amount: &Amount,
        estimated: bool,
        way_out: WayOut,
        state: &State,
    ) -> Self {
        Self {
            allowed: verdict.allows(),
            outcome: verdict.outcome,
            estimated_cost_usd: amount.cost,
            estimated_tokens: amount.tokens,
            estimated,
            policies: verdict
                .findings
                .iter()
                .map(|finding| PolicyOutcome::of(finding, state))
                .collect(),
            reasons: reasons(verdict, amount, state),
            fits: way_out.fits,
            retry_at: state.retry_at(verdict, amount).map(Instant),
            alternatives: way_out.alternatives,
        }
    }

    /// The answer in short, for a person.
    pub fn words(&self) -> String {
        let cost = self
            .estimated_cost_usd
            .map_or("an unknown cost".to_owned(), |cost| format!("${cost}"));
        let mut words = match self.outcome {
            Outcome::Allow => {
                let met = counted(self.policies.len(), "policy", "policies");
                format!("Allowed: {cost}, {met} met.")
            }
            Outcome::Warn => format!("Allowed with a warning: {cost}."),
            Outcome::SoftLimit => format!("Allowed, but a cheaper model would be better: {cost}."),
            Outcome::Deny => format!("Denied: {cost}."),
        };
        for reason in &self.reasons {
            words.push('\n');
            words.push_str(reason);
        }
        if let Some(fits) = self.fits {
            words.push_str(&format!("\nUp to {fits} output tokens would fit."));
        }
        if !self.alternatives.is_empty() {
            let names = self
                .alternatives
                .iter()
                .map(|other| format!("{} (${})", other.model, other.estimated_cost_usd));
            let names = names.collect::<Vec<_>>().join(", ");
            let head = match self.outcome {
                Outcome::SoftLimit => "Cheaper",
                _ => "Would fit",
            };
            words.push_str(&format!("\n{head}: {names}."));
        }
        words
    }
}
