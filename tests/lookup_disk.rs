//! A disk that is full or read-only is not damage: the lookup store stays where it is and is whole when the disk is.
//!
//! On a small file system in memory, where the test may mount one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod lookup_ground;

use lookup_ground::{STORE, changes, child, head, read_through};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use tekton_budget::store::lookup::{Lookup, LookupError, SledLookup, open_or_set_aside};
use tempfile::TempDir;

/// A mounted file system, unmounted in the end.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        let mounted =
            cfg!(target_os = "linux") && disk.run(&["-t", "tmpfs", "-o", "size=6m", "tmpfs"]);
        if !mounted {
            eprintln!("SKIPPED: no file system may be mounted here");
        }
        mounted.then_some(disk)
    }

    fn remount(&self, options: &str) {
        assert!(self.run(&["-o", &format!("remount,{options}")]));
    }

    fn run(&self, options: &[&str]) -> bool {
        Command::new("mount")
            .args(options)
            .arg(self.0.path())
            .output()
            .is_ok_and(|output| output.status.success())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Where it was never mounted there is nothing to unmount.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

/// Refused, of this kind, with nothing set aside.
fn refused(disk: &Disk, kind: ErrorKind) {
    match open_or_set_aside(&disk.path().join("lookup")).err() {
        Some(LookupError::Unavailable(error)) => assert_eq!(error.kind(), kind, "{error}"),
        other => panic!("{other:?}"),
    }
    let aside = fs::read_dir(disk.path()).unwrap().filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("aside")
    });
    assert_eq!(aside.count(), 0);
}

/// Takes all the room that is left.
fn fill(disk: &Disk) {
    let error = fs::write(disk.path().join("ballast"), vec![1; 8 << 20]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
}

#[test]
fn a_full_disk_ends_commits_and_nothing_else() {
    let Some(disk) = Disk::mount() else { return };
    let path = disk.path().join("lookup");
    let failed = run("commit_until_full", &path, "failed ");
    fill(&disk);
    run("open_again", &path, "refused ");
    disk.remount("size=40m");
    let found = run("open_again", &path, "found ");
    assert!(
        found + 1 == failed || found == failed,
        "{found} is there after {failed} failed"
    );
    let aside = fs::read_dir(disk.path()).unwrap().count();
    assert_eq!(aside, 2, "the store and the ballast");
}

/// Runs a test in a process of its own, as a failed store may be held until its process ends. The number that it says.
fn run(test: &str, path: &Path, word: &str) -> u64 {
    let output = child(test, path).wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{word}: {said}\n{err}");
    let number = said.lines().find_map(|line| line.strip_prefix(word));
    number
        .unwrap_or_else(|| panic!("no {word:?} in {said}"))
        .parse()
        .unwrap()
}

#[test]
#[ignore = "a child of another test"]
fn commit_until_full() {
    let path = PathBuf::from(std::env::var_os(STORE).unwrap());
    let lookup = SledLookup::open(&path).unwrap();
    let mut sequence = 0;
    let error = loop {
        sequence += 1;
        if let Err(error) = lookup.commit(changes(sequence), &head(sequence)) {
            break error;
        }
    };
    assert!(
        matches!(&error, LookupError::Unavailable(error) if error.kind() == ErrorKind::StorageFull),
        "{error}"
    );
    for refused in [
        lookup.head().err(),
        lookup.get(b"a").err(),
        lookup.commit(vec![], &head(1)).err(),
    ] {
        assert!(
            matches!(refused, Some(LookupError::Unavailable(_))),
            "{refused:?}"
        );
    }
    drop(lookup);
    println!("\nfailed {sequence}");
}

#[test]
#[ignore = "a child of another test"]
fn open_again() {
    let path = PathBuf::from(std::env::var_os(STORE).unwrap());
    match open_or_set_aside(&path) {
        Ok((lookup, aside)) => {
            assert_eq!(aside, None);
            let found = read_through(&lookup).unwrap();
            lookup.commit(changes(found + 1), &head(found + 1)).unwrap();
            assert_eq!(read_through(&lookup).unwrap(), found + 1);
            println!("\nfound {found}");
        }
        Err(LookupError::Unavailable(error)) => {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            println!("\nrefused 0");
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn damage_on_a_full_disk_waits_for_room() {
    let Some(disk) = Disk::mount() else { return };
    let path = disk.path().join("lookup");
    let lookup = SledLookup::open(&path).unwrap();
    lookup.commit(changes(1), &head(1)).unwrap();
    lookup.close().unwrap();
    let snapshot = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let snapshot = snapshot
        .filter(|path| path.to_string_lossy().contains("snap."))
        .max()
        .unwrap();
    fs::write(snapshot, b"nothing that sled wrote").unwrap();
    fill(&disk);
    refused(&disk, ErrorKind::StorageFull);
    disk.remount("size=40m");
    let (lookup, aside) = open_or_set_aside(&path).unwrap();
    assert!(aside.is_some());
    assert_eq!(lookup.head().unwrap(), None);
}

#[test]
fn a_read_only_disk_is_refused() {
    let Some(disk) = Disk::mount() else { return };
    let path = disk.path().join("lookup");
    let lookup = SledLookup::open(&path).unwrap();
    lookup.commit(changes(1), &head(1)).unwrap();
    drop(lookup);
    disk.remount("ro");
    refused(&disk, ErrorKind::ReadOnlyFilesystem);
    disk.remount("rw");
    assert_eq!(read_through(&SledLookup::open(&path).unwrap()).unwrap(), 1);
}
