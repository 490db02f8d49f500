//! Which alerts must stand, may stand, and must be gone.

use super::account::applies;
use super::verdict::reaches;
use super::{Model, Standing};
use jiff::{SignedDuration, Timestamp};
use tekton_budget::core::alert::{AlertCause, Level, MeterKey};
use tekton_budget::core::event::Event;
use tekton_budget::core::id::{AlertId, BudgetId, PolicyId};
use tekton_budget::core::name::Name;
use tekton_budget::core::policy::Rollover;

/// How many sessions or tasks of a policy have open alerts of their own before one stands for all others.
pub const CROWD: usize = 100;

/// What one command did that alerts must answer for.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The counters whose levels must be right when it is done.
    touched: Vec<(PolicyId, MeterKey)>,
    /// Those of them that something was posted to, or that such a one carries into.
    charged: Vec<(PolicyId, MeterKey)>,
    /// The policies whose levels it settled.
    settled: Vec<PolicyId>,
    /// The policies that count anew.
    pub anew: Vec<PolicyId>,
    /// The levels that it raised.
    raised: Vec<AlertCause>,
    /// What it resolved before its time.
    resolved_early: Vec<AlertCause>,
    /// The counters that it took past a limit, with who did.
    pub overruns: Vec<(PolicyId, MeterKey, Option<Name>)>,
}

impl Model {
    /// Notes counters whose levels may have changed, and the windows that they carry into.
    pub fn touch(&mut self, counters: &[(PolicyId, MeterKey)]) {
        for (id, key) in counters {
            self.step.touched.push((*id, key.clone()));
            self.step.charged.push((*id, key.clone()));
            let policy = &self.policy(*id).unwrap().1;
            if let MeterKey::Window(window) = key
                && !window.is_endless()
                && let Some(next) = self.window(policy, window.end)
                && self.as_of(*id, &MeterKey::Window(next)).rollover == Rollover::Unused
            {
                self.step.touched.push((*id, MeterKey::Window(next)));
                self.step.charged.push((*id, MeterKey::Window(next)));
            }
        }
    }

    /// Notes policies of which no level stands any more that does not hold.
    pub fn settle(&mut self, policies: impl IntoIterator<Item = PolicyId>) {
        self.step.settled.extend(policies);
    }

    /// Notes every counter of a policy.
    pub fn touch_policy(&mut self, id: PolicyId) {
        let own: Vec<_> = self
            .counters_of(id)
            .into_iter()
            .map(|key| (id, key))
            .collect();
        self.step.touched.extend(own);
    }

    /// Notes every counter of a budget.
    pub fn touch_budget(&mut self, id: BudgetId) {
        let own = self.policies.iter().filter(|(budget, _)| *budget == id);
        let own: Vec<_> = own.map(|(_, policy)| policy.id).collect();
        for policy in own {
            self.touch_policy(policy);
        }
    }

    /// Every counter of a policy that anything was posted or granted to.
    pub fn counters_of(&self, id: PolicyId) -> Vec<MeterKey> {
        let posted = self.charges.iter().flat_map(|charge| &charge.counters);
        let granted = self.grants.iter().map(|(counter, _)| counter);
        let mut keys: Vec<_> = posted
            .chain(granted)
            .filter(|(of, _)| *of == id)
            .map(|(_, key)| key.clone())
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Takes an event about alerts in.
    pub fn alert(&mut self, sequence: u64, event: &Event, now: Timestamp) {
        match event {
            Event::AlertRaised { cause, .. } => {
                let once = !matches!(
                    cause,
                    AlertCause::CriticalBypass { .. } | AlertCause::PricesChanged { .. }
                );
                assert!(
                    !once || !self.has(cause),
                    "an alert stands twice: {cause:?}"
                );
                let by_itself = now + SignedDuration::from_hours(30 * 24);
                let window = match cause.meter() {
                    Some((_, MeterKey::Window(window))) if !window.is_endless() => Some(window.end),
                    _ => None,
                };
                let ends = match (cause, window) {
                    (
                        AlertCause::IncreaseRequested { .. }
                        | AlertCause::PriceHeldBack { .. }
                        | AlertCause::SourceFailed { .. }
                        | AlertCause::SourceOutvoted { .. },
                        _,
                    )
                    | (AlertCause::Level { .. }, None) => Timestamp::MAX,
                    (_, Some(end)) if end > now => end,
                    _ => by_itself,
                };
                assert!(
                    !self.over.contains(cause),
                    "raised again for a window that was over: {cause:?}"
                );
                if matches!(
                    cause,
                    AlertCause::LevelOfOthers { .. } | AlertCause::OverrunOfOthers { .. }
                ) {
                    assert_eq!(self.crowd(cause, now), CROWD, "not so many: {cause:?}");
                }
                self.step.raised.push(cause.clone());
                self.alerts.push(Standing {
                    id: AlertId(sequence),
                    cause: cause.clone(),
                    raised: now,
                    ends,
                    seen: false,
                });
            }
            Event::AlertAcknowledged { alert, .. } => {
                let found = self.alerts.iter_mut().find(|own| own.id == *alert);
                found.unwrap().seen = true;
            }
            Event::AlertResolved { alert } => {
                let place = self.alerts.iter().position(|own| own.id == *alert);
                let gone = self.alerts.remove(place.unwrap());
                let over = matches!(gone.cause.meter(), Some((_, key)) if key_is_over(key, now));
                if over && matches!(gone.cause, AlertCause::Level { .. }) {
                    self.over.push(gone.cause.clone());
                }
                if gone.ends > now {
                    self.step.resolved_early.push(gone.cause);
                }
            }
            _ => {}
        }
    }

    /// Holds every alert that stands, or does not, against the lists, once a command is done.
    pub fn check_alerts(&mut self, now: Timestamp) {
        let step = std::mem::take(&mut self.step);
        for alert in &self.alerts {
            assert!(alert.ends > now, "an alert stands past its time: {alert:?}");
            let holds = self.price_alert_holds(&alert.cause);
            assert_ne!(holds, Some(false), "no longer so: {alert:?}");
            assert!(
                !is_left(&alert.cause, &step.anew, now),
                "of a counter that is no more: {alert:?}"
            );
            if let AlertCause::Level { policy, .. } = &alert.cause {
                assert!(self.holds(&alert.cause), "no longer so: {alert:?}");
                assert!(self.is_active(*policy), "of an archived budget: {alert:?}");
            }
            if let AlertCause::LevelOfOthers { policy, level, .. } = &alert.cause
                && step.settled.contains(policy)
            {
                let others = self.holds_untold(*policy, *level);
                assert!(others, "no longer so: {alert:?}");
            }
        }
        for cause in &step.raised {
            let level = matches!(cause, AlertCause::Level { .. });
            assert!(
                !level || self.holds(cause),
                "raised without need: {cause:?}"
            );
        }
        for cause in &step.resolved_early {
            assert!(
                self.may_be_gone(cause, now) || is_left(cause, &step.anew, now),
                "resolved though it holds: {cause:?}"
            );
        }
        for (id, key, spender) in &step.overruns {
            assert!(
                self.overrun_is_open(*id, key, spender.as_ref())
                    || self.stands_among_others(*id, key, None),
                "no open alert of an overrun of {id} {key:?} by {spender:?}"
            );
        }
        for (id, key) in &step.touched {
            let Some((_, policy)) = self.policy(*id) else {
                continue;
            };
            if key_is_over(key, now) || !applies(policy, now) || !self.is_active(*id) {
                continue;
            }
            for (level, cause) in self.levels(*id, key) {
                let (stands, holds) = (self.is_alerted(&cause), self.holds(&cause));
                let told = stands || self.stands_among_others(*id, key, Some(level));
                assert!(holds || !stands, "it stands and does not hold: {cause:?}");
                assert!(told || !holds, "it holds and does not stand: {cause:?}");
            }
        }
        let active = step.charged.iter().filter(|(id, _)| self.is_active(*id));
        for (id, key) in active {
            for (level, cause) in self.levels(*id, key) {
                let among_others = self.stands_among_others(*id, key, Some(level));
                let (holds, told) = (self.holds(&cause), among_others || self.is_alerted(&cause));
                assert!(told || !holds, "reached late and not alerted: {cause:?}");
            }
        }
        for want in &self.wanted {
            let over = key_is_over(&want.counter.1, now);
            assert!(!over, "waits though its window is over: {want:?}");
        }
    }

    /// How many sessions or tasks have open alerts of the last 30 days, of what is told of others.
    fn crowd(&self, others: &AlertCause, now: Timestamp) -> usize {
        let since = now - SignedDuration::from_hours(30 * 24);
        let open = self.alerts.iter().filter(|alert| !alert.seen);
        let open = open.filter(|alert| alert.raised > since);
        let own = open.filter(|alert| match (&alert.cause, others) {
            (
                AlertCause::Level {
                    policy,
                    meter: MeterKey::Of(_),
                    level,
                    ..
                },
                AlertCause::LevelOfOthers {
                    policy: of,
                    level: at,
                    ..
                },
            ) => policy == of && level == at,
            (
                AlertCause::PolicyOverrun {
                    policy,
                    meter: MeterKey::Of(_),
                    ..
                },
                AlertCause::OverrunOfOthers { policy: of, .. },
            ) => policy == of,
            _ => false,
        });
        own.count()
    }

    /// Whether an alert that nobody has acknowledged tells of a session or task with others; of no level, of an overrun.
    fn stands_among_others(&self, id: PolicyId, key: &MeterKey, at: Option<Level>) -> bool {
        let mut open = self.alerts.iter().filter(|alert| !alert.seen);
        let keyed = matches!(key, MeterKey::Of(_));
        keyed
            && open.any(|alert| match &alert.cause {
                AlertCause::LevelOfOthers { policy, level, .. } => {
                    *policy == id && at == Some(*level)
                }
                AlertCause::OverrunOfOthers { policy, .. } => *policy == id && at.is_none(),
                _ => false,
            })
    }

    /// Whether a session or task holds a level without an alert of its own.
    fn holds_untold(&self, id: PolicyId, level: Level) -> bool {
        let keys = self.counters_of(id).into_iter();
        let mut keyed = keys.filter(|key| matches!(key, MeterKey::Of(_)));
        keyed.any(|key| {
            let mut levels = self.levels(id, &key).into_iter();
            levels.any(|(at, cause)| at == level && self.holds(&cause) && !self.is_alerted(&cause))
        })
    }

    fn levels(&self, id: PolicyId, key: &MeterKey) -> Vec<(Level, AlertCause)> {
        let Some((budget, _)) = self.policy(id) else {
            return Vec::new();
        };
        let cause = |level| {
            let cause = AlertCause::Level {
                budget: *budget,
                policy: id,
                meter: key.clone(),
                level,
            };
            (level, cause)
        };
        Level::ALL.into_iter().map(cause).collect()
    }

    /// Whether an alert stands that is not to be raised again; an overrun is, once it has been acknowledged, and so is
    /// what is told of many sessions or tasks.
    fn has(&self, cause: &AlertCause) -> bool {
        let again = matches!(
            cause,
            AlertCause::PolicyOverrun { .. }
                | AlertCause::AllocationOverrun { .. }
                | AlertCause::LevelOfOthers { .. }
                | AlertCause::OverrunOfOthers { .. }
        );
        let mut same = self.alerts.iter().filter(|alert| alert.cause == *cause);
        same.any(|alert| !again || !alert.seen)
    }

    /// Whether something stands, or has been raised once and for all by a window that was over.
    pub fn is_alerted(&self, cause: &AlertCause) -> bool {
        self.alerts.iter().any(|alert| alert.cause == *cause)
            || (self.over.contains(cause) && self.holds(cause))
    }

    fn holds(&self, cause: &AlertCause) -> bool {
        let AlertCause::Level {
            policy,
            meter,
            level,
            ..
        } = cause
        else {
            return true;
        };
        self.policy(*policy).is_some_and(|(_, own)| {
            own.enabled && self.is_own(own, meter) && reaches(self, own, meter, *level)
        })
    }

    fn may_be_gone(&self, cause: &AlertCause, now: Timestamp) -> bool {
        let gone = cause
            .policy()
            .is_some_and(|(_, policy)| !self.is_active(policy));
        gone || match cause {
            AlertCause::PriceHeldBack { .. } | AlertCause::SourceFailed { .. } => {
                self.price_alert_holds(cause) == Some(false)
            }
            AlertCause::SourceOutvoted { .. }
            | AlertCause::CostUnknown { .. }
            | AlertCause::CostUnknownOfOthers => true,
            AlertCause::Level { .. } => !self.holds(cause),
            AlertCause::LevelOfOthers { policy, level, .. } => {
                let own = self.policy(*policy);
                let applies = own.is_some_and(|(_, own)| applies(own, now));
                !applies || !self.holds_untold(*policy, *level)
            }
            AlertCause::IncreaseRequested { increase, .. } => {
                self.wanted.iter().all(|want| want.id != *increase)
            }
            _ => false,
        }
    }
}

/// Whether it is of an overrun in a counter that its policy, which counts anew, has left.
fn is_left(cause: &AlertCause, anew: &[PolicyId], now: Timestamp) -> bool {
    match cause {
        AlertCause::PolicyOverrun { policy, meter, .. }
        | AlertCause::CriticalBypass { policy, meter, .. } => {
            anew.contains(policy) && !key_is_over(meter, now)
        }
        AlertCause::OverrunOfOthers { policy, .. } => anew.contains(policy),
        _ => false,
    }
}

fn key_is_over(key: &MeterKey, now: Timestamp) -> bool {
    matches!(key, MeterKey::Window(window) if window.end <= now)
}
