//! What each event adds to the lists, and what the lists add up to.

use super::sum::Sum;
use super::{Charge, Hold, Model, Wanted, calendar, scope};
use jiff::Timestamp;
use tekton_budget::core::alert::MeterKey;
use tekton_budget::core::budget::Budget;
use tekton_budget::core::charge::Facts;
use tekton_budget::core::event::{Event, Recorded, UsageRecorded};
use tekton_budget::core::id::{AllocationId, BudgetId, IncreaseId, PolicyId, RecordId};
use tekton_budget::core::period::{GoesOn, Period, WeekStart};
use tekton_budget::core::policy::{Enforcement, Policy, Rollover};
use tekton_budget::core::usage::Draw;

impl Model {
    /// Takes an event in, after what it claims has been checked against the lists.
    pub fn take(&mut self, sequence: u64, recorded: &Recorded) {
        assert_eq!(sequence, self.events.len() as u64 + 1, "a gap");
        self.events.push((sequence, recorded.clone()));
        let at = recorded.stamp.at;
        self.prices.take(sequence, &recorded.event);
        match &recorded.event {
            Event::UsageRecorded(usage) => self.usage(sequence, usage, at),
            Event::UsageAdjusted(adjusted) => {
                let facts = Facts {
                    provider: Some(&adjusted.provider),
                    model: Some(&adjusted.model),
                    named: adjusted.named.as_deref(),
                    tier: adjusted.tier,
                    context: &adjusted.context,
                };
                let counters = match adjusted.record {
                    Some(record) => self.counters_of_record(record),
                    None => self.counters(&facts, adjusted.occurred),
                };
                self.settle(counters.iter().map(|(id, _)| *id));
                self.charge(sequence, counters, adjusted.correction.tally().into());
            }
            Event::AllocationMade(made) => {
                let facts = made.model.facts(&made.context);
                self.check_verdict(&facts, &made.verdict, at, Some(made.held.into()));
                self.holds.push(Hold {
                    id: AllocationId(sequence),
                    model: made.model.clone(),
                    context: made.context.clone(),
                    granted: made.held.into(),
                    drawn: Sum::default(),
                    posted: Sum::default(),
                    expires: made.expires,
                    open: true,
                });
            }
            Event::AllocationExtended(more) => {
                let hold = self.open(more.allocation).clone();
                if more.added != tekton_budget::core::tally::Tally::ZERO {
                    let facts = hold.model.facts(&hold.context);
                    self.check_verdict(&facts, &more.verdict, at, Some(more.added.into()));
                }
                assert!(more.expires >= hold.expires);
                let hold = self.open(more.allocation);
                hold.granted = hold.granted + more.added.into();
                hold.expires = more.expires;
                assert_eq!(hold.remaining().tally(), more.remaining);
            }
            Event::AllocationEnded(ended) => {
                let hold = self.open(ended.allocation);
                assert_eq!(hold.remaining().tally(), ended.released);
                hold.open = false;
            }
            Event::BudgetSaved {
                budget,
                policies,
                anew,
                goes_on,
            } => {
                self.save_budget(budget, policies, (sequence, at), *goes_on);
                for policy in anew {
                    self.count_anew(*policy);
                }
            }
            Event::BudgetArchived { budget } => {
                let found = self.budgets.iter_mut().find(|known| known.id == *budget);
                found.unwrap().archived = true;
            }
            Event::PolicySaved {
                budget,
                policy,
                anew,
                goes_on,
            } => {
                self.save_policy(*budget, policy, (sequence, at), *goes_on);
                if *anew {
                    self.count_anew(policy.id);
                }
            }
            Event::PolicyRemoved { policy, .. } => {
                self.policies.retain(|(_, known)| known.id != *policy);
            }
            Event::IncreaseRequested {
                policy,
                meter,
                amount,
                ..
            } => self.wanted.push(Wanted {
                id: IncreaseId(sequence),
                counter: (*policy, meter.clone()),
                amount: (*amount).into(),
            }),
            Event::IncreaseReviewed { increase, granted } => {
                let place = self.wanted.iter().position(|want| want.id == *increase);
                let want = self.wanted.remove(place.unwrap());
                if *granted {
                    self.grants.push((want.counter, want.amount));
                }
            }
            event => self.alert(sequence, event, at),
        }
    }

    fn open(&mut self, id: AllocationId) -> &mut Hold {
        let hold = self.holds.iter_mut().find(|hold| hold.id == id).unwrap();
        assert!(hold.open, "{id} has ended");
        hold
    }

    fn usage(&mut self, sequence: u64, recorded: &UsageRecorded, now: Timestamp) {
        let usage = &recorded.usage;
        let sum = Sum::from(usage.tally());
        let before = self.used_by(&usage.facts(), usage.occurred, now);
        let hold = usage
            .allocation
            .and_then(|id| self.holds.iter_mut().find(|hold| hold.id == id))
            .filter(|hold| hold.open);
        let mut beyond_hold = false;
        let draw = match (usage.allocation, hold) {
            (None, _) => None,
            (Some(_), None) => Some(Draw::Ended),
            (Some(_), Some(hold)) => {
                let taken = hold.remaining().least(sum);
                let beyond = sum - taken;
                // What it never held can't be more than it held.
                let (more_tokens, more_cost) = (beyond.tokens > 0, !beyond.cost.is_zero());
                beyond_hold = (more_tokens && hold.granted.tokens > 0)
                    || (more_cost && !hold.granted.cost.is_zero());
                hold.drawn = hold.drawn + taken;
                hold.posted = hold.posted + sum;
                assert_eq!(hold.remaining(), hold.remaining().not_below_zero());
                let left = hold.remaining();
                hold.open = !usage.is_final;
                Some(Draw::Drawn {
                    taken: taken.tally(),
                    remaining: if hold.open { left } else { Sum::default() }.tally(),
                    released: usage.is_final.then(|| left.tally()),
                })
            }
        };
        assert_eq!(recorded.draw, draw);
        let counters = self.counters(&usage.facts(), usage.occurred);
        self.charge(sequence, counters, sum);
        self.check_overrun(recorded, &before, beyond_hold, now);
    }

    /// What is posted and held of each counter that a charge falls into.
    pub fn used_by(
        &self,
        facts: &Facts<'_>,
        at: Timestamp,
        now: Timestamp,
    ) -> Vec<(PolicyId, MeterKey, [Sum; 2])> {
        self.counters(facts, at)
            .into_iter()
            .map(|(id, key)| {
                let posted = self.posted(id, &key);
                let held = self.held(id, &key, now);
                (id, key, [posted, held])
            })
            .collect()
    }

    /// The policies that a charge meets: of every active budget that covers it, and of all above, each once.
    pub fn met(&self, facts: &Facts<'_>) -> Vec<PolicyId> {
        let mut found: Vec<BudgetId> = Vec::new();
        for budget in &self.budgets {
            if budget.archived || !scope::covers(&budget.scope, facts) {
                continue;
            }
            let mut here = Some(budget);
            while let Some(budget) = here {
                if !budget.archived && !found.contains(&budget.id) {
                    found.push(budget.id);
                }
                here = budget.parent.and_then(|id| self.budget(id));
            }
        }
        found.sort_unstable();
        found
            .into_iter()
            .flat_map(|budget| {
                let own = self.policies.iter().filter(move |(of, _)| *of == budget);
                own.map(|(_, policy)| policy.id)
            })
            .collect()
    }

    /// The counters that a charge falls into: of the policies that it meets and that apply then.
    pub fn counters(&self, facts: &Facts<'_>, at: Timestamp) -> Vec<(PolicyId, MeterKey)> {
        let met = self.met(facts);
        met.into_iter()
            .map(|id| &self.policy(id).unwrap().1)
            .filter(|policy| applies(policy, at))
            .map(|policy| (policy.id, self.key(policy, facts.context, at)))
            .collect()
    }

    fn charge(&mut self, event: u64, counters: Vec<(PolicyId, MeterKey)>, sum: Sum) {
        self.touch(&counters);
        self.charges.push(Charge {
            event,
            counters,
            sum,
        });
    }

    /// The counters that a record fell into, as far as their policies have counted by them ever since.
    fn counters_of_record(&self, record: RecordId) -> Vec<(PolicyId, MeterKey)> {
        let made = self.charges.iter().find(|charge| charge.event == record.0);
        let counters = made.unwrap().counters.iter();
        let still = counters.filter(|(id, _)| {
            self.policy(*id)
                .is_some_and(|_| self.counted_since[id].0 < record.0)
        });
        still.cloned().collect()
    }

    fn save_budget(
        &mut self,
        budget: &Budget,
        policies: &[Policy],
        when: (u64, Timestamp),
        goes_on: GoesOn,
    ) {
        match self.budgets.iter_mut().find(|known| known.id == budget.id) {
            Some(known) => {
                let back = std::mem::replace(known, budget.clone()).archived;
                if back {
                    self.touch_budget(budget.id);
                }
            }
            None => self.budgets.push(budget.clone()),
        }
        for policy in policies {
            self.save_policy(budget.id, policy, when, goes_on);
        }
    }

    fn save_policy(
        &mut self,
        budget: BudgetId,
        policy: &Policy,
        (event, at): (u64, Timestamp),
        goes_on: GoesOn,
    ) {
        let goes_on = |last: &Policy| match goes_on {
            GoesOn::ByCut => cut(last) == cut(policy),
            GoesOn::ByName => clock(last) == clock(policy),
        };
        let last = self.versions(policy.id).last().cloned();
        let saved = last.as_ref().map_or(at, |(before, _)| at.max(*before));
        if last.is_none_or(|(_, last)| !goes_on(&last)) {
            self.counted_since.insert(policy.id, (event, saved));
        }
        self.saved.push((saved, policy.clone()));
        let known = self.policies.iter_mut();
        match known
            .map(|(_, known)| known)
            .find(|known| known.id == policy.id)
        {
            Some(known) => *known = policy.clone(),
            None => self.policies.push((budget, policy.clone())),
        }
        self.touch_policy(policy.id);
        self.settle([policy.id]);
    }

    /// What is counted in a policy's counters is so no more, but for that in windows that are over.
    fn count_anew(&mut self, id: PolicyId) {
        self.step.anew.push(id);
        let saved = self.versions(id).last().unwrap().0;
        let stays = |(of, key): &(PolicyId, MeterKey)| {
            *of != id || matches!(key, MeterKey::Window(window) if window.end <= saved)
        };
        for charge in &mut self.charges {
            charge.counters.retain(stays);
        }
        self.grants.retain(|(counter, _)| stays(counter));
    }

    /// Policies that are saved count anew if their windows are cut in another way.
    pub fn check_anew(&self, event: &Event) {
        let (policies, anew) = match event {
            Event::BudgetSaved { policies, anew, .. } => (policies.clone(), anew.clone()),
            Event::PolicySaved { policy, anew, .. } => {
                let id = anew.then_some(policy.id);
                (vec![policy.clone()], id.into_iter().collect())
            }
            _ => return,
        };
        let changed = policies.iter().filter(|policy| {
            let last = self.versions(policy.id).last();
            last.is_some_and(|(_, last)| cut(last) != cut(policy))
        });
        assert_eq!(changed.map(|policy| policy.id).collect::<Vec<_>>(), anew);
    }

    /// What is posted to a counter.
    pub fn posted(&self, id: PolicyId, key: &MeterKey) -> Sum {
        self.charges
            .iter()
            .filter(|charge| {
                charge
                    .counters
                    .iter()
                    .any(|(of, own)| *of == id && own == key)
            })
            .map(|charge| charge.sum)
            .sum()
    }

    /// What is granted to a counter.
    pub fn granted(&self, id: PolicyId, key: &MeterKey) -> Sum {
        let own = self
            .grants
            .iter()
            .filter(|((of, own), _)| *of == id && own == key);
        own.map(|(_, amount)| *amount).sum()
    }

    /// What is held of a counter; a window that is over has nothing held of it.
    pub fn held(&self, id: PolicyId, key: &MeterKey, now: Timestamp) -> Sum {
        let policy = &self.policy(id).unwrap().1;
        if matches!(key, MeterKey::Window(window) if window.end <= now) {
            return Sum::default();
        }
        self.holds
            .iter()
            .filter(|hold| hold.open && self.met(&hold.model.facts(&hold.context)).contains(&id))
            .filter(|hold| match key {
                MeterKey::Window(_) => !policy.period.is_keyed(),
                MeterKey::Of(_) => {
                    policy.period.is_keyed() && self.key(policy, &hold.context, now) == *key
                }
            })
            .map(Hold::remaining)
            .sum()
    }

    fn versions(&self, id: PolicyId) -> impl DoubleEndedIterator<Item = &(Timestamp, Policy)> {
        self.saved.iter().filter(move |(_, policy)| policy.id == id)
    }

    /// The policy as it was when a counter's window ended, or is now.
    pub fn as_of(&self, id: PolicyId, key: &MeterKey) -> &Policy {
        let end = match key {
            MeterKey::Window(window) => window.end,
            MeterKey::Of(_) => Timestamp::MAX,
        };
        let held = self.versions(id).rev().find(|(since, _)| *since < end);
        &held.or_else(|| self.versions(id).next()).unwrap().1
    }

    /// What the window before a counter's own left over, where that is carried into it.
    pub fn carried(&self, id: PolicyId, key: &MeterKey) -> Sum {
        let policy = &self.policy(id).unwrap().1;
        let (own, begins) = (self.as_of(id, key), policy.start.unwrap_or(policy.created));
        let begins = begins.max(policy.created).max(self.counted_since[&id].1);
        let begun_before = matches!(key, MeterKey::Window(window) if window.start > begins);
        if own.rollover == Rollover::None
            || !begun_before
            || policy.period == Period::Total
            || !self.is_own(policy, key)
        {
            return Sum::default();
        }
        // A counter of time, of a policy that now counts by sessions.
        let Some(before) = calendar::before(policy, key) else {
            return Sum::default();
        };
        let before = MeterKey::Window(before);
        let (posted, former) = (self.posted(id, &before), self.as_of(id, &before));
        if !former.enabled {
            return Sum::default();
        }
        let limits = Sum::from(former.limits.tally());
        let mut left = (limits - posted.not_below_zero()).not_below_zero();
        if let Some(cap) = own.rollover_cap {
            left.cost = left.cost.min(cap.amount());
        }
        left
    }

    /// The limits of a counter, part by part, with what was carried into it and granted.
    pub fn limits(&self, id: PolicyId, key: &MeterKey) -> [Option<rust_decimal::Decimal>; 3] {
        let own = self.as_of(id, key).limits;
        let limited = [
            own.tokens.is_some(),
            own.requests.is_some(),
            own.cost.is_some(),
        ];
        let extra = self.carried(id, key) + self.granted(id, key);
        let whole = (Sum::from(own.tally()) + extra).parts();
        [0, 1, 2].map(|part| limited[part].then_some(whole[part]))
    }

    /// Whether a policy's budget counts.
    pub fn is_active(&self, id: PolicyId) -> bool {
        self.policy(id)
            .and_then(|(budget, _)| self.budget(*budget))
            .is_some_and(|budget| !budget.archived)
    }
}

/// Its period, time zone and week, whether or not they cut anything.
fn clock(policy: &Policy) -> (Period, &str, WeekStart) {
    (policy.period, &policy.time_zone, policy.week_start)
}

/// Whether a policy counts at an instant.
pub fn applies(policy: &Policy, at: Timestamp) -> bool {
    policy.enabled
        && policy.start.is_none_or(|start| at >= start)
        && policy.end.is_none_or(|end| at < end)
}

/// Whether a policy says anything.
pub fn speaks(policy: &Policy) -> bool {
    policy.enforcement != Enforcement::Ignore
}

/// What decides where a policy's windows are cut.
fn cut(policy: &Policy) -> (Period, Option<&str>, Option<WeekStart>) {
    let period = policy.period;
    let is_cut = !matches!(period, Period::Total | Period::PerSession | Period::PerTask);
    let zone = is_cut.then_some(&*policy.time_zone);
    let week = (period == Period::Weekly).then_some(policy.week_start);
    (period, zone, week)
}
