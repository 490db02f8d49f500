//! Snapshots of real price sources through the whole way of a refresh, where they are at hand.

#[path = "../examples/price_replay/replay.rs"]
mod replay;
mod skipped;

use skipped::skipped;
use std::path::Path;

#[test]
fn real_snapshots_are_read_and_verified_the_same_each_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/pricing/sources");
    if !folder.exists() {
        skipped("no snapshots of price sources at ../shared/data/pricing/sources");
        return;
    }
    let (older, newer) = replay::replay(&folder).unwrap();
    eprintln!(
        "{older}\n{newer}\nreading the newer set took {:?}",
        newer.reading
    );
    for stage in [&older, &newer] {
        for (source, (entries, skipped, apart)) in &stage.read {
            assert!(
                skipped + apart < entries / 2,
                "{source}: most of it is left out"
            );
        }
        // Every model came to one thing.
        let counts = &stage.appraisal.counts;
        let each = [
            counts.unchanged,
            counts.verified,
            counts.single_source,
            counts.held_back,
            counts.rejected,
        ];
        assert_eq!(each.iter().sum::<usize>(), counts.models);
    }
    assert!(older.appraisal.counts.verified > 500);
    assert!(newer.appraisal.counts.verified > 500);
    assert!(!newer.appraisal.history.is_empty());
    let (older_again, newer_again) = replay::replay(&folder).unwrap();
    assert_eq!(older.appraisal.proposals, older_again.appraisal.proposals);
    assert_eq!(newer.appraisal.proposals, newer_again.appraisal.proposals);
}
