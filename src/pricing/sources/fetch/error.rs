//! Why a source gave no answer that can be used.

use std::error::Error;
use std::time::Duration;

/// Why a source gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Its address may not be asked.
    #[error("the address {address} may not be asked: {why}")]
    Address {
        /// The address.
        address: String,
        /// Why.
        why: &'static str,
    },
    /// This machine can't ask at all.
    #[error("nothing can be asked from here: {0}")]
    Client(String),
    /// It could not be reached.
    #[error("it can't be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("it did not answer in time")]
    Timeout,
    /// It answered with an error.
    #[error("it answered with status {0}")]
    Status(u16),
    /// It sent its caller to another host.
    #[error("it leads to {0}, another place, and was not followed")]
    Redirect(String),
    /// Its answer is too large.
    #[error("its answer is larger than {most} bytes")]
    TooLarge {
        /// The most bytes that are read.
        most: usize,
    },
    /// Its answer broke off or can't be unpacked.
    #[error("its answer is broken: {0}")]
    Broken(String),
    /// Its answer can't be used.
    #[error("{0}")]
    Unusable(String),
    /// It was asked as often as it may be.
    #[error("it was asked as often as it may be; again in {} s", .wait.as_secs() + 1)]
    TooOften {
        /// When it may be asked again.
        wait: Duration,
    },
    /// It failed again and again, and rests.
    #[error("it failed {failures} times and rests for {} s; the last time: {last}", .wait.as_secs() + 1)]
    Resting {
        /// How often it failed in a row.
        failures: u32,
        /// Whether it could not even be reached the last time.
        unreachable: bool,
        /// What it failed by the last time, in a sentence.
        last: String,
        /// When it is asked again.
        wait: Duration,
    },
}

impl FetchError {
    /// Whether another attempt may help.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Timeout | Self::Broken(_) => true,
            Self::Status(status) => *status == 429 || *status == 408 || *status >= 500,
            _ => false,
        }
    }

    /// Whether the source could not even be reached: now, or when it was asked last before it rests.
    pub const fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Timeout => true,
            Self::Resting { unreachable, .. } => *unreachable,
            _ => false,
        }
    }

    pub(super) fn of(error: &reqwest::Error) -> Self {
        if let Some(Elsewhere(to)) = cause(error) {
            Self::Redirect(to.clone())
        } else if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Unreachable(innermost(error))
        } else {
            Self::Broken(innermost(error))
        }
    }
}

/// A redirect to another place.
#[derive(Debug, thiserror::Error)]
#[error("leads to {0}")]
pub(super) struct Elsewhere(pub(super) String);

fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref())
}

/// The first cause, which says the most, without the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
