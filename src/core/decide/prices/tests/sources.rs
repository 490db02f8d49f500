//! Outages of a source, and the weight that it loses.

use super::*;

#[test]
fn a_source_is_alerted_once_an_outage() {
    let mut bench = Bench::new();
    let failed = |error: &str| SourceOutcome::Failed {
        error: error.into(),
    };
    let worked = |content: u128| SourceOutcome::Worked {
        content: Digest(content),
        fetched_at: "2026-11-24T09:00:00Z".parse().unwrap(),
        votes: Votes::default(),
    };
    let told = |bench: &Bench| bench.state.alerts().next().unwrap().message.clone();
    assert_eq!(
        bench.report(failed("no such host")),
        ["source_reported", "alert_raised"]
    );
    assert!(told(&bench).ends_with("no such host; what it said last, if anything, is used as long as it is fresh and of the same address"));
    assert_eq!(
        bench.report(SourceOutcome::Removed),
        ["source_reported", "alert_resolved"]
    );
    assert_eq!(bench.report(worked(1)), ["source_reported"]);
    assert!(bench.report(worked(1)).is_empty());
    assert_eq!(
        bench.report(failed("timeout")),
        ["source_reported", "alert_raised"]
    );
    assert!(told(&bench).ends_with(
        "timeout; what it said last, if anything, is used as long as it is fresh and of the same address"
    ));
    assert!(bench.report(failed("another")).is_empty());
    let wrong = failed("prices.json: sources.litellm.weight: too much");
    assert_eq!(
        bench.report(wrong.clone()),
        ["source_reported", "alert_resolved", "alert_raised"]
    );
    assert!(bench.report(wrong).is_empty());
    assert!(
        told(&bench).ends_with("too much; it is left out, and has no word, until that is mended")
    );
    assert_eq!(bench.open_alerts(), ["source_failed"]);
    assert_eq!(
        bench.report(worked(1)),
        ["source_reported", "alert_resolved"]
    );
    assert!(bench.open_alerts().is_empty());
}

#[test]
fn a_source_that_is_often_outvoted_counts_less_and_that_is_said() {
    let mut bench = Bench::new();
    let mut content = 0;
    let mut voted = |agreed, outvoted| {
        content += 1;
        SourceOutcome::Worked {
            content: Digest(content),
            fetched_at: "2026-11-24T09:00:00Z".parse().unwrap(),
            votes: Votes {
                agreed,
                outvoted,
                ..Votes::default()
            },
        }
    };
    let (few, good, bad) = (voted(0, 19), voted(1_000, 200), voted(0, 5_000));
    bench.report(few);
    let factor = |bench: &Bench| bench.state.source("litellm").unwrap().factor();
    assert_eq!(factor(&bench), Decimal::ONE, "nineteen votes say nothing");
    bench.report(good);
    assert_eq!(factor(&bench), Decimal::ONE);
    assert_eq!(bench.report(bad), ["source_reported", "alert_raised"]);
    assert_eq!(factor(&bench), Decimal::new(25, 2));
    assert_eq!(bench.open_alerts(), ["source_outvoted"]);
    for _ in 0..20 {
        bench.report(voted(1_000, 0));
        let counts = format!("counts {} of", factor(&bench));
        let mut alerts = bench.state.alerts();
        let outvoted = alerts.find(|alert| alert.cause.kind() == AlertKind::SourceOutvoted);
        assert!(
            outvoted.is_none_or(|alert| alert.message.contains(&counts)),
            "{outvoted:?}"
        );
    }
    assert_eq!(factor(&bench), Decimal::ONE);
    assert!(bench.open_alerts().is_empty());
}

#[test]
fn a_source_that_says_what_can_not_be_counts_less_by_its_share_of_all_it_says() {
    let mut bench = Bench::new();
    let mut content = 0;
    let mut voted = |votes| {
        content += 1;
        SourceOutcome::Worked {
            content: Digest(content),
            fetched_at: "2026-11-24T09:00:00Z".parse().unwrap(),
            votes,
        }
    };
    let alone = Votes {
        rejected: 71,
        undecided: 3_700,
        ..Votes::default()
    };
    assert_eq!(bench.report(voted(alone)), ["source_reported"]);
    let beside = Votes {
        agreed: 480,
        outvoted: 7,
        rejected: 377,
        undecided: 3_500,
    };
    assert_eq!(bench.report(voted(beside)), ["source_reported"]);
    let factor = |bench: &Bench| bench.state.source("litellm").unwrap().factor();
    assert_eq!(factor(&bench), Decimal::ONE);
    let slipped = Votes {
        rejected: 9_000,
        ..beside
    };
    assert_eq!(
        bench.report(voted(slipped)),
        ["source_reported", "alert_raised"]
    );
    assert!(factor(&bench) < Decimal::ONE);
    let told = bench.state.alerts().next().unwrap().message.clone();
    assert!(
        told.contains("what it says can't be meant and counts"),
        "{told}"
    );
    let outvoted = Votes {
        outvoted: 9_000,
        ..alone
    };
    bench.report(voted(outvoted));
    let told = bench.state.alerts().next().unwrap().message.clone();
    assert!(
        told.contains("is often outvoted and counts 0.25 of"),
        "{told}"
    );
}

#[test]
fn a_source_that_is_asked_no_more_has_no_alert_and_keeps_its_record() {
    let mut bench = Bench::new();
    let voted = |content: u128| SourceOutcome::Worked {
        content: Digest(content),
        fetched_at: "2026-11-24T09:00:00Z".parse().unwrap(),
        votes: Votes {
            outvoted: 5_000,
            ..Votes::default()
        },
    };
    let factor = |bench: &Bench| bench.state.source("litellm").unwrap().factor();
    bench.report(voted(1));
    assert_eq!(bench.open_alerts(), ["source_outvoted"]);
    assert_eq!(bench.report(SourceOutcome::Removed), ["alert_resolved"]);
    assert!(bench.report(SourceOutcome::Removed).is_empty());
    assert_eq!(factor(&bench), Decimal::new(25, 2));
    // It is as wrong as it was once it is asked again.
    assert_eq!(bench.report(voted(2)), ["source_reported", "alert_raised"]);
    assert_eq!(bench.open_alerts(), ["source_outvoted"]);
}
