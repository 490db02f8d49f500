//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Writes a file in place of what was there, in a folder that need not be there yet. What is written is durable before it
/// takes the place.
///
/// # Errors
/// The file can't be written; what was there is as it was.
pub fn write_whole(path: &Path, write: impl FnOnce(File) -> io::Result<File>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let fresh = path.with_extension("fresh");
    write(make_file(&fresh)?)?.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

/// A folder for its owner alone: an address may have a secret in it.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut making = fs::DirBuilder::new();
    making.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
    making.create(folder)
}

/// A file for its owner alone.
fn make_file(path: &Path) -> io::Result<File> {
    let mut making = fs::OpenOptions::new();
    making.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut making, 0o600);
    making.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_breaks_off_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file.json");
        let says = |text: &'static str, ends: io::Result<()>| {
            write_whole(&path, |mut file| {
                file.write_all(text.as_bytes())?;
                ends.map(|()| file)
            })
        };
        says("first", Ok(())).unwrap();
        #[cfg(unix)]
        for (path, mode) in [(path.as_path(), 0o600), (path.parent().unwrap(), 0o700)] {
            use std::os::unix::fs::PermissionsExt as _;
            let permissions = fs::metadata(path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode, "{}", path.display());
        }
        says("sec", Err(io::Error::other("full"))).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        says("second", Ok(())).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }
}
