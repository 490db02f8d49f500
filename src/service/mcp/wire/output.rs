//! Writes lines in the order in which they were handed over, several with one write where they queue.

use super::ended::Ended;
use serde::Serialize;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// How much may wait for a client that does not read, before nothing more is read from it.
pub(super) const WAITING_MOST: usize = 64 << 20;

/// What a buffer may keep for the next write.
const BUFFER_KEPT: usize = 1 << 20;

/// The writing end; cheap to clone.
pub(super) struct Output<W> {
    shared: Arc<Shared<W>>,
}

struct Shared<W> {
    waiting: Mutex<Vec<u8>>,
    sink: tokio::sync::Mutex<Sink<W>>,
    ended: Ended,
    broken: AtomicBool,
}

struct Sink<W> {
    writer: W,
    /// What is being written, and how much of it is.
    buffer: Vec<u8>,
    written: usize,
    /// Whether the writer itself may still hold something.
    dirty: bool,
}

impl<W> Clone for Output<W> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<W: AsyncWrite + Unpin> Output<W> {
    pub(super) fn new(writer: W, ended: Ended) -> Self {
        let sink = Sink {
            writer,
            buffer: Vec::new(),
            written: 0,
            dirty: false,
        };
        Self {
            shared: Arc::new(Shared {
                waiting: Mutex::default(),
                sink: tokio::sync::Mutex::new(sink),
                ended,
                broken: AtomicBool::new(false),
            }),
        }
    }

    /// Hands over a line, given without its end.
    pub(super) fn bytes(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        waiting.extend_from_slice(line);
        waiting.push(b'\n');
    }

    /// Hands over a message as a line; nothing of it where it can't be written as JSON.
    pub(super) fn message(&self, message: &impl Serialize) -> serde_json::Result<()> {
        let mut waiting = self.waiting();
        let before = waiting.len();
        let done = serde_json::to_writer(&mut *waiting, message);
        match done {
            Ok(()) => waiting.push(b'\n'),
            Err(_) => waiting.truncate(before),
        }
        done
    }

    /// Whether so much waits that reading should pause.
    pub(super) fn is_full(&self) -> bool {
        self.waiting().len() > WAITING_MOST
    }

    /// Whether the client can't be written to any more.
    pub(super) fn is_broken(&self) -> bool {
        self.shared.broken.load(Ordering::Relaxed)
    }

    /// Writes all that waits. Safe to drop: what was not written then, the next call writes.
    pub(super) async fn flush(&self) -> io::Result<()> {
        let mut sink = self.shared.sink.lock().await;
        let done = self.write_all(&mut sink).await;
        if done.is_err() {
            // Nobody hears the answers any more, so nothing more is asked.
            self.shared.broken.store(true, Ordering::Relaxed);
            self.shared.ended.end();
            self.waiting().clear();
        }
        done
    }

    async fn write_all(&self, sink: &mut Sink<W>) -> io::Result<()> {
        loop {
            if sink.written == sink.buffer.len() {
                sink.buffer.clear();
                sink.buffer.shrink_to(BUFFER_KEPT);
                sink.written = 0;
                std::mem::swap(&mut sink.buffer, &mut *self.waiting());
                if sink.buffer.is_empty() {
                    if sink.dirty {
                        sink.writer.flush().await?;
                        sink.dirty = false;
                    }
                    return Ok(());
                }
            }
            let count = sink.writer.write(&sink.buffer[sink.written..]).await?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            sink.written += count;
            sink.dirty = true;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        // Only appending and swapping happens under it, so it is whole even then.
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
