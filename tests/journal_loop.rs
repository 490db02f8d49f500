//! The journal on a real file system whose power is cut: a loop device's backing file, copied at a moment
//! when what was not synced is still in memory, is the disk as a power cut leaves it.
//!
//! Needs Linux, root, `mkfs.ext4` and a loop device; says so and does nothing where it has them not.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test may stop, speak and use small numbers"
)]

mod skipped;

use skipped::skipped;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tekton_budget::store::files::{Access, Entry, File, Files, RealFiles};
use tekton_budget::store::journal::{Check, Expect, Journal, Options, Position, verify};

const OPTIONS: Options = Options {
    segment_bytes: 9000,
};
const BATCHES: u64 = 60;

/// Runs a program; its error text where it fails.
fn call(program: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(program).args(arguments).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{program}: {}", said.trim()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A mounted image, unmounted when dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn mount(image: &Path, at: &Path) -> Result<Self, String> {
        fs::create_dir_all(at).unwrap();
        call(
            "mount",
            &["-t", "ext4", "-o", "loop", text(image), text(at)],
        )?;
        Ok(Self(at.to_path_buf()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(error) = call("umount", &[text(&self.0)]) {
            eprintln!("{error}");
        }
    }
}

/// The machine's files, copying the image at some syncs, before and after.
#[derive(Clone, Debug)]
struct Snapshots {
    image: PathBuf,
    into: PathBuf,
    every: usize,
    syncs: Arc<AtomicUsize>,
    /// The copies, each with the sequence that was acknowledged when it was made.
    made: Arc<Mutex<Vec<(PathBuf, u64)>>>,
    acknowledged: Arc<Mutex<Position>>,
}

impl Snapshots {
    fn copy(&self, name: &str) {
        let to = self.into.join(format!("{name}.img"));
        call("cp", &["--sparse=always", text(&self.image), text(&to)]).unwrap();
        let acknowledged = self.acknowledged.lock().unwrap().sequence;
        self.made.lock().unwrap().push((to, acknowledged));
    }
}

#[derive(Debug)]
struct Watched {
    file: Arc<dyn File>,
    snapshots: Snapshots,
}

impl File for Watched {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        let number = self.snapshots.syncs.fetch_add(1, Ordering::Relaxed);
        let due = number.is_multiple_of(self.snapshots.every);
        if due {
            self.snapshots.copy(&format!("{number}-before"));
        }
        self.file.sync_data()?;
        if due {
            self.snapshots.copy(&format!("{number}-after"));
        }
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
}

impl Snapshots {
    fn watch(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        let snapshots = self.clone();
        Arc::new(Watched { file, snapshots })
    }
}

impl Files for Snapshots {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealFiles.create_dir(dir)
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(self.watch(RealFiles.create_new(path)?))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        Ok(self.watch(RealFiles.open(path, access)?))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        RealFiles.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealFiles.sync_dir(dir)
    }
}

fn batch(number: u64) -> Vec<Vec<u8>> {
    let length = [5, 200, 3000, 700][(number % 4) as usize];
    (0..=number % 3)
        .map(|event| {
            let mut bytes = format!("{number}/{event}").into_bytes();
            bytes.resize(length, number as u8);
            bytes
        })
        .collect()
}

/// Makes an image and fills a journal on it, copying the image again and again.
fn fill(scratch: &Path) -> Result<Snapshots, String> {
    let image = scratch.join("disk.img");
    fs::File::create(&image).unwrap().set_len(24 << 20).unwrap();
    call("mkfs.ext4", &["-q", "-F", text(&image)])?;
    let mounted = Mounted::mount(&image, &scratch.join("disk"))?;
    let snapshots = Snapshots {
        image,
        into: scratch.to_path_buf(),
        every: 7,
        syncs: Arc::default(),
        made: Arc::default(),
        acknowledged: Arc::default(),
    };
    let dir = mounted.0.join("journal");
    let files = Arc::new(snapshots.clone());
    let opened = Journal::open_with(files, &dir, Expect::NOTHING, OPTIONS).unwrap();
    let mut journal = opened.journal;
    for number in 0..BATCHES {
        let end = journal.append(&batch(number)).unwrap();
        *snapshots.acknowledged.lock().unwrap() = end;
    }
    snapshots.copy("end");
    Ok(snapshots)
}

/// Opens the journal on a copy and asserts that all that was acknowledged is there, and no part of a batch.
fn check(copy: &Path, acknowledged: u64) -> u64 {
    let mounted = Mounted::mount(copy, &copy.with_extension("mount")).unwrap();
    let dir = mounted.0.join("journal");
    let expect = Expect {
        seen: acknowledged,
        ..Expect::NOTHING
    };
    let opened = Journal::open_with(Arc::new(RealFiles), &dir, expect, OPTIONS).unwrap();
    let mut batches = opened.journal.reader().read(1, Check::Chain).unwrap();
    let mut number = 0;
    while let Some(found) = batches.next_batch().unwrap() {
        let events: Vec<_> = found.events().map(<[u8]>::to_vec).collect();
        assert_eq!(events, batch(number));
        number += 1;
    }
    let mut journal = opened.journal;
    journal.append(&[b"and on"]).unwrap();
    assert!(verify(&RealFiles, &dir, expect).unwrap().is_whole());
    opened.end.sequence
}

#[test]
fn a_power_cut_on_a_real_file_system_loses_nothing_acknowledged() {
    let scratch = tempfile::tempdir().unwrap();
    let snapshots = match fill(scratch.path()) {
        Ok(snapshots) => snapshots,
        Err(why) => {
            skipped(format_args!(
                "no loop device with ext4 can be made here: {why}"
            ));
            return;
        }
    };
    let made = std::mem::take(&mut *snapshots.made.lock().unwrap());
    assert!(made.len() > 20, "{}", made.len());
    let mut dropped = 0;
    for (copy, acknowledged) in &made {
        let end = check(copy, *acknowledged);
        assert!(end >= *acknowledged, "{}", copy.display());
        let before_sync = text(copy).ends_with("-before.img");
        dropped += u64::from(before_sync && end == *acknowledged);
        fs::remove_file(copy).unwrap();
    }
    let end = snapshots.acknowledged.lock().unwrap().sequence;
    assert_eq!(made.last().unwrap().1, end);
    // Otherwise the copies are no power cuts.
    assert!(
        dropped > 5,
        "unsynced batches were dropped in {dropped} copies only"
    );
    eprintln!(
        "{} power cuts, {dropped} with an unsynced batch dropped",
        made.len()
    );
}
