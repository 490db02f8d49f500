//! Tells a client which of the resources that it follows have changed.

use super::client::Client;
use super::resources;
use blake3::Hash;
use rmcp::RoleServer;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, SubscriptionSink};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long changes are gathered before resources are read again.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// The same for the list of resources, which changes seldom and is longer to read.
pub(super) const LIST_PAUSE: Duration = Duration::from_secs(2);

/// The pause is at least this many times as long as the reading took, so that a busy ledger pays a twentieth at most.
const PAUSE_PER_WORK: u32 = 20;

/// What a client follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Followed {
    /// The content of a resource.
    Resource(String),
    /// Which resources there are.
    List,
}

impl Followed {
    async fn hash(&self, client: &Client) -> Hash {
        let content = match self {
            Self::Resource(uri) => match resources::read(client, uri).await {
                Ok((_, content)) => content,
                Err(error) => error.message.into_owned(),
            },
            Self::List => names(client).await,
        };
        blake3::hash(content.as_bytes())
    }
}

/// Every budget's id and name.
async fn names(client: &Client) -> String {
    let mut names = String::new();
    let mut cursor = None;
    loop {
        match resources::budgets(client, cursor, 1000).await {
            Ok(page) => {
                for (id, name) in page.budgets {
                    names = names + &id + " " + &name + "\n";
                }
                cursor = page.next;
            }
            Err(refusal) => return refusal.to_string(),
        }
        if cursor.is_none() {
            return names;
        }
    }
}

/// Where the news goes.
pub(super) enum Listener {
    /// A client of a session.
    Peer(Peer<RoleServer>),
    /// One `subscriptions/listen`.
    Sink(SubscriptionSink),
}

impl Listener {
    /// Whether it could still be told.
    pub(super) async fn tell(&self, what: &Followed) -> bool {
        match (self, what) {
            (Self::Peer(peer), Followed::Resource(uri)) => {
                let param = ResourceUpdatedNotificationParam::new(uri.clone());
                peer.notify_resource_updated(param).await.is_ok()
            }
            (Self::Peer(peer), Followed::List) => peer.notify_resource_list_changed().await.is_ok(),
            (Self::Sink(sink), Followed::Resource(uri)) => {
                sink.notify_resource_updated(uri.clone()).await.is_ok()
            }
            (Self::Sink(sink), Followed::List) => sink.notify_resource_list_changed().await.is_ok(),
        }
    }
}

/// What is followed, each with the hash of what the client knows of it.
#[derive(Default)]
pub(super) struct Following(Mutex<HashMap<Followed, Hash>>);

impl Following {
    fn seen(&self) -> MutexGuard<'_, HashMap<Followed, Hash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows it from its present content on.
    pub(super) async fn add(&self, client: &Client, what: Followed) {
        let hash = what.hash(client).await;
        self.seen().insert(what, hash);
    }

    /// No longer follows it; false where it was not followed.
    pub(super) fn remove(&self, what: &Followed) -> bool {
        self.seen().remove(what).is_some()
    }

    /// Tells `listener` of each change from the one on that `changes` has not seen, until it can't be told.
    pub(super) async fn follow(
        &self,
        client: &Client,
        mut changes: watch::Receiver<u64>,
        pause: Duration,
        listener: Listener,
    ) {
        let mut rest = pause;
        while changes.changed().await.is_ok() {
            tokio::time::sleep(rest).await;
            changes.borrow_and_update();
            let start = Instant::now();
            for what in self.changed(client).await {
                if !listener.tell(&what).await {
                    return;
                }
            }
            rest = pause.max(start.elapsed() * PAUSE_PER_WORK);
        }
    }

    async fn changed(&self, client: &Client) -> Vec<Followed> {
        let before: Vec<(Followed, Hash)> = {
            let seen = self.seen();
            seen.iter()
                .map(|(what, hash)| (what.clone(), *hash))
                .collect()
        };
        let mut changed = Vec::new();
        for (what, before) in before {
            let now = what.hash(client).await;
            // Somebody may have unsubscribed, or subscribed anew, meanwhile.
            let mut seen = self.seen();
            if let Some(hash) = seen.get_mut(&what)
                && *hash == before
                && now != before
            {
                *hash = now;
                changed.push(what);
            }
        }
        changed
    }

    /// Everything that is followed.
    pub(super) fn all(&self) -> Vec<Followed> {
        self.seen().keys().cloned().collect()
    }
}
