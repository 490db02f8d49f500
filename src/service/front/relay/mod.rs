//! The client's end: one client, and one owner after the other.

mod handshake;
mod lines;
mod memory;
mod peek;
mod questions;
mod receiving;
mod repeat;
mod sending;
mod unanswered;

use super::house::{Reader, Writer};
use super::settle::Upstream;
use lines::{Lines, Piece};
use memory::Memory;
use receiving::receive;
use semver::Version;
use sending::{Sent, send};
use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use unanswered::Loss;

const LISTEN: &str = "subscriptions/listen";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
const CANCELLED: &str = "notifications/cancelled";

/// How long a client may take to hear the last words of a process that ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

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

impl Relay {
    pub(super) fn new(
        input: Reader,
        output: Writer,
        read_only: BTreeSet<&'static str>,
        drain: Duration,
    ) -> Self {
        Self {
            client: Lines::of_client(input),
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
        tokio::select! {
            told = self.tell(&told) => match told {
                Ok(()) => parting,
                Err(_) => Parting::ClientGone,
            },
            () = stopped_for(LAST_WORDS, stop.clone()) => Parting::Done,
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
        let (mut sends, mut said_all) = (true, false);
        let (mut leaving, mut ending) = (session.leaving.subscribe(), ended.subscribe());
        let mut stop = stop.clone();
        loop {
            let left = leaving.borrow_and_update().clone();
            if *ending.borrow_and_update() || *stop.borrow_and_update() {
                self.deadline.get_or_insert(Instant::now() + session.drain);
            }
            let (loss, to, bound) = match left {
                Some(Leaving { read, to, bound }) => (Loss::After(read), to, Some(bound)),
                None => (Loss::Abrupt, None, None),
            };
            tokio::select! {
                parting = &mut receiving => return match parting {
                    Parting::Lost(_) if said_all => (Parting::Done, loss),
                    Parting::Lost(_) => (Parting::Lost(to), loss),
                    other => (other, loss),
                },
                sent = &mut sending, if sends && bound.is_none() => {
                    sends = false;
                    said_all = matches!(sent, Sent::All);
                }
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
                Ok(()) = stop.changed() => {}
            }
        }
    }

    /// Ends once the client has ended while nobody serves it: what it said is kept for who comes, within the drain.
    pub(super) async fn client_end(&mut self) {
        if self.deadline.is_some() {
            std::future::pending::<()>().await;
        }
        self.client.end().await;
        self.deadline = Some(Instant::now());
        if !self.is_done() {
            self.deadline = Some(Instant::now() + self.session.drain);
        }
    }

    /// Ends when the client has ended and all that it waited for took too long.
    pub(super) fn overdue(&self) -> impl Future<Output = ()> + Send + use<> {
        at(self.deadline)
    }

    /// How long whoever served the client may still take: all of the drain, unless the client has ended and had of it.
    pub(super) fn patience(&self) -> Duration {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        self.deadline.map_or(self.session.drain, left)
    }

    /// Whether the client has ended and waits for nothing.
    pub(super) fn is_done(&self) -> bool {
        let has_ended = self.deadline.is_some() && self.client.is_over();
        has_ended && self.session.memory().waits_for_nothing()
    }

    /// Answers everything that waits, as there will be no other owner. A client that does not take it is not waited for.
    pub(super) async fn give_up(&mut self) {
        let answers = self.lose_all();
        let told = timeout(LAST_WORDS, self.tell(&answers)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::debug!("the client reads no more");
        }
    }

    /// What answers all that waits, also what was said while nobody served: no owner has heard of that.
    fn lose_all(&mut self) -> String {
        let mut memory = self.session.memory();
        let mut answers = memory.lose_all();
        while let Some(piece) = self.client.read_ahead() {
            let mut said = self.client.take(piece).to_vec();
            if matches!(piece, Piece::Half(_)) {
                said.push(b'\n');
            }
            memory.pass_to_owner(&said, &mut Vec::new());
            answers.push_str(&memory.lose(Loss::After(0)));
        }
        answers + &memory.lose_all()
    }

    async fn tell(&mut self, lines: &str) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.output.write_all(lines.as_bytes()).await?;
        self.output.flush().await
    }
}

/// Waits until the process has been told to end, and so long after it.
async fn stopped_for(long: Duration, mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
    sleep(long).await;
}

async fn at(bound: Option<Instant>) {
    match bound {
        Some(bound) => sleep_until(bound).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{
        AsyncBufReadExt as _, AsyncReadExt as _, BufReader, DuplexStream, duplex, split,
    };

    /// A relay with its client's end, and an upstream with its owner's end.
    fn relay() -> (Relay, DuplexStream) {
        let (near, far) = duplex(1024);
        let (input, output) = split(far);
        let drain = Duration::from_secs(10);
        let relay = Relay::new(Box::new(input), Box::new(output), BTreeSet::new(), drain);
        (relay, near)
    }

    fn upstream() -> (Upstream, DuplexStream) {
        let (near, far) = duplex(1024);
        let (reader, writer) = split(far);
        let upstream = Upstream {
            reader: Box::new(reader),
            writer: Box::new(writer),
        };
        (upstream, near)
    }

    #[tokio::test]
    async fn a_client_that_has_ended_is_waited_for_once() {
        let (mut relay, mut client) = relay();
        assert_eq!(relay.patience(), relay.session.drain);
        relay.session.drain = Duration::ZERO;
        let question = b"{\"id\":1,\"method\":\"ping\"}\n";
        client.write_all(question).await.unwrap();
        drop(client);
        let (_stop, stopped) = watch::channel(false);
        let (upstream, _owner) = upstream();
        relay.over(upstream, &stopped).await;
        relay.session.drain = Duration::from_secs(10);
        assert_eq!(relay.patience(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_not_waited_for_at_the_end() {
        let (mut relay, mut client) = relay();
        let (stop, stopped) = watch::channel(false);
        let (upstream, mut owner) = upstream();
        let dying = tokio::spawn(async move {
            let mut lines = BufReader::new(&mut owner).lines();
            for _ in 0..60 {
                lines.next_line().await.unwrap();
            }
        });
        let asking = tokio::spawn(async move {
            for id in 0..60 {
                let question = format!("{{\"id\":{id},\"method\":\"tools/call\"}}\n");
                client.write_all(question.as_bytes()).await.unwrap();
            }
            client
        });
        let soon = Duration::from_mins(1);
        {
            let relaying = relay.over(upstream, &stopped);
            tokio::pin!(relaying);
            // More than the client's pipe holds is to be told of the calls that the owner took with it.
            assert!(
                timeout(Duration::from_secs(1), &mut relaying)
                    .await
                    .is_err()
            );
            dying.await.unwrap();
            stop.send_replace(true);
            assert_eq!(timeout(soon, relaying).await, Ok(Parting::Done));
        }
        // What is still waiting is told as little.
        let client = asking.await.unwrap();
        assert_eq!(timeout(soon, relay.give_up()).await, Ok(()));
        drop(client);
    }

    #[tokio::test]
    async fn an_answer_too_long_to_hold_that_breaks_off_is_ended_and_asked_for_again() {
        let (mut relay, client) = relay();
        let (_stop, stopped) = watch::channel(false);
        let mut client = BufReader::new(client);
        let question = b"{\"id\":1,\"method\":\"ping\"}\n";
        client.write_all(question).await.unwrap();
        let hearing = tokio::spawn(async move {
            let mut broken = Vec::new();
            client.read_until(b'\n', &mut broken).await.unwrap();
            let mut whole = String::new();
            client.read_line(&mut whole).await.unwrap();
            (broken, whole)
        });

        let (first, mut owner) = upstream();
        let dying = tokio::spawn(async move {
            owner.read_exact(&mut [0; 25]).await.unwrap();
            let mut half = b"{\"id\":1,\"result\":\"".to_vec();
            half.resize(lines::LONGEST_HELD + 100_000, b'x');
            owner.write_all(&half).await.unwrap();
        });
        assert_eq!(relay.over(first, &stopped).await, Parting::Lost(None));
        dying.await.unwrap();

        let (second, mut owner) = upstream();
        let living = tokio::spawn(async move {
            let mut asked = [0; 25];
            owner.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, question);
            owner.write_all(b"{\"id\":1,\"result\":2}\n").await.unwrap();
        });
        relay.over(second, &stopped).await;
        living.await.unwrap();
        let (broken, whole) = hearing.await.unwrap();
        assert!(broken.len() > lines::LONGEST_HELD && broken.ends_with(b"x\n"));
        assert_eq!(whole, "{\"id\":1,\"result\":2}\n");
    }

    #[tokio::test]
    async fn a_batch_whose_answer_is_too_long_to_hold_is_answered_by_it() {
        let (mut relay, client) = relay();
        let (_stop, stopped) = watch::channel(false);
        let (mut hearing, mut asking) = split(client);
        let (upstream, owner) = upstream();
        let answering = tokio::spawn(async move {
            let (reader, mut writer) = split(owner);
            let mut lines = BufReader::new(reader).lines();
            lines.next_line().await.unwrap();
            let agreed = r#"{"id":0,"result":{"protocolVersion":"2025-03-26"}}"#;
            writer.write_all(agreed.as_bytes()).await.unwrap();
            writer.write_all(b"\n").await.unwrap();
            lines.next_line().await.unwrap();
            let mut long = b"[{\"id\":null,\"error\":{}},{\"id\":2,\"result\":\"".to_vec();
            long.resize(lines::LONGEST_HELD + 100_000, b'x');
            long.extend(b"\"},{\"id\":1,\"result\":{}}]\n");
            writer.write_all(&long).await.unwrap();
            // The owner ends once its client has, and that waits for nothing more.
            assert_eq!(lines.next_line().await.unwrap(), None);
        });
        let relaying = tokio::spawn(async move { relay.over(upstream, &stopped).await });
        let mut heard = BufReader::new(&mut hearing);
        let mut line = Vec::new();
        asking
            .write_all(b"{\"id\":0,\"method\":\"initialize\"}\n")
            .await
            .unwrap();
        heard.read_until(b'\n', &mut line).await.unwrap();
        let batch = b"[{\"id\":1,\"method\":\"ping\"},{\"id\":2,\"method\":\"tools/list\"}]\n";
        asking.write_all(batch).await.unwrap();
        asking.shutdown().await.unwrap();
        line.clear();
        heard.read_until(b'\n', &mut line).await.unwrap();
        assert!(line.len() > lines::LONGEST_HELD && line.ends_with(b"}]\n"));
        let soon = timeout(Duration::from_secs(5), relaying).await;
        assert_eq!(soon.unwrap().unwrap(), Parting::Done);
        answering.await.unwrap();
    }

    #[tokio::test]
    async fn what_the_owner_says_of_itself_does_not_reach_the_client() {
        let (mut relay, mut client) = relay();
        let (_stop, stopped) = watch::channel(false);
        client
            .write_all(b"{\"id\":1,\"method\":\"tools/call\"}\n")
            .await
            .unwrap();
        let (upstream, mut owner) = upstream();
        let version = Version::new(2, 0, 0);
        let closing = crate::service::front::control::Control::Closing {
            read: 0,
            to: Some(version.clone()),
        };
        let lines = [
            b"{\"method\":\"a\"}\n",
            &closing.line()[..],
            b"{\"method\":\"b\"}\n",
        ]
        .concat();
        owner.write_all(&lines).await.unwrap();
        assert_eq!(
            relay.over(upstream, &stopped).await,
            Parting::Lost(Some(version))
        );
        let (next, mut owner) = self::upstream();
        let asking = tokio::spawn(async move {
            let mut asked = String::new();
            BufReader::new(&mut owner)
                .read_line(&mut asked)
                .await
                .unwrap();
            asked
        });
        relay.over(next, &stopped).await;
        // It was not taken, so it is sent again, though it is no call that may be made twice.
        assert!(asking.await.unwrap().contains("tools/call"));
        drop(relay);
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard.lines().next(), Some("{\"method\":\"a\"}"));
        assert!(!heard.contains('\u{1e}'));
    }
}
