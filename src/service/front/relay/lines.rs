//! A stream cut at its line ends, with a bound on what is held.

use crate::service::line::LINE_MOST;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What is asked of the stream at a time, in bytes.
const CHUNK: usize = 64 * 1024;

/// The longest part of a line that is passed on at a time, in bytes.
const PART: usize = 1024 * 1024;

/// The longest line of an owner that is held whole, in bytes. A longer one is passed on in parts.
pub(super) const LONGEST_HELD: usize = 8 * 1024 * 1024;

/// What can be taken next, by its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// One or more whole lines.
    Lines(usize),
    /// A part of a line that is too long to be held.
    Part { len: usize, first: bool },
    /// A last line that has no end, and after it nothing.
    Half(usize),
    /// Nothing any more.
    End,
}

/// The lines of a stream.
pub(super) struct Lines<R> {
    source: R,
    held: Vec<u8>,
    /// What of `held` has been taken.
    taken: usize,
    /// Up to where `held` is known to have no line end after `taken`.
    searched: usize,
    within_long: bool,
    ended: bool,
    longest: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// The lines of an owner.
    pub(super) fn of_owner(source: R) -> Self {
        Self::holding(source, LONGEST_HELD)
    }

    /// The lines of a client: whatever an owner takes of them is held whole, so that it can be sent again.
    pub(super) fn of_client(source: R) -> Self {
        Self::holding(source, LINE_MOST)
    }

    fn holding(source: R, longest: usize) -> Self {
        Self {
            source,
            held: Vec::new(),
            taken: 0,
            searched: 0,
            within_long: false,
            ended: false,
            longest,
        }
    }

    /// Whether the last piece taken was a part of a line that goes on.
    pub(super) fn within_long(&self) -> bool {
        self.within_long
    }

    /// What can be taken next. Nothing is lost where the future is dropped.
    pub(super) async fn ready(&mut self) -> io::Result<Piece> {
        if self.within_long {
            // What was passed on need not be held on both sides.
            self.drop_taken();
            self.held.shrink_to(4 * CHUNK);
        }
        loop {
            if let Some(piece) = self.piece() {
                return Ok(piece);
            }
            self.make_room();
            if self.source.read_buf(&mut self.held).await? == 0 {
                self.ended = true;
            }
        }
    }

    /// Reads on and takes nothing, until the stream has ended; what is more than a line can be stays in it.
    pub(super) async fn end(&mut self) {
        while !self.ended {
            if self.held.len() - self.taken >= self.longest {
                std::future::pending::<()>().await;
            }
            self.make_room();
            // A stream that can't be read any more has ended for whoever waits for its end alone.
            self.ended = self.source.read_buf(&mut self.held).await.unwrap_or(0) == 0;
        }
    }

    /// The whole lines that were read and not taken; once it has ended, also a last one without an end.
    pub(super) fn read_ahead(&mut self) -> Option<Piece> {
        let piece = self.piece()?;
        matches!(piece, Piece::Lines(_) | Piece::Half(_)).then_some(piece)
    }

    /// Whether it has ended, and all of it is taken.
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.taken == self.held.len()
    }

    fn piece(&mut self) -> Option<Piece> {
        let rest = &self.held[self.taken..];
        if self.within_long {
            if !rest.is_empty() {
                let rest = &rest[..rest.len().min(PART)];
                let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                return Some(Piece::Part { len, first: false });
            }
        } else if let Some(at) = memchr::memrchr(b'\n', &self.held[self.searched..]) {
            return Some(Piece::Lines(self.searched + at + 1 - self.taken));
        } else if rest.len() >= self.longest {
            let len = rest.len().min(PART);
            return Some(Piece::Part { len, first: true });
        }
        self.searched = self.held.len();
        let len = rest.len();
        match (self.ended, len) {
            (false, _) => None,
            (true, 0) => Some(Piece::End),
            (true, _) => Some(Piece::Half(len)),
        }
    }

    fn drop_taken(&mut self) {
        self.held.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
    }

    fn make_room(&mut self) {
        self.drop_taken();
        if self.held.is_empty() {
            self.held.shrink_to(4 * CHUNK);
        }
        if self.held.len() < self.longest / 2 {
            self.held.reserve(CHUNK);
        } else {
            // All that it will need: doubled once more, it would take the memory of two such lines.
            let all = self.longest + CHUNK;
            self.held
                .reserve_exact(all.saturating_sub(self.held.len()).max(CHUNK));
        }
    }

    /// Takes the piece that is ready.
    pub(super) fn take(&mut self, piece: Piece) -> &[u8] {
        let len = match piece {
            Piece::Lines(len) | Piece::Part { len, .. } | Piece::Half(len) => len,
            Piece::End => 0,
        };
        let from = self.taken;
        self.taken += len;
        self.searched = self.searched.max(self.taken);
        let bytes = &self.held[from..self.taken];
        self.within_long = matches!(piece, Piece::Part { .. }) && !bytes.ends_with(b"\n");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pieces(text: &[u8], longest: usize) -> Vec<(Piece, Vec<u8>)> {
        let mut lines = Lines::holding(text, longest);
        let mut found = Vec::new();
        loop {
            let piece = lines.ready().await.unwrap();
            if piece == Piece::End {
                return found;
            }
            found.push((piece, lines.take(piece).to_vec()));
        }
    }

    #[tokio::test]
    async fn whole_lines_come_together_and_a_half_one_last() {
        assert_eq!(
            pieces(b"a\nbc\nd", 100).await,
            [
                (Piece::Lines(5), b"a\nbc\n".to_vec()),
                (Piece::Half(1), b"d".to_vec())
            ]
        );
    }

    #[tokio::test]
    async fn a_line_over_the_bound_comes_in_parts_and_the_next_one_whole() {
        let long = [vec![b'x'; 3 * CHUNK], b"\ny\n".to_vec()].concat();
        let found = pieces(&long, CHUNK).await;
        assert!(matches!(found[0].0, Piece::Part { first: true, .. }));
        assert!(
            found[1..found.len() - 1]
                .iter()
                .all(|(piece, _)| matches!(piece, Piece::Part { first: false, .. }))
        );
        assert_eq!(found.last().unwrap(), &(Piece::Lines(2), b"y\n".to_vec()));
        let all: Vec<u8> = found.into_iter().flat_map(|(_, bytes)| bytes).collect();
        assert_eq!(all, long);
    }

    #[tokio::test]
    async fn of_a_client_whatever_an_owner_takes_is_held_whole() {
        let mut text = vec![b'x'; 2 * (LINE_MOST + CHUNK)];
        text[LINE_MOST - 1] = b'\n';
        text.push(b'\n');
        let mut lines = Lines::of_client(&text[..]);
        let piece = lines.ready().await.unwrap();
        assert_eq!(piece, Piece::Lines(LINE_MOST));
        lines.take(piece);
        let (mut len, mut parts) = (0, 0);
        while let piece @ Piece::Part { first, .. } = lines.ready().await.unwrap() {
            assert_eq!(first, parts == 0);
            let part = lines.take(piece).len();
            assert!(part <= PART);
            (len, parts) = (len + part, parts + 1);
        }
        assert_eq!(len, LINE_MOST + 2 * CHUNK + 1);
    }

    #[tokio::test]
    async fn a_dropped_wait_loses_nothing() {
        let (mut far, near) = tokio::io::duplex(64);
        let mut lines = Lines::of_owner(near);
        tokio::io::AsyncWriteExt::write_all(&mut far, b"half")
            .await
            .unwrap();
        for _ in 0..3 {
            tokio::select! {
                biased;
                piece = lines.ready() => panic!("{piece:?} of half a line"),
                () = tokio::task::yield_now() => {}
            }
        }
        tokio::io::AsyncWriteExt::write_all(&mut far, b" done\n")
            .await
            .unwrap();
        let piece = lines.ready().await.unwrap();
        assert_eq!(lines.take(piece), b"half done\n");
    }
}
