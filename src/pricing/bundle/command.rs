//! `tekton-budget catalogue build`.

use super::{BuildError, Inputs, Report, build};
use jiff::civil::Date;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Makes the catalogue that comes with the program.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// litellm's `model_prices_and_context_window.json`
    #[arg(long, value_name = "FILE")]
    pub litellm: PathBuf,
    /// The version of litellm that it is from
    #[arg(long, value_name = "VERSION")]
    pub litellm_version: String,
    /// genai-prices' `prices/data.json`
    #[arg(long, value_name = "FILE")]
    pub genai: PathBuf,
    /// The version of genai-prices that it is from
    #[arg(long, value_name = "VERSION")]
    pub genai_version: String,
    /// The day that the prices are of
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Date,
    /// Where the catalogue goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// The licence of both sources.
const LICENCE: &str = "MIT";

/// Makes the catalogue, writes it, and says what is in it.
///
/// # Errors
/// Where a file can't be read, is of another shape, or can't be written.
pub fn run(args: &Args) -> Result<String, BuildError> {
    let litellm = read(&args.litellm)?;
    let genai = read(&args.genai)?;
    let (catalogue, report) = build(&Inputs {
        litellm: &litellm,
        litellm_name: &format!("litellm {}", args.litellm_version),
        genai: &genai,
        genai_name: &format!("genai-prices {}", args.genai_version),
        date: args.date,
    })?;
    let text = catalogue.to_json(LICENCE)?;
    std::fs::write(&args.out, &text).map_err(|error| file_error(&args.out, error))?;
    Ok(summary(catalogue.cards().len(), text.len(), &report))
}

fn read(path: &Path) -> Result<String, BuildError> {
    std::fs::read_to_string(path).map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, error: std::io::Error) -> BuildError {
    BuildError::File {
        path: path.display().to_string(),
        error,
    }
}

fn summary(models: usize, bytes: usize, report: &Report) -> String {
    let mut text = format!(
        "{models} models in {bytes} bytes: both sources agree on {}, disagree on {}, and one alone knows {}.\n",
        report.agreed,
        report.disagreements.len(),
        report.single,
    );
    // Writing into a String can't fail.
    for disagreement in &report.disagreements {
        let (model, taken) = (&disagreement.model, disagreement.taken);
        let _ = writeln!(text, "disagree: {model}: {taken} counts");
    }
    for skipped in &report.skipped {
        let _ = writeln!(
            text,
            "left out: {}'s {}: {}",
            skipped.source, skipped.model, skipped.why
        );
    }
    text
}
