//! Reading a segment's batches one after the other with large reads.

use super::format::{
    BATCH_END, BATCH_HEADER, BATCH_START, BatchHeader, SEGMENT_HEADER, is_well_formed,
};
use crate::store::files::File;
use std::io;
use std::sync::Arc;

/// Bytes of one read going through a segment. Large enough to make the call's cost vanish, small enough for the processor's cache.
const CHUNK: usize = 256 << 10;

/// What stands where the next batch should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The end of the readable bytes, exactly after a batch.
    End,
    /// A whole batch with the right checksum.
    Batch(BatchHeader),
    /// Something else.
    Broken(Fault),
}

/// Why no batch could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Fewer bytes than a header has.
    ShortHeader,
    /// No sound header.
    Header,
    /// A sound header, but the bytes end before the batch does.
    Short,
    /// All bytes are there, but not those of the checksum or the end mark.
    Checksum(BatchHeader),
    /// The checksum is right, the events do not fill the body.
    Structure(BatchHeader),
}

/// A segment being read.
#[derive(Debug)]
pub(super) struct Stream {
    file: Arc<dyn File>,
    /// Where the bytes end that may be read.
    limit: u64,
    /// Where the current batch begins; the next one while there is none.
    at: u64,
    current: Option<BatchHeader>,
    buffer: Vec<u8>,
    /// Where the buffer's bytes stand in the file.
    base: u64,
    filled: usize,
    chunk: usize,
}

impl Stream {
    /// Begins at `offset`, where a batch begins, and reads up to `limit` by `chunk` bytes or what a batch needs.
    pub(super) fn new(file: Arc<dyn File>, offset: u64, limit: u64, chunk: usize) -> Self {
        Self {
            chunk,
            file,
            limit,
            at: offset,
            current: None,
            buffer: Vec::new(),
            base: offset,
            filled: 0,
        }
    }

    /// Begins at a segment's first batch.
    pub(super) fn segment(file: Arc<dyn File>, limit: u64) -> Self {
        Self::new(file, SEGMENT_HEADER as u64, limit, CHUNK)
    }

    /// Where the current batch begins, or where the next one should.
    pub(super) fn offset(&self) -> u64 {
        self.at
    }

    /// The body of the batch that [`Stream::advance`] found; empty before that.
    pub(super) fn body(&self) -> &[u8] {
        let body = self.current.map_or(0, |header| header.body as usize);
        let begin = self.in_buffer() + BATCH_HEADER;
        self.buffer.get(begin..begin + body).unwrap_or_default()
    }

    /// Goes to the next batch. After a fault it stays where it is.
    pub(super) fn advance(&mut self) -> io::Result<Step> {
        if let Some(passed) = self.current.take() {
            self.at += passed.total();
        }
        let there = self.fill(BATCH_HEADER)?;
        if there < BATCH_HEADER {
            let step = match there {
                0 if self.at == self.limit => Step::End,
                _ => Step::Broken(Fault::ShortHeader),
            };
            return Ok(step);
        }
        let Some(header) = BatchHeader::decode(&self.buffer[self.in_buffer()..self.filled]) else {
            return Ok(Step::Broken(Fault::Header));
        };
        let total = usize::try_from(header.total()).unwrap_or(usize::MAX);
        if self.fill(total)? < total {
            return Ok(Step::Broken(Fault::Short));
        }
        let begin = self.in_buffer();
        let (body, end) =
            self.buffer[begin + BATCH_HEADER..begin + total].split_at(header.body as usize);
        if end != BATCH_END || crc32c::crc32c(body) != header.body_crc {
            return Ok(Step::Broken(Fault::Checksum(header)));
        }
        if !is_well_formed(body, header.count) {
            return Ok(Step::Broken(Fault::Structure(header)));
        }
        self.current = Some(header);
        Ok(Step::Batch(header))
    }

    /// Goes over a batch that is broken but whose header is sound.
    pub(super) fn skip_batch(&mut self, header: &BatchHeader) {
        self.at += header.total();
    }

    /// Goes over what is broken to the next place where a sound batch begins; `false` where there is none.
    pub(super) fn skip_broken(&mut self) -> io::Result<bool> {
        self.current = None;
        while self.fill(BATCH_HEADER + 1)? > BATCH_HEADER {
            let begin = self.in_buffer() + 1;
            let searched = &self.buffer[begin..self.filled];
            let found = searched
                .windows(BATCH_START.len())
                .position(|bytes| bytes == BATCH_START);
            let Some(skipped) = found else {
                let skipped = searched.len() - (BATCH_START.len() - 1);
                self.at += skipped as u64;
                continue;
            };
            self.at += skipped as u64 + 1;
            if let Step::Batch(_) = self.advance()? {
                self.current = None;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn in_buffer(&self) -> usize {
        usize::try_from(self.at - self.base).unwrap_or(usize::MAX)
    }

    /// Has `wanted` bytes from the current place in the buffer, or as many as there are; says how many.
    fn fill(&mut self, wanted: usize) -> io::Result<usize> {
        let there = self.filled.saturating_sub(self.in_buffer());
        if there >= wanted {
            return Ok(wanted);
        }
        let left = usize::try_from(self.limit.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        if there >= wanted {
            return Ok(wanted);
        }
        self.move_to_front(there);
        let target = wanted.max(self.chunk).min(left);
        if self.buffer.len() < target {
            self.buffer.resize(target, 0);
        } else if self.buffer.len() > self.chunk && target <= self.chunk {
            self.buffer.truncate(self.chunk.max(there));
            self.buffer.shrink_to_fit();
        }
        let read = self.file.read_full_at(
            self.base + self.filled as u64,
            &mut self.buffer[self.filled..target],
        )?;
        self.filled += read;
        Ok(self.filled.min(wanted))
    }

    fn move_to_front(&mut self, there: usize) {
        let begin = self.in_buffer();
        if there > 0 {
            self.buffer.copy_within(begin..begin + there, 0);
        }
        self.base = self.at;
        self.filled = there;
    }
}
