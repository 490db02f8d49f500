//! How many alerts there may be, and how many of them one order raises or resolves.

/// How many sessions or tasks of a policy may each have an open alert of a level, or of an overrun, in the while that
/// alerts stand, before one alert stands for all further ones.
pub(super) const KEYED_ALERTS_MOST: usize = 100;

/// How many alerts of overruns may be open for one counter before those of further spenders become one.
pub(super) const OVERRUN_SPENDERS_MOST: usize = 16;

/// The most alerts that one command resolves: what stands beyond them is resolved by the next one.
pub(super) const RESOLVED_MOST: usize = 100_000;

/// The most alerts about policies that one posting or correction raises, before one stands for all others.
pub(super) const ALERTS_MOST: usize = 10_000;
