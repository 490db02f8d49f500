//! What the policies must say of a charge, and what a usage must be called.

use super::account::speaks;
use super::sum::Sum;
use super::{Model, account};
use jiff::Timestamp;
use rust_decimal::Decimal;
use tekton_budget::core::alert::{AlertCause, MeterKey};
use tekton_budget::core::charge::{Amount, Facts};
use tekton_budget::core::context::Priority;
use tekton_budget::core::event::UsageRecorded;
use tekton_budget::core::id::PolicyId;
use tekton_budget::core::name::Name;
use tekton_budget::core::policy::{Enforcement, Limits, Policy};
use tekton_budget::core::tally::Tally;
use tekton_budget::core::verdict::{Finding, Outcome, Verdict};

/// What one policy must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    policy: PolicyId,
    key: MeterKey,
    limits: [Option<Decimal>; 3],
    posted: Tally,
    held: Tally,
    outcome: Option<Outcome>,
}

impl Model {
    /// What every policy that a charge meets must say of it.
    pub fn opinions(
        &self,
        facts: &Facts<'_>,
        asked: Option<&Amount>,
        at: Timestamp,
        now: Timestamp,
    ) -> Vec<Opinion> {
        let critical = facts.context.priority == Some(Priority::CRITICAL);
        self.counters(facts, at)
            .into_iter()
            .map(|(id, key)| {
                let (posted, held) = (self.posted(id, &key), self.held(id, &key, now));
                let limits = self.limits(id, &key);
                let used = (posted + held).parts();
                let policy = &self.policy(id).unwrap().1;
                let outcome = asked.map(|asked| outcome(policy, limits, used, asked, critical));
                Opinion {
                    policy: id,
                    key,
                    limits,
                    posted: posted.tally(),
                    held: held.tally(),
                    outcome,
                }
            })
            .collect()
    }

    /// Holds a verdict against the lists: the figures in it, and that nothing passes a hard limit.
    pub fn check_verdict(
        &self,
        facts: &Facts<'_>,
        verdict: &Verdict,
        now: Timestamp,
        allowed: Option<Sum>,
    ) {
        let ours = self.opinions(facts, None, now, now);
        assert_eq!(theirs(verdict, false), ours, "the figures of a verdict");
        let Some(asked) = allowed else { return };
        let bypasses = facts.context.priority == Some(Priority::CRITICAL);
        for opinion in ours {
            let policy = &self.policy(opinion.policy).unwrap().1;
            if policy.enforcement != Enforcement::HardLimit || (bypasses && policy.critical_bypass)
            {
                continue;
            }
            let used = Sum::from(opinion.posted) + opinion.held.into();
            for part in 0..3 {
                let (asked, after) = (asked.parts()[part], (used + asked).parts()[part]);
                assert!(
                    asked.is_zero() || opinion.limits[part].is_none_or(|limit| after <= limit),
                    "a hard limit was passed: {after} of {opinion:?}"
                );
            }
        }
    }

    /// Holds what `weigh` says of a charge against what must be said.
    pub fn check_weighed(
        &self,
        facts: &Facts<'_>,
        asked: &Amount,
        verdict: &Verdict,
        (at, now): (Timestamp, Timestamp),
    ) {
        let ours = self.opinions(facts, Some(asked), at, now);
        let worst = ours.iter().filter_map(|opinion| opinion.outcome).max();
        assert_eq!(
            theirs(verdict, true),
            ours,
            "what the policies say of {asked:?}"
        );
        assert_eq!(verdict.outcome, worst.unwrap_or(Outcome::Allow));
    }

    /// Holds against the lists whether a usage, which is in them now, was rightly called an overrun or not.
    pub fn check_overrun(
        &mut self,
        recorded: &UsageRecorded,
        before: &[(PolicyId, MeterKey, [Sum; 2])],
        beyond_hold: bool,
        now: Timestamp,
    ) {
        let usage = &recorded.usage;
        let spent = Sum::from(usage.tally());
        let mut passed = Vec::new();
        for (id, key, [posted, held]) in before {
            let after = (*posted + spent + self.held(*id, key, now)).parts();
            let (before, limits) = ((*posted + *held).parts(), self.limits(*id, key));
            let over = (0..3).any(|part| {
                after[part] > before[part] && limits[part].is_some_and(|limit| after[part] > limit)
            });
            if over && speaks(&self.policy(*id).unwrap().1) {
                let context = &usage.context;
                let by = context.component.clone().or(context.user.clone());
                passed.push((*id, key.clone(), by));
            }
        }
        assert_eq!(
            recorded.overrun,
            beyond_hold || !passed.is_empty(),
            "an overrun or not: {usage:?}, past {passed:?}"
        );
        self.step.overruns.extend(passed);
    }

    /// Whether an overrun of a counter has an alert that nobody has acknowledged: one of its spender, or one of all
    /// further ones where there are sixteen already.
    pub fn overrun_is_open(&self, id: PolicyId, key: &MeterKey, by: Option<&Name>) -> bool {
        let open = self.alerts.iter().filter(|alert| !alert.seen);
        let spenders: Vec<_> = open
            .filter_map(|alert| match &alert.cause {
                AlertCause::PolicyOverrun {
                    policy,
                    meter,
                    spender,
                    ..
                } if *policy == id && meter == key => Some(spender.as_ref()),
                _ => None,
            })
            .collect();
        spenders.contains(&by) || (spenders.len() > 16 && spenders.contains(&None))
    }
}

fn theirs(verdict: &Verdict, outcomes: bool) -> Vec<Opinion> {
    let opinion = |finding: &Finding| Opinion {
        policy: finding.policy,
        key: finding.meter.clone(),
        limits: decimals(&finding.limits),
        posted: finding.posted,
        held: finding.held,
        outcome: outcomes.then_some(finding.outcome),
    };
    verdict.findings.iter().map(opinion).collect()
}

/// Limits as exact numbers, part by part.
pub fn decimals(limits: &Limits) -> [Option<Decimal>; 3] {
    [
        limits.tokens.map(Decimal::from),
        limits.requests.map(Decimal::from),
        limits.cost.map(tekton_budget::core::quantity::Usd::amount),
    ]
}

fn outcome(
    policy: &Policy,
    limits: [Option<Decimal>; 3],
    used: [Decimal; 3],
    asked: &Amount,
    critical: bool,
) -> Outcome {
    let asked = [
        asked.tokens.map(Decimal::from),
        Some(Decimal::from(asked.requests)),
        asked.cost.map(tekton_budget::core::quantity::Usd::amount),
    ];
    let (mut warns, mut acts, mut passes, mut unknown) = (false, false, false, false);
    for part in 0..3 {
        match (limits[part], asked[part]) {
            (None, _) => {}
            (Some(_), None) => unknown = true,
            (Some(limit), Some(asked)) => {
                let after = used[part] + asked;
                warns |= after >= limit * policy.warning_threshold;
                acts |= after >= limit * policy.action_threshold;
                passes |= after > limit && !asked.is_zero();
            }
        }
    }
    match policy.enforcement {
        Enforcement::HardLimit if (passes || unknown) && !(critical && policy.critical_bypass) => {
            Outcome::Deny
        }
        Enforcement::SoftLimit if acts || passes => Outcome::SoftLimit,
        Enforcement::HardLimit | Enforcement::SoftLimit | Enforcement::Warn
            if warns || acts || passes || unknown =>
        {
            Outcome::Warn
        }
        _ => Outcome::Allow,
    }
}

/// Whether a level of a counter is reached by what is posted.
pub fn reaches(
    model: &Model,
    policy: &Policy,
    key: &MeterKey,
    level: tekton_budget::core::alert::Level,
) -> bool {
    use tekton_budget::core::alert::Level;
    let (limits, posted) = (
        model.limits(policy.id, key),
        model.posted(policy.id, key).parts(),
    );
    account::speaks(policy)
        && (0..3).any(|part| {
            limits[part].is_some_and(|limit| {
                posted[part] > Decimal::ZERO
                    && match level {
                        Level::Warning => posted[part] >= limit * policy.warning_threshold,
                        Level::Action => posted[part] >= limit * policy.action_threshold,
                        Level::Exceeded => posted[part] > limit,
                    }
            })
        })
}
