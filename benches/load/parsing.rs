//! How long the five real snapshots take to be read, beside the bare look at their JSON, and what that holds.

use crate::client::Done;
use crate::sources::{SNAPSHOTS, newest};
use crate::table::{Times, alone, row, skipped};
use jiff::civil::date;
use serde::de::IgnoredAny;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use tekton_budget::pricing::sources::{Source, all};

/// The argument that makes this program read the sources once and say the most memory that it held.
pub(crate) const ONCE: &str = "--parse-once";
const TURNS: usize = 20;

/// A reader, and what it reads.
type Document = (Arc<dyn Source>, Vec<u8>);

/// The newest snapshots, each with its reader.
fn documents() -> Done<Vec<Document>> {
    let mut documents = Vec::new();
    for source in all() {
        if let Some(body) = newest(&source.declaration().name) {
            documents.push((source, body?));
        }
    }
    Ok(documents)
}

fn offers(documents: &[Document]) -> Done<usize> {
    let mut offers = 0;
    for (source, body) in documents {
        let listing = source.parse(body, date(2026, 8, 31))?;
        offers += black_box(listing).offers.len();
    }
    Ok(offers)
}

/// What the child of [`figures`] does.
pub(crate) fn once() -> Done<()> {
    // All listings are held at a time, as by a refresh.
    let documents = documents()?;
    let listings: Result<Vec<_>, _> = documents
        .iter()
        .map(|(source, body)| source.parse(body, date(2026, 8, 31)))
        .collect();
    black_box(listings?);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1));
    #[expect(clippy::print_stdout, reason = "its parent reads it")]
    {
        println!("{}", kb.ok_or("no VmHWM")?);
    }
    Ok(())
}

/// Prints the figures.
pub(crate) fn figures() -> Done<()> {
    if !Path::new(SNAPSHOTS).exists() {
        skipped("reading of sources: there are no snapshots here");
        return Ok(());
    }
    let documents = documents()?;
    let (mut ours, mut floor) = (Times::default(), Times::default());
    for _ in 0..TURNS {
        let begun = Instant::now();
        black_box(offers(&documents)?);
        ours.push(begun.elapsed());
        let begun = Instant::now();
        for (_, body) in &documents {
            black_box(serde_json::from_slice::<IgnoredAny>(body)?);
        }
        floor.push(begun.elapsed());
    }
    let name = format!("{} sources read, beside bare JSON", documents.len());
    let [ours, floor] = [ours, floor].map(|times| times.us(50) / 1000.0);
    row(&name, "ms", ours, floor, "< 300 ms");
    let told = Command::new(std::env::current_exe()?).arg(ONCE).output()?;
    let kb: f64 = String::from_utf8(told.stdout)?.trim().parse()?;
    alone(
        "memory of a process that read them",
        "MB",
        kb / 1024.0,
        "< 150 MB",
    );
    Ok(())
}
