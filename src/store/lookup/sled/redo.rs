//! What a commit of many rows changes, written whole before the first row is, so that one that ends halfway is carried
//! out at the next opening.
//!
//! The file has the head's row as it was and as it will be, then the changes, then the BLAKE3 of all that. It counts only
//! whole, and only over the head that it was written over.

use super::super::{Change, LookupError};
use super::files::{self, Files};
use super::guarded::caught;
use super::record;
use ::sled::{Batch, Db};
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

const NAME: &str = "redo";
/// Stands for a value that is none.
const NONE: u32 = u32::MAX;
const HASH: usize = blake3::OUT_LEN;
/// How many rows are changed at once at the most: sled keeps about 5 kB for each until it has them all.
pub(super) const WHOLE: usize = 2_000;
/// How many rows a piece has where there are more. Of few, sled uses the memory of one piece for the next.
const PIECE: usize = 500;

/// Changes many rows, and then the head with those `last`: all of it, whatever ends the process meanwhile.
pub(super) fn carry_out(
    dir: &Path,
    db: &Db,
    ahead: Vec<Change>,
    last: Vec<Change>,
) -> Result<(), LookupError> {
    let before = caught(|| db.get(record::KEY))?;
    if let Err(error) = write(dir, before.as_deref(), ahead.iter().chain(&last)) {
        // What is there of it is not whole, and takes room.
        let _ = fs::remove_file(dir.join(NAME));
        return Err(error.into());
    }
    apply(db, ahead)?;
    caught(|| db.apply_batch(batch(last)))
}

/// Changes rows one piece after the other.
fn apply(db: &Db, rows: Vec<Change>) -> Result<(), LookupError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let piece = rows.by_ref().take(PIECE);
        caught(|| db.apply_batch(batch(piece)))?;
    }
    Ok(())
}

/// Changes as sled takes them.
pub(super) fn batch(rows: impl IntoIterator<Item = Change>) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in rows {
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
    batch
}

/// Forgets a commit that is durable.
pub(super) fn forget(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(NAME)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Carries out a commit that had begun, if there is one.
pub(super) fn finish(dir: &Path, db: &Db) -> Result<(), LookupError> {
    let bytes = match fs::read(dir.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    if let Some((before, rows)) = read(&bytes)
        && caught(|| db.get(record::KEY))?.as_deref() == before
    {
        // The head is the last row of all.
        apply(db, rows)?;
        caught(|| db.flush())?;
        Files::open(dir)?.sync()?;
    }
    Ok(forget(dir)?)
}

fn write<'a>(
    dir: &Path,
    before: Option<&[u8]>,
    rows: impl Iterator<Item = &'a Change>,
) -> io::Result<()> {
    let file = File::create(dir.join(NAME))?;
    let mut out = Summed {
        file: BufWriter::new(&file),
        hasher: blake3::Hasher::new(),
    };
    out.put(before)?;
    for (key, value) in rows {
        out.put(Some(key))?;
        out.put(value.as_deref())?;
    }
    let Summed {
        file: mut buffered,
        hasher,
    } = out;
    buffered.write_all(hasher.finalize().as_bytes())?;
    buffered.flush()?;
    file.sync_all()?;
    files::sync_dir(dir)
}

/// A file whose bytes are added up.
struct Summed<W> {
    file: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Summed<W> {
    fn put(&mut self, bytes: Option<&[u8]>) -> io::Result<()> {
        let length = bytes.map_or(Ok(NONE), |bytes| {
            u32::try_from(bytes.len()).map_err(|_| ErrorKind::FileTooLarge)
        })?;
        for part in [&length.to_be_bytes()[..], bytes.unwrap_or_default()] {
            self.hasher.update(part);
            self.file.write_all(part)?;
        }
        Ok(())
    }
}

/// The head's row before and the changes; none where it was not written to its end.
fn read(bytes: &[u8]) -> Option<(Option<&[u8]>, Vec<Change>)> {
    let (mut rest, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    if blake3::hash(rest).as_bytes() != hash {
        return None;
    }
    let before = take(&mut rest)?;
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let key = take(&mut rest)??;
        let value = take(&mut rest)?;
        rows.push((key.to_vec(), value.map(<[u8]>::to_vec)));
    }
    Some((before, rows))
}

/// The next part, which may be none.
#[expect(
    clippy::option_option,
    reason = "a part that is none is not the end of the parts"
)]
fn take<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, after) = rest.split_first_chunk()?;
    let length = u32::from_be_bytes(*length);
    if length == NONE {
        *rest = after;
        return Some(None);
    }
    let (part, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_whole_is_read_back_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let rows: Vec<Change> = vec![
            (b"a".to_vec(), Some(b"value".to_vec())),
            (b"b".to_vec(), None),
            (b"c".to_vec(), Some(Vec::new())),
            (record::KEY.to_vec(), Some(b"after".to_vec())),
        ];
        for before in [None, Some(&b"before"[..])] {
            write(dir.path(), before, rows.iter()).unwrap();
            let bytes = fs::read(dir.path().join(NAME)).unwrap();
            assert_eq!(read(&bytes), Some((before, rows.clone())));
            for end in 0..bytes.len() {
                assert_eq!(read(&bytes[..end]), None, "after {end} bytes");
            }
        }
        forget(dir.path()).unwrap();
        forget(dir.path()).unwrap();
    }
}
