//! `tekton-budget tools`: the published contracts.

use super::print;
use crate::service::contract;
use crate::service::operations::TOOLS;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum ToolsCommand {
    /// Write the contract of every tool into a folder, or compare it with one
    Export {
        /// The folder
        #[arg(default_value = "tools", value_name = "DIR")]
        folder: PathBuf,
        /// Only say what differs, and fail if anything does
        #[arg(long)]
        check: bool,
    },
}

pub(super) fn run(command: &ToolsCommand) -> Result<(), String> {
    let ToolsCommand::Export { folder, check } = command;
    if *check {
        let differences = contract::export::check(folder, TOOLS)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        if differences.is_empty() {
            return print(&format!("{} contracts are as published.", TOOLS.len()));
        }
        let lines: Vec<_> = differences.iter().map(ToString::to_string).collect();
        return Err(format!(
            "{}\nrun `tekton-budget tools export` and look at the change",
            lines.join("\n")
        ));
    }
    for (path, text) in contract::export::export(TOOLS).map_err(|error| error.to_string())? {
        let file = folder.join(path);
        let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&file, text))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    print(&format!(
        "{} contracts are written to {}.",
        TOOLS.len(),
        folder.display()
    ))
}
