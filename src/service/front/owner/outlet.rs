//! A session's output, into which the owner can put a line of its own.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;

/// How soon a line that found no room is tried again.
const AGAIN: Duration = Duration::from_millis(2);

struct Inner<W> {
    sink: W,
    /// Whether the session is in the middle of a line.
    within_line: bool,
    /// What the owner has still to say.
    own: Vec<u8>,
    session: Option<Waker>,
}

impl<W: AsyncWrite + Unpin> Inner<W> {
    fn poll_own(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own.is_empty() {
            let written = ready!(Pin::new(&mut self.sink).poll_write(cx, &self.own))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.own.drain(..written);
        }
        Pin::new(&mut self.sink).poll_flush(cx)
    }

    fn poll_session(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if !self.within_line && !self.own.is_empty() {
            ready!(self.poll_own(cx))?;
        }
        let written = ready!(Pin::new(&mut self.sink).poll_write(cx, buf))?;
        if let Some(last) = buf[..written].last() {
            self.within_line = *last != b'\n';
        }
        Poll::Ready(Ok(written))
    }
}

/// One of the two hands on the output: the session's, or the owner's.
pub(super) struct Outlet<W>(Arc<Mutex<Inner<W>>>);

impl<W> Clone for Outlet<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    pub(super) fn new(sink: W) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            sink,
            within_line: false,
            own: Vec::new(),
            session: None,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line between two of the session's.
    pub(super) async fn say(&self, line: &[u8]) -> io::Result<()> {
        self.inner().own.extend_from_slice(line);
        loop {
            match std::future::poll_fn(|cx| Poll::Ready(self.try_say(cx))).await {
                Poll::Ready(said) => return said,
                Poll::Pending => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    fn try_say(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        if inner.within_line && !inner.own.is_empty() {
            return Poll::Pending;
        }
        let said = inner.poll_own(cx);
        // The sink remembers one waker a side, and it may have been the session's.
        if said.is_pending()
            && let Some(session) = inner.session.take()
        {
            session.wake();
        }
        said
    }

    /// Ends the output, whoever still holds it.
    pub(super) async fn end(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| Pin::new(&mut self.inner().sink).poll_shutdown(cx)).await
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Outlet<W> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.inner();
        let written = inner.poll_session(cx, buf);
        if written.is_pending() {
            inner.session = Some(cx.waker().clone());
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner().sink).poll_flush(cx)
    }

    /// The session's end is not the output's: the owner may have to say why.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn the_owner_s_line_comes_between_the_session_s_lines() {
        let (near, mut far) = tokio::io::duplex(4);
        let outlet = Outlet::new(near);
        let mut session = outlet.clone();
        session.write_all(b"on").await.unwrap();
        let owner = outlet.clone();
        let saying = tokio::spawn(async move {
            owner.say(b"OWN\n").await.unwrap();
            owner.end().await.unwrap();
        });
        tokio::task::yield_now().await;
        let writing = tokio::spawn(async move {
            session.write_all(b"e\n").await.unwrap();
        });
        let mut all = String::new();
        far.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "one\nOWN\n");
        saying.await.unwrap();
        writing.await.unwrap();
    }
}
