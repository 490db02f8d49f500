//! The open alerts about single sessions and tasks. There may be hundred thousands of those: only so many of a policy have
//! alerts of their own, and one alert stands for all others.

use super::State;
use super::apply::ALERT_STANDS;
use crate::core::alert::{Alert, AlertCause, AlertStatus, Level, MeterKey};
use crate::core::id::{AlertId, PolicyId};
use jiff::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

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
    /// The open alerts that are about one of them, with when they were raised.
    own: BTreeSet<(Timestamp, AlertId)>,
    /// The alert about the others that nobody has acknowledged.
    open: Option<AlertId>,
    /// Every alert about the others that stands.
    others: BTreeSet<AlertId>,
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
                let told = self.0.entry(key).or_default();
                told.own.insert((alert.raised, alert.id));
            }
            About::Others if alert.status != AlertStatus::Resolved => {
                let told = self.0.entry(key).or_default();
                told.others.insert(alert.id);
                if alert.status == AlertStatus::Open {
                    told.open = Some(alert.id);
                }
            }
            About::One | About::Others => {}
        }
    }

    /// Takes note that somebody is about to have seen an alert: it makes room for another, and one about all others that
    /// was seen does not keep the next one from being raised.
    pub(super) fn acknowledge(&mut self, alert: &Alert) {
        match about(&alert.cause) {
            Some((_, About::One)) => self.remove(alert),
            Some((key, About::Others)) => {
                if let Some(told) = self.0.get_mut(&key) {
                    told.open = told.open.filter(|open| *open != alert.id);
                }
            }
            None => {}
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
                told.own.remove(&(alert.raised, alert.id));
            }
            About::One => {}
            About::Others => {
                told.others.remove(&alert.id);
                told.open = told.open.filter(|open| *open != alert.id);
            }
        }
        if told.own.is_empty() && told.others.is_empty() {
            self.0.remove(&key);
        }
    }
}

impl State {
    /// How many open alerts of the last while tell this of single sessions or tasks of a policy; it counts up to `most`.
    ///
    /// A session or task ends without a word, so an alert about one of long ago still stands, and leaves room for another.
    pub fn told_of_keys(
        &self,
        policy: PolicyId,
        what: KeyedAlert,
        now: Timestamp,
        most: usize,
    ) -> usize {
        let since = now.checked_sub(ALERT_STANDS).unwrap_or(Timestamp::MIN);
        let told = self.keyed_alerts.0.get(&(policy, what));
        let own = told.into_iter().flat_map(|told| told.own.iter().rev());
        own.take_while(|(raised, _)| *raised > since)
            .take(most)
            .count()
    }

    /// The alert that tells this of all other sessions or tasks of a policy and that nobody has acknowledged.
    pub fn told_of_others(&self, policy: PolicyId, what: KeyedAlert) -> Option<AlertId> {
        let told = self.keyed_alerts.0.get(&(policy, what));
        told.and_then(|told| told.open)
    }

    /// Every standing alert that tells this of all other sessions or tasks of a policy, acknowledged ones too, by id.
    pub fn standing_of_others(
        &self,
        policy: PolicyId,
        what: KeyedAlert,
    ) -> impl Iterator<Item = AlertId> + use<'_> {
        let told = self.keyed_alerts.0.get(&(policy, what));
        told.into_iter().flat_map(|told| &told.others).copied()
    }
}
