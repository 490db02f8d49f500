//! Work that takes the processor for long, out of everybody's way.

use crate::idle::{rest_often, step_back};
use std::io;
use std::sync::{Mutex, PoisonError};
use tokio::runtime::{Builder, Handle, Runtime};

/// Two threads with runtimes of their own: one that asks the sources, and one that reads and verifies what they say. More
/// would wake each other, and each has its own claim to a processor, with which it delays whoever answers calls.
#[derive(Debug)]
pub(super) struct Aside {
    asking: Thread,
    working: Thread,
}

/// A thread that begins with its first use.
#[derive(Debug)]
struct Thread {
    name: &'static str,
    begins_with: fn(),
    runtime: Mutex<Option<Runtime>>,
}

impl Default for Aside {
    fn default() -> Self {
        let thread = |name, begins_with| Thread {
            name,
            begins_with,
            runtime: Mutex::default(),
        };
        Self {
            // On a busy machine an answer would time out that is taken in too slowly.
            asking: thread("prices-asked", rest_often),
            working: thread("prices-aside", step_back),
        }
    }
}

impl Aside {
    /// Where to spawn what asks the sources.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn asking(&self) -> io::Result<Handle> {
        self.asking.handle()
    }

    /// Does work out of everybody's way. None where it panicked.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Option<T>> {
        Ok(self.working.handle()?.spawn(async { work() }).await.ok())
    }
}

impl Thread {
    fn handle(&self) -> io::Result<Handle> {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.handle().clone());
        }
        let begun = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(self.name)
            .on_thread_start(self.begins_with)
            .enable_all()
            .build()?;
        Ok(runtime.insert(begun).handle().clone())
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut();
        let runtime = runtime.unwrap_or_else(PoisonError::into_inner);
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
