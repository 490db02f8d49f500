//! Asks one source, or takes what it said last.

use super::aside::Aside;
use super::settings::Configured;
use crate::core::digest::Digest;
use crate::pricing::catalogue::Catalogue;
use crate::pricing::identity::{Placed, Rule, place};
use crate::pricing::sources::Source;
use crate::pricing::sources::fetch::{FetchError, Fetched, Fetcher, Kept, Shelf, Validators};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// What became of asking a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It said something new.
    Fetched,
    /// It says what it said before.
    Unchanged,
    /// It was not asked; what it said last is used.
    NotAsked,
    /// It may not be asked now; what it said last is used.
    Spared {
        /// Why, in a sentence.
        why: String,
        /// What it failed by the last time, where it rests since; none where it was asked as often as it may be.
        resting: Option<Failure>,
    },
    /// What is configured of it can't be, so that it is left out.
    Misconfigured {
        /// Why, in a sentence.
        why: String,
    },
    /// It gave no answer that can be used; what it said last is used, if there is anything.
    Failed {
        /// Why, in a sentence.
        why: String,
        /// Whether it could not even be reached.
        unreachable: bool,
    },
}

/// What a source fails by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In a sentence.
    pub why: String,
    /// Whether it could not even be reached.
    pub unreachable: bool,
}

/// What a source says, and how it came here.
#[derive(Debug)]
pub struct Gathered {
    /// The source.
    pub name: Arc<str>,
    /// What became of asking it.
    pub answered: Answered,
    /// What it says; none where it has never said anything that can be used.
    pub said: Option<Said>,
}

/// What a source says.
#[derive(Debug)]
pub struct Said {
    /// When what it says was fetched.
    pub fetched_at: Timestamp,
    /// When it last said so.
    pub checked_at: Timestamp,
    /// BLAKE3 of it, cut to 16 bytes.
    pub content: Digest,
    /// What it says, by model; empty once the verification has taken it.
    pub placed: Arc<[Placed]>,
    /// How many of its entries are left out.
    pub left_out: usize,
}

/// What is needed to gather.
pub(super) struct Gatherer {
    pub(super) aside: Arc<Aside>,
    pub(super) fetcher: Fetcher,
    pub(super) shelf: Shelf,
}

impl Gatherer {
    /// What a source says, freshly asked or as it said it last.
    pub(super) async fn gather(
        self: Arc<Self>,
        source: Configured,
        asked: bool,
        catalogue: Arc<Catalogue>,
        now: Timestamp,
    ) -> Gathered {
        let name: Arc<str> = Arc::from(&*source.declaration.name);
        let kept = self.kept(&source).await;
        let reader = Reader {
            aside: Arc::clone(&self.aside),
            source: source.clone(),
            catalogue,
            now,
        };
        if !asked {
            let said = reader.read_kept(kept).await;
            return Gathered {
                name,
                answered: Answered::NotAsked,
                said,
            };
        }
        let known = kept.as_ref().map(|kept| &kept.validators);
        let (answered, said) = match self.fetcher.fetch(&source.declaration, known).await {
            Err(error) => (failed(&error), reader.read_kept(kept).await),
            Ok(Fetched::Unchanged) => {
                let kept = kept.map(|mut kept| {
                    kept.checked_at = now;
                    kept
                });
                let kept = kept.map(Arc::new);
                if let Some(kept) = &kept {
                    self.keep(&source, Arc::clone(kept)).await;
                }
                match reader.read_known(kept).await {
                    Some(said) => {
                        self.fetcher.note(&source.declaration, Ok(()));
                        (Answered::Unchanged, Some(said))
                    }
                    None => self.ask_whole(&source, &reader).await,
                }
            }
            Ok(Fetched::Fresh { body, validators }) => {
                let mut fresh = reader.fresh(body, validators);
                // The same words again are no news, whatever their tag says.
                let known = kept.as_ref().filter(|kept| kept.body == fresh.body);
                let answered = match known {
                    Some(kept) => {
                        fresh.fetched_at = kept.fetched_at;
                        Answered::Unchanged
                    }
                    None => Answered::Fetched,
                };
                self.take(&source, &reader, answered, fresh, kept).await
            }
        };
        Gathered {
            name,
            answered,
            said,
        }
    }

    /// Asks for the whole answer, where what was kept of it can't be read: that it still holds says nothing then.
    async fn ask_whole(&self, source: &Configured, reader: &Reader) -> (Answered, Option<Said>) {
        let error = match self.fetcher.fetch(&source.declaration, None).await {
            Ok(Fetched::Fresh { body, validators }) => {
                let fresh = reader.fresh(body, validators);
                return self
                    .take(source, reader, Answered::Fetched, fresh, None)
                    .await;
            }
            Ok(Fetched::Unchanged) => "it has changed nothing".to_owned(),
            Err(error) => error.to_string(),
        };
        let why = format!("what was kept of it can't be read any more, and {error}");
        let unreachable = false;
        (Answered::Failed { why, unreachable }, None)
    }

    /// Takes a fresh answer, if it is of the source's shape; else what was kept still serves.
    async fn take(
        &self,
        source: &Configured,
        reader: &Reader,
        answered: Answered,
        fresh: Kept,
        kept: Option<Kept>,
    ) -> (Answered, Option<Said>) {
        let fresh = Arc::new(fresh);
        match reader.read(Arc::clone(&fresh)).await {
            Ok(said) => {
                self.fetcher.note(&source.declaration, Ok(()));
                self.keep(source, fresh).await;
                (answered, Some(said))
            }
            Err(wrong) => {
                let why = format!("it has changed its shape: {wrong}");
                self.fetcher.note(&source.declaration, Err(&why));
                let unreachable = false;
                let said = reader.read_kept(kept).await;
                (Answered::Failed { why, unreachable }, said)
            }
        }
    }

    /// What the source said last; what came from another address is not its word.
    async fn kept(&self, source: &Configured) -> Option<Kept> {
        let (shelf, declared) = (self.shelf.clone(), Arc::clone(&source.declaration));
        let loading = self.aside.run(move || {
            let kept = shelf.load(&declared.name, declared.bytes_most)?;
            (kept.address == declared.address).then_some(kept)
        });
        loading.await.ok().flatten().flatten()
    }

    async fn keep(&self, source: &Configured, kept: Arc<Kept>) {
        let (shelf, name) = (self.shelf.clone(), source.declaration.name.clone());
        let keeping = self.aside.run(move || shelf.keep(&name, &kept));
        if let Err(error) = keeping.await.and_then(|kept| kept.unwrap_or(Ok(()))) {
            let source = &*source.declaration.name;
            tracing::warn!(source, %error, "what a price source said can't be kept");
        }
    }
}

fn failed(error: &FetchError) -> Answered {
    let why = error.to_string();
    match error {
        FetchError::TooOften { .. } => Answered::Spared { why, resting: None },
        FetchError::Resting {
            unreachable, last, ..
        } => Answered::Spared {
            why,
            resting: Some(Failure {
                why: last.clone(),
                unreachable: *unreachable,
            }),
        },
        _ => Answered::Failed {
            why,
            unreachable: error.is_unreachable(),
        },
    }
}

/// Reads what a source said, on a thread where it is in nobody's way.
struct Reader {
    aside: Arc<Aside>,
    source: Configured,
    catalogue: Arc<Catalogue>,
    now: Timestamp,
}

impl Reader {
    /// An answer that has just come.
    fn fresh(&self, body: Vec<u8>, validators: Validators) -> Kept {
        Kept {
            fetched_at: self.now,
            checked_at: self.now,
            address: self.source.declaration.address.to_string(),
            validators,
            body,
        }
    }

    async fn read_kept(&self, kept: Option<Kept>) -> Option<Said> {
        self.read_known(kept.map(Arc::new)).await
    }

    async fn read_known(&self, kept: Option<Arc<Kept>>) -> Option<Said> {
        let read = self.read(kept?).await;
        // What was kept could be read when it was kept, so only another version of the program gets here.
        let told = read.inspect_err(|wrong| {
            let source = &*self.source.declaration.name;
            tracing::warn!(
                source,
                wrong,
                "what was kept of a price source can't be read any more"
            );
        });
        told.ok()
    }

    async fn read(&self, kept: Arc<Kept>) -> Result<Said, String> {
        let source = Arc::clone(&self.source.source);
        let catalogue = Arc::clone(&self.catalogue);
        let day = TimeZone::UTC.to_datetime(self.now).date();
        let work = move || read(&*source, &catalogue, &kept, day);
        let reading = self.aside.run(work).await;
        reading
            .map_err(|error| format!("there is no thread to read it: {error}"))?
            .unwrap_or_else(|| Err("reading it ended by a panic".to_owned()))
    }
}

fn read(
    source: &dyn Source,
    catalogue: &Catalogue,
    kept: &Kept,
    day: Date,
) -> Result<Said, String> {
    let listing = source.parse(&kept.body, day);
    let listing = listing.map_err(|wrong| wrong.to_string())?;
    let placed = place(catalogue, &listing, day);
    let (placed, apart) = placed.map_err(|wrong| wrong.to_string())?;
    for (name, why) in listing.skipped.iter().chain(&apart) {
        let source = &*source.declaration().name;
        tracing::debug!(source, name, why, "an entry of a price source is left out");
    }
    let renamed = placed.iter().filter(|one| one.meant.rule != Rule::SameName);
    for Placed { name, meant, .. } in renamed {
        let source = &*source.declaration().name;
        tracing::debug!(source, name, %meant, "a price source has another name for a model");
    }
    Ok(Said {
        fetched_at: kept.fetched_at,
        checked_at: kept.checked_at,
        content: kept.content(),
        placed: placed.into(),
        left_out: listing.skipped.len() + listing.skipped_beyond + apart.len(),
    })
}
