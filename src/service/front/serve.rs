//! A process's life: owner or forwarder, and again.

use super::house::{House, Reader, Writer};
use super::lock::Lock;
use super::owner::Owner;
use super::place::Place;
use super::relay::{Parting, Relay};
use super::settle::{Standing, settle};
use super::{Ended, FrontError, FrontOptions};
use semver::Version;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long the lock is left to a newer version that an owner makes room for.
const ROOM: Duration = Duration::from_secs(3);

struct Process<H> {
    options: FrontOptions,
    house: Arc<H>,
    place: Place,
    stop: watch::Receiver<bool>,
}

pub(super) async fn run<H: House>(
    options: FrontOptions,
    house: H,
    input: Reader,
    output: Writer,
    stop: impl Future<Output = ()>,
) -> Result<Ended, FrontError> {
    let place = Place::prepare(&options.data_dir).map_err(FrontError::Place)?;
    let mut relay = Relay::new(input, output, options.read_only.clone(), options.drain);
    let (stopping, stopped) = watch::channel(false);
    let process = Process {
        options,
        house: Arc::new(house),
        place,
        stop: stopped,
    };
    // A task of its own: the thread that waits for input then also carries it on, which saves each
    // call two changes of thread. The set ends it where the caller drops this future.
    let mut living = JoinSet::new();
    living.spawn(async move {
        let ended = process.live(&mut relay).await;
        // Nothing waits any more where it ended well.
        relay.give_up().await;
        ended
    });
    tokio::pin!(stop);
    loop {
        tokio::select! {
            Some(ended) = living.join_next() => return ended.map_err(FrontError::Broken)?,
            () = &mut stop, if !*stopping.borrow() => {
                stopping.send_replace(true);
            }
        }
    }
}

impl<H: House> Process<H> {
    async fn live(&self, relay: &mut Relay) -> Result<Ended, FrontError> {
        let mut not_before = Instant::now();
        loop {
            let mut stop = self.stop.clone();
            let standing = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(Ended::Stopped),
                () = relay.overdue() => return Ok(self.ended()),
                standing = settle(&self.options, &self.place, not_before) => standing?,
            };
            let parting = match standing {
                Standing::Owner(lock) => self.own(lock, relay).await?,
                Standing::Forwarder(upstream) => relay.over(upstream, &self.stop).await,
            };
            match parting {
                Parting::Done => return Ok(self.ended()),
                Parting::ClientGone => return Ok(Ended::ClientEnded),
                Parting::Over => return Ok(Ended::SessionOver),
                Parting::Lost(_) if relay.is_done() => return Ok(self.ended()),
                Parting::Lost(to) => not_before = self.leave_room_for(to.as_ref()),
            }
        }
    }

    async fn own(&self, lock: Lock, relay: &mut Relay) -> Result<Parting, FrontError> {
        let mut owner = Owner::open(lock, &self.place, &self.house, &self.options).await?;
        let upstream = owner.own_session(&self.options);
        let parting = relay.over(upstream, &self.stop).await;
        match (owner.leave().await, &parting) {
            (Ok(()), _) => {}
            (Err(why), Parting::Lost(_)) => tracing::error!(why, "the store could not be closed"),
            (Err(why), _) => return Err(FrontError::Close(why)),
        }
        Ok(parting)
    }

    fn ended(&self) -> Ended {
        if *self.stop.borrow() {
            Ended::Stopped
        } else {
            Ended::ClientEnded
        }
    }

    /// When the lock may be tried again after an owner has left for `to`.
    fn leave_room_for(&self, to: Option<&Version>) -> Instant {
        let now = Instant::now();
        match to {
            Some(to) if to.cmp_precedence(&self.options.version).is_gt() => now + ROOM,
            _ => now,
        }
    }
}
