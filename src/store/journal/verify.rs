//! Verifying: reads every byte, goes on after a damage, and lists all that is found. Changes nothing.

use super::batch::Batch;
use super::chain::{ChainHash, Position};
use super::error::{Damage, DamageKind, IoFailure, failed};
use super::expect::Expect;
use super::format::{BatchHeader, SEGMENT_HEADER, SegmentHeader};
use super::inventory::{Inventory, SegmentFile, link_damage};
use super::mark::Mark;
use super::report::Report;
use super::stream::{Fault, Step, Stream};
use super::survey::TornTail;
use super::tail::{End, Verdict};
use super::witness::Witnesses;
use crate::store::files::{Access, Files};
use std::io;
use std::path::Path;

/// A sound batch that a verification passes, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct SoundBatch<'a> {
    /// The segment's file name.
    pub file: &'a str,
    /// The byte in it where the batch begins.
    pub offset: u64,
    /// Its events.
    pub batch: Batch<'a>,
}

/// Verifies the journal in a folder. Where its owner appends meanwhile, the end that is found may be one that grows,
/// and a segment that is sealed in that very moment may be taken for a short one: verify again to tell.
///
/// # Errors
/// Where the folder can't be listed or a file in it can't be opened; what can't be read within one is a damage.
pub fn verify(files: &dyn Files, dir: &Path, expect: Expect) -> Result<Report, IoFailure> {
    verify_each(files, dir, expect, &mut |_| {})
}

/// Like [`verify`], and shows every batch whose bytes are sound, also behind a damage.
///
/// # Errors
/// As of [`verify`].
pub fn verify_each(
    files: &dyn Files,
    dir: &Path,
    expect: Expect,
    each: &mut dyn FnMut(SoundBatch<'_>),
) -> Result<Report, IoFailure> {
    // The mark first: what it says is durable is then in what is listed, though the owner goes on.
    let mark = Mark::read(files, dir)?;
    let inventory = Inventory::take(files, dir)?;
    let mut verifier = Verifier {
        files,
        dir,
        witnesses: Witnesses::new(expect, mark),
        next: Some(Position::START.sequence + 1),
        hash: Some(ChainHash::START),
        in_segments: 0,
        each,
        report: Report::new(mark, inventory.foreign_damages().collect()),
    };
    verifier.segments(&inventory.segments)?;
    verifier.end(inventory.segments.last());
    Ok(verifier.report)
}

struct Verifier<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    witnesses: Witnesses,
    /// The sequence and hash that the next batch must follow; `None` behind a damage, where any may come.
    next: Option<u64>,
    hash: Option<ChainHash>,
    /// Damages of segments, which foreign files are not.
    in_segments: usize,
    each: &'a mut dyn FnMut(SoundBatch<'_>),
    report: Report,
}

impl Verifier<'_> {
    fn segments(&mut self, segments: &[SegmentFile]) -> Result<(), IoFailure> {
        let mut before: Option<(&SegmentFile, Option<SegmentHeader>)> = None;
        for (number, segment) in segments.iter().enumerate() {
            let header = match segment.header(self.files, self.dir)? {
                Ok(header) => Some(header),
                Err(damage) => {
                    self.damaged(damage);
                    None
                }
            };
            if let Some(header) = &header {
                self.link(before, segment, header);
            }
            self.report.segments += 1;
            self.report.bytes += segment.length;
            self.next = Some(segment.first);
            self.hash = header.map(|header| header.before);
            if segment.length >= SEGMENT_HEADER as u64 {
                self.batches(segment, number + 1 == segments.len())?;
            }
            before = Some((segment, header));
        }
        Ok(())
    }

    /// Holds a segment's header against the segment before, by its header and by what was read of it.
    fn link(
        &mut self,
        before: Option<(&SegmentFile, Option<SegmentHeader>)>,
        segment: &SegmentFile,
        header: &SegmentHeader,
    ) {
        let damage = match before {
            None => link_damage(None, segment, header),
            Some((file, Some(previous))) => link_damage(Some((file, &previous)), segment, header),
            Some((_, None)) => None,
        };
        let kind = if self.next.is_some_and(|next| next != header.first) {
            Some(DamageKind::Gap {
                found: header.first,
            })
        } else if self.hash.is_some_and(|hash| hash != header.before) {
            Some(DamageKind::ChainBroken)
        } else {
            None
        };
        let sequence = self.next.unwrap_or(header.first);
        let read = kind.map(|kind| segment.damage(0, sequence, kind));
        if let Some(damage) = damage.or(read) {
            self.damaged(damage);
        }
    }

    fn batches(&mut self, segment: &SegmentFile, is_last: bool) -> Result<(), IoFailure> {
        let path = self.dir.join(&segment.name);
        let file = self
            .files
            .open(&path, Access::Read)
            .map_err(failed("open", &path))?;
        let mut stream = Stream::segment(file, segment.length);
        loop {
            match stream.advance() {
                Ok(Step::End) => return Ok(()),
                Ok(Step::Batch(header)) => self.batch(segment, &stream, &header),
                Ok(Step::Broken(fault)) => {
                    if !self.broken(segment, &mut stream, fault, is_last)? {
                        return Ok(());
                    }
                }
                Err(error) => {
                    self.unreadable(segment, &stream, &error);
                    return Ok(());
                }
            }
        }
    }

    fn batch(&mut self, segment: &SegmentFile, stream: &Stream, header: &BatchHeader) {
        let offset = stream.offset();
        if let Some(next) = self.next.filter(|next| *next != header.first) {
            let found = header.first;
            self.damaged(segment.damage(offset, next, DamageKind::Gap { found }));
        } else if self
            .hash
            .is_some_and(|hash| hash.after(stream.body()) != header.hash)
        {
            self.damaged(segment.damage(offset, header.first, DamageKind::ChainBroken));
        }
        let contradicting: Vec<_> = self.witnesses.contradicting(header).collect();
        for witness in contradicting {
            let kind = DamageKind::OtherHistory { witness };
            self.damaged(segment.damage(offset, header.first, kind));
        }
        (self.each)(SoundBatch {
            file: &segment.name,
            offset,
            batch: Batch::whole(header, stream.body()),
        });
        self.next = Some(header.last() + 1);
        self.hash = Some(header.hash);
        self.report.batches += 1;
        self.report.events += u64::from(header.count);
        self.report.end = header.end();
        if self.in_segments == 0 {
            self.report.sound = header.end();
        }
    }

    /// Takes note of what is broken and goes on behind it; `false` where nothing more can be read.
    fn broken(
        &mut self,
        segment: &SegmentFile,
        stream: &mut Stream,
        fault: Fault,
        is_last: bool,
    ) -> Result<bool, IoFailure> {
        let sequence = self.next.unwrap_or(self.report.end.sequence + 1);
        let damage = segment.damage(stream.offset(), sequence, fault.kind());
        if is_last && self.next.is_some() && sequence > self.witnesses.acknowledged() {
            let path = self.dir.join(&segment.name);
            let end = End::read(self.files, &path, &damage, segment.length)?;
            if let Some(Verdict::Torn(torn)) = end.map(|end| end.judge(fault)) {
                self.report.torn = Some(TornTail::new(damage, segment.length, torn));
                return Ok(false);
            }
        }
        self.damaged(damage);
        self.next = None;
        self.hash = None;
        match fault {
            Fault::Checksum(header) | Fault::Structure(header) => {
                stream.skip_batch(&header);
                self.next = Some(header.last() + 1);
                self.hash = Some(header.hash);
                Ok(true)
            }
            Fault::Short | Fault::ShortHeader => Ok(false),
            Fault::Header => match stream.skip_broken() {
                Ok(found) => Ok(found),
                Err(error) => {
                    self.unreadable(segment, stream, &error);
                    Ok(false)
                }
            },
        }
    }

    fn unreadable(&mut self, segment: &SegmentFile, stream: &Stream, error: &io::Error) {
        let sequence = self.next.unwrap_or(self.report.end.sequence + 1);
        let kind = DamageKind::Unreadable {
            error: error.to_string(),
        };
        self.damaged(segment.damage(stream.offset(), sequence, kind));
        self.next = None;
        self.hash = None;
    }

    /// Holds the end against the witnesses.
    fn end(&mut self, last: Option<&SegmentFile>) {
        let length = last.map_or(0, |last| last.length);
        if let Err(damage) = self.witnesses.check_end(self.report.end, last, length) {
            self.damaged(damage);
        }
    }

    fn damaged(&mut self, damage: Damage) {
        self.in_segments += 1;
        self.report.damages.push(damage);
    }
}
