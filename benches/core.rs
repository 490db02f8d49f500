//! What the ledger costs in process: a check among 10,000 budgets, the cost of a usage, one event, one record, a saved
//! budget among 50,000 holds.
//!
//! Run by `cargo bench --bench core`. The floor of replay is the read of the journal, which `tests/journal_speed.rs`
//! measures.

#![allow(clippy::unwrap_used, reason = "a measurement speaks by panicking")]

use criterion::{BatchSize, Criterion, Throughput};
use jiff::{SignedDuration, Timestamp};
use std::hint::black_box;
use std::time::Duration;
use tekton_budget::core::charge::{Amount, Facts, ModelRef};
use tekton_budget::core::codec;
use tekton_budget::core::command::{Allocate, Command, PolicyDraft, Posting, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::decide::{Entry, Order, execute};
use tekton_budget::core::event::Stamp;
use tekton_budget::core::id::AllocationId;
use tekton_budget::core::period::Period;
use tekton_budget::core::policy::Limits;
use tekton_budget::core::price::ServiceTier;
use tekton_budget::core::quantity::{Counts, Usd};
use tekton_budget::core::scope::{Scope, Values};
use tekton_budget::core::state::State;
use tekton_budget::core::usage::{Cost, CostSource, Usage};
use tekton_budget::pricing::book::PriceBook;
use tekton_budget::pricing::cost::{cost, full_cost_usd};

const BUDGETS: usize = 10_000;
const HOLDS: usize = 50_000;
/// How many events one round of replay takes in.
const EVENTS: usize = 1000;

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn give(state: &mut State, command: Command) -> Vec<Entry> {
    let order = Order {
        stamp: Stamp::of_time(now()),
        request: None,
        command,
    };
    let decided = execute(state, order);
    decided.result.unwrap();
    decided.entries
}

fn one(value: String) -> Values {
    Values::new([value])
}

/// Each budget is of its own project, user or component, so that a charge meets three of them.
fn scope(number: usize) -> Scope {
    let mut scope = Scope::default();
    match number % 3 {
        0 => scope.project = one(format!("project-{number}")),
        1 => scope.user = one(format!("user-{number}")),
        _ => scope.component = one(format!("component-{number}")),
    }
    scope
}

fn ledger() -> State {
    let mut state = State::default();
    for number in 0..BUDGETS {
        let policy = PolicyDraft {
            period: Some(Period::Daily),
            limits: Limits {
                cost: Some(Usd::parse("1000000").unwrap()),
                ..Limits::default()
            },
            ..PolicyDraft::default()
        };
        let draft = SaveBudget {
            name: Some(format!("budget {number}")),
            scope: Some(scope(number)),
            policies: vec![policy],
            ..SaveBudget::default()
        };
        give(&mut state, Command::SaveBudget(Box::new(draft)));
    }
    state
}

fn context() -> Context {
    Context {
        project: Some("project-3000".into()),
        user: Some("user-3001".into()),
        component: Some("component-3002".into()),
        ..Context::default()
    }
}

fn counts() -> Counts {
    Counts {
        input_tokens: 1200,
        cache_read_tokens: 4000,
        output_tokens: 300,
        requests: 1,
        ..Counts::default()
    }
}

fn usage() -> Usage {
    Usage {
        provider: "openai".into(),
        model: "gpt-4o-mini".into(),
        release: None,
        named: None,
        tier: None,
        service_tier: Some(ServiceTier::Standard),
        context: context(),
        counts: counts(),
        cost: Cost {
            usd: Usd::parse("0.00036").unwrap(),
            source: CostSource::Catalogue,
            price_version: Some("2026-11-20".into()),
            unpriced: Vec::new(),
            sellers: Vec::new(),
        },
        occurred: now(),
        allocation: None,
        is_final: false,
        metadata: serde_json::Map::default(),
    }
}

fn postings(many: usize) -> Command {
    let posting = Posting {
        usage: usage(),
        request: None,
    };
    Command::Record(vec![posting; many])
}

fn checks(criterion: &mut Criterion, state: &State) {
    let context = context();
    let facts = Facts {
        provider: Some("openai"),
        model: Some("gpt-4o-mini"),
        named: None,
        tier: None,
        context: &context,
    };
    let asked = Amount {
        tokens: Some(1500),
        requests: 1,
        cost: Some(Usd::parse("0.01").unwrap()),
    };
    assert_eq!(state.weigh(&facts, &asked, now(), now()).findings.len(), 3);
    criterion.bench_function("check, 3 of 10,000 budgets met", |bencher| {
        bencher.iter(|| state.weigh(black_box(&facts), black_box(&asked), now(), now()));
    });
}

fn costs(criterion: &mut Criterion) {
    let book = PriceBook::default();
    let price = || book.price_at(Some("openai"), "gpt-4o-mini", now()).unwrap();
    let (rates, counts) = (price().rates, counts());
    criterion.bench_function("price of a model", |bencher| bencher.iter(price));
    criterion.bench_function("cost of a usage", |bencher| {
        bencher.iter(|| full_cost_usd(rates, black_box(&counts), ServiceTier::Standard));
    });
    criterion.bench_function("cost of a usage, line by line", |bencher| {
        bencher.iter(|| cost(rates, black_box(&counts), ServiceTier::Standard));
    });
}

fn events(criterion: &mut Criterion, state: &State) {
    let mut recorded = state.clone();
    let entries = give(&mut recorded, postings(EVENTS));
    let encoded: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| {
            let mut bytes = Vec::new();
            codec::encode(&entry.recorded, &mut bytes).unwrap();
            bytes
        })
        .collect();
    let mut group = criterion.benchmark_group("1,000 usages");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("encode", |bencher| {
        let mut bytes = Vec::new();
        bencher.iter(|| {
            bytes.clear();
            for entry in &entries {
                codec::encode(&entry.recorded, &mut bytes).unwrap();
            }
            bytes.len()
        });
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for bytes in &encoded {
                black_box(codec::decode(bytes).unwrap());
            }
        });
    });
    // One state goes on from round to round: a copy of ten thousand budgets for each would be what is measured.
    group.bench_function("apply", |bencher| {
        let mut state = state.clone();
        bencher.iter(|| {
            for entry in &entries {
                state.apply(state.sequence() + 1, &entry.recorded);
            }
        });
    });
    group.bench_function("replay: decode and apply", |bencher| {
        let mut state = state.clone();
        bencher.iter(|| {
            for bytes in &encoded {
                state.apply(state.sequence() + 1, &codec::decode(bytes).unwrap());
            }
        });
    });
    group.bench_function("decide: one command of 1,000", |bencher| {
        let mut state = state.clone();
        bencher.iter_batched(
            || postings(EVENTS),
            |command| give(&mut state, command),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// The same ledger with holds, each of a project, a user and a component that have budgets.
fn with_holds(mut state: State) -> State {
    let amount = Amount {
        tokens: Some(1500),
        requests: 1,
        cost: Some(Usd::parse("0.01").unwrap()),
    };
    for number in 0..HOLDS {
        let of = |what: &str, rest: usize| {
            let place = number.wrapping_mul(2_654_435_761) % (BUDGETS / 3) * 3 + rest;
            Some(format!("{what}-{place}").into())
        };
        let context = Context {
            project: of("project", 0),
            user: of("user", 1),
            component: of("component", 2),
            ..Context::default()
        };
        let wanted = Allocate {
            model: ModelRef::default(),
            service_tier: ServiceTier::Standard,
            context,
            amount,
            estimated: false,
            ttl: SignedDuration::from_hours(24),
        };
        give(&mut state, Command::Allocate(wanted));
    }
    state
}

fn saves(criterion: &mut Criterion, mut state: State) {
    let mut group = criterion.benchmark_group("10,000 budgets, 50,000 holds");
    let first = state.budgets().next().unwrap();
    let (budget, policy) = (first.budget.id, first.policies[0]);
    let mut limit = 1_000_000;
    group.bench_function("save a policy", |bencher| {
        bencher.iter(|| {
            limit += 1;
            let draft = PolicyDraft {
                id: Some(policy),
                limits: Limits {
                    cost: Some(Usd::parse(&limit.to_string()).unwrap()),
                    ..Limits::default()
                },
                ..PolicyDraft::default()
            };
            give(&mut state, Command::SavePolicy(budget, Box::new(draft)))
        });
    });
    group.bench_function("save a budget's owner", |bencher| {
        bencher.iter(|| {
            let draft = SaveBudget {
                id: Some(budget),
                owner: Some("ann".into()),
                ..SaveBudget::default()
            };
            give(&mut state, Command::SaveBudget(Box::new(draft)))
        });
    });
    let mut number = 0;
    group.bench_function("save a budget's scope", |bencher| {
        bencher.iter(|| {
            number += 3;
            let draft = SaveBudget {
                id: Some(budget),
                scope: Some(scope(number % BUDGETS / 3 * 3)),
                ..SaveBudget::default()
            };
            give(&mut state, Command::SaveBudget(Box::new(draft)))
        });
    });
    group.bench_function("hold and release", |bencher| {
        let amount = Amount {
            tokens: Some(1500),
            requests: 1,
            cost: Some(Usd::parse("0.01").unwrap()),
        };
        bencher.iter(|| {
            let wanted = Allocate {
                model: ModelRef::default(),
                service_tier: ServiceTier::Standard,
                context: context(),
                amount,
                estimated: false,
                ttl: SignedDuration::from_hours(24),
            };
            let made = give(&mut state, Command::Allocate(wanted));
            let hold = AllocationId(made[0].sequence);
            give(&mut state, Command::Release(hold))
        });
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let state = ledger();
    checks(&mut criterion, &state);
    costs(&mut criterion);
    events(&mut criterion, &state);
    saves(&mut criterion, with_holds(state));
    criterion.final_summary();
}
