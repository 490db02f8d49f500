//! One run: a ledger, the lists beside it, a store of its rows, and everything checked after each command.

use super::Model;
use super::check::see;
use super::generator::Generator;
use super::random::Random;
use super::vocabulary as words;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tekton_budget::core::codec;
use tekton_budget::core::command::Command;
use tekton_budget::core::decide::{Decided, Done, Entry, Order, execute};
use tekton_budget::core::event::{Event, Recorded, Stamp};
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::core::state::{Row, RowKey, State};
use tekton_budget::core::time::to_microsecond;

/// A ledger with what is known of it from its events alone.
pub struct World {
    /// The ledger.
    pub state: State,
    /// The lists.
    pub model: Model,
    generator: Generator,
    random: Random,
    store: BTreeMap<RowKey, Row>,
    stored: (u64, u64),
    now: Timestamp,
}

impl World {
    /// A new ledger, and the commands of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            state: State::default(),
            model: Model::default(),
            generator: Generator::new(seed),
            random: Random::new(!seed),
            store: BTreeMap::new(),
            stored: (0, 0),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// Gives the next command and checks all that must be so after it.
    pub fn step(&mut self) -> Decided {
        let order = self.generator.order();
        self.take(&order)
    }

    /// Gives an administrator's command at the time of the last one, and checks the same.
    pub fn give(&mut self, command: Command) -> Decided {
        let stamp = Stamp {
            tenant: "default".into(),
            at: self.now,
            actor: "ann".into(),
            role: Role::Admin,
            interface: Interface::Mcp,
            reason: Some("because".into()),
        };
        self.take(&Order {
            stamp,
            request: None,
            command,
        })
    }

    /// The time of the last command.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time go by.
    pub fn wait(&mut self, time: SignedDuration) {
        self.now += time;
    }

    fn take(&mut self, order: &Order) -> Decided {
        self.now = to_microsecond(order.stamp.at);
        let before = self.state.clone();
        let decided = execute(&mut self.state, order.clone());
        for Entry { sequence, recorded } in &decided.entries {
            let mut bytes = Vec::new();
            codec::encode(recorded, &mut bytes).unwrap();
            let again = codec::decode(&bytes).unwrap();
            assert_eq!(again, *recorded, "written and read again");
            self.model.check_anew(&again.event);
            self.model.take(*sequence, &again);
        }
        self.model.check_alerts(self.now);
        self.model.check(&self.state, self.now);
        if !matches!(&decided.result, Ok(Done::Events(_))) {
            self.check_untouched(before, order, &decided);
        }
        if let (Command::Allocate(wanted), Ok(Done::Denied(verdict))) =
            (&order.command, &decided.result)
        {
            let facts = wanted.model.facts(&wanted.context);
            let when = (self.now, self.now);
            self.model
                .check_weighed(&facts, &wanted.amount, verdict, when);
            assert!(!verdict.allows());
        }
        self.check_any_charge();
        self.generator.hear(&decided.entries);
        if self.random.chance(10) {
            self.checkpoint();
        }
        if self.random.chance(5) {
            self.check_rebuilt();
        }
        decided
    }

    /// What any charge at any time would be told is what the lists say.
    fn check_any_charge(&mut self) {
        let random = &mut self.random;
        let (model, context) = (words::model(random, 10), words::context(random));
        let amount = words::amount(random);
        let at = if random.chance(80) {
            self.now
        } else {
            self.now + SignedDuration::from_hours(random.between(-1000, 1000))
        };
        let facts = model.facts(&context);
        let verdict = self.state.weigh(&facts, &amount, at, self.now);
        self.model
            .check_weighed(&facts, &amount, &verdict, (at, self.now));
        assert_eq!(self.state.met(&facts).to_vec(), self.model.met(&facts));
    }

    /// A command that was refused or denied did what a tick does and nothing else.
    fn check_untouched(&self, mut before: State, order: &Order, decided: &Decided) {
        let tick = Order {
            command: Command::Tick,
            ..order.clone()
        };
        let ticked = execute(&mut before, tick);
        assert_eq!(ticked.entries, decided.entries);
        for entry in &decided.entries {
            assert_eq!(entry.recorded.stamp.interface, Interface::Ledger);
            let due = matches!(
                entry.recorded.event,
                Event::AllocationEnded(_)
                    | Event::AlertResolved { .. }
                    | Event::IncreaseReviewed { granted: false, .. }
            );
            assert!(due, "{entry:?}");
        }
        assert_eq!(see(&before, self.now), see(&self.state, self.now));
    }

    fn checkpoint(&mut self) {
        for (key, row) in self.state.take_changed_rows() {
            match row {
                Some(row) => {
                    let bytes = rmp_serde::to_vec_named(&row).unwrap();
                    let again: Row = rmp_serde::from_slice(&bytes).unwrap();
                    assert_eq!(again, row);
                    self.store.insert(key, again);
                }
                None => drop(self.store.remove(&key)),
            }
        }
        let ended = self.state.ended_keys();
        self.state.forget_ended(&ended);
        self.stored = (self.state.sequence(), self.state.next_id());
    }

    /// The last checkpoint and the events since then make this state, and so do all events.
    pub fn check_rebuilt(&self) {
        let (sequence, next_id) = self.stored;
        let rows = self.store.clone();
        let from_rows = State::from_rows(sequence, next_id, rows);
        let live = see(&self.state, self.now);
        for (mut state, what) in [(State::default(), "all events"), (from_rows, "the rows")] {
            let from = usize::try_from(state.sequence()).unwrap();
            for (sequence, recorded) in &self.model.events[from..] {
                state.apply(*sequence, recorded);
            }
            assert_eq!(see(&state, self.now), live, "made again from {what}");
        }
    }

    /// The events so far.
    pub fn events(&self) -> impl Iterator<Item = &Recorded> {
        self.model.events.iter().map(|(_, recorded)| recorded)
    }
}
