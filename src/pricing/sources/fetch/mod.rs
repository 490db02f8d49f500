//! Asks sources over the network: the only place in the pricing that does.
//!
//! A source is asked by https (plain http only of this machine), follows no redirect to another host, may send no more
//! than its declaration allows, packed or unpacked, and no more often than its declaration allows. A failure that
//! may pass is tried again after a pause; a source that fails again and again rests for a while ([`Breaker`]). What a
//! source answered last is kept in a file ([`Shelf`]) and serves, with its age, while the source does not.

mod address;
mod breaker;
mod error;
mod pause;
mod shelf;
mod whole;

pub use address::check as check_address;
pub use breaker::Breaker;
pub use error::FetchError;
pub use shelf::{Kept, Shelf};
pub use whole::write_whole;

use super::Declaration;
use crate::idle::breathe;
use address::same_place;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::{
    ACCEPT, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Client, Response, StatusCode, redirect};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long a fetch may take, and how often it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// To be connected.
    pub connect: Duration,
    /// Between two parts of an answer.
    pub silence: Duration,
    /// For one whole attempt.
    pub attempt: Duration,
    /// How many attempts there are.
    pub attempts: u32,
    /// The pause before the second; each later one is twice as long. Half of each is chance.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            attempt: Duration::from_mins(1),
            attempts: 3,
            pause: Duration::from_secs(2),
        }
    }
}

/// What a server said of the state of its answer, to be sent back with the next question.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Validators {
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// What a source answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Something new.
    Fresh {
        /// The answer, unpacked.
        body: Vec<u8>,
        /// What to ask with next time.
        validators: Validators,
    },
    /// What it answered before still holds.
    Unchanged,
}

/// Asks sources; shared by all of them.
pub struct Fetcher {
    patience: Patience,
    clients: OnceLock<Result<Clients, String>>,
    asked: Mutex<HashMap<String, Arc<Asked>>>,
}

/// One for the world, and one for this machine, which no proxy stands before.
struct Clients {
    world: Client,
    here: Client,
}

/// How one source has been asked.
struct Asked {
    limiter: DefaultDirectRateLimiter,
    breaker: Mutex<Breaker>,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(Patience::default())
    }
}

impl Fetcher {
    /// A fetcher of this patience; nothing is opened until the first fetch.
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            clients: OnceLock::new(),
            asked: Mutex::default(),
        }
    }

    /// Asks a source, with what is known of its last answer.
    ///
    /// # Errors
    /// [`FetchError`]: no answer that can be used, after all attempts.
    pub async fn fetch(
        &self,
        source: &Declaration,
        known: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let here = check_address(&source.address)?;
        // Without either, a server that says that nothing has changed was not asked.
        let known = known.filter(|known| known.etag.is_some() || known.last_modified.is_some());
        let asked = self.asked(source);
        lock(&asked.breaker).pass(Instant::now())?;
        let fetched = self.try_again(source, known, here, &asked).await;
        match &fetched {
            // Whether an answer is of use is for who reads it to say.
            Ok(_) | Err(FetchError::TooOften { .. }) => {}
            Err(error) => lock(&asked.breaker).fails(Instant::now(), error),
        }
        fetched
    }

    /// Takes note of what an answer was good for: one that can't be used is a failure of its source, which rests for it as for any
    /// other.
    pub fn note(&self, source: &Declaration, used: Result<(), &str>) {
        let asked = self.asked(source);
        let mut breaker = lock(&asked.breaker);
        match used {
            Ok(()) => breaker.works(),
            Err(why) => breaker.fails(Instant::now(), &FetchError::Unusable(why.to_owned())),
        }
    }

    async fn try_again(
        &self,
        source: &Declaration,
        known: Option<&Validators>,
        here: bool,
        asked: &Asked,
    ) -> Result<Fetched, FetchError> {
        let clients = self.clients()?;
        let client = if here { &clients.here } else { &clients.world };
        let mut attempt = 1;
        let mut last = None;
        loop {
            if let Err(not_until) = asked.limiter.check() {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                // That there is no further attempt is no excuse for what the ones before came to.
                return Err(last.unwrap_or(FetchError::TooOften { wait }));
            }
            let (error, asked_pause) = match ask(client, source, known).await {
                Ok(fetched) => return Ok(fetched),
                Err(failed) => failed,
            };
            if attempt >= self.patience.attempts || !error.may_pass() {
                return Err(error);
            }
            let Some(pause) = pause::before(attempt, self.patience.pause, asked_pause) else {
                return Err(error);
            };
            tracing::debug!(source = %source.name, %error, attempt, "asked again after a pause");
            last = Some(error);
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    fn asked(&self, source: &Declaration) -> Arc<Asked> {
        let mut asked = lock(&self.asked);
        let fresh = || {
            let hourly = NonZeroU32::new(source.requests_an_hour).unwrap_or(NonZeroU32::MIN);
            Arc::new(Asked {
                limiter: RateLimiter::direct(Quota::per_hour(hourly)),
                breaker: Mutex::default(),
            })
        };
        Arc::clone(asked.entry(source.name.to_string()).or_insert_with(fresh))
    }

    fn clients(&self) -> Result<&Clients, FetchError> {
        let made = self.clients.get_or_init(|| {
            // Another part of the process may have installed one; either serves.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let built =
                |no_proxy| client(&self.patience, no_proxy).map_err(|error| error.to_string());
            Ok(Clients {
                world: built(false)?,
                here: built(true)?,
            })
        });
        made.as_ref()
            .map_err(|error| FetchError::Client(error.clone()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client(patience: &Patience, no_proxy: bool) -> reqwest::Result<Client> {
    let follow = redirect::Policy::custom(|attempt| {
        let first = attempt.previous().first().unwrap_or_else(|| attempt.url());
        if !same_place(first, attempt.url()) {
            let to = attempt.url().origin().ascii_serialization();
            return attempt.error(error::Elsewhere(to));
        }
        if attempt.previous().len() > 5 {
            return attempt.error(error::Elsewhere("one place after the other".to_owned()));
        }
        attempt.follow()
    });
    let builder = Client::builder()
        .user_agent(concat!("tekton-budget/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience.connect)
        .read_timeout(patience.silence)
        .timeout(patience.attempt)
        .redirect(follow)
        .referer(false)
        .pool_max_idle_per_host(0);
    if no_proxy {
        builder.no_proxy()
    } else {
        builder
    }
    .build()
}

/// One attempt; where it fails, with the pause that the server asked for.
async fn ask(
    client: &Client,
    source: &Declaration,
    known: Option<&Validators>,
) -> Result<Fetched, (FetchError, Option<Duration>)> {
    let plain = |error| (FetchError::of(&error), None);
    let request = client.get(&*source.address).headers(headers(known));
    let response = request.send().await.map_err(plain)?;
    match response.status() {
        StatusCode::OK => read(response, source.bytes_most)
            .await
            .map_err(|error| (error, None)),
        StatusCode::NOT_MODIFIED if known.is_some() => Ok(Fetched::Unchanged),
        status => {
            let pause = pause::asked_for(response.headers());
            Err((FetchError::Status(status.as_u16()), pause))
        }
    }
}

fn headers(known: Option<&Validators>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, text/html;q=0.9, */*;q=0.1"),
    );
    let Some(known) = known else {
        return headers;
    };
    for (name, value) in [
        (IF_NONE_MATCH, &known.etag),
        (IF_MODIFIED_SINCE, &known.last_modified),
    ] {
        let value = value
            .as_deref()
            .and_then(|value| HeaderValue::from_str(value).ok());
        headers.extend(value.map(|value| (name, value)));
    }
    headers
}

/// Reads an answer part by part, and no more of it than is allowed: it is unpacked on the way, and what is counted is
/// what comes out.
async fn read(mut response: Response, most: usize) -> Result<Fetched, FetchError> {
    let too_large = FetchError::TooLarge { most };
    if response
        .content_length()
        .is_some_and(|length| length > most as u64)
    {
        return Err(too_large);
    }
    let validator = |name| {
        let value = response.headers().get(name)?.to_str().ok()?;
        (value.len() <= 1024).then(|| value.to_owned())
    };
    let validators = Validators {
        etag: validator(ETAG),
        last_modified: validator(LAST_MODIFIED),
    };
    let mut body = Vec::new();
    while let Some(part) = response
        .chunk()
        .await
        .map_err(|error| FetchError::of(&error))?
    {
        breathe();
        if body.len() + part.len() > most {
            return Err(too_large);
        }
        body.extend_from_slice(&part);
    }
    Ok(Fetched::Fresh { body, validators })
}

#[cfg(test)]
mod tests;
