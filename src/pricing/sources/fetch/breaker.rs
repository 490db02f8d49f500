//! Lets a source rest that fails again and again.

use super::FetchError;
use std::time::{Duration, Instant};

/// After how many failures in a row a source rests.
const FAILURES_MOST: u32 = 3;
/// How long it rests first; each further failure doubles it.
const FIRST_REST: Duration = Duration::from_mins(15);
/// How long it rests at the most: a machine that was offline for long has its prices again within that time.
const LONGEST_REST: Duration = Duration::from_hours(4);

/// Counts a source's failures in a row. While it rests nothing is sent; after that one question is a trial: it ends the rest, or
/// doubles it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    /// Whether the source could not even be reached the last time.
    unreachable: bool,
    /// What it failed by the last time.
    last: String,
    rests_until: Option<Instant>,
}

impl Breaker {
    /// Whether the source may be asked now.
    ///
    /// # Errors
    /// [`FetchError::Resting`].
    pub fn pass(&self, now: Instant) -> Result<(), FetchError> {
        match self.rests_until {
            Some(until) if until > now => Err(FetchError::Resting {
                failures: self.failures,
                unreachable: self.unreachable,
                last: self.last.clone(),
                wait: until - now,
            }),
            _ => Ok(()),
        }
    }

    /// It answered.
    pub const fn works(&mut self) {
        self.failures = 0;
        self.rests_until = None;
    }

    /// It failed, after all attempts.
    pub fn fails(&mut self, now: Instant, error: &FetchError) {
        self.failures = self.failures.saturating_add(1);
        self.unreachable = error.is_unreachable();
        self.last = error.to_string();
        if let Some(more) = self.failures.checked_sub(FAILURES_MOST) {
            let rest = FIRST_REST
                .saturating_mul(2_u32.saturating_pow(more))
                .min(LONGEST_REST);
            self.rests_until = Some(now + rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_rests_longer_each_time_until_it_works() {
        let mut breaker = Breaker::default();
        let mut now = Instant::now();
        for _ in 0..2 {
            breaker.fails(now, &FetchError::Status(500));
            assert_eq!(breaker.pass(now), Ok(()));
        }
        let mut rests = Vec::new();
        for _ in 0..12 {
            breaker.fails(now, &FetchError::Status(500));
            let Err(FetchError::Resting { wait, .. }) = breaker.pass(now) else {
                panic!("it rests");
            };
            rests.push(wait);
            now += wait;
            assert_eq!(breaker.pass(now), Ok(()), "a trial");
        }
        assert_eq!(rests[..3], [FIRST_REST, FIRST_REST * 2, FIRST_REST * 4]);
        assert_eq!(rests[11], LONGEST_REST);
        breaker.works();
        breaker.fails(now, &FetchError::Status(500));
        assert_eq!(breaker.pass(now), Ok(()));
    }

    #[test]
    fn one_that_rests_says_whether_it_could_be_reached_the_last_time() {
        let mut breaker = Breaker::default();
        let now = Instant::now();
        for last in [true, false, true] {
            let failure = |unreachable| {
                if unreachable {
                    FetchError::Timeout
                } else {
                    FetchError::Status(500)
                }
            };
            (0..3).for_each(|_| breaker.fails(now, &failure(!last)));
            breaker.fails(now, &failure(last));
            let Err(error) = breaker.pass(now) else {
                panic!("it rests");
            };
            assert_eq!(error.is_unreachable(), last);
            let told = error.to_string();
            assert!(told.contains(&failure(last).to_string()), "{told}");
        }
    }
}
