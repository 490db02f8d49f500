//! Prices: which version each model has, which changes wait, which sources fail; and commands that move them.

use super::Model;
use super::random::Random;
use super::vocabulary as words;
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tekton_budget::core::alert::AlertCause;
use tekton_budget::core::command::{ApplyPrices, Command};
use tekton_budget::core::digest::Digest;
use tekton_budget::core::event::Event;
use tekton_budget::core::id::ChangeId;
use tekton_budget::core::price::{PriceStatus, Rates, Unit};
use tekton_budget::core::price_change::{
    Applying, Holding, PastPrice, PriceHistory, PriceProposal, PriceRule, Quoted, SourceOutcome,
    SourceReport, Vote, Votes,
};
use tekton_budget::core::state::State;

type Name = (String, String);

/// What the events say of prices.
#[derive(Clone, Debug, Default)]
pub struct Prices {
    /// The versions of each model, in the order in which they were applied.
    pub versions: BTreeMap<Name, Vec<u64>>,
    /// The changes that wait.
    pub waiting: BTreeMap<ChangeId, Name>,
    failing: BTreeSet<String>,
}

impl Prices {
    /// Takes an event about prices in.
    pub fn take(&mut self, sequence: u64, event: &Event) {
        match event {
            Event::PriceApplied(price) => {
                let name = (price.provider.clone(), price.model.clone());
                self.versions.entry(name).or_default().push(sequence);
            }
            Event::PriceHeldBack(change) => {
                let name = (change.provider.clone(), change.model.clone());
                let twice = self.waiting.values().any(|other| *other == name);
                assert!(!twice, "two changes of {name:?} wait");
                self.waiting.insert(ChangeId(sequence), name);
            }
            Event::PriceReviewed {
                change, approved, ..
            } => {
                let name = self.waiting.remove(change).unwrap();
                if *approved {
                    self.versions.entry(name).or_default().push(sequence);
                }
            }
            Event::PriceChangeDropped { change, .. } => {
                self.waiting.remove(change).unwrap();
            }
            Event::SourceReported(report) => {
                let failed = matches!(report.outcome, SourceOutcome::Failed { .. });
                let news = if failed {
                    self.failing.insert(report.source.clone())
                } else {
                    self.failing.remove(&report.source);
                    true
                };
                assert!(news, "an outage is told twice");
            }
            _ => {}
        }
    }
}

impl Model {
    /// Whether an alert about prices stands as it should; none of other alerts.
    pub fn price_alert_holds(&self, cause: &AlertCause) -> Option<bool> {
        match cause {
            AlertCause::PriceHeldBack { change, .. } => {
                Some(self.prices.waiting.contains_key(change))
            }
            AlertCause::SourceFailed { source } => Some(self.prices.failing.contains(source)),
            _ => None,
        }
    }

    /// Holds a state's prices against the lists.
    pub fn check_prices(&self, state: &State) {
        let waiting: Vec<_> = state.waiting_prices().map(|open| open.id).collect();
        let ours: Vec<_> = self.prices.waiting.keys().copied().collect();
        assert_eq!(waiting, ours);
        for ((provider, model), versions) in &self.prices.versions {
            let prices = state.prices(provider, model).unwrap();
            let own: Vec<_> = prices.applied.iter().map(|price| price.version).collect();
            assert_eq!(own, *versions);
        }
        let stand = |wanted: &dyn Fn(&AlertCause) -> bool| {
            self.alerts.iter().filter(|own| wanted(&own.cause)).count()
        };
        for change in &ours {
            let about = |cause: &AlertCause| matches!(cause, AlertCause::PriceHeldBack { change: of, .. } if of == change);
            assert_eq!(stand(&about), 1, "the alert of {change}");
            assert!(state.price_alert(*change).is_some());
        }
        for source in &self.prices.failing {
            let about = |cause: &AlertCause| matches!(cause, AlertCause::SourceFailed { source: of } if of == source);
            assert_eq!(stand(&about), 1, "the alert of {source}");
            assert!(state.source(source).unwrap().failing.is_some());
        }
    }
}

/// What a client hears of prices; not all that happens.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    versions: BTreeMap<Name, u64>,
    changes: Vec<ChangeId>,
}

impl Heard {
    /// Hears of an event.
    pub fn hear(&mut self, sequence: u64, event: &Event) {
        match event {
            Event::PriceApplied(price) => {
                let name = (price.provider.clone(), price.model.clone());
                self.versions.insert(name, sequence);
            }
            Event::PriceReviewed {
                provider,
                model,
                approved: true,
                ..
            } => {
                let name = (provider.clone(), model.clone());
                self.versions.insert(name, sequence);
            }
            Event::PriceHeldBack(_) => self.changes.push(ChangeId(sequence)),
            _ => {}
        }
    }
}

/// A refresh of a few models, mostly decided against their present versions.
pub fn refresh(random: &mut Random, heard: &Heard, now: Timestamp) -> Command {
    let few = random.below(4);
    let changes = (0..few).map(|_| proposal(random, heard, now)).collect();
    let sources = (0..random.below(2)).map(|_| report(random, now)).collect();
    let history = if random.chance(20) {
        vec![history(random, now)]
    } else {
        Vec::new()
    };
    Command::ApplyPrices(Box::new(ApplyPrices {
        changes,
        sources,
        history,
        ..ApplyPrices::default()
    }))
}

/// A person's word about a change, mostly one that waits.
pub fn review(random: &mut Random, heard: &Heard) -> Command {
    let change = random.pick_late(&heard.changes).unwrap_or(ChangeId(1));
    let approve = random.chance(50);
    Command::ReviewPrice { change, approve }
}

fn name(random: &mut Random) -> Name {
    let model = words::model(random, 0);
    (model.provider.unwrap().into(), model.model.unwrap().into())
}

fn rates(random: &mut Random) -> Arc<Rates> {
    let mut rates = Rates::default();
    // Now and then one that is refused.
    let least = if random.chance(2) { -1 } else { 0 };
    let input = Decimal::new(random.between(least, 5), 1);
    rates.standard.rates.insert(Unit::Input, input);
    Arc::new(rates)
}

fn proposal(random: &mut Random, heard: &Heard, now: Timestamp) -> PriceProposal {
    let name = name(random);
    let last = heard.versions.get(&name).copied();
    let base = if random.chance(90) {
        last.unwrap_or(0)
    } else {
        random.below(50)
    };
    let status = *random.pick(&[PriceStatus::Verified, PriceStatus::SingleSource]);
    let apply = random.chance(50).then(|| Applying {
        rates: rates(random),
        status,
        apart: std::collections::BTreeMap::new(),
        rule: PriceRule::Quorum,
    });
    let rule = *random.pick(&[PriceRule::NoQuorum, PriceRule::Disagreement]);
    let hold = random.chance(50).then(|| Holding {
        rates: rates(random),
        status: PriceStatus::Verified,
        apart: std::collections::BTreeMap::new(),
        rule,
        reason: "one source says so".to_owned(),
    });
    let quote = Quoted {
        source: "litellm".to_owned(),
        rates: Some(rates(random)),
        fetched_at: now,
        content: Digest(u128::from(random.bits())),
        weight: Decimal::ONE,
        vote: Vote::Agreed,
        against: None,
    };
    PriceProposal {
        provider: name.0,
        model: name.1,
        base,
        effective_from: now,
        apply,
        hold,
        present: random.chance(50).then(|| rates(random)),
        quotes: vec![quote],
    }
}

fn report(random: &mut Random, now: Timestamp) -> SourceReport {
    let outcome = if random.chance(40) {
        SourceOutcome::Failed {
            error: "no answer".to_owned(),
        }
    } else {
        let mut votes = || u32::try_from(random.below(40)).unwrap();
        SourceOutcome::Worked {
            votes: Votes {
                agreed: votes(),
                outvoted: votes(),
                rejected: votes(),
                undecided: votes(),
            },
            content: Digest(u128::from(random.below(9))),
            fetched_at: now,
        }
    };
    SourceReport {
        source: (*random.pick(&["litellm", "openrouter"])).to_owned(),
        outcome,
    }
}

fn history(random: &mut Random, now: Timestamp) -> PriceHistory {
    let (provider, model) = name(random);
    PriceHistory {
        provider,
        model,
        source: "llm_prices".to_owned(),
        fetched_at: now,
        content: Digest(1),
        weight: Decimal::ONE,
        prices: vec![PastPrice {
            from: Timestamp::UNIX_EPOCH,
            until: now,
            rates: rates(random),
        }],
    }
}
