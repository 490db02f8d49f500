//! Checking every byte of the sealed segments, which opening does not read.

use super::chain::ChainHash;
use super::error::{Damage, DamageKind, ReadError};
use super::shared::{Segment, Shared};
use super::walk::Walk;
use crate::idle::give_way;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many threads scan at the most.
const THREADS: usize = 2;

/// How far a scan has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanState {
    /// Segments that are to be checked.
    pub segments: usize,
    /// Segments that were checked.
    pub checked: usize,
    /// Whether the scan is over, by its end or by [`SealedScan::cancel`].
    pub over: bool,
    /// What was found, in the order of the segments; one damage a segment, the first.
    pub damages: Vec<Damage>,
    /// Segments that could not be read, with what the system said.
    pub failures: Vec<String>,
}

impl ScanState {
    /// Whether every segment was checked and nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.checked == self.segments && self.damages.is_empty() && self.failures.is_empty()
    }
}

/// A scan that goes on in threads that give way to all others; dropping it cancels it.
#[derive(Debug)]
pub struct SealedScan {
    job: Arc<Job>,
}

#[derive(Debug)]
struct Job {
    shared: Arc<Shared>,
    /// The sealed segments, each with the position that it must end at.
    segments: Vec<(Segment, u64, ChainHash)>,
    next: AtomicUsize,
    cancelled: AtomicBool,
    progress: Mutex<Progress>,
    ended: Condvar,
}

#[derive(Debug)]
struct Progress {
    state: ScanState,
    threads: usize,
}

impl SealedScan {
    pub(super) fn start(shared: &Arc<Shared>) -> Self {
        let segments = {
            let published = shared.published();
            let pairs = published.segments.windows(2);
            pairs
                .filter_map(|pair| match pair {
                    [sealed, next] => Some((sealed.clone(), next.file.first, next.before)),
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
        let threads = THREADS.min(segments.len());
        let state = ScanState {
            segments: segments.len(),
            checked: 0,
            over: threads == 0,
            damages: Vec::new(),
            failures: Vec::new(),
        };
        let job = Arc::new(Job {
            shared: Arc::clone(shared),
            segments,
            next: AtomicUsize::new(0),
            cancelled: AtomicBool::new(false),
            progress: Mutex::new(Progress { state, threads }),
            ended: Condvar::new(),
        });
        for _ in 0..threads {
            let job = Arc::clone(&job);
            thread::spawn(move || {
                give_way();
                job.run();
            });
        }
        Self { job }
    }

    /// Waits for the end, at most so long, and says how far it has come.
    pub fn wait(&self, at_most: Duration) -> ScanState {
        let progress = self.job.progress();
        let (progress, _) = self
            .job
            .ended
            .wait_timeout_while(progress, at_most, |progress| !progress.state.over)
            .unwrap_or_else(PoisonError::into_inner);
        progress.state.clone()
    }

    /// Stops it before the next batch of each thread.
    pub fn cancel(&self) {
        self.job.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Drop for SealedScan {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Job {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while let Some((segment, next, hash)) =
            self.segments.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            let checked = self.check(segment, *next, *hash);
            if self.cancelled.load(Ordering::Relaxed) {
                break;
            }
            self.note(checked);
        }
        let mut progress = self.progress();
        progress.threads -= 1;
        if progress.threads == 0 {
            progress.state.over = true;
            self.ended.notify_all();
        }
    }

    fn note(&self, checked: Result<(), ReadError>) {
        let state = &mut self.progress().state;
        state.checked += 1;
        match checked {
            Ok(()) => {}
            Err(ReadError::Damaged(damage)) => {
                state.damages.push(damage);
                state.damages.sort_by_key(|damage| damage.sequence);
            }
            Err(failure) => state.failures.push(failure.to_string()),
        }
    }

    fn check(&self, segment: &Segment, next: u64, hash: ChainHash) -> Result<(), ReadError> {
        let shared = &self.shared;
        let file = segment.file.clone();
        let mut walk = Walk::begin(&*shared.files, &shared.dir, file, Some(segment.before))?;
        while walk.advance()?.is_some() {
            if self.cancelled.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        walk.check_end(next, hash)
    }
}

impl Walk {
    /// Whether a sealed segment ended where its successor begins.
    fn check_end(&self, next: u64, hash: ChainHash) -> Result<(), ReadError> {
        let kind = if self.next_sequence() != next {
            DamageKind::Gap { found: next }
        } else if self.hash() != Some(hash) {
            DamageKind::ChainBroken
        } else {
            return Ok(());
        };
        let damage = self
            .segment()
            .damage(self.offset(), self.next_sequence(), kind);
        Err(damage.into())
    }
}
