//! Arguments, and the one face that they ask for.

use clap::Parser;
use std::process::ExitCode;
use tekton_budget::service::cli;
use tracing_subscriber::EnvFilter;

/// Events are made in one thread and dropped in another, many small strings each: a third of a replay went into the
/// system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let filter =
        EnvFilter::try_from_env("TEKTON_BUDGET_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    cli::run(&cli::Arguments::parse())
}
