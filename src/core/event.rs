//! Events: the truth that everything else is computed from.

use super::alert::{Alert, AlertCause, AlertStatus, MeterKey};
use super::allocation::AllocationStatus;
use super::budget::Budget;
use super::charge::{Amount, Facts, ModelRef};
use super::context::Context;
pub use super::digest::Digest;
use super::id::{AlertId, AllocationId, BudgetId, ChangeId, IncreaseId, PolicyId, RecordId};
use super::name::Name;
use super::period::GoesOn;
use super::policy::Policy;
use super::price::{ModelTier, Rates, ServiceTier};
use super::price_change::{Dropped, PriceApplied, PriceHeldBack, PriceHistory, SourceReport};
use super::role::{Interface, Role};
use super::tally::Tally;
use super::usage::{Correction, Draw, Usage};
use super::verdict::Verdict;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who did something, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Whose ledger it is in.
    #[serde(default = "default_tenant", skip_serializing_if = "is_default_tenant")]
    pub tenant: Name,
    /// When it was decided.
    #[serde(with = "super::time")]
    pub at: Timestamp,
    /// Who.
    pub actor: Name,
    /// In which role.
    pub role: Role,
    /// Through which face.
    pub interface: Interface,
    /// Why, where a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The tenant until there are more.
pub const DEFAULT_TENANT: &str = "default";

fn default_tenant() -> Name {
    Name::new_static(DEFAULT_TENANT)
}

fn is_default_tenant(tenant: &str) -> bool {
    tenant == DEFAULT_TENANT
}

impl Stamp {
    /// The ledger's own, for what follows from time alone.
    pub fn of_time(at: Timestamp) -> Self {
        Self {
            tenant: default_tenant(),
            at,
            actor: Name::new_static("ledger"),
            role: Role::Admin,
            interface: Interface::Ledger,
            reason: None,
        }
    }
}

/// The id that makes a command safe to repeat, with a digest of what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The caller's id for it.
    pub id: Name,
    /// BLAKE3 of the content, cut to 16 bytes.
    pub content: Digest,
}

/// An event with its circumstances; its sequence is its place in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Who, when and why.
    pub stamp: Stamp,
    /// What makes it safe to repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What happened.
    pub event: Event,
}

impl Recorded {
    /// The alert that it raised, as it was then.
    pub fn raised_alert(&self, sequence: u64) -> Option<Alert> {
        let Event::AlertRaised { cause, message } = &self.event else {
            return None;
        };
        Some(Alert {
            id: AlertId(sequence),
            cause: cause.clone(),
            message: message.clone(),
            status: AlertStatus::Open,
            raised: self.stamp.at,
            acknowledged: None,
            resolved: None,
        })
    }
}

/// What happened. The large ones are boxed: an event is moved many times between the journal and the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A usage was recorded.
    UsageRecorded(Box<UsageRecorded>),
    /// A correction of what was recorded.
    UsageAdjusted(Box<UsageAdjusted>),
    /// A hold was made; its id is this event's sequence.
    AllocationMade(Box<AllocationMade>),
    /// A hold was given more time, or more to hold.
    AllocationExtended(AllocationExtended),
    /// A hold ended.
    AllocationEnded(AllocationEnded),
    /// A budget was made or changed, with those of its policies that were saved with it.
    BudgetSaved {
        /// The budget as it is now.
        budget: Budget,
        /// The policies as they are now.
        policies: Vec<Policy>,
        /// Those of them whose counters begin anew.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anew: Vec<PolicyId>,
        /// How it is told whether the others go on.
        #[serde(default, skip_serializing_if = "GoesOn::is_by_cut")]
        goes_on: GoesOn,
    },
    /// A budget was archived.
    BudgetArchived {
        /// The budget.
        budget: BudgetId,
    },
    /// A policy was made or changed.
    PolicySaved {
        /// Its budget.
        budget: BudgetId,
        /// The policy as it is now.
        policy: Policy,
        /// Whether its counters begin anew, as its period, time zone or week is another. Policies that were saved before
        /// this was said went on with theirs.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anew: bool,
        /// How it is told whether it goes on where they don't.
        #[serde(default, skip_serializing_if = "GoesOn::is_by_cut")]
        goes_on: GoesOn,
    },
    /// A policy was taken away.
    PolicyRemoved {
        /// Its budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
    },
    /// An alert was raised; its id is this event's sequence.
    AlertRaised {
        /// What it is about.
        cause: AlertCause,
        /// The same in a sentence.
        message: String,
    },
    /// An alert was seen by a person.
    AlertAcknowledged {
        /// The alert.
        alert: AlertId,
        /// What they had to say.
        note: Option<String>,
    },
    /// What an alert is about no longer holds.
    AlertResolved {
        /// The alert.
        alert: AlertId,
    },
    /// Somebody asked for more; the request's id is this event's sequence.
    IncreaseRequested {
        /// The budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
        /// The counter.
        meter: MeterKey,
        /// How much more.
        amount: Tally,
    },
    /// A request for more was answered.
    IncreaseReviewed {
        /// The request.
        increase: IncreaseId,
        /// Whether it was granted.
        granted: bool,
    },
    /// An admin set a model's price, or took such a price away.
    PriceOverridden {
        /// The provider.
        provider: String,
        /// The model.
        model: String,
        /// The rates; none takes the override away.
        rates: Option<Rates>,
        /// From when on.
        #[serde(with = "super::time")]
        effective_from: Timestamp,
    },
    /// A price that sources made holds from a time on; its version is this event's sequence.
    PriceApplied(Arc<PriceApplied>),
    /// A change of a price waits for a person; its id is this event's sequence.
    PriceHeldBack(Arc<PriceHeldBack>),
    /// A person decided about a change. An approved one is a price, whose version is this event's sequence.
    PriceReviewed {
        /// The change.
        change: ChangeId,
        /// The change's provider.
        provider: String,
        /// The change's model.
        model: String,
        /// Whether it was approved.
        approved: bool,
    },
    /// A change ended without a person.
    PriceChangeDropped {
        /// The change.
        change: ChangeId,
        /// The change's provider.
        provider: String,
        /// The change's model.
        model: String,
        /// How.
        why: Dropped,
    },
    /// A source's prices of times that are over were taken in.
    PriceHistoryImported(Arc<PriceHistory>),
    /// A source has new content, has its word counted for another day, has failed or works again.
    SourceReported(SourceReport),
}

/// A usage that was recorded, and what that did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRecorded {
    /// The usage.
    pub usage: Usage,
    /// What it did to the hold that it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    /// Whether it was more than was held, or passed a limit without a hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overrun: bool,
    /// The policies that counted it, by id. The first records did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Vec<PolicyId>>,
}

/// A correction, counted where the usage that it corrects was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageAdjusted {
    /// The record that it corrects, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// The policies that counted that record, where it says so. Without them those count that the charge meets now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Vec<PolicyId>>,
    /// The provider.
    pub provider: Name,
    /// The model.
    pub model: Name,
    /// The name that was given for it, where that is another; not known of corrections from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<Name>,
    /// The model's tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ModelTier>,
    /// Who and what it was for.
    pub context: Context,
    /// When the usage happened.
    #[serde(with = "super::time")]
    pub occurred: Timestamp,
    /// The change.
    pub correction: Correction,
}

impl UsageAdjusted {
    /// The correction of a record, with what the record says.
    pub fn of_record(record: RecordId, recorded: UsageRecorded, correction: Correction) -> Self {
        let UsageRecorded { usage, counted, .. } = recorded;
        Self {
            record: Some(record),
            counted,
            named: usage.named,
            provider: usage.provider,
            model: usage.model,
            tier: usage.tier,
            context: usage.context,
            occurred: usage.occurred,
            correction,
        }
    }

    /// What decides which budgets cover it.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            provider: Some(&self.provider),
            model: Some(&self.model),
            named: self.named.as_deref(),
            tier: self.tier,
            context: &self.context,
        }
    }
}

/// A hold that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationMade {
    /// The model that it is for.
    pub model: ModelRef,
    /// How that is to be served.
    #[serde(default, skip_serializing_if = "ServiceTier::is_standard")]
    pub service_tier: ServiceTier,
    /// Who and what it is for.
    pub context: Context,
    /// What it holds.
    pub held: Tally,
    /// Whether nothing is held of tokens because they were not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tokens_unknown: bool,
    /// Whether nothing is held of the cost because it was not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cost_unknown: bool,
    /// Whether tokens were estimated and not counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// When its time runs out.
    #[serde(with = "super::time")]
    pub expires: Timestamp,
    /// What the policies said.
    pub verdict: Verdict,
}

impl AllocationMade {
    /// What was asked to be held.
    pub fn asked(&self) -> Amount {
        let held = Amount::from(self.held);
        Amount {
            tokens: held.tokens.filter(|_| !self.tokens_unknown),
            requests: held.requests,
            cost: held.cost.filter(|_| !self.cost_unknown),
        }
    }
}

/// A hold that was given more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationExtended {
    /// The allocation.
    pub allocation: AllocationId,
    /// When its time runs out now.
    #[serde(with = "super::time")]
    pub expires: Timestamp,
    /// What it holds more than before.
    pub added: Tally,
    /// What it holds now.
    pub remaining: Tally,
    /// What the policies said.
    pub verdict: Verdict,
}

/// A hold that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationEnded {
    /// The allocation.
    pub allocation: AllocationId,
    /// How it ended.
    pub status: AllocationStatus,
    /// What was given back.
    pub released: Tally,
}

impl Event {
    /// The kind's name on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UsageRecorded(_) => "usage_recorded",
            Self::UsageAdjusted(_) => "usage_adjusted",
            Self::AllocationMade(_) => "allocation_made",
            Self::AllocationExtended(_) => "allocation_extended",
            Self::AllocationEnded(_) => "allocation_ended",
            Self::BudgetSaved { .. } => "budget_saved",
            Self::BudgetArchived { .. } => "budget_archived",
            Self::PolicySaved { .. } => "policy_saved",
            Self::PolicyRemoved { .. } => "policy_removed",
            Self::AlertRaised { .. } => "alert_raised",
            Self::AlertAcknowledged { .. } => "alert_acknowledged",
            Self::AlertResolved { .. } => "alert_resolved",
            Self::IncreaseRequested { .. } => "increase_requested",
            Self::IncreaseReviewed { .. } => "increase_reviewed",
            Self::PriceOverridden { .. } => "price_overridden",
            Self::PriceApplied(_) => "price_applied",
            Self::PriceHeldBack(_) => "price_held_back",
            Self::PriceReviewed { .. } => "price_reviewed",
            Self::PriceChangeDropped { .. } => "price_change_dropped",
            Self::PriceHistoryImported(_) => "price_history_imported",
            Self::SourceReported(_) => "source_reported",
        }
    }
}
