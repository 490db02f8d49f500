//! Work that takes the processor for long, out of everybody's way.

use crate::idle::give_way;
use std::io;
use tokio::sync::oneshot;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_and_a_panic_is_told() {
        assert_eq!(aside(|| 7).await.unwrap(), Some(7));
        let broken = aside(|| std::panic::resume_unwind(Box::new("broken")));
        assert_eq!(broken.await.unwrap(), None::<()>);
    }
}
