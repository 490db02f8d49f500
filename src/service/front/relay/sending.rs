//! From the client to the owner.

use super::Session;
use super::lines::{Lines, Piece};
use super::memory::Memory;
use super::unanswered::Loss;
use crate::service::front::house::{Reader, Writer};
use std::io;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;

/// Why no more lines go to the owner.
pub(super) enum Sent {
    /// The client has ended, everything that has an id is answered, and the owner was told.
    All,
    /// The owner takes none.
    Broken,
}

/// Sends the script of a new connection and then the client's lines. Where this future is dropped,
/// what it had taken of the client is in the memory.
pub(super) async fn send(
    client: &mut Lines<Reader>,
    mut owner: Writer,
    session: &Session,
    mut stop: watch::Receiver<bool>,
    ended: &watch::Sender<bool>,
) -> Sent {
    let sent = async {
        replay(&mut owner, session).await?;
        skip_rest(client).await?;
        let mut out = Vec::new();
        loop {
            let piece = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                piece = client.ready() => piece.unwrap_or(Piece::End),
            };
            if piece == Piece::End {
                break;
            }
            owner
                .write_all(take(client, piece, session, &mut out))
                .await?;
            owner.flush().await?;
        }
        ended.send_replace(true);
        finish(&mut owner, session).await?;
        // Not everything that is still answered was waited for by its id: the owner ends after it.
        owner.shutdown().await?;
        io::Result::Ok(())
    };
    match sent.await {
        Ok(()) => Sent::All,
        Err(error) => {
            tracing::debug!(%error, "the owner takes no more lines");
            Sent::Broken
        }
    }
}

/// Waits until everything that has an id is answered. What the owner asks meanwhile nobody answers any more.
async fn finish(owner: &mut Writer, session: &Session) -> io::Result<()> {
    let mut answers = session.answers.subscribe();
    loop {
        let refused = session.memory().refuse_questions();
        if !refused.is_empty() {
            owner.write_all(refused.as_bytes()).await?;
            owner.flush().await?;
        }
        if session.memory().is_settled(Loss::Abrupt) {
            return Ok(());
        }
        // The sender lives as long as `session`.
        let _ = answers.changed().await;
    }
}

async fn replay(owner: &mut Writer, session: &Session) -> io::Result<()> {
    let script = session.memory().attach();
    if let Some(text) = script.first {
        write_line(owner, &text).await?;
        owner.flush().await?;
        session.until(Memory::may_go_on).await;
    }
    for text in script.rest {
        write_line(owner, &text).await?;
    }
    owner.flush().await
}

async fn write_line(owner: &mut Writer, text: &[u8]) -> io::Result<()> {
    owner.write_all(text).await?;
    owner.write_all(b"\n").await
}

/// The rest of a long line whose beginning went to an owner that is gone means nothing to another.
async fn skip_rest(client: &mut Lines<Reader>) -> io::Result<()> {
    while client.within_long() {
        let piece = client.ready().await?;
        if piece == Piece::End {
            break;
        }
        client.take(piece);
    }
    Ok(())
}

/// Takes the piece; what of it goes to the owner, gathered in `out` where it can't go as it is.
fn take<'a>(
    client: &'a mut Lines<Reader>,
    piece: Piece,
    session: &Session,
    out: &'a mut Vec<u8>,
) -> &'a [u8] {
    out.clear();
    let bytes = client.take(piece);
    match piece {
        Piece::Lines(_) => session.memory().pass_to_owner(bytes, out),
        // The last line of a client that ends without a line end is a line all the same.
        Piece::Half(_) => {
            let line = [bytes, b"\n"].concat();
            session.memory().pass_to_owner(&line, out);
        }
        Piece::Part { first, .. } => {
            if first {
                session.memory().long_line_to_owner(bytes);
            }
            return bytes;
        }
        Piece::End => {}
    }
    out
}
