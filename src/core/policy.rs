//! A policy: what a budget allows in a period, and how strictly.

use super::id::PolicyId;
use super::period::{Calendar, Period, WeekStart};
use super::quantity::Usd;
use super::tally::{Tally, saturate};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The used share that warns, unless the policy says otherwise: 0.8.
pub const WARNING_THRESHOLD: Decimal = Decimal::from_parts(8, 0, 0, false, 1);
/// The used share that asks for action, unless the policy says otherwise: 0.95.
pub const ACTION_THRESHOLD: Decimal = Decimal::from_parts(95, 0, 0, false, 2);
/// The most decimal places of a threshold.
pub const THRESHOLD_SCALE: u32 = 4;

/// How strictly a limit is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Counts and says nothing.
    Ignore,
    /// Warns from the warning threshold on.
    Warn,
    /// Allows, and recommends a cheaper model from the action threshold on.
    SoftLimit,
    /// Denies what would not fit.
    HardLimit,
}

/// What may be used in one window; a part that is not given is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Tokens of every kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Usd>,
}

impl Limits {
    /// Whether nothing is limited.
    pub const fn is_empty(&self) -> bool {
        self.tokens.is_none() && self.requests.is_none() && self.cost.is_none()
    }

    /// The limits as a tally; what is not limited is zero.
    pub fn tally(&self) -> Tally {
        Tally {
            tokens: saturate(self.tokens.unwrap_or(0)),
            requests: saturate(self.requests.unwrap_or(0)),
            cost: self.cost.unwrap_or_default(),
        }
    }
}

/// What happens to what a window leaves over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rollover {
    /// It is gone.
    #[default]
    None,
    /// It is carried into the next window only.
    Unused,
}

/// A part of a policy that it may be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyField {
    /// The limit of tokens.
    LimitTokens,
    /// The limit of calls.
    LimitRequests,
    /// The limit of cost.
    LimitCostUsd,
    /// When it begins.
    Start,
    /// When it ends.
    End,
    /// The most cost that is carried over.
    RolloverCapUsd,
}

/// A rule of one budget, as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// How strictly it is kept.
    pub enforcement: Enforcement,
    /// How long a counter runs.
    pub period: Period,
    /// What one window allows.
    pub limits: Limits,
    /// The used share that warns, from 0 to 1.
    pub warning_threshold: Decimal,
    /// The used share that asks for action, from 0 to 1.
    pub action_threshold: Decimal,
    /// The IANA name of its time zone.
    pub time_zone: String,
    /// The first day of its weeks.
    #[serde(default)]
    pub week_start: WeekStart,
    /// When it begins, if not at once.
    #[serde(
        default,
        with = "super::time::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<Timestamp>,
    /// When it ends, if ever.
    #[serde(
        default,
        with = "super::time::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<Timestamp>,
    /// What happens to what is left over.
    #[serde(default)]
    pub rollover: Rollover,
    /// The most cost that is carried over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollover_cap: Option<Usd>,
    /// Whether priority 10 passes it where it is hard.
    #[serde(default)]
    pub critical_bypass: bool,
    /// Whether it counts at all.
    pub enabled: bool,
    /// When it was first saved; what was left over before then is not carried over.
    #[serde(with = "super::time")]
    pub created: Timestamp,
}

impl Policy {
    /// Whether it counts at an instant.
    pub fn applies(&self, at: Timestamp) -> bool {
        self.enabled
            && self.start.is_none_or(|start| start <= at)
            && self.end.is_none_or(|end| at < end)
    }

    /// The calendar that cuts its windows. A name that this machine's time zone data lacks counts as UTC.
    pub fn calendar(&self) -> Calendar {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        Calendar::new(self.period, zone, self.week_start)
    }

    /// The first instant that it covers.
    pub fn begins(&self) -> Timestamp {
        self.start.unwrap_or(self.created).max(self.created)
    }
}
