//! Reads lines of at most a bound, and holds nothing of a longer one.

use super::oversized::Glimpse;
use crate::service::line::LINE_MOST;
use rmcp::model::RequestId;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// What a line's buffer may keep for the next line; a rare long line must not hold its memory for ever.
const BUFFER_KEPT: usize = 1 << 20;

/// What the reader takes from the stream at once.
const CHUNK: usize = 64 << 10;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A whole line is in [`Lines::line`].
    Line,
    /// A line over the bound went by; the id of its request, where it could be seen.
    TooLong(Option<RequestId>),
    /// The stream ended. What [`Lines::line`] holds had no end of line.
    End,
}

/// The lines of a stream.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    taken: bool,
    skipped: Option<Glimpse>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(CHUNK, reader),
            line: Vec::new(),
            taken: false,
            skipped: None,
        }
    }

    /// The line last read, without its end.
    pub(super) fn line(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Reads the next line. Safe to drop: what was read stays, and the next call goes on with it.
    pub(super) async fn next(&mut self) -> io::Result<Read> {
        if std::mem::take(&mut self.taken) {
            self.line.clear();
            self.line.shrink_to(BUFFER_KEPT);
        }
        loop {
            let chunk = self.reader.fill_buf().await?;
            if chunk.is_empty() {
                self.taken = true;
                return Ok(match self.skipped.take() {
                    Some(glimpse) => Read::TooLong(glimpse.id()),
                    None => Read::End,
                });
            }
            let end = memchr::memchr(b'\n', chunk).map(|at| at + 1);
            let chunk = &chunk[..end.unwrap_or(chunk.len())];
            let length = chunk.len();
            if let Some(glimpse) = &mut self.skipped {
                glimpse.pass(chunk);
            } else if self.line.len() + length > LINE_MOST {
                let mut glimpse = Glimpse::of(&self.line);
                glimpse.pass(chunk);
                self.skipped = Some(glimpse);
                self.line = Vec::new();
            } else {
                self.line.extend_from_slice(chunk);
            }
            self.reader.consume(length);
            if end.is_some() {
                if let Some(glimpse) = self.skipped.take() {
                    return Ok(Read::TooLong(glimpse.id()));
                }
                self.taken = true;
                return Ok(Read::Line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_one_by_one_and_the_last_may_have_no_end() {
        let mut lines = Lines::new(&b"one\r\n\ntwo\nhalf"[..]);
        for expected in [&b"one"[..], b"", b"two"] {
            assert_eq!(lines.next().await.unwrap(), Read::Line);
            assert_eq!(lines.line(), expected);
        }
        assert_eq!(lines.next().await.unwrap(), Read::End);
        assert_eq!(lines.line(), b"half");
        assert_eq!(lines.next().await.unwrap(), Read::End);
        assert_eq!(lines.line(), b"");
    }

    #[tokio::test]
    async fn a_line_of_exactly_the_bound_is_read_and_one_more_is_not() {
        let mut text = vec![b' '; LINE_MOST - 1];
        text.push(b'\n');
        text.extend(vec![b' '; LINE_MOST]);
        text.extend(b"\nnext\n");
        let mut lines = Lines::new(&text[..]);
        assert_eq!(lines.next().await.unwrap(), Read::Line);
        assert_eq!(lines.line().len(), LINE_MOST - 1);
        assert_eq!(lines.next().await.unwrap(), Read::TooLong(None));
        assert_eq!(lines.next().await.unwrap(), Read::Line);
        assert_eq!(lines.line(), b"next");
        assert!(lines.line.capacity() <= BUFFER_KEPT);
    }
}
