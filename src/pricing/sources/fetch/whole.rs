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
    fs::create_dir_all(folder)?;
    let fresh = path.with_extension("fresh");
    write(File::create(&fresh)?)?.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
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
        says("sec", Err(io::Error::other("full"))).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        says("second", Ok(())).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }
}
