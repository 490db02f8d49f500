//! How a process finds out what it is: the owner, or a forwarder to it.

use super::hello::{Hello, Reply, Verdict, is_same_user, line, read_line, read_welcome};
use super::house::{Reader, Writer};
use super::lock::Lock;
use super::place::Place;
use super::unusable::unusable;
use super::{FrontError, FrontOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

/// How long an owner may take to answer a hello before another attempt is made.
const WELCOME: Duration = Duration::from_secs(5);

const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The way to an owner.
pub(super) struct Upstream {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

/// What a process is.
pub(super) enum Standing {
    Owner(Lock),
    Forwarder(Upstream),
}

enum Attempt {
    In(Upstream),
    NotYet(String),
}

/// Tries the lock and the owner's socket in turn until one of them opens. The lock decides.
/// Until `not_before` the lock is left to others.
pub(super) async fn settle(
    options: &FrontOptions,
    place: &Place,
    not_before: Instant,
) -> Result<Standing, FrontError> {
    let mut wait = SHORTEST_WAIT;
    let begun = Instant::now();
    loop {
        if Instant::now() >= not_before
            && let Some(lock) = Lock::try_take(&place.lock()).map_err(unusable(place.dir()))?
        {
            return Ok(Standing::Owner(lock));
        }
        let why = match attempt(options, place).await? {
            Attempt::In(upstream) => return Ok(Standing::Forwarder(upstream)),
            Attempt::NotYet(why) => why,
        };
        if begun.elapsed() > options.patience {
            return Err(FrontError::Silent {
                dir: place.dir().to_owned(),
                pid: Lock::holder(&place.lock()),
                why,
            });
        }
        sleep(jittered(wait)).await;
        wait = (wait * 3 / 2).min(LONGEST_WAIT);
    }
}

/// Between a half and the whole of `wait`: processes that lost the same owner don't keep step.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1000;
    wait / 2 + wait * u32::try_from(random).unwrap_or(0) / 2000
}

async fn attempt(options: &FrontOptions, place: &Place) -> Result<Attempt, FrontError> {
    match timeout(WELCOME, greet(options, place)).await {
        Ok(Ok(attempt)) => attempt,
        Ok(Err(error)) => Ok(Attempt::NotYet(error.to_string())),
        Err(_) => Ok(Attempt::NotYet("it takes no connection".into())),
    }
}

/// An outer error is of the connection, and is tried again.
async fn greet(options: &FrontOptions, place: &Place) -> io::Result<Result<Attempt, FrontError>> {
    let path = place.meeting_point().ok_or(io::ErrorKind::NotFound)?;
    let stream = UnixStream::connect(path).await?;
    if !is_same_user(stream.peer_cred()?.uid()) {
        return Ok(Err(FrontError::Refused(
            "the socket of this data directory belongs to a process of another user".into(),
        )));
    }
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let hello = Hello {
        protocol: super::hello::PROTOCOL,
        version: options.version.clone(),
        caller: options.caller.clone(),
        stays: options.stays,
    };
    writer.write_all(&line(&hello)?).await?;
    let welcome = match read_welcome(&read_line(&mut reader).await?, &options.version) {
        Ok(Reply::Welcome(welcome)) => welcome,
        Ok(Reply::HandingOver) => return Ok(Ok(handing_over())),
        Err(why) => return Ok(Err(FrontError::Refused(why))),
    };
    let why = welcome.why.unwrap_or_default();
    Ok(match welcome.answer {
        Verdict::Accepted => {
            tracing::debug!(pid = welcome.pid, version = %welcome.version, "forwarding to the owner");
            Ok(Attempt::In(Upstream {
                reader: Box::new(reader),
                writer: Box::new(writer),
            }))
        }
        Verdict::HandingOver => Ok(handing_over()),
        Verdict::Refused => Err(FrontError::Refused(why)),
    })
}

fn handing_over() -> Attempt {
    Attempt::NotYet("it is handing over".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_at_least_half_and_at_most_whole() {
        for _ in 0..100 {
            let wait = jittered(LONGEST_WAIT);
            assert!(wait >= LONGEST_WAIT / 2 && wait <= LONGEST_WAIT);
        }
    }
}
