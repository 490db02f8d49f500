//! Threads for work that nobody waits for.

use std::cell::Cell;
use std::io::{self, Read};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

#[cfg(target_os = "linux")]
pub(crate) const IDLE: ThreadSchedulePolicy =
    ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);

/// Has the calling thread run only where a processor has nothing else to do. Being merely nicer than others is not
/// enough: whoever wakes up would still wait for the end of the nice one's slice, which is milliseconds. Only Linux knows
/// this of a single thread; elsewhere it is one thread among others.
#[cfg(target_os = "linux")]
pub(crate) fn give_way() {
    RESTED.set(Some(Instant::now()));
    // That it may not is no reason not to do the work.
    if let Err(error) =
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, IDLE)
    {
        tracing::debug!(?error, "a thread in the background does not give way");
    }
}

/// Has the calling thread run only where a processor has nothing else to do, which this system does not know.
#[cfg(not(target_os = "linux"))]
pub(crate) fn give_way() {
    RESTED.set(Some(Instant::now()));
}

/// How long a thread that gives way works at a time.
const STINT: Duration = Duration::from_micros(100);
/// How long it rests then, at least.
const REST: Duration = Duration::from_micros(200);

thread_local! {
    /// When this thread last rested, if it gives way.
    static RESTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Rests for a moment, if this thread gives way and has worked for a while; to be called in the midst of long work.
///
/// Linux now and then prefers a thread that gives way to one that has just become ready, for the idle one's small share
/// is due, and keeps to that until the next tick of its clock, which may be four milliseconds later.
pub(crate) fn breathe() {
    if let Some(rested) = RESTED.get()
        && rested.elapsed() >= STINT
    {
        std::thread::sleep(REST);
        RESTED.set(Some(Instant::now()));
    }
}

/// A reader that rests between two reads, where its thread gives way.
pub(crate) struct Breathing<R>(pub(crate) R);

impl<R: Read> Read for Breathing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        breathe();
        self.0.read(into)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_and_nobody_else_does() {
        let own = || thread_priority::thread_schedule_policy().unwrap();
        let before = own();
        assert_ne!(before, IDLE);
        let idle = std::thread::spawn(move || {
            give_way();
            own()
        });
        assert_eq!(idle.join().unwrap(), IDLE);
        assert_eq!(own(), before);
    }
}
