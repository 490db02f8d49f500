//! Putting a store that can't be used out of the way, so that a new one is made in its place.

use super::sled::{sync_dir, sync_parent};
use super::{LookupError, SledLookup};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How many stores are kept that were set aside, for whoever wants to know what happened to them.
const KEPT: usize = 2;
/// What a probe writes: more than sled needs to open.
static PROBE: [u8; 1 << 20] = [0; 1 << 20];

/// A store that was put out of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub folder: PathBuf,
    /// Why it was not used.
    pub why: String,
}

/// Opens the store in a folder. One that is damaged or of another version is renamed to `<folder>.set-aside-<n>`, and a
/// new one, without a head, is opened in its place.
///
/// # Errors
/// [`LookupError::Unavailable`] where the system is in trouble: a full or read-only disk is not taken for damage.
pub fn open_or_set_aside(dir: &Path) -> Result<(SledLookup, Option<SetAside>), LookupError> {
    match SledLookup::open(dir) {
        Ok(lookup) => Ok((lookup, None)),
        Err(error @ (LookupError::Damaged(_) | LookupError::OtherVersion { .. })) => {
            let folder = set_aside(dir)?;
            Ok((
                SledLookup::open(dir)?,
                Some(SetAside {
                    folder,
                    why: error.to_string(),
                }),
            ))
        }
        Err(error) => Err(error),
    }
}

/// Renames the folder of a store that is not open any more, and deletes the oldest of those that were set aside before.
///
/// # Errors
/// [`LookupError::Unavailable`] where nothing could be written in its place either: it stays where it is.
pub fn set_aside(dir: &Path) -> Result<PathBuf, LookupError> {
    probe(dir)?;
    let mut older = set_aside_before(dir)?;
    let number = older.last().map_or(1, |(number, _)| number + 1);
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".set-aside-{number}"));
    let folder = PathBuf::from(name);
    fs::rename(dir, &folder)?;
    sync_parent(dir)?;
    older.push((number, folder.clone()));
    for (_, old) in older.iter().rev().skip(KEPT) {
        fs::remove_dir_all(old)?;
    }
    Ok(folder)
}

/// Whether something can be written beside and in the folder: sled panics on a full disk as it does on damage.
fn probe(dir: &Path) -> io::Result<()> {
    for file in [dir.join("probe"), dir.with_extension("probe")] {
        let written = File::create(&file).and_then(|mut probe| {
            probe.write_all(&PROBE)?;
            probe.sync_all()
        });
        let removed = fs::remove_file(&file);
        written.and(removed)?;
    }
    sync_dir(dir)
}

/// Those that were set aside before, oldest first.
fn set_aside_before(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let Some(name) = dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
    else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the lookup store needs a folder with a name",
        ));
    };
    let parent = dir
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|other| {
            other
                .to_string_lossy()
                .strip_prefix(&name)?
                .strip_prefix(".set-aside-")?
                .parse()
                .ok()
        });
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    Ok(found)
}
