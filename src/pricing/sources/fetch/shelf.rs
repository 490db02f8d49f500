//! What sources answered last, each in a file of its own: it serves while its source does not.

use super::{Validators, write_whole};
use crate::core::digest::Digest;
use crate::core::time;
use crate::idle::{Breathing, breathe};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// The format of the files.
const FORMAT: u32 = 1;
/// How much is hashed at a time, in bytes.
const PART: usize = 64 << 10;
/// The longest head of a file, in bytes.
const HEAD_MOST: u64 = 64 << 10;

/// What a source answered last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// When its source last said that it still holds.
    pub checked_at: Timestamp,
    /// Where it was fetched from: what came from another address does not stand for it.
    pub address: String,
    /// What to ask with next time.
    pub validators: Validators,
    /// The answer, unpacked.
    pub body: Vec<u8>,
}

/// The first line of a file, as JSON; the answer follows, as gzip.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    #[serde(with = "time")]
    fetched_at: Timestamp,
    #[serde(with = "time")]
    checked_at: Timestamp,
    address: String,
    content: Digest,
    #[serde(flatten)]
    validators: Validators,
}

impl Kept {
    /// BLAKE3 of the answer, cut to 16 bytes.
    pub fn content(&self) -> Digest {
        digest(&self.body)
    }
}

/// The folder of the files.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The shelf in a folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    fn path(&self, source: &str) -> PathBuf {
        // Sources' names are plain, but a file's name is no place to rely on it.
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let name: String = source
            .chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        self.folder.join(format!("{name}.kept"))
    }

    /// What a source answered last; none where nothing is kept, it is larger than allowed, or it is damaged (which is logged).
    pub fn load(&self, source: &str, most: usize) -> Option<Kept> {
        match read(&self.path(source), most) {
            Ok(kept) => Some(kept),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(source, %error, "what was kept of a price source can't be read; it is fetched again");
                None
            }
        }
    }

    /// Keeps what a source answered in place of what it answered before, whole or not at all.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn keep(&self, source: &str, kept: &Kept) -> io::Result<()> {
        let head = Head {
            format: FORMAT,
            fetched_at: kept.fetched_at,
            checked_at: kept.checked_at,
            address: kept.address.clone(),
            content: kept.content(),
            validators: kept.validators.clone(),
        };
        write_whole(&self.path(source), |mut file| {
            file.write_all(&serde_json::to_vec(&head)?)?;
            file.write_all(b"\n")?;
            let mut packed = GzEncoder::new(file, Compression::fast());
            io::copy(&mut Breathing(&*kept.body), &mut packed)?;
            packed.finish()
        })
    }
}

fn digest(body: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for part in body.chunks(PART) {
        breathe();
        hasher.update(part);
    }
    Digest::from(hasher.finalize())
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn head(file: &mut BufReader<Breathing<File>>) -> io::Result<Head> {
    let mut line = Vec::new();
    file.take(HEAD_MOST).read_until(b'\n', &mut line)?;
    let head: Head = serde_json::from_slice(&line)?;
    if head.format != FORMAT {
        return Err(damaged("it is of another format"));
    }
    Ok(head)
}

fn read(path: &Path, most: usize) -> io::Result<Kept> {
    let mut file = BufReader::new(Breathing(File::open(path)?));
    let head = head(&mut file)?;
    let mut body = Vec::new();
    GzDecoder::new(file)
        .take(most as u64 + 1)
        .read_to_end(&mut body)?;
    if body.len() > most || digest(&body) != head.content {
        return Err(damaged("it is not what was kept"));
    }
    Ok(Kept {
        fetched_at: head.fetched_at,
        checked_at: head.checked_at,
        address: head.address,
        validators: head.validators,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn kept(body: &[u8]) -> Kept {
        Kept {
            fetched_at: "2026-11-24T08:00:00Z".parse().unwrap(),
            checked_at: "2026-11-24T09:00:00Z".parse().unwrap(),
            address: "https://example.org/".to_owned(),
            validators: Validators {
                etag: Some("\"7\"".to_owned()),
                last_modified: None,
            },
            body: body.to_vec(),
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("prices"));
        assert_eq!(shelf.load("litellm", 100), None);
        shelf.keep("litellm", &kept(b"first")).unwrap();
        shelf.keep("litellm", &kept(b"second")).unwrap();
        assert_eq!(shelf.load("litellm", 100), Some(kept(b"second")));
        assert_eq!(shelf.load("litellm", 5), None, "larger than allowed");
        assert_eq!(shelf.load("openrouter", 100), None);
        let path = shelf.path("litellm");
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(shelf.load("litellm", 100), None, "cut at {cut}");
        }
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            fs::write(&path, &flipped).unwrap();
            // A changed time or tag is no other answer; the answer itself is what it was, or is not served.
            let body = shelf.load("litellm", 100).map(|kept| kept.body);
            assert!(
                body.is_none_or(|body| body == b"second"),
                "flipped at {place}"
            );
        }
        assert!(
            shelf
                .path("../../etc/x")
                .starts_with(folder.path().join("prices"))
        );
    }
}
