//! Threads for work that is to be in nobody's way.

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

/// Has the calling thread run only where a processor has nothing else to do. Only Linux knows this of a single thread;
/// elsewhere it is one thread among others.
#[cfg(target_os = "linux")]
pub(crate) fn give_way() {
    // That it may not is no reason not to do the work.
    if let Err(error) =
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, IDLE)
    {
        tracing::debug!(?error, "a thread in the background does not give way");
    }
}

/// Has the calling thread run only where a processor has nothing else to do, which this system does not know.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn give_way() {}

/// How much nicer a thread is that steps back: it has about a tenth of a busy processor.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Has the calling thread leave most of a busy processor to others, and rest wherever its work says [`breathe`]. It comes to
/// an end on a machine without an idle moment, too.
pub(crate) fn step_back() {
    rest_often();
    // Linux means the calling thread, others the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICER) {
        tracing::debug!(%error, "a thread in the background does not step back");
    }
}

/// Has the calling thread rest wherever its work says [`breathe`].
pub(crate) fn rest_often() {
    RESTED.set(Some(Instant::now()));
}

/// How long such a thread works at a time: nobody waits longer for it than that.
const STINT: Duration = Duration::from_micros(100);
/// How long it rests then, at least.
const REST: Duration = Duration::from_micros(400);

thread_local! {
    /// When this thread last rested, if it is to rest often.
    static RESTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Rests for a moment, if this thread is to rest often and has worked for a while; to be called in the midst of long work.
///
/// Priorities alone do not do: now and then Linux prefers even an idle thread to one that has just become ready, for its small
/// share is due, and keeps to that until the next tick of its clock, which may be four milliseconds later.
pub(crate) fn breathe() {
    if let Some(rested) = RESTED.get()
        && rested.elapsed() >= STINT
    {
        std::thread::sleep(REST);
        RESTED.set(Some(Instant::now()));
    }
}

/// A reader that rests between two reads, where its thread is to rest often.
pub(crate) struct Breathing<R>(pub(crate) R);

impl<R: Read> Read for Breathing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        breathe();
        self.0.read(into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_thread_that_is_to_rest_often_rests_and_only_after_a_stint() {
        breathe();
        assert_eq!(RESTED.get(), None);
        rest_often();
        // However slow this machine is, nothing has been worked since an instant to come.
        let to_come = Instant::now() + Duration::from_hours(1);
        RESTED.set(Some(to_come));
        breathe();
        assert_eq!(RESTED.get(), Some(to_come));
        let past = Instant::now().checked_sub(2 * STINT).unwrap();
        RESTED.set(Some(past));
        breathe();
        assert_ne!(RESTED.get(), Some(past));
    }

    #[cfg(target_os = "linux")]
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
