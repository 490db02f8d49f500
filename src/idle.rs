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
    STINT.set(Some(Stint::after(REST, Instant::now())));
}

/// How long such a thread rests, at least.
const REST: Duration = Duration::from_micros(500);
/// How many times as long as it works.
const RESTS: u32 = 25;
/// How long it works at a time, at most; where processors are busy, its rests become long.
const STINT_MOST: Duration = Duration::from_millis(1);

/// A time of work between two rests; nobody waits longer than that for the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stint {
    begun: Instant,
    length: Duration,
}

impl Stint {
    /// As much work as a rest has earned: fixed stints would hardly come to an end where a processor is busy, and each
    /// rest takes until it has a moment.
    fn after(rest: Duration, begun: Instant) -> Self {
        let length = (rest / RESTS).min(STINT_MOST);
        Self { begun, length }
    }
}

thread_local! {
    /// What this thread is at, if it is to rest often.
    static STINT: Cell<Option<Stint>> = const { Cell::new(None) };
}

/// Rests for a moment, if this thread is to rest often and has worked for a while; to be called in the midst of long work.
///
/// Priorities alone do not do: now and then Linux prefers even an idle thread to one that has just become ready, for its small
/// share is due, and keeps to that until the next tick of its clock, which may be four milliseconds later.
pub(crate) fn breathe() {
    if let Some(stint) = STINT.get()
        && stint.begun.elapsed() >= stint.length
    {
        let tired = Instant::now();
        std::thread::sleep(REST);
        STINT.set(Some(Stint::after(tired.elapsed(), Instant::now())));
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
        assert_eq!(STINT.get(), None);
        rest_often();
        // However slow this machine is, nothing has been worked since an instant to come.
        let to_come = Stint::after(REST, Instant::now() + Duration::from_hours(1));
        STINT.set(Some(to_come));
        breathe();
        assert_eq!(STINT.get(), Some(to_come));
        let worked = Instant::now().checked_sub(REST).unwrap();
        let past = Stint::after(REST, worked);
        STINT.set(Some(past));
        breathe();
        let next = STINT.get().unwrap();
        assert!(next.begun >= worked + 2 * REST, "it has rested");
        assert!(next.length >= REST / RESTS, "as long as it was to");
    }

    #[test]
    fn a_long_rest_earns_a_long_stint_up_to_the_longest() {
        let length = |rest| Stint::after(rest, Instant::now()).length;
        assert_eq!(length(REST), REST / RESTS);
        assert_eq!(length(20 * REST), 20 * length(REST));
        assert_eq!(length(Duration::from_secs(5)), STINT_MOST);
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
