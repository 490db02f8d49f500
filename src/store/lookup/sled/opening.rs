//! Opening a store, and knowing that it is whole.

use super::super::LookupError;
use super::Store;
use super::files::{self, Files};
use super::guarded::caught;
use super::record::{self, Committed, Digest};
use super::redo;
use ::sled::{Config, Db, IVec};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// sled's page cache, in bytes. It is no bound: it is looked at once in 16,384 pages read, of 16 rows at
/// most.
const CACHE: u64 = 16 << 20;
/// How many bytes of rows are read before the memory that they take is given back.
const STRETCH: usize = 32 << 20;
/// How long sled's lock may take to be freed by a handle of this process that has just been dropped.
const LOCK_WAIT: Duration = Duration::from_secs(2);
const LOCK_TRY: Duration = Duration::from_millis(5);
/// What sled says where another handle, of this or another process, holds the store.
const LOCKED: &str = "could not acquire lock";

/// How sled is to open a store. It has no timer: what is written is flushed by the commit that wrote it.
pub(super) fn config(dir: &Path) -> Config {
    Config::new()
        .path(dir)
        .cache_capacity(CACHE)
        .flush_every_ms(None)
}

/// Opens the store in a folder, or makes a new one.
///
/// sled's snapshot, written where a start finds something new in its log, names all pages, each with a checksum that is
/// looked at when it is read. So only a start that made a new snapshot has to compare all rows with the digest.
pub(super) fn open(dir: &Path, config: &Config) -> Result<Store, LookupError> {
    files::prepare(dir)?;
    let (checked, before) = (files::checked(dir)?, files::snapshot(dir)?);
    let mut db = open_db(config)?;
    let after = files::snapshot(dir)?;
    files::sync_dir(dir)?;
    let read = |db: &Db| Committed::decode(caught(|| db.get(record::KEY))?.as_deref());
    // One of another format is not written on to.
    read(&db)?;
    redo::finish(dir, &db)?;
    let committed = read(&db)?;
    if committed.head.is_none() && checked.is_some() {
        return Err(LookupError::Damaged("its head is gone".into()));
    }
    if checked.is_none() || checked != before || before != after {
        db = check(db, config, &committed)?;
        if committed.head.is_some() {
            let snapshot = files::snapshot(dir)?;
            files::mark_checked(dir, snapshot.as_deref().unwrap_or_default())?;
        }
    }
    Ok(Store {
        dir: dir.to_path_buf(),
        files: Files::open(dir)?,
        db,
        committed: Mutex::new(committed),
        writing: Mutex::new(()),
        broken: OnceLock::new(),
    })
}

fn open_db(config: &Config) -> Result<Db, LookupError> {
    let start = Instant::now();
    loop {
        match caught(|| config.open()) {
            Err(LookupError::Unavailable(error)) if error.to_string().starts_with(LOCKED) => {
                if start.elapsed() > LOCK_WAIT {
                    return Err(
                        io::Error::new(ErrorKind::WouldBlock, "another process holds it").into(),
                    );
                }
                thread::sleep(LOCK_TRY);
            }
            outcome => return outcome,
        }
    }
}

/// Reads all rows and compares their digest with the one that was committed with the head. Afterwards it is opened anew,
/// for sled's cache keeps what it has read, and its log has a little news from being read that belongs in a snapshot.
fn check(mut db: Db, config: &Config, committed: &Committed) -> Result<Db, LookupError> {
    let mut digest = Digest::default();
    let mut from = Some(Bound::Excluded(IVec::from(record::KEY)));
    while let Some(bound) = from {
        from = caught(|| add_stretch(&db, bound, &mut digest))?;
        caught(|| {
            drop(db);
            Ok(())
        })?;
        db = open_db(config)?;
    }
    if digest == committed.digest {
        Ok(db)
    } else {
        Err(LookupError::Damaged(
            "its rows are not those of its head".into(),
        ))
    }
}

/// Adds the rows of a stretch to the digest. Where the next one begins, if there is one.
fn add_stretch(
    db: &Db,
    from: Bound<IVec>,
    digest: &mut Digest,
) -> ::sled::Result<Option<Bound<IVec>>> {
    let mut read = 0;
    for row in db.range((from, Bound::Unbounded)) {
        let (key, value) = row?;
        digest.add(&key, &value);
        read += key.len() + value.len();
        if read > STRETCH {
            return Ok(Some(Bound::Excluded(key)));
        }
    }
    Ok(None)
}
