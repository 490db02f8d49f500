//! Every kind of damage, made with real bytes: it is named, or it is the torn end of an unanswered batch.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test may stop, speak and use small numbers"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tekton_budget::store::files::Files;
use tekton_budget::store::files::faulty::FaultyFiles;
use tekton_budget::store::journal::{
    Check, Choice, Damage, DamageKind, Expect, Journal, MarkState, OpenError, Opened, Options,
    Position, ReadError, RepairError, Torn, Witness, repair, verify,
};

const ROOT: &str = "/data";

fn dir() -> PathBuf {
    Path::new(ROOT).join("journal")
}

fn open(files: &FaultyFiles, expect: Expect) -> Result<Opened, OpenError> {
    let options = Options { segment_bytes: 900 };
    Journal::open_with(Arc::new(files.clone()), &dir(), expect, options)
}

/// A journal of some segments with batches of one to three events, and its end.
fn made() -> (FaultyFiles, Position) {
    let files = FaultyFiles::new(Path::new(ROOT), 1);
    let mut journal = open(&files, Expect::NOTHING).unwrap().journal;
    for number in 0..16_u8 {
        let events = vec![vec![number; 40 + usize::from(number)]; usize::from(number % 3) + 1];
        journal.append(&events).unwrap();
    }
    let end = journal.end();
    journal.close().unwrap();
    assert_eq!(segments(&files).len(), 4);
    (files, end)
}

fn segments(files: &FaultyFiles) -> Vec<String> {
    let entries = files.list(&dir()).unwrap().into_iter();
    let names = entries.map(|entry| entry.name);
    names.filter(|name| name.ends_with(".log")).collect()
}

/// What an owner finds that opens, scans the sealed segments and reads everything.
fn found(files: &FaultyFiles, expect: Expect) -> Result<Opened, Box<Damage>> {
    let opened = open(files, expect).map_err(|error| match error {
        OpenError::Damaged(damage) => damage,
        OpenError::Io(failure) => panic!("{failure}"),
    })?;
    let scanned = opened.journal.scan_sealed().wait(Duration::from_mins(1));
    assert!(scanned.over);
    let mut batches = opened.journal.reader().read(1, Check::Chain).unwrap();
    let read = loop {
        match batches.next_batch() {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(ReadError::Damaged(damage)) => break Some(damage),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(scanned.damages.first(), read.as_ref());
    match read {
        Some(damage) => Err(damage.into()),
        None => Ok(opened),
    }
}

/// Asserts a damage that `verify` finds too.
fn refused(files: &FaultyFiles, expect: Expect) -> Damage {
    let report = verify(files, &dir(), expect).unwrap();
    let damage = match found(&files.fork(1), expect) {
        Err(damage) => *damage,
        Ok(opened) => panic!("served up to {:?}\n{report}", opened.end),
    };
    assert!(report.damages.contains(&damage), "{damage}\n{report}");
    assert!(
        report.sound.sequence < damage.sequence.max(1),
        "{damage}\n{report}"
    );
    damage
}

#[test]
fn a_flipped_bit_is_named_wherever_it_is() {
    let (files, end) = made();
    for name in segments(&files) {
        let path = dir().join(&name);
        for at in 0..files.bytes(&path).unwrap().len() {
            let flipped = files.fork(1);
            flipped.alter(&path, |bytes| bytes[at] ^= 1 << (at % 8));
            for expect in [Expect::NOTHING, Expect::after(end)] {
                let damage = refused(&flipped, expect);
                assert_eq!(damage.file, name, "byte {at}: {damage}");
                assert!(damage.offset <= at as u64, "byte {at}: {damage}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_the_mark_makes_it_prove_nothing() {
    let (files, end) = made();
    let path = dir().join("mark");
    for at in 0..files.bytes(&path).unwrap().len() {
        let flipped = files.fork(1);
        flipped.alter(&path, |bytes| bytes[at] ^= 0x10);
        let report = verify(&flipped, &dir(), Expect::NOTHING).unwrap();
        assert_eq!(report.mark, MarkState::Unreadable);
        let opened = found(&flipped, Expect::NOTHING).unwrap();
        assert_eq!((opened.mark, opened.end), (MarkState::Unreadable, end));
    }
}

#[test]
fn without_the_mark_a_flipped_bit_in_the_last_batch_is_still_no_torn_end() {
    let (files, _) = made();
    files.remove(&dir().join("mark")).unwrap();
    let name = segments(&files).pop().unwrap();
    let path = dir().join(&name);
    for at in 0..files.bytes(&path).unwrap().len() {
        let flipped = files.fork(1);
        flipped.alter(&path, |bytes| bytes[at] ^= 0x04);
        assert_eq!(refused(&flipped, Expect::NOTHING).file, name);
    }
}

#[test]
fn a_segment_cut_at_any_length_is_named() {
    let (files, end) = made();
    for name in segments(&files) {
        let path = dir().join(&name);
        for length in 0..files.bytes(&path).unwrap().len() {
            let cut = files.fork(1);
            cut.alter(&path, |bytes| bytes.truncate(length));
            assert_eq!(refused(&cut, Expect::NOTHING).file, name);
            assert_eq!(refused(&cut, Expect::after(end)).file, name);
        }
    }
}

#[test]
fn without_a_witness_a_cut_last_segment_is_torn_but_never_serves_a_part_of_a_batch() {
    let (files, end) = made();
    files.remove(&dir().join("mark")).unwrap();
    let name = segments(&files).pop().unwrap();
    let path = dir().join(&name);
    let whole = files.bytes(&path).unwrap();
    let mut ends = Vec::new();
    for length in 108..whole.len() {
        let cut = files.fork(1);
        cut.alter(&path, |bytes| bytes.truncate(length));
        let report = verify(&cut, &dir(), Expect::NOTHING).unwrap();
        let opened = found(&cut, Expect::NOTHING).unwrap();
        assert_eq!(report.torn, opened.torn);
        assert!(report.is_whole(), "{report}");
        assert!(opened.end.sequence < end.sequence);
        ends.push(opened.end.sequence);
        match opened.torn {
            Some(torn) => {
                assert_eq!(torn.torn, Torn::Short);
                assert_eq!(torn.offset + torn.bytes, length as u64);
                assert_eq!(torn.sequence, opened.end.sequence + 1);
                assert_eq!(cut.bytes(&path).unwrap().len() as u64, torn.offset);
            }
            None => assert_eq!(cut.bytes(&path).unwrap().len(), length),
        }
        let seen = Expect {
            seen: end.sequence,
            ..Expect::NOTHING
        };
        let cut = files.fork(1);
        cut.alter(&path, |bytes| bytes.truncate(length));
        refused(&cut, seen);
    }
    ends.dedup();
    assert!(ends.is_sorted() && ends.len() > 1, "{ends:?}");
}

#[test]
fn sectors_of_the_last_batch_that_were_never_written_are_a_torn_end() {
    let files = FaultyFiles::new(Path::new(ROOT), 1);
    let mut journal = open(&files, Expect::NOTHING).unwrap().journal;
    journal.append(&[b"first"]).unwrap();
    let before = journal.end();
    let zeros_by_right = [vec![1; 700], vec![0; 2000], vec![2; 700]];
    let path = dir().join(&segments(&files)[0]);
    let begins = files.bytes(&path).unwrap().len();
    journal.append(&zeros_by_right).unwrap();
    // A batch of 3 kB in a segment of 900 bytes has one of its own.
    let path = match segments(&files).len() {
        1 => path,
        _ => dir().join(&segments(&files)[1]),
    };
    let begins = if segments(&files).len() == 1 {
        begins
    } else {
        108
    };
    files.remove(&dir().join("mark")).unwrap();
    let whole = files.bytes(&path).unwrap();
    let mut torn = 0;
    for sector in 0..=whole.len() / 512 {
        let piece = (sector * 512).max(begins)..((sector + 1) * 512).min(whole.len());
        if piece.is_empty() {
            continue;
        }
        let lost = files.fork(1);
        lost.alter(&path, |bytes| bytes[piece.clone()].fill(0));
        let opened = found(&lost, Expect::NOTHING).unwrap();
        if whole[piece.clone()].iter().all(|byte| *byte == 0) {
            assert_eq!(opened.torn, None);
        } else {
            assert_eq!(opened.torn.unwrap().torn, Torn::MissingSectors);
            assert_eq!(opened.end, before);
            torn += 1;
        }
        // The same with a flipped bit instead is no torn end.
        let flipped = files.fork(1);
        flipped.alter(&path, |bytes| bytes[piece.start] ^= 0x20);
        refused(&flipped, Expect::NOTHING);
    }
    assert!(torn >= 4, "{torn}");
}

#[test]
fn bytes_behind_the_end_are_no_torn_end() {
    let (files, _) = made();
    let path = dir().join(segments(&files).pop().unwrap());
    let length = files.bytes(&path).unwrap().len() as u64;
    let longer = files.fork(1);
    longer.alter(&path, |bytes| {
        bytes.extend(b"\nsomething that an editor left here");
    });
    let damage = refused(&longer, Expect::NOTHING);
    assert_eq!(
        (damage.offset, damage.kind),
        (length, DamageKind::Incomplete)
    );
    let longer = files.fork(1);
    longer.alter(&path, |bytes| bytes.extend([b'x'; 100]));
    let damage = refused(&longer, Expect::NOTHING);
    assert_eq!(
        (damage.offset, damage.kind),
        (length, DamageKind::BatchHeader)
    );
}

#[test]
fn missing_swapped_and_doubled_segments_are_named() {
    let (files, end) = made();
    let names = segments(&files);
    let move_to = |files: &FaultyFiles, from: &str, to: &str| {
        files.rename(&dir().join(from), &dir().join(to)).unwrap();
    };
    for name in &names {
        let missing = files.fork(1);
        missing.remove(&dir().join(name)).unwrap();
        let damage = refused(&missing, Expect::NOTHING);
        let expected = if name == &names[3] {
            DamageKind::EndBefore {
                end: damage.sequence - 1,
                seen: end.sequence,
                witness: Witness::Mark,
            }
        } else {
            DamageKind::MissingSegment
        };
        assert_eq!(damage.kind, expected);
    }
    let swapped = files.fork(1);
    move_to(&swapped, &names[1], "spare");
    move_to(&swapped, &names[2], &names[1]);
    move_to(&swapped, "spare", &names[2]);
    let damage = refused(&swapped, Expect::NOTHING);
    assert!(matches!(damage.kind, DamageKind::WrongName { .. }));

    let doubled = files.fork(1);
    let bytes = files.bytes(&dir().join(&names[3])).unwrap();
    let copy = doubled
        .create_new(&dir().join("00000000000000000999.log"))
        .unwrap();
    copy.write_all_at(0, &bytes).unwrap();
    let damage = refused(&doubled, Expect::NOTHING);
    assert!(matches!(damage.kind, DamageKind::WrongName { .. }));
}

#[test]
fn a_journal_of_another_history_is_named() {
    let (files, end) = made();
    let other = FaultyFiles::new(Path::new(ROOT), 1);
    let mut journal = open(&other, Expect::NOTHING).unwrap().journal;
    for _ in 0..20 {
        journal.append(&[[7; 50]; 3]).unwrap();
    }
    let damage = refused(&other, Expect::after(end));
    assert!(damage.sequence <= end.sequence);
    let witness = Witness::Seen;
    assert_eq!(damage.kind, DamageKind::OtherHistory { witness });

    // A segment of the other one, in the place of the same name.
    let mixed = files.fork(1);
    let bytes = other.bytes(&dir().join(&segments(&other)[0])).unwrap();
    mixed.alter(&dir().join(&segments(&files)[0]), |mine| *mine = bytes);
    refused(&mixed, Expect::NOTHING);
}

#[test]
fn an_end_before_what_was_seen_is_named() {
    let (files, end) = made();
    for (expect, witness) in [
        (
            Expect {
                seen: end.sequence + 1,
                ..Expect::NOTHING
            },
            Witness::Seen,
        ),
        (
            Expect {
                from: end.sequence + 2,
                ..Expect::NOTHING
            },
            Witness::From,
        ),
    ] {
        let damage = refused(&files, expect);
        let expected = DamageKind::EndBefore {
            end: end.sequence,
            seen: end.sequence + 1,
            witness,
        };
        assert_eq!((damage.kind, damage.sequence), (expected, end.sequence + 1));
    }
    let empty = FaultyFiles::new(Path::new(ROOT), 1);
    empty.create_dir(&dir()).unwrap();
    refused(&empty, Expect::after(end));
}

/// Bytes of a segment's header.
const SEGMENT_HEADER: usize = 108;

#[test]
fn a_newer_version_and_a_foreign_file_are_named() {
    let (files, _) = made();
    let newer = files.fork(1);
    let path = dir().join(&segments(&files)[3]);
    newer.alter(&path, |bytes| bytes[8] = 2);
    let flipped = refused(&newer, Expect::NOTHING);
    assert_eq!(
        flipped.kind,
        DamageKind::SegmentHeader,
        "its checksum is of version 1"
    );
    newer.alter(&path, |bytes| {
        let crc = crc32c::crc32c(&bytes[..SEGMENT_HEADER - 4]);
        bytes[SEGMENT_HEADER - 4..SEGMENT_HEADER].copy_from_slice(&crc.to_le_bytes());
    });
    let damage = refused(&newer, Expect::NOTHING);
    assert_eq!(damage.kind, DamageKind::NewerVersion { found: 2 });
    let error = open(&newer, Expect::NOTHING).err().unwrap().to_string();
    assert!(
        error.contains("newer tekton-budget") && !error.contains("damaged"),
        "{error}"
    );
    for choice in [Choice::TruncateAfter(0), Choice::DropTail] {
        let refused = repair(&newer, &dir(), &choice).unwrap_err();
        assert!(matches!(refused, RepairError::Newer(_)), "{refused}");
    }

    for name in ["notes.txt", "1.log", "00000000000000000001.log.bak"] {
        let foreign = files.fork(1);
        foreign.create_new(&dir().join(name)).unwrap();
        let report = verify(&foreign, &dir(), Expect::NOTHING).unwrap();
        let Err(damage) = found(&foreign, Expect::NOTHING) else {
            panic!("{name} was let be");
        };
        assert_eq!(
            (damage.file.as_str(), &damage.kind),
            (name, &DamageKind::ForeignFile)
        );
        assert_eq!(report.damages, [*damage]);
    }
}

#[test]
fn verify_goes_on_and_lists_everything() {
    let (files, _) = made();
    let names = segments(&files);
    let whole = verify(&files, &dir(), Expect::NOTHING).unwrap();
    assert!(whole.is_whole() && whole.events > whole.batches, "{whole}");
    files.alter(&dir().join(&names[0]), |bytes| bytes[200] ^= 1);
    files.alter(&dir().join(&names[1]), |bytes| bytes[115] ^= 1);
    files.alter(&dir().join(&names[2]), |bytes| bytes[20] ^= 1);
    let report = verify(&files, &dir(), Expect::NOTHING).unwrap();
    let files_named: Vec<_> = report.damages.iter().map(|damage| &damage.file).collect();
    assert_eq!(files_named, [&names[0], &names[1], &names[2]], "{report}");
    assert_eq!(report.batches, whole.batches - 2, "{report}");
    assert_eq!((report.end, report.sound), (whole.end, Position::START));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["damages"][0]["damage"], "batch_checksum");
    assert_eq!(json["damages"][0]["file"], names[0]);
}

#[test]
fn a_missing_sector_with_a_later_batch_behind_it_is_no_torn_end() {
    let files = FaultyFiles::new(Path::new(ROOT), 1);
    let mut journal = Journal::open(Arc::new(files.clone()), &dir(), Expect::NOTHING)
        .unwrap()
        .journal;
    journal.append(&[[1; 700]]).unwrap();
    journal.append(&[[2; 10]]).unwrap();
    files.remove(&dir().join("mark")).unwrap();
    let path = dir().join(&segments(&files)[0]);
    files.alter(&path, |bytes| bytes[108..512].fill(0));
    let damage = refused(&files, Expect::NOTHING);
    assert_eq!((damage.offset, damage.sequence), (108, 1));
    assert_eq!(damage.kind, DamageKind::BatchHeader);
}
