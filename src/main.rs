//! Arguments, and the one face that they ask for.

use clap::Parser;
use std::process::ExitCode;
use tekton_budget::service::cli;
use tracing_subscriber::EnvFilter;

/// What is logged.
const LOG: &str = "TEKTON_BUDGET_LOG";

fn main() -> ExitCode {
    let wanted = std::env::var_os(LOG).map(|wanted| {
        let text = wanted.to_string_lossy();
        EnvFilter::try_new(&*text).map_err(|error| (text.into_owned(), error))
    });
    let (filter, refused) = match wanted {
        Some(Ok(filter)) => (filter, None),
        Some(Err(refused)) => (EnvFilter::new("warn"), Some(refused)),
        None => (EnvFilter::new("warn"), None),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // It would say so on the very stream that can't be written, and panic.
        .log_internal_errors(false)
        .init();
    if let Some((text, error)) = refused {
        tracing::warn!(%error, "{LOG}={text:?} is no filter; warnings are logged");
    }
    cli::run(&cli::Arguments::parse())
}
