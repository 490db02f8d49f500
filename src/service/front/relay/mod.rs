//! The client's end: one client, and one owner after the other.

mod handshake;
mod lines;
mod memory;
mod peek;
mod questions;
mod repeat;
mod unanswered;

use super::control::Control;
use super::house::{Reader, Writer};
use super::settle::Upstream;
use lines::{Lines, Piece};
use memory::Memory;
use peek::{Id, Message, peek};
use semver::Version;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use unanswered::Loss;

const LISTEN: &str = "subscriptions/listen";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
const CANCELLED: &str = "notifications/cancelled";

/// How a connection came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// The client has ended, or this process is to end, and all is answered that could be.
    Done,
    /// The client reads no more.
    ClientGone,
    /// The owner has gone, or left; where it left for a newer version, this one.
    Lost(Option<Version>),
    /// The session has ended itself.
    Over,
}

/// A client and what it waits for.
pub(super) struct Relay {
    client: Lines<Reader>,
    output: Writer,
    session: Session,
    /// When to end though not all is answered; set when the client ends.
    deadline: Option<Instant>,
}

/// What the two directions share.
struct Session {
    memory: Mutex<Memory>,
    /// Changes with each answer.
    answers: watch::Sender<()>,
    leaving: watch::Sender<Option<Leaving>>,
    /// How long those who leave may take.
    drain: Duration,
}

/// The owner leaves.
#[derive(Clone)]
struct Leaving {
    read: u64,
    to: Option<Version>,
    /// How long its last answers are waited for.
    bound: Instant,
}

impl Session {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for what an answer may make true.
    async fn until(&self, true_of: impl Fn(&Memory) -> bool) {
        let mut answers = self.answers.subscribe();
        while !true_of(&self.memory()) {
            // The sender lives as long as `self`.
            let _ = answers.changed().await;
        }
    }
}

/// Why no more lines go to the owner.
enum Sent {
    /// The client has ended and everything is answered.
    All,
    /// The owner takes none.
    Broken,
}

impl Relay {
    pub(super) fn new(
        input: Reader,
        output: Writer,
        read_only: BTreeSet<&'static str>,
        drain: Duration,
    ) -> Self {
        Self {
            client: Lines::new(input),
            output,
            session: Session {
                memory: Mutex::new(Memory::new(read_only)),
                answers: watch::Sender::new(()),
                leaving: watch::Sender::new(None),
                drain,
            },
            deadline: None,
        }
    }

    /// Relays between the client and this owner until one of them ends. `stop` becoming true is
    /// as good as the end of the client's input.
    pub(super) async fn over(
        &mut self,
        upstream: Upstream,
        stop: &watch::Receiver<bool>,
    ) -> Parting {
        let (parting, loss) = self.exchange(upstream, stop).await;
        if matches!(parting, Parting::Done | Parting::ClientGone) {
            return parting;
        }
        let told = self.session.memory().lose(loss);
        match self.tell(&told).await {
            Ok(()) => parting,
            Err(_) => Parting::ClientGone,
        }
    }

    async fn exchange(
        &mut self,
        upstream: Upstream,
        stop: &watch::Receiver<bool>,
    ) -> (Parting, Loss) {
        let session = &self.session;
        session.leaving.send_replace(None);
        let ended = watch::Sender::new(false);
        let sending = send(
            &mut self.client,
            upstream.writer,
            session,
            stop.clone(),
            &ended,
        );
        let receiving = receive(upstream.reader, &mut self.output, session);
        tokio::pin!(sending, receiving);
        let mut sends = true;
        let (mut leaving, mut ending) = (session.leaving.subscribe(), ended.subscribe());
        loop {
            let left = leaving.borrow_and_update().clone();
            if *ending.borrow_and_update() {
                self.deadline.get_or_insert(Instant::now() + session.drain);
            }
            let (loss, to, bound) = match left {
                Some(Leaving { read, to, bound }) => (Loss::After(read), to, Some(bound)),
                None => (Loss::Abrupt, None, None),
            };
            tokio::select! {
                parting = &mut receiving => return match parting {
                    Parting::Lost(_) => (Parting::Lost(to), loss),
                    other => (other, loss),
                },
                sent = &mut sending, if sends && bound.is_none() => match sent {
                    Sent::All => return (Parting::Done, loss),
                    Sent::Broken => sends = false,
                },
                () = session.until(|memory| memory.is_settled(loss)), if bound.is_some() => {
                    return (Parting::Lost(to), loss);
                }
                // A client that does not take what it is sent is waited for: its lines stay whole.
                () = async { at(bound).await; session.until(Memory::is_delivered).await } => {
                    return (Parting::Lost(to), loss);
                }
                () = at(self.deadline) => return (Parting::Done, loss),
                _ = leaving.changed() => {}
                _ = ending.changed() => {}
            }
        }
    }

    /// Ends when the client has ended and all that it waited for took too long.
    pub(super) fn overdue(&self) -> impl Future<Output = ()> + Send + use<> {
        at(self.deadline)
    }

    /// Whether the client has ended and waits for nothing.
    pub(super) fn is_done(&self) -> bool {
        self.deadline.is_some() && self.session.memory().waits_for_nothing()
    }

    /// Answers everything that waits, as there will be no other owner.
    pub(super) async fn give_up(&mut self) {
        let answers = self.session.memory().lose_all();
        if self.tell(&answers).await.is_err() {
            tracing::debug!("the client reads no more");
        }
    }

    async fn tell(&mut self, lines: &str) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.output.write_all(lines.as_bytes()).await?;
        self.output.flush().await
    }
}

async fn at(bound: Option<Instant>) {
    match bound {
        Some(bound) => sleep_until(bound).await,
        None => std::future::pending().await,
    }
}

/// Sends the script of a new connection and then the client's lines. Where this future is dropped,
/// what it had taken of the client is in the memory.
async fn send(
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
            out.clear();
            take(client, piece, session, &mut out);
            if piece == Piece::End {
                break;
            }
            owner.write_all(&out).await?;
            owner.flush().await?;
        }
        ended.send_replace(true);
        session
            .until(|memory| memory.is_settled(Loss::Abrupt))
            .await;
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

async fn replay(owner: &mut Writer, session: &Session) -> io::Result<()> {
    let script = session.memory().attach();
    if let Some(line) = script.first {
        owner.write_all(&line).await?;
        owner.flush().await?;
        session.until(Memory::may_go_on).await;
    }
    for line in script.rest {
        owner.write_all(&line).await?;
    }
    owner.flush().await
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

fn take(client: &mut Lines<Reader>, piece: Piece, session: &Session, out: &mut Vec<u8>) {
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
            out.extend_from_slice(bytes);
        }
        Piece::End => {}
    }
}

/// Passes the owner's lines to the client until the owner is gone. A half line is dropped, and
/// where it was too long to be held back, ended.
async fn receive(owner: Reader, client: &mut Writer, session: &Session) -> Parting {
    let mut owner = Lines::new(owner);
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
    long: &mut Option<(Id, bool)>,
    out: &mut Vec<u8>,
) -> Option<Parting> {
    match piece {
        Piece::Lines(_) => pass(owner.take(piece), session, out),
        Piece::Part { first, .. } => {
            let bytes = owner.take(piece);
            if first {
                *long = id_of(bytes);
            }
            out.extend_from_slice(bytes);
            if !owner.within_long()
                && let Some((id, error)) = long.take()
            {
                // It is on its way already, whether or not the client waits for it.
                let _ = session.memory().answered(&id, error);
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

fn id_of(beginning: &[u8]) -> Option<(Id, bool)> {
    match peek(beginning) {
        Message::Answer { id, error } => Some((id, error)),
        _ => None,
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
