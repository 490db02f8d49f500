//! A process's life: owner or forwarder, and again.

use super::house::{House, Reader, Writer};
use super::lock::Lock;
use super::owner::{Own, Owner};
use super::place::Place;
use super::relay::{Parting, Relay};
use super::settle::{Standing, settle};
use super::unusable::unusable;
use super::{Ended, FrontError, FrontOptions};
use semver::Version;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How long the lock is left to a newer version that an owner makes room for.
const ROOM: Duration = Duration::from_secs(3);

/// How often a data directory that can't be used is tried again.
const AGAIN: Duration = Duration::from_secs(1);

struct Process<H> {
    options: FrontOptions,
    house: Arc<H>,
    /// Made once: a directory that goes away later is not made anew, which would begin another ledger.
    place: OnceLock<Place>,
    stop: watch::Receiver<bool>,
}

pub(super) async fn run<H: House>(
    options: FrontOptions,
    house: H,
    input: Reader,
    output: Writer,
    stop: impl Future<Output = ()>,
) -> Result<Ended, FrontError> {
    let mut relay = Relay::new(input, output, options.read_only.clone(), options.drain);
    let (stopping, stopped) = watch::channel(false);
    let process = Process {
        options,
        house: Arc::new(house),
        place: OnceLock::new(),
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
                () = relay.client_end() => continue,
                standing = self.settle(not_before) => standing,
            };
            let parting = match standing {
                Ok(Standing::Owner(lock)) => self.own(lock, relay).await,
                Ok(Standing::Forwarder(upstream)) => Ok(relay.over(upstream, &self.stop).await),
                Err(error) => Err(error),
            };
            let parting = match parting {
                Err(why @ FrontError::Place { .. }) => self.shut(&why, relay).await,
                other => other?,
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

    async fn settle(&self, not_before: Instant) -> Result<Standing, FrontError> {
        settle(&self.options, self.place()?, not_before).await
    }

    fn place(&self) -> Result<&Place, FrontError> {
        if let Some(place) = self.place.get() {
            return Ok(place);
        }
        let dir = &self.options.data_dir;
        let place = Place::prepare(dir).map_err(unusable(dir))?;
        Ok(self.place.get_or_init(|| place))
    }

    /// Serves the client without the store, until the data directory can be used or another thing is wrong with it.
    async fn shut(&self, why: &FrontError, relay: &mut Relay) -> Parting {
        tracing::error!("{why}; until then every call that needs the ledger is refused");
        let told = format!("{why}; it is tried again all the time, so call again then");
        let mut own = Own::new(self.house.shut(&told), &self.options);
        let upstream = own.session(&self.options);
        let parting = {
            let relaying = relay.over(upstream, &self.stop);
            tokio::pin!(relaying);
            tokio::select! {
                parting = &mut relaying => parting,
                () = self.until_changed(why) => {
                    own.close();
                    relaying.await
                }
            }
        };
        own.finish(relay.patience()).await;
        parting
    }

    async fn until_changed(&self, why: &FrontError) {
        let why = why.to_string();
        loop {
            sleep(AGAIN).await;
            match self.try_place() {
                Err(still) if still.to_string() == why => {}
                Err(_) => return,
                Ok(()) => {
                    tracing::warn!("the data directory can be used now");
                    return;
                }
            }
        }
    }

    /// Whether this process could be owner or forwarder.
    fn try_place(&self) -> Result<(), FrontError> {
        let place = self.place()?;
        let tried = Lock::try_take(&place.lock()).and_then(|lock| match lock {
            Some(_lock) => place.listen().map(drop),
            None => Ok(()),
        });
        tried.map_err(unusable(place.dir()))
    }

    async fn own(&self, lock: Lock, relay: &mut Relay) -> Result<Parting, FrontError> {
        let mut owner = Owner::open(lock, self.place()?, &self.house, &self.options).await?;
        let upstream = owner.own_session(&self.options);
        let mut stop = self.stop.clone();
        let hastening = async {
            if stop.wait_for(|stop| *stop).await.is_ok() {
                owner.hasten();
            }
            std::future::pending().await
        };
        let parting = tokio::select! {
            parting = relay.over(upstream, &self.stop) => parting,
            never = hastening => never,
        };
        match (owner.leave(relay.patience()).await, &parting) {
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
