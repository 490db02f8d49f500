//! Arguments, and the one face that they ask for.

use clap::Parser;
use std::process::ExitCode;
use tekton_budget::service::cli;
use tracing_subscriber::EnvFilter;

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
