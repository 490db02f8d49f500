//! Puts snapshots of real price sources through the whole way of a refresh, the older set first, and prints what came of
//! them as the tables of docs/pricing.md: `cargo run --release --example price_replay -- FOLDER`.

mod replay;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("expects the folder of the snapshots")?;
    let (older, newer) = replay::replay(Path::new(&folder))?;
    let mut out = std::io::stdout().lock();
    std::io::Write::write_all(&mut out, format!("{older}\n{newer}").as_bytes())?;
    eprintln!(
        "reading took {:?} for the older set and {:?} for the newer",
        older.reading, newer.reading
    );
    Ok(())
}
