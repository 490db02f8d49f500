//! The counters of a policy.

use super::terms::{Past, Terms};
use crate::core::alert::{Level, MeterKey};
use crate::core::context::Context;
use crate::core::id::{AlertId, BudgetId, RecordId};
use crate::core::period::{Calendar, GoesOn, Period, Window};
use crate::core::policy::{Limits, Policy, Rollover};
use crate::core::tally::Tally;
use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meter {
    /// What is posted.
    pub posted: Tally,
    /// What was granted on top of the limit.
    pub granted: Tally,
    /// The alerts that it has raised.
    pub raised: Raised,
}

/// The alerts of a counter: of each level the one that stands, or of a window that is over the one that it ever raised,
/// as it raises no level twice; and the latest of an overrun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised([Option<AlertId>; 4]);

impl Raised {
    /// The alert of a level.
    pub const fn level(&self, level: Level) -> Option<AlertId> {
        self.0[level as usize]
    }

    pub(super) fn alerts(&self) -> impl Iterator<Item = AlertId> {
        self.0.into_iter().flatten()
    }

    pub(super) const fn set_level(&mut self, level: Level, alert: Option<AlertId>) {
        self.0[level as usize] = alert;
    }

    pub(super) const fn set_overrun(&mut self, alert: Option<AlertId>) {
        self.0[3] = alert;
    }
}

/// A policy with its counters.
#[derive(Clone, Debug)]
pub struct PolicyState {
    /// The policy.
    pub policy: Policy,
    /// Its budget.
    pub budget: BudgetId,
    calendar: Calendar,
    past: Past,
    /// The window that was used last: most charges fall into it.
    recent: Window,
    windows: BTreeMap<Window, Meter>,
    keyed: FxHashMap<Arc<str>, Meter>,
}

impl PolicyState {
    /// A policy that an event made.
    pub(super) fn new(policy: Policy, budget: BudgetId, event: u64) -> Self {
        let past = Past::new(policy.created, event);
        Self::with_past(policy, budget, past)
    }

    pub(super) fn with_past(policy: Policy, budget: BudgetId, past: Past) -> Self {
        let calendar = policy.calendar();
        let recent = calendar.window(policy.created);
        Self {
            policy,
            budget,
            calendar,
            past,
            recent,
            windows: BTreeMap::new(),
            keyed: FxHashMap::default(),
        }
    }

    pub(super) fn replace(&mut self, policy: Policy, at: Timestamp, by: (u64, GoesOn)) {
        self.past.replace(&self.policy, &policy, at, by);
        self.calendar = policy.calendar();
        self.recent = self.calendar.window(policy.created);
        self.policy = policy;
    }

    /// Forgets every counter but those of windows that were over when the policy was saved last; says which.
    pub(super) fn drop_present(&mut self) -> Vec<MeterKey> {
        let until = self.past.saved();
        let mut dropped: Vec<_> = self.used_keys().collect();
        self.keyed.clear();
        self.windows.retain(|window, _| {
            let over = window.end <= until;
            if !over {
                dropped.push(MeterKey::Window(*window));
            }
            over
        });
        dropped
    }

    /// Whether a counter that an event was about is not counted by any more.
    pub fn is_stale(&self, key: &MeterKey, event: u64) -> bool {
        !self.is_own(key) || event <= self.past.since_event
    }

    /// Whether the sessions or tasks that an event was about are not counted by any more.
    pub const fn is_stale_keyed(&self, event: u64) -> bool {
        !self.policy.period.is_keyed() || event <= self.past.since_event
    }

    /// From when on its present counters count.
    pub fn begins(&self) -> Timestamp {
        self.policy.begins().max(self.past.since)
    }

    /// The terms that it had before.
    pub(super) const fn past(&self) -> &Past {
        &self.past
    }

    /// Whether a record was made when its present counters were counted already.
    pub(super) const fn counts(&self, record: RecordId) -> bool {
        record.0 > self.past.since_event
    }

    /// The terms that a window is kept by: those that held when it ended, or hold now.
    fn terms(&self, window: &Window) -> Terms {
        let former = self.past.terms(window);
        former.unwrap_or_else(|| Terms::of(&self.policy))
    }

    /// The window that holds an instant.
    pub fn window(&self, at: Timestamp) -> Window {
        if self.recent.contains(at) {
            self.recent
        } else {
            self.calendar.window(at)
        }
    }

    /// The session or task that its counters are kept by; none where time keeps them.
    pub fn key(&self, context: &Context) -> Option<Arc<str>> {
        let id = match self.policy.period {
            Period::PerSession => &context.session_id,
            Period::PerTask => &context.task_id,
            _ => return None,
        };
        Some(id.as_deref().unwrap_or_default().into())
    }

    /// The counter of a charge.
    pub fn meter_key(&self, context: &Context, at: Timestamp) -> MeterKey {
        self.key(context)
            .map_or_else(|| MeterKey::Window(self.window(at)), MeterKey::Of)
    }

    /// A counter as it stands; an unused one is empty.
    pub fn meter(&self, key: &MeterKey) -> Meter {
        match key {
            MeterKey::Window(window) => self.windows.get(window),
            MeterKey::Of(id) => self.keyed.get(id),
        }
        .copied()
        .unwrap_or_default()
    }

    /// Every counter that was ever used.
    pub fn meters(&self) -> impl Iterator<Item = (MeterKey, &Meter)> {
        let windows = self
            .windows
            .iter()
            .map(|(window, meter)| (MeterKey::Window(*window), meter));
        windows.chain(
            self.keyed
                .iter()
                .map(|(id, meter)| (MeterKey::Of(Arc::clone(id)), meter)),
        )
    }

    /// The counters that may still reach a level: those of the present window and of later ones, or of every session or
    /// task.
    pub fn present_meters(&self, now: Timestamp) -> impl Iterator<Item = MeterKey> {
        let keyed = self.policy.period.is_keyed();
        let from = Window {
            end: Timestamp::MIN,
            ..self.window(now)
        };
        let windows = (!keyed).then(|| self.windows.range(from..));
        let windows = windows.into_iter().flatten().map(|(window, _)| *window);
        let sessions = keyed.then(|| self.keyed.keys()).into_iter().flatten();
        windows
            .map(MeterKey::Window)
            .chain(sessions.map(|id| MeterKey::Of(Arc::clone(id))))
            .filter(move |key| !key.is_over(now) && self.is_own(key))
    }

    /// Whether a counter is one of the policy's present period, and not of one that it had before.
    pub fn is_own(&self, key: &MeterKey) -> bool {
        match key {
            MeterKey::Of(_) => self.policy.period.is_keyed(),
            MeterKey::Window(window) => {
                !self.policy.period.is_keyed() && self.window(window.start) == *window
            }
        }
    }

    /// The sessions or tasks that have used something.
    pub(super) fn used_keys(&self) -> impl Iterator<Item = MeterKey> {
        let keyed = self.keyed.keys();
        keyed.map(|id| MeterKey::Of(Arc::clone(id)))
    }

    /// Whether there is a counter.
    pub(super) fn has_used(&self, key: &MeterKey) -> bool {
        match key {
            MeterKey::Window(window) => self.windows.contains_key(window),
            MeterKey::Of(id) => self.keyed.contains_key(id),
        }
    }

    /// The counters of windows that had ended by an instant, as had those that they carry into.
    pub(super) fn over(&self, until: Timestamp) -> impl Iterator<Item = (Window, Meter)> {
        let begun = self.windows.iter();
        let begun = begun.take_while(move |(window, _)| window.start < until);
        let over = begun.filter(move |(window, _)| {
            let own = MeterKey::Window(**window);
            window.end <= until
                && (!self.is_own(&own) || self.calendar.window(window.end).end <= until)
        });
        over.map(|(window, meter)| (*window, *meter))
    }

    pub(super) fn forget(&mut self, window: &Window) -> bool {
        self.windows.remove(window).is_some()
    }

    /// The same policy with nothing but these counters.
    #[must_use]
    pub fn with_meters(&self, meters: impl IntoIterator<Item = (MeterKey, Meter)>) -> Self {
        let (policy, past) = (self.policy.clone(), self.past.clone());
        let mut own = Self::with_past(policy, self.budget, past);
        for (key, meter) in meters {
            *own.meter_mut(&key) = meter;
        }
        own
    }

    /// The window before one, where one is cut by time.
    pub fn window_before(&self, window: &Window) -> Option<Window> {
        let just_before = window.start.checked_sub(SignedDuration::from_nanos(1));
        let cut = !window.is_endless();
        let before = just_before.ok().filter(|_| cut);
        before.map(|at| self.calendar.window(at))
    }

    /// The window after one, where one is cut by time.
    pub(super) fn window_after(&self, window: &Window) -> Option<Window> {
        let cut = !window.is_endless();
        cut.then(|| self.calendar.window(window.end))
    }

    /// Posts to the counter of a charge.
    pub(super) fn post(&mut self, key: &MeterKey, tally: Tally) {
        // A window without bounds stands in for those at the edge of the calendar, and holds other instants as well.
        if let MeterKey::Window(window) = key
            && *window != Window::ALWAYS
        {
            self.recent = *window;
        }
        self.meter_mut(key).posted += tally;
    }

    /// A counter to change; it may be one of a period that the policy had before.
    pub(super) fn meter_mut(&mut self, key: &MeterKey) -> &mut Meter {
        match key {
            MeterKey::Window(window) => self.windows.entry(*window).or_default(),
            MeterKey::Of(id) => self.keyed.entry(Arc::clone(id)).or_default(),
        }
    }

    /// The limits of a counter: the policy's own, with what the window before carried over and what was granted.
    pub fn limits(&self, key: &MeterKey) -> Limits {
        let extra = self.carried(key) + self.meter(key).granted;
        let own = match key {
            MeterKey::Window(window) => self.terms(window).limits,
            MeterKey::Of(_) => self.policy.limits,
        };
        let raise = |limit: u64, by: i64| limit.saturating_add_signed(by);
        Limits {
            tokens: own.tokens.map(|limit| raise(limit, extra.tokens)),
            requests: own.requests.map(|limit| raise(limit, extra.requests)),
            cost: own.cost.map(|limit| limit + extra.cost),
        }
    }

    /// What the window before a counter's own carries into it: what was left of the limit that it had.
    pub fn carried(&self, key: &MeterKey) -> Tally {
        let MeterKey::Window(window) = key else {
            return Tally::ZERO;
        };
        let own = self.terms(window);
        if own.rollover == Rollover::None || window.start <= self.begins() || !self.is_own(key) {
            return Tally::ZERO;
        }
        let Some(before) = self.window_before(window) else {
            return Tally::ZERO;
        };
        let former = self.terms(&before);
        if !former.enabled {
            return Tally::ZERO;
        }
        let posted = self.meter(&MeterKey::Window(before)).posted;
        let left = (former.limits.tally() - posted.or_zero()).or_zero();
        Tally {
            cost: own.rollover_cap.map_or(left.cost, |cap| left.cost.min(cap)),
            ..left
        }
    }

    /// The counter that this one carries into, where it does.
    pub fn carries_into(&self, key: &MeterKey) -> Option<MeterKey> {
        let MeterKey::Window(window) = key else {
            return None;
        };
        let never = self.policy.rollover == Rollover::None && self.past.is_empty();
        if never {
            return None;
        }
        let next = self.window_after(window)?;
        let carries = self.terms(&next).rollover == Rollover::Unused;
        carries.then_some(MeterKey::Window(next))
    }
}
