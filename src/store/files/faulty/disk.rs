//! The disk in memory: what a reader sees, what is durable, and what lies between.

use super::super::{Entry, EntryKind};
use super::script::{Script, Unsynced, WriteFate};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The piece that a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
struct Inode {
    live: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(u64),
    Folder,
}

type Folder = BTreeMap<String, Node>;

#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) script: Script,
    pub(super) life: u64,
    inodes: BTreeMap<u64, Inode>,
    live: BTreeMap<PathBuf, Folder>,
    durable: BTreeMap<PathBuf, Folder>,
    next_inode: u64,
    random: Random,
}

impl Disk {
    pub(super) fn new(root: &Path, seed: u64) -> Self {
        let folders = BTreeMap::from([(root.to_path_buf(), Folder::new())]);
        Self {
            script: Script::default(),
            life: 0,
            inodes: BTreeMap::new(),
            live: folders.clone(),
            durable: folders,
            next_inode: 0,
            random: Random(seed),
        }
    }

    pub(super) fn reseed(&mut self, seed: u64) {
        self.random = Random(seed);
    }

    pub(super) fn create_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.script.operation()?;
        if self.live.contains_key(dir) {
            return Ok(());
        }
        let (parent, name) = split(dir)?;
        folder(&mut self.live, parent)?.insert(name, Node::Folder);
        self.live.insert(dir.to_path_buf(), Folder::new());
        Ok(())
    }

    pub(super) fn create_new(&mut self, path: &Path) -> io::Result<(u64, u64)> {
        self.script.operation()?;
        let (parent, name) = split(path)?;
        let entries = folder(&mut self.live, parent)?;
        if entries.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        entries.insert(name, Node::File(self.next_inode));
        self.inodes.insert(self.next_inode, Inode::default());
        self.next_inode += 1;
        Ok((self.next_inode - 1, self.life))
    }

    pub(super) fn open(&mut self, path: &Path) -> io::Result<(u64, u64)> {
        self.script.powered()?;
        Ok((self.find(path)?, self.life))
    }

    pub(super) fn list(&mut self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.script.powered()?;
        let entries = folder(&mut self.live, dir)?;
        let listed = entries.iter().map(|(name, node)| match node {
            Node::File(inode) => Entry {
                name: name.clone(),
                kind: EntryKind::File,
                length: self
                    .inodes
                    .get(inode)
                    .map_or(0, |inode| inode.live.len() as u64),
            },
            Node::Folder => Entry {
                name: name.clone(),
                kind: EntryKind::Folder,
                length: 0,
            },
        });
        Ok(listed.collect())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.script.operation()?;
        let (parent, name) = split(from)?;
        let (to_parent, to_name) = split(to)?;
        let node = *folder(&mut self.live, parent)?
            .get(&name)
            .ok_or(io::ErrorKind::NotFound)?;
        folder(&mut self.live, to_parent)?.insert(to_name, node);
        folder(&mut self.live, parent)?.remove(&name);
        if node == Node::Folder
            && let Some(entries) = self.live.remove(from)
        {
            self.live.insert(to.to_path_buf(), entries);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.script.operation()?;
        self.find(path)?;
        let (parent, name) = split(path)?;
        folder(&mut self.live, parent)?.remove(&name);
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        if !self.script.dir_sync()? {
            return Err(io::Error::other("injected sync error"));
        }
        let entries = folder(&mut self.live, dir)?.clone();
        for (name, node) in &entries {
            if *node == Node::Folder {
                self.durable.entry(dir.join(name)).or_default();
            }
        }
        self.durable.insert(dir.to_path_buf(), entries);
        Ok(())
    }

    pub(super) fn read(&mut self, inode: u64, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.script.powered()?;
        let live = &self.inode(inode)?.live;
        let from = position(offset)?.min(live.len());
        let taken = into.len().min(live.len() - from);
        into[..taken].copy_from_slice(&live[from..from + taken]);
        Ok(taken)
    }

    pub(super) fn write(&mut self, inode: u64, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let used = self
            .inodes
            .values()
            .map(|inode| inode.live.len() as u64)
            .sum();
        let length = self.inode(inode)?.live.len() as u64;
        let grows = (offset + bytes.len() as u64).saturating_sub(length);
        let (takes, error) = match self.script.write(bytes.len(), used, grows) {
            WriteFate::Takes(takes) => (takes, None),
            WriteFate::TakesAndFails(takes, error) => (takes, Some(error)),
        };
        if takes > 0 {
            self.inode(inode)?.change(Change::Write {
                offset: position(offset)?,
                bytes: bytes[..takes].to_vec(),
            });
        }
        error.map_or(Ok(takes), Err)
    }

    pub(super) fn sync(&mut self, inode: u64) -> io::Result<()> {
        let succeeds = self.script.sync()?;
        let inode = self.inode(inode)?;
        let pending = std::mem::take(&mut inode.pending);
        if !succeeds {
            return Err(io::Error::other("injected sync error"));
        }
        for change in &pending {
            change.apply(&mut inode.durable);
        }
        Ok(())
    }

    pub(super) fn length(&mut self, inode: u64) -> io::Result<u64> {
        self.script.powered()?;
        Ok(self.inode(inode)?.live.len() as u64)
    }

    pub(super) fn truncate(&mut self, inode: u64, length: u64) -> io::Result<()> {
        self.script.operation()?;
        let length = position(length)?;
        self.inode(inode)?.change(Change::Truncate(length));
        Ok(())
    }

    pub(super) fn power_cut(&mut self, unsynced: Unsynced) {
        self.life += 1;
        self.script.power_on();
        for inode in self.inodes.values_mut() {
            inode.power_cut(unsynced, &mut self.random);
        }
        let live = std::mem::take(&mut self.live);
        for (path, entries) in live {
            let keeps = match unsynced {
                Unsynced::Forgotten => false,
                Unsynced::Prefix | Unsynced::Sectors => self.random.below(2) == 1,
                Unsynced::Kept => true,
            };
            if keeps {
                self.durable.insert(path, entries);
            }
        }
        let known: Vec<PathBuf> = self
            .durable
            .iter()
            .flat_map(|(dir, entries)| entries.iter().map(move |entry| (dir, entry)))
            .filter(|(_, (_, node))| **node == Node::Folder)
            .map(|(dir, (name, _))| dir.join(name))
            .collect();
        for path in known {
            self.durable.entry(path).or_default();
        }
        self.live = self.durable.clone();
    }

    pub(super) fn alter(&mut self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> bool {
        let Ok(inode) = self.find(path).and_then(|inode| self.inode(inode)) else {
            return false;
        };
        change(&mut inode.live);
        inode.durable.clone_from(&inode.live);
        inode.pending.clear();
        true
    }

    pub(super) fn bytes(&mut self, path: &Path) -> Option<Vec<u8>> {
        let inode = self.find(path).ok()?;
        Some(self.inode(inode).ok()?.live.clone())
    }

    fn find(&mut self, path: &Path) -> io::Result<u64> {
        let (parent, name) = split(path)?;
        match folder(&mut self.live, parent)?.get(&name) {
            Some(Node::File(inode)) => Ok(*inode),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn inode(&mut self, inode: u64) -> io::Result<&mut Inode> {
        self.inodes
            .get_mut(&inode)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Inode {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.pending.push(change);
    }

    fn power_cut(&mut self, unsynced: Unsynced, random: &mut Random) {
        let pending = std::mem::take(&mut self.pending);
        match unsynced {
            Unsynced::Forgotten => {}
            Unsynced::Kept => pending
                .iter()
                .for_each(|change| change.apply(&mut self.durable)),
            Unsynced::Prefix => self.keep_prefix(&pending, random),
            Unsynced::Sectors => self.keep_sectors(&pending, random),
        }
        self.live.clone_from(&self.durable);
    }

    fn keep_prefix(&mut self, pending: &[Change], random: &mut Random) {
        let whole = random.below(pending.len() + 1);
        for change in &pending[..whole] {
            change.apply(&mut self.durable);
        }
        if let Some(Change::Write { offset, bytes }) = pending.get(whole) {
            let bytes = bytes[..random.below(bytes.len() + 1)].to_vec();
            let offset = *offset;
            if !bytes.is_empty() {
                Change::Write { offset, bytes }.apply(&mut self.durable);
            }
        }
    }

    fn keep_sectors(&mut self, pending: &[Change], random: &mut Random) {
        let mut written = self.durable.clone();
        for change in pending {
            change.apply(&mut written);
        }
        self.durable.resize(written.len(), 0);
        for (old, new) in self
            .durable
            .chunks_mut(SECTOR)
            .zip(written.chunks(SECTOR))
            .filter(|(old, new)| old != new)
        {
            if random.below(2) == 1 {
                old.copy_from_slice(new);
            }
        }
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*offset..end].copy_from_slice(bytes);
            }
            Self::Truncate(length) => to.resize(*length, 0),
        }
    }
}

/// `SplitMix64`: small, seeded, the same everywhere.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let bound = bound.max(1) as u64;
        usize::try_from(mixed % bound).unwrap_or(0)
    }
}

fn split(path: &Path) -> io::Result<(&Path, String)> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((parent, name.to_string_lossy().into_owned()))
}

fn folder<'a>(
    folders: &'a mut BTreeMap<PathBuf, Folder>,
    path: &Path,
) -> io::Result<&'a mut Folder> {
    folders
        .get_mut(path)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn position(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput.into())
}
