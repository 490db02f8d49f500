//! Alerts that follow from what happened, and what ends by itself.

use super::alert_bounds::{KEYED_ALERTS_MOST, RESOLVED_MOST};
use super::{Desk, Done, text};
use crate::core::alert::{AlertCause, Level, MeterKey};
use crate::core::allocation::AllocationStatus;
use crate::core::event::{AllocationEnded, Event};
use crate::core::id::{AlertId, BudgetId, PolicyId};
use crate::core::period::Period;
use crate::core::policy::{Enforcement, Limits, Policy};
use crate::core::refusal::Refusal;
use crate::core::state::{KeyedAlert, PolicyState, State};
use crate::core::tally::Tally;
use jiff::Timestamp;
use rust_decimal::Decimal;

impl Desk<'_> {
    /// Ends the holds whose time has run out, and the requests for more and the alerts whose window is over.
    pub(super) fn end_what_is_due(&mut self) {
        let holds: Vec<_> = self
            .state
            .due_allocations(self.now)
            .map(|due| (due.id, due.remaining))
            .collect();
        for (allocation, released) in holds {
            self.follow(Event::AllocationEnded(AllocationEnded {
                allocation,
                status: AllocationStatus::Expired,
                released,
            }));
        }
        let requests: Vec<_> = self
            .state
            .due_increases(self.now)
            .map(|increase| increase.id)
            .collect();
        for increase in requests {
            self.end_request(increase, "its window is over");
        }
        let alerts: Vec<_> = self.state.due_alerts(self.now).collect();
        self.resolve(alerts);
    }

    /// Raises the levels that counters have reached by what was posted to them.
    pub(super) fn raise_crossings(&mut self, counters: &[(PolicyId, MeterKey)]) {
        let crossed = crossings(self.state, counters);
        self.raise_levels(crossed);
    }

    pub(super) fn raise_levels(&mut self, crossed: Vec<Crossing>) {
        for (policy, meter, level) in crossed {
            self.raise_level(policy, meter, level);
        }
    }

    fn raise_level(&mut self, policy: PolicyId, meter: MeterKey, level: Level) {
        if self.is_among_others(policy, &meter, KeyedAlert::Level(level)) {
            self.raise_of_others(policy, KeyedAlert::Level(level));
            return;
        }
        if !self.alert_room.takes(level) {
            return;
        }
        let Some(state) = self.state.policy(policy) else {
            return;
        };
        let limits = state.limits(&meter);
        let (posted, period) = (state.meter(&meter).posted, state.policy.period);
        let word = match level {
            Level::Warning => "has reached its warning threshold",
            Level::Action => "has reached its action threshold",
            Level::Exceeded => "has passed its limit",
        };
        let late = match &meter {
            MeterKey::Window(window) if window.end <= self.now => {
                format!(" in the window that ended at {}", window.end)
            }
            _ => String::new(),
        };
        let message = format!(
            "the {} policy {policy} {word}{}{late}: {}",
            period.as_str(),
            in_key(period, &meter),
            used(&limits, posted)
        );
        let budget = state.budget;
        self.raise(
            AlertCause::Level {
                budget,
                policy,
                meter,
                level,
            },
            &message,
        );
    }

    /// Whether a counter is of a session or task, and as many others have alerts of their own as may have.
    pub(super) fn is_among_others(
        &self,
        policy: PolicyId,
        meter: &MeterKey,
        what: KeyedAlert,
    ) -> bool {
        matches!(meter, MeterKey::Of(_)) && self.told_of_keys(policy, what) >= KEYED_ALERTS_MOST
    }

    fn told_of_keys(&self, policy: PolicyId, what: KeyedAlert) -> usize {
        self.state
            .told_of_keys(policy, what, self.now, KEYED_ALERTS_MOST)
    }

    /// Raises the one alert about further sessions or tasks, unless one stands that nobody has acknowledged.
    pub(super) fn raise_of_others(&mut self, policy: PolicyId, what: KeyedAlert) {
        let Some(state) = self.state.policy(policy) else {
            return;
        };
        let level = match what {
            KeyedAlert::Overrun => Level::Exceeded,
            KeyedAlert::Level(level) => level,
        };
        if self.state.told_of_others(policy, what).is_some() || !self.alert_room.takes(level) {
            return;
        }
        let (budget, period) = (state.budget, state.policy.period.as_str());
        let (cause, word) = match what {
            KeyedAlert::Overrun => (
                AlertCause::OverrunOfOthers { budget, policy },
                "more was spent than was held or left",
            ),
            KeyedAlert::Level(level) => (
                AlertCause::LevelOfOthers {
                    budget,
                    policy,
                    level,
                },
                match level {
                    Level::Warning => "the warning threshold is reached",
                    Level::Action => "the action threshold is reached",
                    Level::Exceeded => "the limit is passed",
                },
            ),
        };
        let message = format!(
            "{word} in more counters of the {period} policy {policy} than the {KEYED_ALERTS_MOST} that have open alerts \
             of their own; once some of those are acknowledged, others have theirs as they are used again"
        );
        self.raise(cause, &message);
    }

    /// Raises an alert, its sentence headed by the budget's name where there is one.
    pub(super) fn raise(&mut self, cause: AlertCause, message: &str) {
        let budget = cause
            .policy()
            .and_then(|(budget, _)| self.state.budget(budget));
        let message = budget.map_or_else(
            || message.to_owned(),
            |state| format!("{}: {message}", state.budget.name),
        );
        self.follow(Event::AlertRaised { cause, message });
    }

    /// Resolves the levels of a policy that no longer hold, and raises those that do now.
    pub(super) fn settle(&mut self, policy: PolicyId) {
        let Some(state) = self.state.policy(policy) else {
            return;
        };
        let given_up = !state.policy.enabled && self.has_too_many_alerts(state.budget);
        let gone = self
            .state
            .alerts_about(policy)
            .filter(|alert| match &alert.cause {
                AlertCause::Level { meter, level, .. } => !stands(state, meter, *level),
                AlertCause::PolicyOverrun { meter, .. }
                | AlertCause::CriticalBypass { meter, .. } => {
                    let is_stale = state.is_stale(meter, alert.id.0) && !meter.is_over(self.now);
                    given_up || is_stale
                }
                AlertCause::OverrunOfOthers { .. } => state.is_stale_keyed(alert.id.0),
                _ => false,
            });
        let most = self.resolvable();
        let gone: Vec<_> = gone.map(|alert| alert.id).take(most).collect();
        let mut crossed = Vec::new();
        if state.policy.applies(self.now) {
            for key in state.present_meters(self.now) {
                crossed.extend(new_levels(state, &key).map(|level| (policy, key.clone(), level)));
            }
        }
        // Sessions are kept in no order; what is decided has one all the same.
        crossed.sort_unstable();
        self.resolve(gone);
        self.settle_others(policy, &crossed);
        self.raise_levels(crossed);
    }

    /// Whether a budget can't be archived for the number of its alerts. Its policies are disabled to have fewer.
    fn has_too_many_alerts(&self, budget: BudgetId) -> bool {
        let state = self.state.budget(budget);
        state.is_some_and(|state| self.alerts_of(&state.policies) > RESOLVED_MOST)
    }

    /// Resolves what stands for all other sessions or tasks of a policy, where there is room for those that there are.
    fn settle_others(&mut self, policy: PolicyId, crossed: &[Crossing]) {
        for level in Level::ALL {
            let what = KeyedAlert::Level(level);
            let at = |(_, key, at): &&Crossing| *at == level && matches!(key, MeterKey::Of(_));
            let left = self.told_of_keys(policy, what) + crossed.iter().filter(at).count();
            if left <= KEYED_ALERTS_MOST {
                let alerts: Vec<_> = self.state.standing_of_others(policy, what).collect();
                self.resolve(alerts);
            }
        }
    }

    /// Resolves what stands for all other sessions or tasks of a policy, of each level that none of them holds any more.
    fn settle_left(&mut self, policy: PolicyId) {
        let Some(state) = self.state.policy(policy) else {
            return;
        };
        let mut gone = Vec::new();
        for level in Level::ALL {
            let what = KeyedAlert::Level(level);
            let mut standing = self.state.standing_of_others(policy, what).peekable();
            // Only where there is one are all counters looked at.
            if standing.peek().is_some() && !holds_untold(state, level, self.now) {
                gone.extend(standing);
            }
        }
        self.resolve(gone);
    }

    /// Resolves the levels of a counter, and of the one that it carries into, that no longer hold.
    pub(super) fn settle_meter(&mut self, policy: PolicyId, key: &MeterKey) {
        let Some(state) = self.state.policy(policy) else {
            return;
        };
        let mut gone = Vec::new();
        for key in std::iter::once(key).chain(&state.carries_into(key)) {
            let raised = state.meter(key).raised;
            let down = Level::ALL
                .into_iter()
                .filter(|level| !stands(state, key, *level));
            gone.extend(down.filter_map(|level| raised.level(level)));
        }
        gone.retain(|alert| self.state.alert(*alert).is_some());
        gone.truncate(self.resolvable());
        self.resolve(gone);
        self.settle_left(policy);
    }

    /// How many alerts the command may still resolve, whatever was due before it.
    fn resolvable(&self) -> usize {
        let own = self.entries.len().saturating_sub(self.due);
        RESOLVED_MOST.saturating_sub(own)
    }

    pub(super) fn resolve(&mut self, alerts: impl IntoIterator<Item = AlertId>) {
        for alert in alerts {
            self.follow(Event::AlertResolved { alert });
        }
    }

    /// Resolves every alert about a policy that is going away.
    pub(super) fn resolve_all(&mut self, policy: PolicyId) {
        let about = self.state.alerts_about(policy);
        let about: Vec<_> = about.map(|alert| alert.id).collect();
        self.resolve(about);
    }

    pub(super) fn acknowledge_alert(
        &mut self,
        alert: AlertId,
        note: Option<String>,
    ) -> Result<Done, Refusal> {
        text::prose("note", note.as_ref())?;
        if self.state.alert(alert).is_none() {
            let words = format!("alert {alert} that is not resolved");
            return Err(Refusal::none_such("alert", alert, words));
        }
        Ok(self.conclude(Event::AlertAcknowledged { alert, note }))
    }
}

/// A level that a counter of a policy has reached.
pub(super) type Crossing = (PolicyId, MeterKey, Level);

/// The levels that counters have reached by what was posted to them and that are not raised.
fn crossings(state: &State, counters: &[(PolicyId, MeterKey)]) -> Vec<Crossing> {
    let mut crossed = Vec::new();
    for (id, key) in counters {
        let Some(policy) = state.policy(*id).filter(|own| own.policy.enabled) else {
            continue;
        };
        if state.is_active(policy.budget) {
            // What is posted late leaves less to the window after.
            for key in std::iter::once(key).chain(&policy.carries_into(key)) {
                crossed.extend(new_levels(policy, key).map(|level| (*id, key.clone(), level)));
            }
        }
    }
    crossed
}

/// The levels that a counter has reached and not raised.
fn new_levels(state: &PolicyState, key: &MeterKey) -> impl Iterator<Item = Level> + use<> {
    let meter = state.meter(key);
    let level = reached(&state.policy, &state.limits(key), meter.posted);
    Level::ALL.into_iter().filter(move |at| {
        level.is_some_and(|level| *at <= level) && meter.raised.level(*at).is_none()
    })
}

/// Whether a level of a counter holds.
fn stands(state: &PolicyState, key: &MeterKey, level: Level) -> bool {
    let posted = state.meter(key).posted;
    let reached = reached(&state.policy, &state.limits(key), posted);
    state.policy.enabled && state.is_own(key) && reached.is_some_and(|reached| level <= reached)
}

/// Whether a counter holds a level without an alert of its own.
fn holds_untold(state: &PolicyState, level: Level, now: Timestamp) -> bool {
    state
        .present_meters(now)
        .any(|key| state.meter(&key).raised.level(level).is_none() && stands(state, &key, level))
}

/// Which session or task a counter is of, as a part of a sentence; nothing where it is of a window.
pub(super) fn in_key(period: Period, meter: &MeterKey) -> String {
    let word = match period {
        Period::PerTask => "task",
        _ => "session",
    };
    match meter {
        MeterKey::Window(_) => String::new(),
        MeterKey::Of(id) if id.is_empty() => format!(" by what names no {word}"),
        MeterKey::Of(id) => format!(" in {word} {id:?}"),
    }
}

/// The highest level that what is posted has reached.
fn reached(policy: &Policy, limits: &Limits, posted: Tally) -> Option<Level> {
    if policy.enforcement == Enforcement::Ignore {
        return None;
    }
    let of = |limit: Decimal, posted: Decimal| {
        if posted > limit {
            Some(Level::Exceeded)
        } else if posted > Decimal::ZERO && posted >= limit.saturating_mul(policy.action_threshold)
        {
            Some(Level::Action)
        } else if posted > Decimal::ZERO && posted >= limit.saturating_mul(policy.warning_threshold)
        {
            Some(Level::Warning)
        } else {
            None
        }
    };
    let whole = limits.tally();
    [
        limits
            .tokens
            .and_then(|_| of(whole.tokens.into(), posted.tokens.into())),
        limits
            .requests
            .and_then(|_| of(whole.requests.into(), posted.requests.into())),
        limits
            .cost
            .and_then(|_| of(whole.cost.amount(), posted.cost.amount())),
    ]
    .into_iter()
    .flatten()
    .max()
}

fn used(limits: &Limits, posted: Tally) -> String {
    let parts = [
        limits
            .tokens
            .map(|limit| format!("{} of {limit} tokens", posted.tokens)),
        limits
            .requests
            .map(|limit| format!("{} of {limit} requests", posted.requests)),
        limits
            .cost
            .map(|limit| format!("{} of {limit} USD", posted.cost)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
