//! Work that takes the processor for long, out of everybody's way.

use crate::idle::give_way;
use std::io;
use std::sync::{Mutex, PoisonError};
use tokio::runtime::{Builder, Handle, Runtime};

/// One thread that gives way to all others, with a runtime of its own. Several would wake each other, and each has its
/// own small claim to a processor, with which it delays whoever answers calls.
#[derive(Debug, Default)]
pub(super) struct Aside(Mutex<Option<Runtime>>);

impl Aside {
    /// Where to spawn what is to run there. The thread begins with the first use and ends with this.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn handle(&self) -> io::Result<Handle> {
        let mut runtime = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.handle().clone());
        }
        let begun = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("prices-aside")
            .on_thread_start(give_way)
            .enable_all()
            .build()?;
        Ok(runtime.insert(begun).handle().clone())
    }

    /// Does work there. None where it panicked.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Option<T>> {
        Ok(self.handle()?.spawn(async { work() }).await.ok())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let runtime = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Whoever drops it may be answering calls, and waits for nothing.
        if let Some(runtime) = runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_on_one_thread_and_a_panic_is_told_and_survived() {
        let aside = Aside::default();
        let thread = || std::thread::current().id();
        let first = aside.run(thread).await.unwrap();
        assert_ne!(first, Some(thread()));
        let broken = aside.run(|| std::panic::resume_unwind(Box::new("broken")));
        assert_eq!(broken.await.unwrap(), None::<()>);
        assert_eq!(aside.run(thread).await.unwrap(), first);
    }
}
