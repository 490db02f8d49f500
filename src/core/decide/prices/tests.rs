use crate::core::alert::{AlertKind, AlertStatus};
use crate::core::codec;
use crate::core::command::{ApplyPrices, Command};
use crate::core::decide::{Decided, Done, Order, execute};
use crate::core::event::{Digest, Event, Request, Stamp};
use crate::core::id::ChangeId;
use crate::core::price::{PriceStatus, Rates, Unit};
use crate::core::price_change::{
    Applying, Dropped, Holding, PastPrice, PriceHistory, PriceProposal, PriceRule, Quoted,
    SourceOutcome, SourceReport, Vote, Votes,
};
use crate::core::refusal::{Code, Refusal};
use crate::core::role::{Interface, Role};
use crate::core::state::{ModelPrices, State};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::sync::Arc;

mod approved;
mod counted;
mod overridden;
mod past;
mod sources;
mod weighed;

struct Bench {
    state: State,
    now: Timestamp,
}

fn rates(input: i64) -> Arc<Rates> {
    let mut rates = Rates::default();
    rates.standard.rates.insert(Unit::Input, input.into());
    Arc::new(rates)
}

fn quoted(input: i64) -> Quoted {
    Quoted {
        source: "litellm".into(),
        rates: Some(rates(input)),
        fetched_at: "2026-11-24T09:00:00Z".parse().unwrap(),
        content: Digest(7),
        weight: Decimal::ONE,
        vote: Vote::Agreed,
        against: None,
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            state: State::default(),
            now: "2026-11-24T10:00:00Z".parse().unwrap(),
        }
    }

    /// What is decided can be written and read back, and the rows make the same state again.
    fn give(&mut self, command: Command) -> Decided {
        self.now += SignedDuration::from_mins(1);
        let stamp = Stamp {
            tenant: "default".into(),
            at: self.now,
            actor: "ann".into(),
            role: Role::Operator,
            interface: Interface::Mcp,
            reason: Some("looked it up".into()),
        };
        let request = Some(Request::new(format!("request at {}", self.now), b""));
        let decided = execute(
            &mut self.state,
            Order {
                stamp,
                request,
                command,
            },
        );
        for entry in &decided.entries {
            let mut bytes = Vec::new();
            codec::encode(&entry.recorded, &mut bytes).unwrap();
            assert_eq!(codec::decode(&bytes).unwrap(), entry.recorded);
        }
        decided
    }

    fn refresh(&mut self, changes: Vec<PriceProposal>) -> Vec<Event> {
        let refresh = ApplyPrices {
            changes,
            ..ApplyPrices::default()
        };
        let decided = self.give(Command::ApplyPrices(Box::new(refresh)));
        decided.result.unwrap();
        let entries = decided.entries.into_iter();
        entries.map(|entry| entry.recorded.event).collect()
    }

    fn report(&mut self, outcome: SourceOutcome) -> Vec<&'static str> {
        let refresh = ApplyPrices {
            sources: vec![SourceReport {
                source: "litellm".into(),
                outcome,
            }],
            ..ApplyPrices::default()
        };
        let decided = self.give(Command::ApplyPrices(Box::new(refresh)));
        kinds(&decided)
    }

    fn review(&mut self, change: ChangeId, approve: bool) -> Result<Done, Refusal> {
        self.give(Command::ReviewPrice { change, approve }).result
    }

    fn prices(&self) -> &ModelPrices {
        self.state.prices("openai", "gpt-x").unwrap()
    }

    fn open_alerts(&self) -> Vec<&'static str> {
        let open = self
            .state
            .alerts()
            .filter(|alert| alert.status == AlertStatus::Open);
        open.map(|alert| alert.cause.kind().as_str()).collect()
    }

    fn waiting(&self) -> ChangeId {
        let ids: Vec<_> = self.state.waiting_prices().map(|open| open.id).collect();
        assert_eq!(ids.len(), 1);
        ids[0]
    }
}

fn kinds(decided: &Decided) -> Vec<&'static str> {
    let entries = decided.entries.iter();
    entries.map(|entry| entry.recorded.event.kind()).collect()
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

fn proposal(base: u64, apply: Option<i64>, hold: Option<i64>) -> PriceProposal {
    PriceProposal {
        provider: "openai".into(),
        model: "gpt-x".into(),
        base,
        effective_from: "2026-11-24T10:00:00Z".parse().unwrap(),
        apply: apply.map(|input| Applying {
            rates: rates(input),
            status: PriceStatus::Verified,
            apart: std::collections::BTreeMap::new(),
            rule: PriceRule::Quorum,
        }),
        hold: hold.map(|input| Holding {
            rates: rates(input),
            status: PriceStatus::Verified,
            apart: std::collections::BTreeMap::new(),
            rule: PriceRule::NoQuorum,
            reason: "one source alone".into(),
        }),
        present: Some(rates(2)),
        quotes: vec![quoted(3)],
    }
}

#[test]
fn a_price_is_applied_once_and_told_once() {
    let mut bench = Bench::new();
    let events = bench.refresh(vec![proposal(0, Some(3), None)]);
    assert_eq!(names(&events), ["price_applied", "alert_raised"]);
    let Event::PriceApplied(applied) = &events[0] else {
        unreachable!()
    };
    assert_eq!(applied.quotes[0].rates, None, "the source says the same");
    let Event::AlertRaised { message, .. } = &events[1] else {
        unreachable!()
    };
    assert_eq!(message, "prices changed: openai/gpt-x input 2 to 3");
    assert_eq!((bench.prices().version(), bench.state.prices_set()), (1, 1));
    assert!(bench.refresh(vec![proposal(1, Some(3), None)]).is_empty());
    let set: Vec<_> = bench.state.prices_set_after(0).collect();
    assert_eq!(set, [("openai", "gpt-x")]);
    assert_eq!(bench.state.prices_set_after(1).count(), 0);
}

#[test]
fn a_price_holds_from_when_it_is_applied_and_not_from_when_the_sources_were_asked() {
    let mut bench = Bench::new();
    bench.now += SignedDuration::from_mins(9);
    bench.refresh(vec![proposal(0, Some(3), None)]);
    let applied = &bench.prices().applied[0];
    assert_eq!(applied.price.effective_from, bench.now);
    assert_eq!(applied.price.effective_from, applied.applied_at);
}

#[test]
fn what_was_decided_against_an_older_price_is_passed_over() {
    let mut bench = Bench::new();
    bench.refresh(vec![proposal(0, Some(3), None)]);
    assert!(bench.refresh(vec![proposal(0, Some(4), None)]).is_empty());
    assert_eq!(bench.prices().applied.len(), 1);
}

#[test]
fn a_change_waits_until_it_is_approved() {
    let mut bench = Bench::new();
    let events = bench.refresh(vec![proposal(0, None, Some(3))]);
    assert_eq!(names(&events), ["price_held_back", "alert_raised"]);
    let change = bench.waiting();
    assert_eq!(change.to_string(), "chg-1");
    assert!(bench.refresh(vec![proposal(0, None, Some(3))]).is_empty());
    assert_eq!(bench.state.prices_set(), 0);
    bench.review(change, true).unwrap();
    assert!(bench.open_alerts().is_empty());
    let applied = &bench.prices().applied[0];
    assert_eq!((applied.version, &applied.price.rates), (3, &rates(3)));
    assert_eq!(applied.price.rule, PriceRule::Approved);
    assert_eq!(applied.review.as_ref().unwrap().actor, "ann");
    assert_eq!(bench.state.prices_set(), 3);
    assert_eq!(bench.review(change, true).unwrap_err().code, Code::NotFound);
}

#[test]
fn what_was_rejected_is_not_held_back_again() {
    let mut bench = Bench::new();
    bench.refresh(vec![proposal(0, None, Some(3))]);
    bench.review(ChangeId(1), false).unwrap();
    assert!(bench.prices().applied.is_empty());
    assert!(bench.refresh(vec![proposal(0, None, Some(3))]).is_empty());
    let events = bench.refresh(vec![proposal(0, None, Some(4))]);
    assert_eq!(names(&events), ["price_held_back", "alert_raised"]);
    bench.refresh(vec![proposal(0, Some(5), None)]);
    let declined = &bench.prices().declined;
    assert_eq!(
        (&declined[0].rates, &declined[0].present),
        (&rates(3), &Some(rates(2))),
        "another price does not make it forgotten"
    );
}

#[test]
fn a_newer_change_takes_the_place_of_one_that_waits() {
    let mut bench = Bench::new();
    bench.refresh(vec![proposal(0, None, Some(3))]);
    let events = bench.refresh(vec![proposal(0, None, Some(4))]);
    assert_eq!(
        names(&events),
        [
            "price_change_dropped",
            "alert_resolved",
            "price_held_back",
            "alert_raised"
        ]
    );
    assert_eq!(bench.waiting(), ChangeId(5));
    let events = bench.refresh(vec![proposal(0, None, None)]);
    assert!(matches!(
        events[0],
        Event::PriceChangeDropped {
            change: ChangeId(5),
            why: Dropped::Withdrawn,
            ..
        }
    ));
    assert!(bench.open_alerts().is_empty());
    assert_eq!(bench.state.waiting_prices().count(), 0);
}

#[test]
fn a_change_is_said_anew_where_what_is_charged_without_it_has_moved() {
    let mut bench = Bench::new();
    bench.refresh(vec![proposal(0, None, Some(3))]);
    assert_eq!(
        names(&bench.refresh(vec![proposal(0, None, Some(3))])),
        [""; 0]
    );
    // As a state's price does that is its model's.
    let mut moved = proposal(0, None, Some(3));
    moved.present = Some(rates(1));
    bench.refresh(vec![moved]);
    let waiting = bench.state.waiting_price(bench.waiting()).unwrap();
    assert_eq!(waiting.change.present, Some(rates(1)));
}

#[test]
fn a_price_may_be_applied_in_part() {
    let mut bench = Bench::new();
    let events = bench.refresh(vec![proposal(0, Some(3), Some(4))]);
    assert_eq!(
        names(&events),
        [
            "price_applied",
            "price_held_back",
            "alert_raised",
            "alert_raised"
        ]
    );
    let waiting = bench.prices().waiting.clone().unwrap();
    assert_eq!(waiting.change.present, Some(rates(3)));
    assert_eq!(bench.open_alerts(), ["price_held_back", "price_changed"]);
}

#[test]
fn history_is_taken_in_once() {
    let mut bench = Bench::new();
    let history = PriceHistory {
        provider: "openai".into(),
        model: "gpt-x".into(),
        source: "llm-prices".into(),
        fetched_at: bench.now,
        content: Digest(1),
        weight: Decimal::ONE,
        prices: vec![PastPrice {
            from: "2024-01-01T00:00:00Z".parse().unwrap(),
            until: "2024-06-01T00:00:00Z".parse().unwrap(),
            rates: rates(30),
        }],
    };
    for expected in [1, 0] {
        let refresh = ApplyPrices {
            history: vec![history.clone()],
            ..ApplyPrices::default()
        };
        let decided = bench.give(Command::ApplyPrices(Box::new(refresh)));
        assert_eq!(decided.entries.len(), expected);
    }
    let mut corrected = history.clone();
    corrected.prices[0].rates = rates(20);
    let refresh = ApplyPrices {
        history: vec![corrected.clone()],
        ..ApplyPrices::default()
    };
    bench.give(Command::ApplyPrices(Box::new(refresh)));
    let kept = &bench.prices().history["llm-prices"];
    let kept: Vec<_> = kept
        .iter()
        .map(|kept| (kept.version, &*kept.history))
        .collect();
    assert_eq!(
        kept,
        [(1, &history), (2, &corrected)],
        "old versions are kept"
    );
}

#[test]
fn what_can_not_be_is_refused_whole() {
    let mut bench = Bench::new();
    let refresh = ApplyPrices {
        changes: vec![proposal(0, Some(3), None), proposal(0, None, Some(-1))],
        ..ApplyPrices::default()
    };
    let decided = bench.give(Command::ApplyPrices(Box::new(refresh)));
    assert_eq!(decided.result.unwrap_err().code, Code::InvalidArgument);
    assert!(decided.entries.is_empty());
    let refresh = ApplyPrices {
        changes: vec![proposal(0, None, None); super::CHANGES_MOST + 1],
        ..ApplyPrices::default()
    };
    let decided = bench.give(Command::ApplyPrices(Box::new(refresh)));
    assert!(decided.result.is_err());
}

#[test]
fn rows_make_the_same_prices_again() {
    let mut bench = Bench::new();
    bench.refresh(vec![proposal(0, Some(3), None)]);
    bench.refresh(vec![proposal(1, None, Some(4))]);
    bench.report(SourceOutcome::Failed {
        error: "gone".into(),
    });
    let rows: Vec<_> = bench
        .state
        .take_changed_rows()
        .into_iter()
        .filter_map(|(key, row)| Some((key, row?)))
        .map(|(key, row)| {
            let bytes = rmp_serde::to_vec_named(&row).unwrap();
            (key, rmp_serde::from_slice(&bytes).unwrap())
        })
        .collect();
    let mut state = State::from_rows(bench.state.sequence(), bench.state.next_id(), rows);
    assert_eq!(state.prices("openai", "gpt-x"), Some(bench.prices()));
    assert_eq!(state.prices_set(), bench.state.prices_set());
    assert_eq!(state.source("litellm"), bench.state.source("litellm"));
    let change = bench.waiting();
    assert_eq!(
        state.waiting_price(change),
        bench.state.waiting_price(change)
    );
    std::mem::swap(&mut bench.state, &mut state);
    bench.review(change, true).unwrap();
    assert_eq!(bench.open_alerts(), ["price_changed", "source_failed"]);
}

#[test]
fn what_a_clock_that_was_ahead_applied_is_applied_again_when_it_is_not_in_force_yet() {
    let mut bench = Bench::new();
    let began = bench.now;
    bench.now += SignedDuration::from_hours(10_000);
    let applies = |bench: &mut Bench, input| {
        let prices = bench.state.prices("openai", "gpt-x");
        let base = prices.map_or(0, ModelPrices::version);
        let events = bench.refresh(vec![proposal(base, Some(input), None)]);
        names(&events).contains(&"price_applied")
    };
    assert!(applies(&mut bench, 3));
    bench.now = began;
    assert!(applies(&mut bench, 3));
    assert!(!applies(&mut bench, 3), "it is in force");
    // And once that time has come, what was said last is applied again.
    assert!(applies(&mut bench, 2));
    bench.now += SignedDuration::from_hours(10_001);
    assert!(applies(&mut bench, 2));
}
