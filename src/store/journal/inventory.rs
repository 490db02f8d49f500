//! What lies in a journal's folder, and whether the segments' headers link up.

use super::error::{Damage, DamageKind, IoFailure, failed};
use super::format::{HeaderFault, PreviousSegment, SEGMENT_HEADER, SegmentHeader};
use super::mark::MARK_NAME;
use super::{ChainHash, Position};
use crate::store::files::{Access, EntryKind, Files};
use std::path::Path;

/// What a segment's file is called until its header is durable.
pub(super) const UNBORN: &str = ".new";
/// What the folders are called into which `repair` moves things.
pub(super) const SET_ASIDE: &str = "set-aside-";

/// The name of the segment whose first event has that sequence.
pub(super) fn segment_name(first: u64) -> String {
    format!("{first:020}.log")
}

/// The first sequence by a segment's name; `None` where it is no such name.
fn first_by_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// A segment's file as the folder lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentFile {
    pub(super) first: u64,
    pub(super) name: String,
    pub(super) length: u64,
}

impl SegmentFile {
    /// A damage of this segment.
    pub(super) fn damage(&self, offset: u64, sequence: u64, kind: DamageKind) -> Damage {
        Damage {
            file: self.name.clone(),
            offset,
            sequence,
            kind,
        }
    }

    /// Reads the header and holds it against the name.
    pub(super) fn header(
        &self,
        files: &dyn Files,
        dir: &Path,
    ) -> Result<Result<SegmentHeader, Damage>, IoFailure> {
        let path = dir.join(&self.name);
        let file = files
            .open(&path, Access::Read)
            .map_err(failed("open", &path))?;
        let mut bytes = [0; SEGMENT_HEADER];
        let read = file
            .read_full_at(0, &mut bytes)
            .map_err(failed("read", &path))?;
        let kind = match SegmentHeader::decode(&bytes[..read]) {
            Ok(header) if header.first == self.first => return Ok(Ok(header)),
            Ok(header) => DamageKind::WrongName {
                found: header.first,
            },
            Err(HeaderFault::Newer(found)) => DamageKind::NewerVersion { found },
            Err(HeaderFault::Broken) => DamageKind::SegmentHeader,
        };
        Ok(Err(self.damage(0, self.first, kind)))
    }
}

/// The folder's files by what they are.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// In the order of their sequences.
    pub(super) segments: Vec<SegmentFile>,
    /// Segments that were being made when the process or the power went; they hold nothing.
    pub(super) unborn: Vec<String>,
    /// What has no business here. Names that begin with a dot are the file system's own and are left alone.
    pub(super) foreign: Vec<String>,
}

impl Inventory {
    /// Lists a folder.
    pub(super) fn take(files: &dyn Files, dir: &Path) -> Result<Self, IoFailure> {
        let mut found = Self::default();
        for entry in files.list(dir).map_err(failed("list", dir))? {
            let is_file = entry.kind == EntryKind::File;
            let name = entry.name;
            let stem = name.strip_suffix(UNBORN).unwrap_or_default();
            if let Some(first) = first_by_name(&name).filter(|_| is_file) {
                found.segments.push(SegmentFile {
                    first,
                    name,
                    length: entry.length,
                });
            } else if is_file && first_by_name(stem).is_some() {
                found.unborn.push(name);
            } else if !(is_file && name == MARK_NAME
                || entry.kind == EntryKind::Folder && name.starts_with(SET_ASIDE)
                || name.starts_with('.'))
            {
                found.foreign.push(name);
            }
        }
        Ok(found)
    }

    /// The damages that the foreign files are.
    pub(super) fn foreign_damages(&self) -> impl Iterator<Item = Damage> + '_ {
        self.foreign.iter().map(|name| Damage {
            file: name.clone(),
            offset: 0,
            sequence: 0,
            kind: DamageKind::ForeignFile,
        })
    }
}

/// What is wrong between a segment and the one before it (`None` before the first), by their headers.
pub(super) fn link_damage(
    before: Option<(&SegmentFile, &SegmentHeader)>,
    segment: &SegmentFile,
    header: &SegmentHeader,
) -> Option<Damage> {
    let says = header.previous;
    let Some((file, previous)) = before else {
        let begins = says == PreviousSegment::default()
            && header.first == Position::START.sequence + 1
            && header.before == ChainHash::START;
        return (!begins).then(|| segment.damage(0, segment.first, DamageKind::MissingSegment));
    };
    if says.first != previous.first {
        return Some(segment.damage(0, segment.first, DamageKind::MissingSegment));
    }
    if says.header != previous.hash() {
        return Some(file.damage(0, file.first, DamageKind::AlteredSegment));
    }
    (says.length != file.length).then(|| {
        file.damage(
            says.length.min(file.length),
            header.first,
            DamageKind::SegmentLength {
                expected: says.length,
                found: file.length,
            },
        )
    })
}
