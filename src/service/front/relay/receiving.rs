//! From the owner to the client.

use super::lines::{Lines, Piece};
use super::peek::{Id, Message, peek, peek_first};
use super::{Leaving, Parting, Session};
use crate::service::front::control::Control;
use crate::service::front::house::{Reader, Writer};
use std::io;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

/// Passes the owner's lines to the client until the owner is gone. A half line is dropped, and
/// where it was too long to be held back, ended.
pub(super) async fn receive(owner: Reader, client: &mut Writer, session: &Session) -> Parting {
    let mut owner = Lines::of_owner(owner);
    let mut out = Vec::new();
    let mut long = None;
    loop {
        let piece = owner.ready().await.unwrap_or(Piece::End);
        out.clear();
        session.memory().deliver(true);
        let parting = hand_on(&mut owner, piece, session, &mut long, &mut out);
        if write(client, &out).await.is_err() {
            return Parting::ClientGone;
        }
        // Only now: what waits for the last answer may end the process.
        session.memory().deliver(owner.within_long());
        session.answers.send_replace(());
        if let Some(parting) = parting {
            return parting;
        }
    }
}

/// Appends what of the piece goes to the client; says whether it was the last.
fn hand_on(
    owner: &mut Lines<Reader>,
    piece: Piece,
    session: &Session,
    long: &mut Option<Long>,
    out: &mut Vec<u8>,
) -> Option<Parting> {
    match piece {
        Piece::Lines(_) => pass(owner.take(piece), session, out),
        Piece::Part { first, .. } => {
            let bytes = owner.take(piece);
            if first {
                *long = Long::of(bytes);
            }
            out.extend_from_slice(bytes);
            if !owner.within_long()
                && let Some(long) = long.take()
            {
                long.answered(session);
            }
            None
        }
        Piece::Half(_) | Piece::End => {
            if owner.within_long() {
                out.push(b'\n');
            }
            Some(Parting::Lost(None))
        }
    }
}

async fn write(client: &mut Writer, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    client.write_all(bytes).await?;
    client.flush().await
}

/// What a line that is too long to be held answers.
enum Long {
    One {
        id: Id,
        error: bool,
    },
    /// The batch with this request.
    Batch(Id),
}

impl Long {
    fn of(beginning: &[u8]) -> Option<Self> {
        match peek(beginning) {
            Message::Answer { id, error } => Some(Self::One { id, error }),
            Message::Batch => match peek_first(beginning) {
                Message::Answer { id, .. } => Some(Self::Batch(id)),
                _ => None,
            },
            _ => None,
        }
    }

    fn answered(self, session: &Session) {
        match self {
            Self::One { id, error } => {
                // It is on its way already, whether or not the client waits for it.
                let _ = session.memory().answered(&id, error);
            }
            Self::Batch(id) => session.memory().answered_in_batch(&id),
        }
    }
}

/// Sorts out what the owner itself says; says whether the session is over.
fn pass(lines: &[u8], session: &Session, out: &mut Vec<u8>) -> Option<Parting> {
    let mut rest = lines;
    while let Some((before, own, after)) = split_at_control(rest) {
        session.memory().pass_to_client(before, out);
        match own {
            Control::Over => return Some(Parting::Over),
            Control::Closing { read, to } => {
                let bound = Instant::now() + session.drain;
                session
                    .leaving
                    .send_replace(Some(Leaving { read, to, bound }));
            }
        }
        rest = after;
    }
    session.memory().pass_to_client(rest, out);
    None
}

fn split_at_control(lines: &[u8]) -> Option<(&[u8], Control, &[u8])> {
    let mut from = 0;
    while let Some(at) = memchr::memchr(Control::MARK, &lines[from..]) {
        let start = from + at;
        let len = memchr::memchr(b'\n', &lines[start..]).map_or(lines.len() - start, |at| at + 1);
        if (start == 0 || lines[start - 1] == b'\n')
            && let Some(control) = Control::read(&lines[start..start + len])
        {
            return Some((&lines[..start], control, &lines[start + len..]));
        }
        from = start + 1;
    }
    None
}
