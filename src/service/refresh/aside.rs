//! Work that takes the processor for long, out of everybody's way.

use std::io;
#[cfg(target_os = "linux")]
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::oneshot;

#[cfg(target_os = "linux")]
const IDLE: ThreadSchedulePolicy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);

/// Does work on a thread of its own that gives way to all others. None where it panicked.
///
/// # Errors
/// The system refuses a thread.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("prices-aside".into())
        .spawn(move || {
            give_way();
            // Whoever waited may have gone.
            let _ = sender.send(work());
        })?;
    Ok(receiver.await.ok())
}

/// Has the calling thread run only where a processor has nothing else to do. Being merely nicer than others is not
/// enough: whoever wakes up would still wait for the end of the nice one's slice, which is milliseconds. Only Linux knows
/// this of a single thread; elsewhere it is one thread among others.
#[cfg(target_os = "linux")]
fn give_way() {
    // That it may not is no reason not to do the work.
    if let Err(error) =
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, IDLE)
    {
        tracing::debug!(?error, "the refresh of the prices does not give way");
    }
}

#[cfg(not(target_os = "linux"))]
const fn give_way() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_and_a_panic_is_told() {
        assert_eq!(aside(|| 7).await.unwrap(), Some(7));
        let broken = aside(|| std::panic::resume_unwind(Box::new("broken")));
        assert_eq!(broken.await.unwrap(), None::<()>);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_gives_way_and_nobody_else_does() {
        let own = || thread_priority::thread_schedule_policy().unwrap();
        let before = own();
        assert_ne!(before, IDLE);
        assert_eq!(aside(own).await.unwrap(), Some(IDLE));
        assert_eq!(own(), before);
    }
}
