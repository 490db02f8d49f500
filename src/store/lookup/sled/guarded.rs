//! Calls into sled, which panics on damaged files and whose writer threads can die without a word.

use super::super::LookupError;
use std::any::Any;
use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a waiting call looks whether sled's writers still live.
const LOOK: Duration = Duration::from_millis(100);
/// How long after a writer's failure a call may still end by itself, with an error that says more.
const GRACE: Duration = Duration::from_secs(2);
/// sled's names for its writer threads.
const WRITER: &str = "sled-io-";

/// Writer threads of sled that have panicked in this process.
static DEAD_WRITERS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread is inside sled, where a panic is an answer and not to be printed.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics of sled from being printed, and counts those of its writers. Others are handled as before.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current()
                .name()
                .is_some_and(|name| name.starts_with(WRITER))
            {
                DEAD_WRITERS.fetch_add(1, Ordering::SeqCst);
                tracing::error!("a writer of sled panicked: {info}");
            } else if INSIDE.get() {
                tracing::debug!("sled panicked: {info}");
            } else {
                others(info);
            }
        }));
    });
}

/// Calls sled, with its errors and its panics as ours.
pub(super) fn caught<T>(call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, LookupError> {
    hush();
    let before = INSIDE.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(before);
    match outcome {
        Ok(result) => result.map_err(ours),
        Err(payload) => Err(LookupError::Damaged(format!(
            "sled panicked: {}",
            words(payload.as_ref())
        ))),
    }
}

/// Sees when sled's writers can't be waited for any more.
#[derive(Clone)]
pub(super) struct Watch {
    config: ::sled::Config,
    /// The writers that had died before; later deaths are the fault of what was done since.
    dead: usize,
    doubting: bool,
}

impl Watch {
    /// Over a store that is opened with this configuration from now on.
    pub(super) fn new(config: ::sled::Config) -> Self {
        Self {
            config,
            dead: DEAD_WRITERS.load(Ordering::SeqCst),
            doubting: false,
        }
    }

    /// The same over a store that has failed before: sled may then wait for what nobody does any more.
    pub(super) fn doubting(&self) -> Self {
        Self {
            doubting: true,
            ..self.clone()
        }
    }

    /// What has gone wrong behind a call's back.
    fn trouble(&self) -> Option<LookupError> {
        if DEAD_WRITERS.load(Ordering::SeqCst) != self.dead {
            return Some(LookupError::Damaged("a writer of sled panicked".into()));
        }
        if self.doubting {
            return Some(
                io::Error::new(ErrorKind::TimedOut, "sled does not end after its failure").into(),
            );
        }
        self.config.global_error().err().map(ours)
    }

    /// Does something that may wait for sled's writers on a thread of its own. A writer that has failed does not always
    /// wake those who wait for it: `wake` is called then, and where that does not help, the thread is left behind.
    pub(super) fn over<T: Send + 'static>(
        &self,
        wake: impl Fn(),
        work: impl FnOnce() -> Result<T, LookupError> + Send + 'static,
    ) -> Result<T, LookupError> {
        hush();
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("lookup".into())
            .spawn(move || {
                // The receiver is gone only where it has given up on us.
                let _ = sender.send(work());
            })?;
        let mut since: Option<Instant> = None;
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(LookupError::Damaged(
                        "the thread that called sled panicked".into(),
                    ));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(trouble) = self.trouble() {
                if since.get_or_insert_with(Instant::now).elapsed() > GRACE {
                    return Err(trouble);
                }
                wake();
            }
        }
    }
}

/// An error of sled as ours.
fn ours(error: ::sled::Error) -> LookupError {
    match error {
        ::sled::Error::Io(error) if speaks_of_damage(error.kind()) => {
            LookupError::Damaged(error.to_string())
        }
        ::sled::Error::Io(error) => LookupError::Unavailable(error),
        // Said of the whole process once a writer has died, whatever store it was busy with.
        ::sled::Error::ReportableBug(what) => LookupError::Unavailable(io::Error::other(what)),
        damage => LookupError::Damaged(damage.to_string()),
    }
}

/// Whether an error of input or output means that a file is not what sled left, and not that the system is in trouble.
fn speaks_of_damage(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::NotFound
            | ErrorKind::AlreadyExists
    )
}

/// What a panic said.
fn words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a word")
}
