//! The open alerts about single sessions and tasks. There may be hundred thousands of those: only so many of a policy have
//! alerts of their own, and one alert stands for all others.

use super::State;
use crate::core::alert::{Alert, AlertCause, AlertStatus, Level, MeterKey};
use crate::core::id::{AlertId, PolicyId};
use rustc_hash::FxHashMap;

/// What is told of sessions and tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyedAlert {
    /// A level.
    Level(Level),
    /// More was spent than was held or left.
    Overrun,
}

/// What has been told of a policy's sessions or tasks.
#[derive(Clone, Debug, Default)]
struct Told {
    /// How many open alerts are about one of them.
    own: usize,
    /// The alert about the others.
    others: Option<AlertId>,
}

/// The open alerts about single sessions and tasks, counted, and those about all others.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyedAlerts(FxHashMap<(PolicyId, KeyedAlert), Told>);

/// What an alert tells of: one session or task, or all others.
enum About {
    One,
    Others,
}

fn about(cause: &AlertCause) -> Option<((PolicyId, KeyedAlert), About)> {
    match cause {
        AlertCause::Level {
            policy,
            meter: MeterKey::Of(_),
            level,
            ..
        } => Some(((*policy, KeyedAlert::Level(*level)), About::One)),
        AlertCause::PolicyOverrun {
            policy,
            meter: MeterKey::Of(_),
            ..
        } => Some(((*policy, KeyedAlert::Overrun), About::One)),
        AlertCause::LevelOfOthers { policy, level, .. } => {
            Some(((*policy, KeyedAlert::Level(*level)), About::Others))
        }
        AlertCause::OverrunOfOthers { policy, .. } => {
            Some(((*policy, KeyedAlert::Overrun), About::Others))
        }
        _ => None,
    }
}

impl KeyedAlerts {
    pub(super) fn insert(&mut self, alert: &Alert) {
        let Some((key, about)) = about(&alert.cause) else {
            return;
        };
        match about {
            About::One if alert.status == AlertStatus::Open => {
                self.0.entry(key).or_default().own += 1;
            }
            About::Others if alert.status != AlertStatus::Resolved => {
                self.0.entry(key).or_default().others = Some(alert.id);
            }
            About::One | About::Others => {}
        }
    }

    /// Takes note that somebody is about to have seen an alert: it makes room for another.
    pub(super) fn acknowledge(&mut self, alert: &Alert) {
        if let Some((_, About::One)) = about(&alert.cause) {
            self.remove(alert);
        }
    }

    pub(super) fn remove(&mut self, alert: &Alert) {
        let Some((key, about)) = about(&alert.cause) else {
            return;
        };
        let Some(told) = self.0.get_mut(&key) else {
            return;
        };
        match about {
            About::One if alert.status == AlertStatus::Open => {
                told.own = told.own.saturating_sub(1);
            }
            About::Others if told.others == Some(alert.id) => told.others = None,
            About::One | About::Others => {}
        }
        if told.own == 0 && told.others.is_none() {
            self.0.remove(&key);
        }
    }
}

impl State {
    /// How many open alerts tell this of single sessions or tasks of a policy.
    pub fn told_of_keys(&self, policy: PolicyId, what: KeyedAlert) -> usize {
        let told = self.keyed_alerts.0.get(&(policy, what));
        told.map_or(0, |told| told.own)
    }

    /// The standing alert that tells this of all other sessions or tasks of a policy.
    pub fn told_of_others(&self, policy: PolicyId, what: KeyedAlert) -> Option<AlertId> {
        let told = self.keyed_alerts.0.get(&(policy, what));
        told.and_then(|told| told.others)
    }
}
