//! What the policies say of a charge.

use super::alert::MeterKey;
use super::charge::Amount;
use super::id::{BudgetId, PolicyId};
use super::period::Period;
use super::policy::{Enforcement, Limits, Policy};
use super::quantity::Usd;
use super::tally::{Tally, saturate};
use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is to be done about a charge; the worst of all policies counts.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Go on.
    #[default]
    Allow,
    /// Go on, with a warning.
    Warn,
    /// Go on, but a cheaper model would be better.
    SoftLimit,
    /// Don't.
    Deny,
}

impl Outcome {
    /// The outcome's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::SoftLimit => "soft_limit",
            Self::Deny => "deny",
        }
    }
}

/// Why a policy did not simply allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The warning threshold is reached.
    Warning,
    /// The action threshold is reached.
    Action,
    /// It does not fit.
    Exceeds,
    /// The cost is not known, and there is a limit on it.
    CostUnknown,
    /// The tokens are not known, and there is a limit on them.
    TokensUnknown,
    /// It does not fit, and passes as critical.
    Bypassed,
}

/// What one policy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The budget.
    pub budget: BudgetId,
    /// The policy.
    pub policy: PolicyId,
    /// How strictly it is kept.
    pub enforcement: Enforcement,
    /// Its period.
    pub period: Period,
    /// The counter.
    pub meter: MeterKey,
    /// The limit, with what was carried over and granted.
    pub limits: Limits,
    /// What is posted.
    pub posted: Tally,
    /// What is held.
    pub held: Tally,
    /// What is to be done.
    pub outcome: Outcome,
    /// Why, where it is not simply allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl Finding {
    /// What is left of the limit; below zero once it is passed. A part without a limit is zero.
    pub fn available(&self) -> Tally {
        let (limit, used) = (self.limits.tally(), self.posted + self.held);
        Tally {
            tokens: if self.limits.tokens.is_some() {
                limit.tokens.saturating_sub(used.tokens)
            } else {
                0
            },
            requests: if self.limits.requests.is_some() {
                limit.requests.saturating_sub(used.requests)
            } else {
                0
            },
            cost: if self.limits.cost.is_some() {
                limit.cost - used.cost
            } else {
                Usd::ZERO
            },
        }
    }

    /// When the counter begins anew, where it does.
    pub fn resets(&self) -> Option<Timestamp> {
        self.meter.ends()
    }
}

/// What all policies say together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The worst of the findings.
    pub outcome: Outcome,
    /// What each policy said, in the order of budgets and policies.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The verdict of these findings.
    pub fn of(findings: Vec<Finding>) -> Self {
        Self {
            outcome: findings
                .iter()
                .map(|finding| finding.outcome)
                .max()
                .unwrap_or_default(),
            findings,
        }
    }

    /// Whether the charge may go on.
    pub fn allows(&self) -> bool {
        self.outcome != Outcome::Deny
    }

    /// The findings that refused.
    pub fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.outcome == Outcome::Deny)
    }
}

/// Judges what would be used of one counter: its limits, what is used of them, and what is asked.
pub fn judge(
    policy: &Policy,
    limits: &Limits,
    used: Tally,
    asked: &Amount,
    critical: bool,
) -> (Outcome, Option<Cause>) {
    let worst = worst_part(policy, limits, used, asked);
    match (policy.enforcement, worst) {
        (Enforcement::Ignore, _) | (_, None) => (Outcome::Allow, None),
        (
            Enforcement::HardLimit,
            Some(cause @ (Cause::Exceeds | Cause::CostUnknown | Cause::TokensUnknown)),
        ) => {
            if critical && policy.critical_bypass {
                (Outcome::Warn, Some(Cause::Bypassed))
            } else {
                (Outcome::Deny, Some(cause))
            }
        }
        (Enforcement::SoftLimit, Some(cause @ (Cause::Exceeds | Cause::Action))) => {
            (Outcome::SoftLimit, Some(cause))
        }
        (_, Some(cause)) => (Outcome::Warn, Some(cause)),
    }
}

fn worst_part(policy: &Policy, limits: &Limits, used: Tally, asked: &Amount) -> Option<Cause> {
    let thresholds = (policy.warning_threshold, policy.action_threshold);
    let tokens = limits.tokens.map(|limit| match asked.tokens {
        None => Some(Cause::TokensUnknown),
        Some(asked) => part(thresholds, whole(limit), used.tokens.into(), whole(asked)),
    });
    let requests = limits.requests.map(|limit| {
        part(
            thresholds,
            whole(limit),
            used.requests.into(),
            whole(asked.requests),
        )
    });
    let cost = limits.cost.map(|limit| match asked.cost {
        None => Some(Cause::CostUnknown),
        Some(asked) => part(
            thresholds,
            limit.amount(),
            used.cost.amount(),
            asked.amount(),
        ),
    });
    [tokens, requests, cost]
        .into_iter()
        .flatten()
        .flatten()
        .max_by_key(|cause| severity(policy.enforcement, *cause))
}

fn whole(count: u64) -> Decimal {
    Decimal::from(saturate(count))
}

fn part(
    (warning, action): (Decimal, Decimal),
    limit: Decimal,
    used: Decimal,
    asked: Decimal,
) -> Option<Cause> {
    let after = used.saturating_add(asked);
    if after > limit && asked > Decimal::ZERO {
        Some(Cause::Exceeds)
    } else if after >= limit.saturating_mul(action) {
        Some(Cause::Action)
    } else if after >= limit.saturating_mul(warning) {
        Some(Cause::Warning)
    } else {
        None
    }
}

/// What is not known denies where the limit is hard, and only warns elsewhere.
const fn severity(enforcement: Enforcement, cause: Cause) -> u8 {
    match (enforcement, cause) {
        (_, Cause::Warning) => 0,
        (Enforcement::HardLimit, Cause::Action) => 1,
        (_, Cause::CostUnknown | Cause::TokensUnknown) => 2,
        (_, Cause::Action) => 3,
        (_, Cause::Exceeds | Cause::Bypassed) => 4,
    }
}
