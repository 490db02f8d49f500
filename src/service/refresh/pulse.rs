//! Tells a caller how far a refresh is, and while it waits for others that it is still under way: a caller who hears nothing may
//! give up.

use crate::service::operation::Progress;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long nothing is said at most: clients give up after a minute.
pub(super) const BEAT: Duration = Duration::from_secs(10);

/// Tells of one refresh.
pub(super) struct Pulse<'a> {
    progress: &'a Progress,
    every: Duration,
    told: Mutex<Told>,
}

/// What was told last.
#[derive(Clone, Copy, Default)]
struct Told {
    done: u64,
    total: u64,
    /// How often it was said that it is still under way. What is done has to grow with each word, so each counts as a step.
    beats: u64,
}

impl<'a> Pulse<'a> {
    pub(super) fn of(progress: &'a Progress, every: Duration, total: u64) -> Self {
        let told = Told {
            total,
            ..Told::default()
        };
        Self {
            progress,
            every,
            told: Mutex::new(told),
        }
    }

    /// Tells a step of those that there are.
    pub(super) fn tell(&self, done: u64, message: impl Into<String>) {
        self.say(|told| told.done = done, message);
    }

    /// Waits for something, and tells for what as long as it takes.
    pub(super) async fn while_waiting<T>(
        &self,
        message: &str,
        waited_for: impl Future<Output = T>,
    ) -> T {
        let mut waited_for = pin!(waited_for);
        loop {
            if let Ok(come) = timeout(self.every, &mut waited_for).await {
                return come;
            }
            self.say(|told| told.beats += 1, message);
        }
    }

    fn say(&self, change: impl FnOnce(&mut Told), message: impl Into<String>) {
        let told = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut told);
            *told
        };
        let total = Some(told.total + told.beats);
        self.progress.tell(told.done + told.beats, total, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn what_is_told_grows_while_it_waits() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let progress = Progress::to(move |step| {
            let mut heard = hears.lock().unwrap();
            heard.push((step.done, step.total, step.message));
        });
        let pulse = Pulse::of(&progress, Duration::from_millis(1), 3);
        pulse.tell(1, "one");
        let (open, opened) = tokio::sync::oneshot::channel();
        let three_beats = async {
            while heard.lock().unwrap().len() < 4 {
                tokio::task::yield_now().await;
            }
            open.send("came").unwrap();
        };
        let (come, ()) = tokio::join!(pulse.while_waiting("waiting", opened), three_beats);
        assert_eq!(come, Ok("came"));
        pulse.tell(2, "two");
        let heard = heard.lock().unwrap();
        let beats = heard.len() as u64 - 2;
        assert_eq!(heard[0], (1, Some(3), "one".to_owned()));
        assert_eq!(heard[1], (2, Some(4), "waiting".to_owned()));
        let last = (2 + beats, Some(3 + beats), "two".to_owned());
        assert_eq!(heard.last(), Some(&last));
        assert!(heard.is_sorted_by(|one, next| one.0 < next.0), "{heard:?}");
    }
}
