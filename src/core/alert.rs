//! Something a person should see.

use super::id::{AlertId, AllocationId, BudgetId, ChangeId, IncreaseId, PolicyId};
use super::name::Name;
use super::period::Window;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A level of use of a policy's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The warning threshold.
    Warning,
    /// The action threshold.
    Action,
    /// The limit itself is passed.
    Exceeded,
}

impl Level {
    /// Every level, from the least on.
    pub const ALL: [Self; 3] = [Self::Warning, Self::Action, Self::Exceeded];

    /// What kind of alert tells of it.
    const fn kind(self) -> AlertKind {
        match self {
            Self::Warning => AlertKind::ThresholdWarning,
            Self::Action => AlertKind::ThresholdAction,
            Self::Exceeded => AlertKind::LimitExceeded,
        }
    }

    /// How much that alert matters.
    const fn severity(self) -> Severity {
        match self {
            Self::Warning | Self::Action => Severity::Warning,
            Self::Exceeded => Severity::Critical,
        }
    }
}

/// Which counter of a policy: a window of time, or a session or task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeterKey {
    /// The counter of a window.
    Window(Window),
    /// The counter of a `session_id` or `task_id`; empty for charges that name none.
    Of(Arc<str>),
}

impl MeterKey {
    /// When its window ends; none where it is of none, or of one that never does.
    pub fn ends(&self) -> Option<Timestamp> {
        match self {
            Self::Window(window) if !window.is_endless() => Some(window.end),
            _ => None,
        }
    }

    /// Whether it is of a window that is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        matches!(self, Self::Window(window) if window.end <= now)
    }
}

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertCause {
    /// A policy's counter reached a level.
    Level {
        /// The budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
        /// The counter.
        meter: MeterKey,
        /// The level.
        level: Level,
    },
    /// More was spent than an allocation held.
    AllocationOverrun {
        /// The allocation.
        allocation: AllocationId,
    },
    /// More was spent than was held, or something without a hold, past a limit.
    PolicyOverrun {
        /// The budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
        /// The counter.
        meter: MeterKey,
        /// The component that spent it, or else the user; none where neither is named, or for all those together that
        /// are more than are told apart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spender: Option<Name>,
    },
    /// More sessions or tasks of a policy have reached a level than have alerts of their own.
    LevelOfOthers {
        /// The budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
        /// The level.
        level: Level,
    },
    /// More was spent than was held or left in more sessions or tasks of a policy than have alerts of their own.
    OverrunOfOthers {
        /// The budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
    },
    /// One usage reached levels, or passed limits, of more policies than it raises alerts of.
    LevelOfOtherPolicies {
        /// The highest of the levels.
        level: Level,
    },
    /// A critical call passed a hard limit.
    CriticalBypass {
        /// The budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
        /// The counter.
        meter: MeterKey,
    },
    /// An agent asks for more.
    IncreaseRequested {
        /// The budget.
        budget: BudgetId,
        /// The policy.
        policy: PolicyId,
        /// The request.
        increase: IncreaseId,
    },
    /// Something was spent whose cost is not known, or not in full.
    CostUnknown {
        /// The provider.
        provider: String,
        /// The model.
        model: String,
        /// The units that have no price, and what no unit counts; empty where alerts did not say so yet.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unpriced: Vec<String>,
        /// Who all sells a model of that name, where nobody said of whom it was bought.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sellers: Vec<String>,
    },
    /// Something was spent whose cost is not known, of more models than have alerts of their own.
    CostUnknownOfOthers,
    /// Prices changed.
    PricesChanged {
        /// How many.
        count: u32,
    },
    /// A change of a price waits for a person.
    PriceHeldBack {
        /// The change.
        change: ChangeId,
        /// The provider.
        provider: String,
        /// The model.
        model: String,
    },
    /// A source of prices fails.
    SourceFailed {
        /// The source.
        source: String,
    },
    /// A source of prices is often outvoted and counts less.
    SourceOutvoted {
        /// The source.
        source: String,
    },
}

/// The kinds of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The warning threshold of a policy is reached.
    ThresholdWarning,
    /// Its action threshold is reached.
    ThresholdAction,
    /// Its limit is passed.
    LimitExceeded,
    /// More was spent than was held or left.
    Overrun,
    /// A critical call passed a hard limit.
    CriticalBypass,
    /// An agent asks for more.
    IncreaseRequested,
    /// Usage of a model without a price was recorded.
    CostUnknown,
    /// Prices changed.
    PriceChanged,
    /// A change of a price waits for a person.
    PriceHeldBack,
    /// A source of prices fails.
    SourceFailed,
    /// A source of prices is often outvoted.
    SourceOutvoted,
}

impl AlertKind {
    /// The kind's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ThresholdWarning => "threshold_warning",
            Self::ThresholdAction => "threshold_action",
            Self::LimitExceeded => "limit_exceeded",
            Self::Overrun => "overrun",
            Self::CriticalBypass => "critical_bypass",
            Self::IncreaseRequested => "increase_requested",
            Self::CostUnknown => "cost_unknown",
            Self::PriceChanged => "price_changed",
            Self::PriceHeldBack => "price_held_back",
            Self::SourceFailed => "source_failed",
            Self::SourceOutvoted => "source_outvoted",
        }
    }
}

/// How much an alert matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it soon.
    Warning,
    /// Act now.
    Critical,
}

impl AlertCause {
    /// What kind of thing it is.
    pub const fn kind(&self) -> AlertKind {
        match self {
            Self::Level { level, .. }
            | Self::LevelOfOthers { level, .. }
            | Self::LevelOfOtherPolicies { level } => level.kind(),
            Self::AllocationOverrun { .. }
            | Self::PolicyOverrun { .. }
            | Self::OverrunOfOthers { .. } => AlertKind::Overrun,
            Self::CriticalBypass { .. } => AlertKind::CriticalBypass,
            Self::IncreaseRequested { .. } => AlertKind::IncreaseRequested,
            Self::CostUnknown { .. } | Self::CostUnknownOfOthers => AlertKind::CostUnknown,
            Self::PricesChanged { .. } => AlertKind::PriceChanged,
            Self::PriceHeldBack { .. } => AlertKind::PriceHeldBack,
            Self::SourceFailed { .. } => AlertKind::SourceFailed,
            Self::SourceOutvoted { .. } => AlertKind::SourceOutvoted,
        }
    }

    /// How much it matters.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::IncreaseRequested { .. } | Self::PricesChanged { .. } => Severity::Info,
            Self::Level { level, .. }
            | Self::LevelOfOthers { level, .. }
            | Self::LevelOfOtherPolicies { level } => level.severity(),
            Self::AllocationOverrun { .. }
            | Self::CostUnknown { .. }
            | Self::CostUnknownOfOthers
            | Self::PriceHeldBack { .. }
            | Self::SourceFailed { .. }
            | Self::SourceOutvoted { .. } => Severity::Warning,
            Self::PolicyOverrun { .. }
            | Self::OverrunOfOthers { .. }
            | Self::CriticalBypass { .. } => Severity::Critical,
        }
    }

    /// The counter that it is about.
    pub const fn meter(&self) -> Option<(PolicyId, &MeterKey)> {
        match self {
            Self::Level { policy, meter, .. }
            | Self::PolicyOverrun { policy, meter, .. }
            | Self::CriticalBypass { policy, meter, .. } => Some((*policy, meter)),
            Self::AllocationOverrun { .. }
            | Self::LevelOfOthers { .. }
            | Self::OverrunOfOthers { .. }
            | Self::LevelOfOtherPolicies { .. }
            | Self::IncreaseRequested { .. }
            | Self::CostUnknown { .. }
            | Self::CostUnknownOfOthers
            | Self::PricesChanged { .. }
            | Self::PriceHeldBack { .. }
            | Self::SourceFailed { .. }
            | Self::SourceOutvoted { .. } => None,
        }
    }

    /// Whether it stands until what it is about is over, however long that takes.
    pub const fn stands_until_settled(&self) -> bool {
        matches!(
            self,
            Self::PriceHeldBack { .. } | Self::SourceFailed { .. } | Self::SourceOutvoted { .. }
        )
    }

    /// The budget and policy that it is about.
    pub const fn policy(&self) -> Option<(BudgetId, PolicyId)> {
        match self {
            Self::Level { budget, policy, .. }
            | Self::PolicyOverrun { budget, policy, .. }
            | Self::LevelOfOthers { budget, policy, .. }
            | Self::OverrunOfOthers { budget, policy }
            | Self::CriticalBypass { budget, policy, .. }
            | Self::IncreaseRequested { budget, policy, .. } => Some((*budget, *policy)),
            Self::AllocationOverrun { .. }
            | Self::LevelOfOtherPolicies { .. }
            | Self::CostUnknown { .. }
            | Self::CostUnknownOfOthers
            | Self::PricesChanged { .. }
            | Self::PriceHeldBack { .. }
            | Self::SourceFailed { .. }
            | Self::SourceOutvoted { .. } => None,
        }
    }
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// Nobody has seen to it.
    Open,
    /// A named actor has seen it.
    Acknowledged,
    /// What it is about no longer holds.
    Resolved,
}

/// Something a person should see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it is about.
    pub cause: AlertCause,
    /// The same in a sentence.
    pub message: String,
    /// Where it is in its life.
    pub status: AlertStatus,
    /// When it was raised.
    #[serde(with = "super::time")]
    pub raised: Timestamp,
    /// Who acknowledged it, with a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
    /// When it was resolved.
    #[serde(
        default,
        with = "super::time::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub resolved: Option<Timestamp>,
}

/// A person's word that an alert has been seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub actor: Name,
    /// When.
    #[serde(with = "super::time")]
    pub at: Timestamp,
    /// What they had to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
