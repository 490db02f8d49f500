//! The terms that a policy had: a window is kept by those that held when it ended, whatever is saved later.

use crate::core::period::{GoesOn, Window};
use crate::core::policy::{Limits, Policy, Rollover};
use crate::core::quantity::Usd;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many earlier terms of one policy are kept; windows from before them are kept by the oldest.
const FORMER_MOST: usize = 64;

/// What a policy allows in a window, and what the window takes over from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Terms {
    pub(super) limits: Limits,
    pub(super) rollover: Rollover,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rollover_cap: Option<Usd>,
    pub(super) enabled: bool,
}

impl Terms {
    pub(super) const fn of(policy: &Policy) -> Self {
        Self {
            limits: policy.limits,
            rollover: policy.rollover,
            rollover_cap: policy.rollover_cap,
            enabled: policy.enabled,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Former {
    #[serde(with = "crate::core::time")]
    until: Timestamp,
    terms: Terms,
}

/// The terms that a policy had before its present ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// When its present windows began to be counted: no window from before carries anything over.
    #[serde(with = "crate::core::time")]
    pub(super) since: Timestamp,
    /// The event with which they began.
    #[serde(default)]
    pub(super) since_event: u64,
    /// When it was saved last; never before an earlier time, whatever the clock did.
    #[serde(with = "crate::core::time")]
    saved: Timestamp,
    /// The earliest first.
    former: Vec<Former>,
}

impl Past {
    pub(super) const fn new(created: Timestamp, event: u64) -> Self {
        Self {
            since: created,
            since_event: event,
            saved: created,
            former: Vec::new(),
        }
    }

    /// Notes that `after` takes the place of `before` at an instant, by an event.
    pub(super) fn replace(
        &mut self,
        before: &Policy,
        after: &Policy,
        at: Timestamp,
        (event, goes_on): (u64, GoesOn),
    ) {
        self.saved = at.max(self.saved);
        let until = self.saved;
        if !after.calendar().goes_on(&before.calendar(), goes_on) {
            self.since = until;
            self.since_event = event;
        }
        let terms = Terms::of(before);
        if terms != Terms::of(after) {
            self.former.push(Former { until, terms });
        }
        if self.former.len() > FORMER_MOST {
            self.former.remove(0);
        }
    }

    /// When the policy was saved last.
    pub(super) const fn saved(&self) -> Timestamp {
        self.saved
    }

    /// Whether all windows have been kept by the present terms.
    pub(super) const fn is_empty(&self) -> bool {
        self.former.is_empty()
    }

    /// The earlier terms that held when a window ended; none where that is after the last change.
    pub(super) fn terms(&self, window: &Window) -> Option<Terms> {
        let place = self
            .former
            .partition_point(|former| former.until < window.end);
        self.former.get(place).map(|former| former.terms)
    }
}
