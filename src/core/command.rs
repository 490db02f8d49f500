//! What can be asked of the ledger: plain data, with time and prices already in it.

use super::alert::MeterKey;
use super::budget::BudgetField;
use super::charge::{Amount, ModelRef};
use super::context::Context;
use super::event::{Digest, Request, UsageAdjusted};
use super::id::{AlertId, AllocationId, BudgetId, ChangeId, IncreaseId, PolicyId};
use super::name::Name;
use super::period::{Period, WeekStart};
use super::policy::{Enforcement, Limits, PolicyField, Rollover};
use super::price::{Rates, ServiceTier};
use super::price_change::{PastWord, PriceHistory, PriceProposal, SourceReport};
use super::quantity::{Counts, Usd};
use super::scope::Scope;
use super::tally::Tally;
use super::usage::Usage;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// What is asked of the ledger.
#[derive(Clone, Debug)]
pub enum Command {
    /// Ends what is due, and does nothing else.
    Tick,
    /// Records usages, all or none.
    Record(Vec<Posting>),
    /// Decides and holds.
    Allocate(Allocate),
    /// Gives a hold more time, or more to hold.
    Extend(Extend),
    /// Gives a hold back.
    Release(AllocationId),
    /// Corrects what was recorded.
    Adjust(Box<Adjust>),
    /// Makes or changes a budget.
    SaveBudget(Box<SaveBudget>),
    /// Brings a budget's scope up to date.
    KeepScope(Box<KeepScope>),
    /// Archives a budget.
    ArchiveBudget(BudgetId),
    /// Makes or changes a policy.
    SavePolicy(BudgetId, Box<PolicyDraft>),
    /// Takes a policy away.
    RemovePolicy(PolicyId),
    /// Asks for more.
    RequestIncrease(RequestIncrease),
    /// Asks for more with the answer of the person, who was asked first.
    AnsweredIncrease(Box<AnsweredIncrease>),
    /// Answers a request for more.
    ReviewIncrease {
        /// The request.
        increase: IncreaseId,
        /// Whether it is granted.
        grant: bool,
    },
    /// Notes that a person has seen an alert.
    AcknowledgeAlert {
        /// The alert.
        alert: AlertId,
        /// What they had to say.
        note: Option<String>,
    },
    /// Sets a model's price, or takes such a price away.
    OverridePrice {
        /// The provider.
        provider: String,
        /// The model.
        model: String,
        /// The rates; none takes the override away.
        rates: Option<Rates>,
        /// From when on.
        effective_from: Timestamp,
    },
    /// Carries out what was decided of prices, all in one.
    ApplyPrices(Box<ApplyPrices>),
    /// Decides about a change of a price.
    ReviewPrice {
        /// The change.
        change: ChangeId,
        /// Whether it is approved.
        approve: bool,
    },
}

/// What a refresh of the prices came to. What is as it was makes no event.
#[derive(Clone, Debug, Default)]
pub struct ApplyPrices {
    /// One for each model that was looked at.
    pub changes: Vec<PriceProposal>,
    /// One for each source that was tried.
    pub sources: Vec<SourceReport>,
    /// Prices of times that are over.
    pub history: Vec<PriceHistory>,
    /// What sources say of such times against their own earlier word: it waits for a person.
    pub past: Vec<PastWord>,
    /// The models with recorded usage in such a time, provider and model: a person is told which of them cost something else
    /// now.
    pub used: BTreeSet<(String, String)>,
}

/// One usage to record.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The usage.
    pub usage: Usage,
    /// What makes it safe to repeat.
    pub request: Option<Request>,
}

/// A correction to make.
#[derive(Clone, Debug)]
pub struct Adjust {
    /// The correction.
    pub adjusted: UsageAdjusted,
    /// What the record that it corrects was of and cost when it was recorded.
    pub recorded: Option<(Counts, Usd)>,
}

/// A hold to make.
#[derive(Clone, Debug)]
pub struct Allocate {
    /// The model it is for.
    pub model: ModelRef,
    /// How that is to be served.
    pub service_tier: ServiceTier,
    /// Who and what it is for.
    pub context: Context,
    /// An upper bound of what it will take.
    pub amount: Amount,
    /// Whether its tokens were estimated and not counted.
    pub estimated: bool,
    /// How long it holds.
    pub ttl: SignedDuration,
}

/// A hold to give more.
#[derive(Clone, Copy, Debug)]
pub struct Extend {
    /// The allocation.
    pub allocation: AllocationId,
    /// How long it holds from now on; as it was, if not given.
    pub ttl: Option<SignedDuration>,
    /// What it is to hold more.
    pub more: Amount,
}

/// A scope that names a model otherwise than its usage is recorded now, or soon will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepScope {
    /// The budget.
    pub budget: BudgetId,
    /// What its scope was when that was seen; where it is another by now, it stays as it is.
    pub from: Scope,
    /// What it is to be.
    pub to: Scope,
}

/// A budget to make or change; what is not given stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SaveBudget {
    /// The one to change; none makes a new one.
    pub id: Option<BudgetId>,
    /// Its name.
    pub name: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The budget above it; `Some(None)` takes it from under its parent.
    pub parent: Option<Option<BudgetId>>,
    /// The charges that it covers.
    pub scope: Option<Scope>,
    /// Policies to make or change with it; the others stay as they are.
    pub policies: Vec<PolicyDraft>,
    /// What it is to be without.
    pub clear: Vec<BudgetField>,
}

/// A policy to make or change; what is not given stays as it is, or has its default.
#[derive(Clone, Debug, Default)]
pub struct PolicyDraft {
    /// The one to change; none makes a new one.
    pub id: Option<PolicyId>,
    /// How strictly it is kept; a hard limit if new.
    pub enforcement: Option<Enforcement>,
    /// How long a counter runs; needed for a new one.
    pub period: Option<Period>,
    /// What one window allows; the parts that are not given stay.
    pub limits: Limits,
    /// The share that warns; 0.8 if new.
    pub warning_threshold: Option<Decimal>,
    /// The share that asks for action; 0.95 if new.
    pub action_threshold: Option<Decimal>,
    /// The IANA name of its time zone; UTC if new.
    pub time_zone: Option<String>,
    /// The first day of its weeks; Monday if new.
    pub week_start: Option<WeekStart>,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// What happens to what is left over; it is gone if new.
    pub rollover: Option<Rollover>,
    /// The most cost that is carried over.
    pub rollover_cap: Option<Usd>,
    /// Whether priority 10 passes it; not if new.
    pub critical_bypass: Option<bool>,
    /// Whether it counts; it does if new.
    pub enabled: Option<bool>,
    /// What it is to be without.
    pub clear: Vec<PolicyField>,
}

/// A request for more.
#[derive(Clone, Debug)]
pub struct RequestIncrease {
    /// The policy.
    pub policy: PolicyId,
    /// The session or task, for a policy that counts by them.
    pub context: Context,
    /// What the asker's configuration fixes: no charge of theirs is of another context.
    pub fixed: Context,
    /// How much more.
    pub amount: Tally,
}

/// A request for more that the person behind the client has answered already.
#[derive(Clone, Debug)]
pub struct AnsweredIncrease {
    /// What is asked for.
    pub wanted: RequestIncrease,
    /// The counter that the person was asked about: their answer is for no other.
    pub meter: MeterKey,
    /// Whether they grant it.
    pub granted: bool,
    /// Their name in the audit trail.
    pub person: Name,
    /// What they had to say.
    pub note: Option<String>,
}

impl Request {
    /// A request id with the digest of its content.
    pub fn new(id: impl Into<Name>, content: &[u8]) -> Self {
        Self {
            id: id.into(),
            content: Digest::of(content),
        }
    }
}
