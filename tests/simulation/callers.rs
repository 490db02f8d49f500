//! Callers: new orders, and those given again because no answer came, or for no reason, or with another content.

use super::model::generator::Generator;
use super::model::random::Random;
use super::run::Tally;
use super::truth::Truth;
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, HashSet};
use tekton_budget::core::command::Command;
use tekton_budget::core::decide::{Entry, Order};
use tekton_budget::core::event::Request;
use tekton_budget::core::name::Name;
use tekton_budget::core::refusal::{Code, Refusal};
use tekton_budget::core::time::to_microsecond;
use tekton_budget::service::ledger::{Outcome, Reply};

/// What an order came to.
pub type Answer = Result<Reply, Refusal>;

pub struct Callers {
    generator: Generator,
    random: Random,
    given: Vec<Order>,
    unanswered: Vec<Order>,
    /// The event that each request id was answered with.
    answers: HashMap<Name, Entry>,
    /// The events of the usages that were recorded, each answered as new once.
    recorded: HashSet<u64>,
    now: Timestamp,
    named: u64,
}

impl Callers {
    pub fn new(seed: u64) -> Self {
        Self {
            generator: Generator::new(seed),
            random: Random::new(seed ^ 0xCA11),
            given: Vec::new(),
            unanswered: Vec::new(),
            answers: HashMap::new(),
            recorded: HashSet::new(),
            now: Timestamp::UNIX_EPOCH,
            named: 0,
        }
    }

    /// The time of the last order.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// An order that is given together with others; no two after one another have the same time.
    pub fn order(&mut self) -> Order {
        let mut order = self.generator.order();
        if to_microsecond(order.stamp.at) == self.now {
            order.stamp.at += SignedDuration::from_micros(1);
        }
        self.now = to_microsecond(order.stamp.at);
        let at = order.stamp.at;
        match self.random.below(100) {
            0..12 if !self.unanswered.is_empty() => {
                order = self.random.pick(&self.unanswered).clone();
            }
            0..22 if !self.given.is_empty() => order = self.random.pick(&self.given).clone(),
            22..26 if !self.given.is_empty() => {
                order = self.random.pick(&self.given).clone();
                for request in requests(&mut order) {
                    *request = Request::new(request.id.clone(), b"something else");
                }
            }
            _ => self.name(&mut order),
        }
        order.stamp.at = at;
        self.given.push(order.clone());
        order
    }

    fn name(&mut self, order: &mut Order) {
        self.named += 1;
        let base = self.named;
        if let Command::Record(postings) = &mut order.command {
            for (place, posting) in postings.iter_mut().enumerate() {
                if self.random.chance(80) {
                    posting.request = Some(Request::new(format!("call-{base}-{place}"), b"it"));
                }
            }
        } else if self.random.chance(80) {
            order.request = Some(Request::new(format!("call-{base}"), b"it"));
        }
    }

    /// Takes an answer in and holds it against those before it and against what is durable.
    pub fn hear(&mut self, mut order: Order, answer: &Answer, truth: &Truth, tally: &mut Tally) {
        let reply = match answer {
            Err(refusal) if refusal.code == Code::Unavailable => {
                tally.unavailable += 1;
                self.unanswered.push(order);
                return;
            }
            answer => answer,
        };
        tally.answered += 1;
        let recording = matches!(order.command, Command::Record(_));
        if matches!(order.command, Command::Tick) {
            return;
        }
        let asked: Vec<_> = requests(&mut order)
            .map(|request| request.clone())
            .collect();
        let known = asked.iter().filter_map(|request| {
            let known = self.answers.get(&request.id)?;
            truth
                .surely_known(&known.recorded)
                .then(|| known.recorded.request.as_ref().unwrap().content == request.content)
        });
        let known: Vec<bool> = known.collect();
        if known.contains(&false) {
            let conflict = matches!(reply, Err(refusal) if refusal.code == Code::Conflict);
            assert!(conflict, "another content for {asked:?}: {reply:?}");
            tally.conflicts += 1;
            return;
        }
        if !recording && known == [true] {
            assert!(reply.is_ok(), "a retry is refused: {asked:?}: {reply:?}");
        }
        let Ok(Reply { outcome, alerts }) = reply else {
            return;
        };
        for alert in alerts {
            assert_eq!(truth.event(alert.sequence), Some(&alert.recorded));
        }
        let Outcome::Done(receipts) = outcome else {
            assert!(known.is_empty(), "a retry is denied: {asked:?}");
            return;
        };
        if let Command::Record(postings) = &order.command {
            assert_eq!(receipts.len(), postings.len(), "a receipt for each posting");
        } else if !matches!(order.command, Command::ApplyPrices(_)) {
            assert_eq!(receipts.len(), 1);
        }
        for receipt in receipts {
            let entry = &receipt.entry;
            let durable = truth.event(entry.sequence);
            assert_eq!(durable, Some(&entry.recorded), "acknowledged and durable");
            tally.duplicates += u64::from(receipt.duplicate);
            if recording && !receipt.duplicate {
                assert!(self.recorded.insert(entry.sequence), "recorded once");
            }
            let Some(request) = &entry.recorded.request else {
                continue;
            };
            match self.answers.get(&request.id) {
                Some(first) if truth.surely_known(&first.recorded) => {
                    assert!(receipt.duplicate, "done again: {entry:?}");
                    assert_eq!(first, entry, "another answer than the first");
                }
                _ => drop(self.answers.insert(request.id.clone(), entry.clone())),
            }
        }
        self.generator.hear(
            &receipts
                .iter()
                .map(|own| own.entry.clone())
                .collect::<Vec<_>>(),
        );
        self.generator.hear(alerts);
    }
}

fn requests(order: &mut Order) -> Box<dyn Iterator<Item = &mut Request> + '_> {
    match &mut order.command {
        Command::Record(postings) => {
            Box::new(postings.iter_mut().filter_map(|own| own.request.as_mut()))
        }
        _ => Box::new(order.request.iter_mut()),
    }
}
