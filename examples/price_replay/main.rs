//! Puts snapshots of real price sources through the whole way of a refresh, the older set first, and prints what came of
//! them as the tables of docs/pricing.md: `cargo run --release --example price_replay -- FOLDER`.

mod replay;

use std::io::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("expects the folder of the snapshots")?;
    let (older, newer) = replay::replay(Path::new(&folder))?;
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{older}\n{newer}").as_bytes())?;
    let told = format!(
        "reading took {:?} for the older set and {:?} for the newer; at its most the process held {}\n",
        older.reading,
        newer.reading,
        peak()
    );
    std::io::stderr().write_all(told.as_bytes())?;
    Ok(())
}

/// The most memory that this process has held, where the system says so.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("an unknown amount", str::trim).to_owned()
}
