//! What is taken of a client's lines, wherever they are read.

use rmcp::model::ProtocolVersion;

/// The most bytes that one line may have; 1,000 usage records of 16 kB each.
pub(crate) const LINE_MOST: usize = 16 << 20;

/// The most messages that one batch may have.
pub(crate) const BATCH_MOST: usize = 1000;

/// Whether this version of the protocol has batches.
pub(crate) fn has_batches(version: &ProtocolVersion) -> bool {
    *version == ProtocolVersion::V_2025_03_26
}

/// The line without the byte order mark that some programs begin a text with.
pub(crate) fn unmarked(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
}
