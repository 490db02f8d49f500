//! Commands out of a seed: the same seed and the same events heard make the same commands.
//!
//! It knows only what the events tell it, so a simulation of the whole system can use it as a client would.

use super::prices::{self, Heard};
use super::random::Random;
use super::vocabulary as words;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tekton_budget::core::budget::BudgetField;
use tekton_budget::core::command::{
    Adjust, Allocate, Command, Extend, Posting, RequestIncrease, SaveBudget,
};
use tekton_budget::core::context::Context;
use tekton_budget::core::decide::{Entry, Order};
use tekton_budget::core::event::{Event, Request, Stamp, UsageAdjusted, UsageRecorded};
use tekton_budget::core::id::{AlertId, AllocationId, BudgetId, IncreaseId, PolicyId, RecordId};
use tekton_budget::core::price::{Rates, ServiceTier, Unit};
use tekton_budget::core::quantity::{Counts, Usd};
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::core::tally::Tally;
use tekton_budget::core::usage::{Correction, Cost, CostSource, Usage};

/// Where a run's clock begins: days before the clocks change, a leap day, a year ends.
const BEGINNINGS: [&str; 6] = [
    "2026-03-28T20:30:00Z",
    "2026-10-24T21:59:58.5Z",
    "2026-04-04T13:00:00Z",
    "2026-09-05T22:00:00Z",
    "2028-02-28T23:00:00Z",
    "2027-12-31T12:00:00.000001Z",
];

/// A stream of commands.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
    now: Timestamp,
    named: u64,
    budgets: Vec<BudgetId>,
    policies: Vec<(BudgetId, PolicyId)>,
    records: Vec<(RecordId, UsageRecorded)>,
    allocations: Vec<AllocationId>,
    alerts: Vec<AlertId>,
    increases: Vec<IncreaseId>,
    prices: Heard,
}

impl Generator {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            now: random.pick(&BEGINNINGS).parse().unwrap(),
            random,
            named: 0,
            budgets: Vec::new(),
            policies: Vec::new(),
            records: Vec::new(),
            allocations: Vec::new(),
            alerts: Vec::new(),
            increases: Vec::new(),
            prices: Heard::default(),
        }
    }

    /// Learns what there is from what a command came to.
    pub fn hear(&mut self, entries: &[Entry]) {
        for Entry { sequence, recorded } in entries {
            self.prices.hear(*sequence, &recorded.event);
            match &recorded.event {
                Event::BudgetSaved {
                    budget, policies, ..
                } => {
                    note(&mut self.budgets, budget.id);
                    for policy in policies {
                        note(&mut self.policies, (budget.id, policy.id));
                    }
                }
                Event::PolicySaved { budget, policy, .. } => {
                    note(&mut self.policies, (*budget, policy.id));
                }
                Event::UsageRecorded(recorded) => {
                    self.records
                        .push((RecordId(*sequence), (**recorded).clone()));
                }
                Event::AllocationMade(_) => self.allocations.push(AllocationId(*sequence)),
                Event::AlertRaised { .. } => self.alerts.push(AlertId(*sequence)),
                Event::IncreaseRequested { .. } => self.increases.push(IncreaseId(*sequence)),
                _ => {}
            }
        }
    }

    /// The next command, some time after the last one, or before it where the clock was set back.
    pub fn order(&mut self) -> Order {
        self.pass_time();
        let command = self.command();
        let reason = self.random.chance(90).then(|| "because".to_owned());
        // A refresh may come to nothing, and then there is nothing to remember its id by.
        let nameless = matches!(command, Command::ApplyPrices(_));
        Order {
            stamp: Stamp {
                tenant: "default".into(),
                at: self.now,
                actor: (*self.random.pick(&["ann", "bot"])).into(),
                role: Role::Admin,
                interface: Interface::Mcp,
                reason,
            },
            request: (self.random.chance(20) && !nameless).then(|| self.request()),
            command,
        }
    }

    fn request(&mut self) -> Request {
        Request::new(format!("req-{}", self.random.bits()), &[7])
    }

    fn pass_time(&mut self) {
        let random = &mut self.random;
        let step = match random.below(100) {
            0..40 => SignedDuration::from_millis(random.between(0, 5_000)),
            40..70 => SignedDuration::from_secs(random.between(1, 1_800)),
            70..80 => SignedDuration::from_hours(random.between(1, 26)),
            80..84 => SignedDuration::from_hours(24 * random.between(1, 40)),
            84..87 => SignedDuration::from_secs(-random.between(1, 7_200)),
            87..89 => SignedDuration::from_hours(-random.between(2, 60)),
            // On the hour, just before or just after, where windows change.
            _ => {
                let into = self.now.as_microsecond().rem_euclid(3_600_000_000);
                SignedDuration::from_micros(3_600_000_000 - into + random.between(-1, 1))
            }
        };
        self.now += step;
        if random.chance(5) {
            // A clock that counts finer than the ledger keeps.
            self.now += SignedDuration::from_nanos(random.between(1, 999));
        }
    }

    fn command(&mut self) -> Command {
        if self.budgets.len() < 2 || (self.policies.len() < 3 && self.random.chance(50)) {
            return self.save_budget(true);
        }
        match self.random.below(100) {
            0..30 => self.allocate(),
            30..58 => self.record(),
            58..63 => self.extend(),
            63..67 => Command::Release(self.allocation()),
            67..72 => self.adjust(),
            72..75 => self.save_budget(true),
            75..80 => self.save_budget(false),
            80..82 => Command::ArchiveBudget(self.budget()),
            82..87 => self.save_policy(),
            87..88 => Command::RemovePolicy(self.policy().1),
            88..91 => self.request_increase(),
            91..94 => Command::ReviewIncrease {
                increase: self
                    .random
                    .pick_late(&self.increases)
                    .unwrap_or(IncreaseId(1)),
                grant: self.random.chance(75),
            },
            96 => Command::AcknowledgeAlert {
                alert: self.random.pick_late(&self.alerts).unwrap_or(AlertId(1)),
                note: self.random.chance(50).then(|| "seen".to_owned()),
            },
            97 => self.override_price(),
            94..96 => prices::refresh(&mut self.random, &self.prices, self.now),
            98 => prices::review(&mut self.random, &self.prices),
            _ => Command::Tick,
        }
    }

    fn budget(&mut self) -> BudgetId {
        let unknown = BudgetId(self.random.below(1000));
        if self.random.chance(3) {
            return unknown;
        }
        self.random.pick_late(&self.budgets).unwrap_or(unknown)
    }

    fn policy(&mut self) -> (BudgetId, PolicyId) {
        let unknown = (self.budget(), PolicyId(self.random.below(1000)));
        if self.random.chance(3) {
            return unknown;
        }
        self.random.pick_late(&self.policies).unwrap_or(unknown)
    }

    fn allocation(&mut self) -> AllocationId {
        let unknown = AllocationId(self.random.below(1000));
        if self.random.chance(3) {
            return unknown;
        }
        self.random.pick_late(&self.allocations).unwrap_or(unknown)
    }

    fn allocate(&mut self) -> Command {
        let random = &mut self.random;
        let ttl = match random.below(10) {
            0 => SignedDuration::from_secs(random.between(-1, 2)),
            1..=5 => SignedDuration::from_secs(random.between(1, 7_200)),
            6..=8 => SignedDuration::from_hours(24),
            _ => SignedDuration::from_hours(24 * random.between(1, 32)),
        };
        Command::Allocate(Allocate {
            model: words::model(random, 20),
            service_tier: *random.pick(&[ServiceTier::Standard, ServiceTier::Priority]),
            context: words::context(random),
            amount: words::amount(random),
            estimated: random.chance(30),
            ttl,
        })
    }

    fn extend(&mut self) -> Command {
        let allocation = self.allocation();
        let random = &mut self.random;
        let ttl = random
            .chance(60)
            .then(|| SignedDuration::from_secs(random.between(1, 90_000)));
        Command::Extend(Extend {
            allocation,
            ttl,
            more: words::amount(random),
        })
    }

    fn record(&mut self) -> Command {
        let many = if self.random.chance(80) {
            1
        } else {
            self.random.below(4)
        };
        let postings = (0..many).map(|_| Posting {
            usage: self.usage(),
            request: self.random.chance(30).then(|| self.request()),
        });
        Command::Record(postings.collect())
    }

    fn usage(&mut self) -> Usage {
        let allocation = self.random.chance(55).then(|| self.allocation());
        let occurred = self.occurred();
        let random = &mut self.random;
        let model = words::model(random, 0);
        let source = *random.pick(&[
            CostSource::Catalogue,
            CostSource::Reported,
            CostSource::Unknown,
        ]);
        Usage {
            provider: model.provider.unwrap(),
            model: model.model.unwrap(),
            release: random.chance(10).then(|| "m-2026-01-01".into()),
            named: model.named,
            tier: model.tier,
            service_tier: Some(ServiceTier::Flex),
            context: words::context(random),
            counts: words::counts(random),
            cost: Cost {
                usd: if source == CostSource::Unknown {
                    Usd::ZERO
                } else {
                    words::money(random, 120)
                },
                source,
                price_version: random.chance(30).then(|| "v1".into()),
                unpriced: Vec::new(),
                sellers: Vec::new(),
            },
            occurred,
            allocation,
            is_final: random.chance(40),
            metadata: serde_json::Map::default(),
        }
    }

    fn occurred(&mut self) -> Timestamp {
        let random = &mut self.random;
        let ago = match random.below(20) {
            0..13 => SignedDuration::ZERO,
            13 => SignedDuration::from_secs(-random.between(1, 310)),
            14..17 => SignedDuration::from_secs(random.between(1, 7_200)),
            _ => SignedDuration::from_hours(random.between(1, 24 * 40)),
        };
        self.now - ago
    }

    /// A correction of a record, with what the record says, or one of no record.
    fn adjust(&mut self) -> Command {
        let of = self.random.chance(50) && !self.records.is_empty();
        let of = of.then(|| self.random.pick(&self.records).clone());
        let mut adjusted = self.adjusted();
        if let Some((record, recorded)) = of {
            adjusted = UsageAdjusted::of_record(record, recorded, adjusted.correction);
        }
        Command::Adjust(Box::new(Adjust {
            adjusted,
            recorded: None,
        }))
    }

    fn adjusted(&mut self) -> UsageAdjusted {
        let occurred = self.occurred();
        let random = &mut self.random;
        let model = words::model(random, 0);
        let take_away = random.chance(60);
        let (counts, cost) = (words::counts(random), words::money(random, 120));
        let correction = if take_away {
            Correction {
                added: Counts::default(),
                removed: counts,
                cost: -cost,
            }
        } else {
            Correction {
                added: counts,
                removed: Counts::default(),
                cost,
            }
        };
        UsageAdjusted {
            record: None,
            counted: None,
            provider: model.provider.unwrap(),
            model: model.model.unwrap(),
            named: model.named,
            tier: model.tier,
            context: words::context(random),
            occurred,
            correction,
        }
    }

    fn save_budget(&mut self, new: bool) -> Command {
        let id = (!new).then(|| self.budget());
        let parent = if self.random.chance(if new { 45 } else { 25 }) {
            let any = self.budget();
            Some(self.random.chance(80).then_some(any))
        } else {
            None
        };
        let mut policies: Vec<_> = (0..self.random.below(if new { 3 } else { 2 }))
            .map(|_| words::policy(&mut self.random, true, self.now))
            .collect();
        if !new && self.random.chance(30) {
            let mut draft = words::policy(&mut self.random, false, self.now);
            draft.id = Some(self.policy().1);
            policies.push(draft);
        }
        self.named += 1;
        let name = match self.random.below(20) {
            0 => "n".repeat(10_000),
            1 => "budget 1".to_owned(),
            _ => format!("budget {}", self.named),
        };
        let random = &mut self.random;
        Command::SaveBudget(Box::new(SaveBudget {
            id,
            name: (new || random.chance(20)).then_some(name),
            owner: random.chance(20).then(|| "ann".to_owned()),
            description: random.chance(10).then(|| "what for".to_owned()),
            parent,
            scope: (new || random.chance(30)).then(|| words::scope(random)),
            policies,
            clear: if random.chance(5) {
                vec![BudgetField::Owner, BudgetField::Description]
            } else {
                Vec::new()
            },
        }))
    }

    fn save_policy(&mut self) -> Command {
        let new = self.random.chance(25);
        let mut draft = words::policy(&mut self.random, new, self.now);
        let (mut budget, policy) = self.policy();
        if new {
            budget = self.budget();
        } else {
            draft.id = Some(policy);
        }
        if self.random.chance(4) {
            draft.time_zone = Some("Mars/Phobos".to_owned());
        }
        Command::SavePolicy(budget, Box::new(draft))
    }

    fn request_increase(&mut self) -> Command {
        let policy = self.policy().1;
        let random = &mut self.random;
        let mut amount = Tally::ZERO;
        match random.below(4) {
            0 => amount.tokens = random.between(-1, 2_000),
            1 => amount.requests = random.between(0, 5),
            _ => amount.cost = words::money(random, 300),
        }
        Command::RequestIncrease(RequestIncrease {
            policy,
            context: words::context(random),
            fixed: Context::default(),
            amount,
        })
    }

    fn override_price(&mut self) -> Command {
        let mut rates = Rates::default();
        rates
            .standard
            .rates
            .insert(Unit::Input, Decimal::new(self.random.between(-1, 500), 2));
        let model = words::model(&mut self.random, 0);
        Command::OverridePrice {
            provider: model.provider.unwrap().into(),
            model: model.model.unwrap().into(),
            rates: self.random.chance(70).then_some(rates),
            effective_from: self.now,
        }
    }
}

fn note<T: PartialEq>(known: &mut Vec<T>, new: T) {
    if !known.contains(&new) {
        known.push(new);
    }
}
