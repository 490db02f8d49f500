//! The folder into which a repair moves what it cuts.

use super::error::{IoFailure, failed};
use super::inventory::{SET_ASIDE, SegmentFile};
use crate::store::files::{Access, Files};
use std::path::{Path, PathBuf};

/// The folder that takes what is cut, made when there is something.
pub(super) struct Aside<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    name: String,
    made: bool,
    moved: Vec<String>,
    bytes: u64,
}

impl<'a> Aside<'a> {
    pub(super) fn new(files: &'a dyn Files, dir: &'a Path) -> Result<Self, IoFailure> {
        let listed = files.list(dir).map_err(failed("list", dir))?;
        let taken = listed.into_iter().filter_map(|entry| {
            let number = entry.name.strip_prefix(SET_ASIDE)?;
            number.parse::<u64>().ok()
        });
        let number = taken.max().unwrap_or(0) + 1;
        Ok(Self {
            files,
            dir,
            name: format!("{SET_ASIDE}{number:04}"),
            made: false,
            moved: Vec::new(),
            bytes: 0,
        })
    }

    fn folder(&mut self) -> Result<PathBuf, IoFailure> {
        let folder = self.dir.join(&self.name);
        if !self.made {
            let made = self.files.create_dir(&folder);
            made.map_err(failed("make", &folder))?;
            self.sync_dir(self.dir)?;
            self.made = true;
        }
        Ok(folder)
    }

    /// Moves a whole file.
    pub(super) fn take(&mut self, name: &str, bytes: u64) -> Result<(), IoFailure> {
        let folder = self.folder()?;
        let from = self.dir.join(name);
        let moved = self.files.rename(&from, &folder.join(name));
        moved.map_err(failed("move", &from))?;
        self.sync_dir(&folder)?;
        self.sync_dir(self.dir)?;
        self.moved.push(name.to_owned());
        self.bytes += bytes;
        Ok(())
    }

    /// Copies a segment's bytes from `offset` on.
    pub(super) fn copy_end(&mut self, segment: &SegmentFile, offset: u64) -> Result<(), IoFailure> {
        let files = self.files;
        let folder = self.folder()?;
        let from = self.dir.join(&segment.name);
        let name = format!("{}.from-{offset}", segment.name);
        let to = folder.join(&name);
        let source = files
            .open(&from, Access::Read)
            .map_err(failed("open", &from))?;
        let target = files.create_new(&to).map_err(failed("make", &to))?;
        let mut chunk = vec![0; 1 << 20];
        let mut done = 0;
        loop {
            let read = source.read_full_at(offset + done, &mut chunk);
            let read = read.map_err(failed("read", &from))?;
            if read == 0 {
                break;
            }
            let written = target.write_all_at(done, &chunk[..read]);
            written.map_err(failed("write", &to))?;
            done += read as u64;
        }
        target.sync_data().map_err(failed("sync", &to))?;
        self.sync_dir(&folder)?;
        self.moved.push(name);
        self.bytes += done;
        Ok(())
    }

    /// The folder's name, where it was made; the files in it; their bytes.
    pub(super) fn into_parts(self) -> (Option<String>, Vec<String>, u64) {
        (self.made.then_some(self.name), self.moved, self.bytes)
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), IoFailure> {
        self.files.sync_dir(dir).map_err(failed("sync", dir))
    }
}
