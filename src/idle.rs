//! Threads for work that nobody waits for.

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
