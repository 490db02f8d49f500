//! A data directory that can't be used, and what to do about it.

use std::io::{self, ErrorKind};

/// Names the directory that an error is about: `prepare(dir).map_err(unusable(dir))`.
#[cfg(unix)]
pub(super) fn unusable(
    dir: &std::path::Path,
) -> impl FnOnce(io::Error) -> super::FrontError + use<> {
    let dir = dir.to_owned();
    move |source| super::FrontError::Place { dir, source }
}

/// What a person can do about it, as the second half of a sentence.
pub(super) fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a part of that path is a file: name another with --data-dir or TEKTON_BUDGET_DATA_DIR"
        }
        ErrorKind::PermissionDenied => {
            "let this user write there, or name another with --data-dir or TEKTON_BUDGET_DATA_DIR"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "it can only be read: make it writable, or name another with --data-dir or TEKTON_BUDGET_DATA_DIR"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make room there, or name another with --data-dir or TEKTON_BUDGET_DATA_DIR"
        }
        _ => "see to it, or name another with --data-dir or TEKTON_BUDGET_DATA_DIR",
    }
}
