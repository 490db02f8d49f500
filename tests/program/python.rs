//! The main job by the official Python SDK, in a virtual environment that is made once and kept under the target folder.

use super::skipped::skipped;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The SDK's version; the names in its interface change with the first number.
const SDK: &str = "mcp>=2.3,<3";

fn runs(command: &mut Command) -> bool {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn has_sdk(python: &Path) -> bool {
    runs(Command::new(python).args(["-c", "import mcp"]))
}

/// The Python of an environment that has the SDK: none where it can't be made.
fn python() -> Option<PathBuf> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-sdk");
    let python = kept.join("bin/python");
    if has_sdk(&python) {
        return Some(python);
    }
    if !runs(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&kept),
    ) {
        skipped("there is no Python 3 with venv");
        return None;
    }
    let mut install = Command::new(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        SDK,
    ]);
    if !runs(&mut install) || !has_sdk(&python) {
        skipped("the Python package mcp can't be installed");
        return None;
    }
    Some(python)
}

#[test]
fn the_official_python_sdk_runs_the_main_job() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/main_job.py");
    let ran = Command::new(python)
        .arg(script)
        .arg(super::client::PROGRAM)
        .arg(dir.path())
        .output()
        .unwrap();
    let (out, errors) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{out}\n{errors}");
    assert_eq!(out.trim(), "the main job is done");
}
