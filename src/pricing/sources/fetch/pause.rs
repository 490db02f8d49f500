//! How long to wait before another attempt.

use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest pause that a server may ask for; one that asks for more is left alone until the next refresh.
const LONGEST: Duration = Duration::from_secs(30);

/// The pause after an attempt, from the first on; none where the server asks for too long a one.
///
/// It doubles with each attempt, and half of it is chance, so that many who failed together do not come back together.
pub(super) fn before(
    attempt: u32,
    first: Duration,
    asked_for: Option<Duration>,
) -> Option<Duration> {
    let whole = first
        .saturating_mul(2_u32.saturating_pow(attempt - 1))
        .min(LONGEST);
    let own = whole / 2 + (whole / 2).mul_f64(chance());
    match asked_for {
        Some(asked) if asked > LONGEST => None,
        asked => Some(asked.unwrap_or_default().max(own)),
    }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    // A fresh hasher's keys are random; nothing here needs better ones.
    let bits = RandomState::new().hash_one(()) >> 40;
    f64::from(u32::try_from(bits).unwrap_or_default()) / f64::from(1_u32 << 24)
}

/// The seconds that a server asks to wait.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_half_chance() {
        let first = Duration::from_secs(2);
        for attempt in 1..=3 {
            let whole = first * 2_u32.pow(attempt - 1);
            for _ in 0..100 {
                let pause = before(attempt, first, None).unwrap();
                assert!(pause >= whole / 2 && pause <= whole, "{pause:?}");
            }
        }
        assert!(before(60, first, None).unwrap() <= LONGEST);
        assert_eq!(
            before(1, first, Some(Duration::from_secs(7))),
            Some(Duration::from_secs(7))
        );
        assert_eq!(before(1, first, Some(Duration::from_hours(1))), None);
        let apart: std::collections::BTreeSet<_> =
            (0..20).map(|_| before(1, first, None)).collect();
        assert!(apart.len() > 1);
    }
}
