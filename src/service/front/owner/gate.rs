//! A session's input, that can be shut at the end of a line.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::oneshot;

/// Passes lines on until it is told to shut; then to the end of the line that it is in, after
/// which it says how many lines it has passed, and ends when its source ends.
pub(super) struct Gate<R> {
    source: R,
    shut: Pin<Box<dyn Future<Output = ()> + Send>>,
    state: State,
    lines: u64,
    within_line: bool,
    told: Option<oneshot::Sender<u64>>,
    ended: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Shutting,
    Shut,
}

/// What a gate tells of itself.
pub(super) struct Told {
    /// How many lines it has passed, once it is shut.
    pub(super) lines: oneshot::Receiver<u64>,
    /// Whether its source has ended.
    pub(super) ended: Arc<AtomicBool>,
}

impl<R: AsyncRead + Unpin> Gate<R> {
    pub(super) fn new(source: R, shut: impl Future<Output = ()> + Send + 'static) -> (Self, Told) {
        let (told, lines) = oneshot::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let gate = Self {
            source,
            shut: Box::pin(shut),
            state: State::Open,
            lines: 0,
            within_line: false,
            told: Some(told),
            ended: Arc::clone(&ended),
        };
        (gate, Told { lines, ended })
    }

    fn shut(&mut self) {
        self.state = State::Shut;
        if let Some(told) = self.told.take() {
            // Nobody listens where the connection is torn down already.
            let _ = told.send(self.lines);
        }
    }

    /// Reads away what nobody will take, until the other side has gone.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut self.source).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                self.ended.store(true, Ordering::Release);
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn count(&mut self, buf: &mut ReadBuf<'_>, from: usize) {
        if self.state == State::Shutting
            && let Some(at) = memchr::memchr(b'\n', &buf.filled()[from..])
        {
            buf.set_filled(from + at + 1);
        }
        let passed = &buf.filled()[from..];
        self.lines += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.within_line = !passed.ends_with(b"\n");
        if passed.is_empty() {
            self.within_line = false;
            self.ended.store(true, Ordering::Release);
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Gate<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.state == State::Open && self.shut.as_mut().poll(cx).is_ready() {
            self.state = State::Shutting;
        }
        if self.state == State::Shutting && !self.within_line {
            self.shut();
        }
        if self.state == State::Shut {
            return self.poll_drain(cx);
        }
        let from = buf.filled().len();
        ready!(Pin::new(&mut self.source).poll_read(cx, buf))?;
        self.count(buf, from);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn shut_within_a_line_it_passes_the_line_s_rest_and_no_more() {
        let (mut far, near) = tokio::io::duplex(1024);
        let (shut, told) = oneshot::channel::<()>();
        let (mut gate, mut tells) = Gate::new(near, async {
            let _ = told.await;
        });
        far.write_all(b"one\ntw").await.unwrap();
        let mut passed = [0; 6];
        gate.read_exact(&mut passed).await.unwrap();
        shut.send(()).unwrap();
        far.write_all(b"o\nthree\n").await.unwrap();
        let mut rest = [0; 2];
        gate.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"o\n");
        drop(far);
        assert_eq!(gate.read(&mut passed).await.unwrap(), 0);
        assert_eq!(tells.lines.try_recv(), Ok(2));
        assert!(tells.ended.load(Ordering::Acquire));
    }

    #[tokio::test]
    async fn shut_between_lines_it_passes_nothing_more() {
        let (mut far, near) = tokio::io::duplex(1024);
        let (mut gate, tells) = Gate::new(near, async {});
        far.write_all(b"one\n").await.unwrap();
        let reading = tokio::spawn(async move { gate.read(&mut [0; 8]).await.unwrap() });
        assert_eq!(tells.lines.await, Ok(0));
        drop(far);
        assert_eq!(reading.await.unwrap(), 0);
    }
}
