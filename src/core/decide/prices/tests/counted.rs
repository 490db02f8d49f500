//! How often the votes of a source are counted whose content stays.

use super::*;

fn voted(agreed: u32, outvoted: u32) -> SourceOutcome {
    SourceOutcome::Worked {
        content: Digest(1),
        fetched_at: "2026-11-24T09:00:00Z".parse().unwrap(),
        votes: Votes {
            agreed,
            outvoted,
            ..Votes::default()
        },
    }
}

fn factor(bench: &Bench) -> Decimal {
    bench.state.source("litellm").unwrap().factor()
}

#[test]
fn a_content_that_stays_while_the_others_move_loses_weight_day_by_day() {
    let mut bench = Bench::new();
    bench.report(voted(60, 0));
    for moved in 1..=6 {
        bench.now += SignedDuration::from_hours(24);
        let said = bench.report(voted(60 - 10 * moved, 10 * moved));
        assert_eq!(said[0], "source_reported");
    }
    assert!(factor(&bench) < Decimal::new(5, 1), "{}", factor(&bench));
    assert_eq!(bench.open_alerts(), ["source_outvoted"]);
}

#[test]
fn a_content_that_stays_and_is_right_by_now_is_trusted_again() {
    let mut bench = Bench::new();
    for _ in 0..8 {
        bench.report(voted(0, 60));
        bench.now += SignedDuration::from_hours(24);
    }
    assert_eq!(factor(&bench), Decimal::new(25, 2));
    for _ in 0..9 {
        bench.report(voted(60, 0));
        bench.now += SignedDuration::from_hours(24);
    }
    assert_eq!(factor(&bench), Decimal::ONE);
    assert!(bench.open_alerts().is_empty());
}

#[test]
fn asking_more_often_makes_a_word_weigh_no_more_and_makes_no_events() {
    let mut bench = Bench::new();
    bench.report(voted(60, 0));
    let counted = bench.state.source("litellm").cloned();
    for hour in 0..19 {
        bench.now += SignedDuration::from_mins(59);
        assert!(bench.report(voted(0, 60)).is_empty(), "hour {hour}");
    }
    assert_eq!(bench.state.source("litellm").cloned(), counted);
    bench.now += SignedDuration::from_hours(1);
    assert!(!bench.report(voted(0, 60)).is_empty());
    assert!(bench.report(voted(0, 60)).is_empty());
}
