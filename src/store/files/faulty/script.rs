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

/// The script, and how far it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) faults: Vec<Fault>,
    pub(super) operations: u64,
    writes: u64,
    syncs: u64,
    dir_syncs: u64,
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
        let number = self.operations;
        self.operations += 1;
        let off = Fault::PowerGoes(number);
        self.off = self.off || self.faults.contains(&off);
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
        let number = self.writes;
        self.writes += 1;
        let mut takes = length;
        for fault in &self.faults {
            match *fault {
                Fault::FailWrite(n) if n == number => {
                    return WriteFate::TakesAndFails(0, io::Error::other("injected write error"));
                }
                Fault::TornWrite { write, takes } if write == number => {
                    let error = io::Error::other("injected write error");
                    return WriteFate::TakesAndFails(takes.min(length), error);
                }
                Fault::ShortWrite {
                    write,
                    takes: bytes,
                } if write == number => takes = takes.min(bytes),
                Fault::Capacity(bytes) if used + grows > bytes => {
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
        self.syncs += 1;
        Ok(!self.faults.contains(&Fault::FailSync(self.syncs - 1)))
    }

    /// Counts a sync of a folder: `Ok(false)` where it must fail by the script.
    pub(super) fn dir_sync(&mut self) -> io::Result<bool> {
        self.operation()?;
        self.dir_syncs += 1;
        Ok(!self
            .faults
            .contains(&Fault::FailDirSync(self.dir_syncs - 1)))
    }
}
