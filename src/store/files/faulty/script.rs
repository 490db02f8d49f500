//! What goes wrong, and when.

use std::io;

/// One fault of the script. Operations, writes and syncs are each counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The n-th write takes nothing and fails.
    FailWrite(u64),
    /// The n-th write takes only so many bytes, and says so.
    ShortWrite {
        /// Which write.
        write: u64,
        /// How many bytes it takes at most.
        takes: usize,
    },
    /// The n-th write takes so many bytes but reports an error.
    TornWrite {
        /// Which write.
        write: u64,
        /// How many bytes it takes at most.
        takes: usize,
    },
    /// The n-th sync of a file fails; what it should have synced never becomes durable.
    FailSync(u64),
    /// The n-th sync of a folder fails.
    FailDirSync(u64),
    /// All files together can hold so many bytes.
    Capacity(u64),
    /// At the n-th operation the power goes: it and all later ones fail until the power cut is over.
    ///
    /// A write at that moment is left unsynced, a sync does not happen.
    PowerGoes(u64),
}

/// What a power cut leaves of the bytes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// Nothing: forgotten exactly.
    Forgotten,
    /// The writes in their order, up to a byte that the seed chooses.
    Prefix,
    /// The length of all writes, but of each sector of 512 bytes either the new bytes or the old ones
    /// (zeros behind the old end), as the seed chooses.
    Sectors,
    /// Everything, as if it had just been written back.
    Kept,
}

/// How many of what were asked for, and how many faults of each kind have come to pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations of any kind.
    pub operations: u64,
    /// Writes.
    pub writes: u64,
    /// Syncs of files.
    pub syncs: u64,
    /// Syncs of folders.
    pub dir_syncs: u64,
    /// Writes that failed by [`Fault::FailWrite`].
    pub failed_writes: u64,
    /// Writes that were cut by [`Fault::ShortWrite`].
    pub short_writes: u64,
    /// Writes that failed by [`Fault::TornWrite`].
    pub torn_writes: u64,
    /// Syncs of files that failed by [`Fault::FailSync`].
    pub failed_syncs: u64,
    /// Syncs of folders that failed by [`Fault::FailDirSync`].
    pub failed_dir_syncs: u64,
    /// Writes that [`Fault::Capacity`] cut.
    pub full: u64,
    /// How often the power went.
    pub power_gone: u64,
}

/// The script, and how far it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) faults: Vec<Fault>,
    pub(super) counts: Counts,
    off: bool,
}

/// What becomes of a write.
pub(super) enum WriteFate {
    Takes(usize),
    TakesAndFails(usize, io::Error),
}

impl Script {
    /// Counts an operation; `Err` where the power is off.
    pub(super) fn operation(&mut self) -> io::Result<()> {
        let goes = Fault::PowerGoes(self.counts.operations);
        self.counts.operations += 1;
        if !self.off && self.faults.contains(&goes) {
            self.counts.power_gone += 1;
            self.off = true;
        }
        self.powered()
    }

    /// `Err` where the power is off.
    pub(super) fn powered(&self) -> io::Result<()> {
        if self.off {
            Err(io::Error::other("the power is off"))
        } else {
            Ok(())
        }
    }

    /// Gives the power back.
    pub(super) fn power_on(&mut self) {
        self.off = false;
        self.faults
            .retain(|fault| !matches!(fault, Fault::PowerGoes(_)));
    }

    /// What becomes of the next write of `length` bytes that grows the disk's `used` bytes by `grows`.
    pub(super) fn write(&mut self, length: usize, used: u64, grows: u64) -> WriteFate {
        let was_on = !self.off;
        if let Err(error) = self.operation() {
            let reaches = if was_on { length } else { 0 };
            return WriteFate::TakesAndFails(reaches, error);
        }
        let number = self.counts.writes;
        self.counts.writes += 1;
        let counts = &mut self.counts;
        let mut takes = length;
        for fault in &self.faults {
            match *fault {
                Fault::FailWrite(n) if n == number => {
                    counts.failed_writes += 1;
                    return WriteFate::TakesAndFails(0, io::Error::other("injected write error"));
                }
                Fault::TornWrite { write, takes } if write == number => {
                    counts.torn_writes += 1;
                    let error = io::Error::other("injected write error");
                    return WriteFate::TakesAndFails(takes.min(length), error);
                }
                Fault::ShortWrite {
                    write,
                    takes: bytes,
                } if write == number && bytes < takes => {
                    counts.short_writes += 1;
                    takes = bytes;
                }
                Fault::Capacity(bytes) if used + grows > bytes => {
                    counts.full += 1;
                    let over = usize::try_from(used + grows - bytes).unwrap_or(usize::MAX);
                    takes = takes.min(length.saturating_sub(over));
                }
                _ => {}
            }
        }
        if takes == 0 && length > 0 {
            return WriteFate::TakesAndFails(0, io::ErrorKind::StorageFull.into());
        }
        WriteFate::Takes(takes)
    }

    /// Counts a sync of a file: `Ok(false)` where it must fail by the script.
    pub(super) fn sync(&mut self) -> io::Result<bool> {
        self.operation()?;
        let fails = self.faults.contains(&Fault::FailSync(self.counts.syncs));
        self.counts.syncs += 1;
        self.counts.failed_syncs += u64::from(fails);
        Ok(!fails)
    }

    /// Counts a sync of a folder: `Ok(false)` where it must fail by the script.
    pub(super) fn dir_sync(&mut self) -> io::Result<bool> {
        self.operation()?;
        let fault = Fault::FailDirSync(self.counts.dir_syncs);
        let fails = self.faults.contains(&fault);
        self.counts.dir_syncs += 1;
        self.counts.failed_dir_syncs += u64::from(fails);
        Ok(!fails)
    }
}
