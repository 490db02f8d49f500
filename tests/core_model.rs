//! The ledger against a separate simple model, over seeded runs of commands of every kind.

#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "shared by several test binaries, each of which uses a part"
)]
mod model;

use jiff::SignedDuration;
use model::crowd::{Crowd, acknowledge};
use model::world::World;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tekton_budget::core::alert::Level;
use tekton_budget::core::command::Command;
use tekton_budget::core::decide::Done;
use tekton_budget::core::event::Event;
use tekton_budget::core::period::Period;

const STEPS: usize = 60;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: model::cases(250),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_ledger_is_what_the_model_says_after_every_command(seed: u64, steps in 1..STEPS) {
        let mut world = World::new(seed);
        for _ in 0..steps {
            world.step();
        }
        world.check_rebuilt();
    }
}

/// The runs are worth something: they come across every kind of event, alert and answer.
#[test]
fn the_runs_come_across_everything() {
    let (mut kinds, mut answers) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..40 {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            answers.insert(match world.step().result {
                Ok(Done::Events(_)) => "done",
                Ok(Done::Denied(_)) => "denied",
                Err(refusal) => refusal.code.as_str(),
            });
        }
        for recorded in world.events() {
            kinds.insert(recorded.event.kind());
            if let Event::AlertRaised { cause, .. } = &recorded.event {
                kinds.insert(cause.kind().as_str());
            }
        }
    }
    let every = [
        "action",
        "adjusted",
        "archived",
        "bypass",
        "ended",
        "exceeded",
        "extended",
        "made",
        "overridden",
        "overrun",
        "price_applied",
        "price_change_dropped",
        "price_changed",
        "price_held_back",
        "price_history_imported",
        "price_reviewed",
        "source_failed",
        "source_outvoted",
        "source_reported",
        "raised",
        "recorded",
        "removed",
        "requested",
        "resolved",
        "reviewed",
        "acknowledged",
        "budget_saved",
        "policy_saved",
        "warning",
    ];
    for kind in every {
        assert!(kinds.iter().any(|own| own.ends_with(kind)), "no {kind}");
    }
    for answer in [
        "done",
        "denied",
        "invalid_argument",
        "not_found",
        "conflict",
        "allocation_closed",
    ] {
        assert!(answers.contains(answer), "no {answer}");
    }
}

#[test]
fn a_seed_makes_the_same_run_again() {
    let run = |seed| {
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| drop(world.step()));
        world.events().cloned().collect::<Vec<_>>()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

/// More sessions than have alerts of their own, which no run of few names comes to.
#[test]
fn a_crowd_of_sessions_is_told_of_as_the_model_says() {
    let mut world = World::new(3);
    world.step();
    let mut crowd = Crowd::new(&mut world);
    crowd.record(&mut world);
    let others = crowd.of_others(&world);
    assert_eq!(others.len(), 4);
    acknowledge(&mut world, &others);
    crowd.record(&mut world);
    assert_eq!(crowd.of_others(&world).len(), 8, "they are told of anew");
    let own = crowd.of_one(&world, Level::Action);
    acknowledge(&mut world, &own);
    crowd.record(&mut world);
    crowd.correct(&mut world);
    assert_eq!(crowd.of_others(&world).len(), 2, "those of overruns");

    crowd.record(&mut world);
    crowd.count_by(&mut world, Period::PerTask);
    assert_eq!(crowd.of_one(&world, Level::Warning), []);
    assert_eq!(crowd.of_others(&world), [], "their counters are no more");
    crowd.record(&mut world);
    Crowd::record_unpriced(&mut world);
    assert_eq!(crowd.of_others(&world).len(), 4);
    world.wait(SignedDuration::from_hours(31 * 24));
    world.give(Command::Tick).result.unwrap();
    assert_eq!(crowd.of_others(&world), []);
    crowd.record(&mut world);
    assert_eq!(crowd.of_one(&world, Level::Warning).len(), 120);
    world.check_rebuilt();
}
