//! The command line: without a command the MCP server on standard input and output.

mod backup;
mod journal;
mod progress;
mod seen;
mod serve;
mod tools;

use crate::core::context::{Context, Tags};
use crate::core::decide::check_name;
use crate::core::name::Name;
use crate::core::role::{Interface, Role};
use crate::pricing::bundle;
use crate::service::caller::{Approvals, Caller};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A budget that holds: an MCP server for the tokens and money that LLM agents spend.
#[derive(Debug, Parser)]
#[command(name = "tekton-budget", version, about, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(flatten)]
    client: Client,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Where the store is, and who calls.
#[derive(Debug, Args)]
pub struct Client {
    /// Where the store is [default: the platform's data directory]
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_DATA_DIR",
        value_name = "DIR"
    )]
    data_dir: Option<PathBuf>,
    /// What this client may do: viewer, agent, operator or admin
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_ROLE",
        default_value = "agent",
        value_name = "ROLE"
    )]
    role: Role,
    /// This client's name in the audit trail
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_ACTOR",
        value_name = "NAME",
        value_parser = name
    )]
    actor: Option<Name>,
    /// The component that every charge of this client is for
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_COMPONENT",
        value_name = "NAME",
        value_parser = name
    )]
    component: Option<Name>,
    /// The user that every charge of this client is for
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_USER",
        value_name = "NAME",
        value_parser = name
    )]
    user: Option<Name>,
    /// The project that every charge of this client is for
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_PROJECT",
        value_name = "NAME",
        value_parser = name
    )]
    project: Option<Name>,
    /// A tag of every charge of this client; may be repeated
    #[arg(
        long = "tag",
        global = true,
        env = "TEKTON_BUDGET_TAGS",
        value_delimiter = ',',
        value_name = "NAME=VALUE",
        value_parser = tag
    )]
    tags: Vec<(Name, Name)>,
    /// Who answers this client's requests for more: admin, or person, which asks the one behind the client at once
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_APPROVALS",
        default_value = "admin",
        value_name = "WHO"
    )]
    approvals: Approvals,
    /// Whether the price sources are asked in the background, where this process owns the store: on or off [default:
    /// what prices.json in the data directory says, else on]
    #[arg(
        long,
        global = true,
        env = "TEKTON_BUDGET_PRICE_REFRESH",
        value_name = "SWITCH"
    )]
    price_refresh: Option<Switch>,
}

/// A setting that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    /// It is on.
    On,
    /// It is off.
    Off,
}

impl Switch {
    fn is_on(self) -> bool {
        self == Self::On
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find all that is wrong with the journal; changes nothing, also while a server runs
    Verify(journal::VerifyArgs),
    /// Give up a damaged part of the journal, and only what is named
    Repair(journal::RepairArgs),
    /// Write everything to one file, also while a server runs
    Backup(backup::BackupArgs),
    /// Make the store of a new data directory from a backup
    Restore(backup::RestoreArgs),
    /// The published contracts of the tools
    Tools {
        #[command(subcommand)]
        command: tools::ToolsCommand,
    },
    /// The bundled price catalogue
    Catalogue {
        #[command(subcommand)]
        command: CatalogueCommand,
    },
}

#[derive(Debug, Subcommand)]
enum CatalogueCommand {
    /// Make the catalogue from price data of litellm and genai-prices
    Build(bundle::Args),
}

fn tag(text: &str) -> Result<(Name, Name), String> {
    let (name, value) = text.split_once('=').ok_or("expects NAME=VALUE")?;
    Ok((self::name(name)?, self::name(value)?))
}

/// A name that every call of the client can carry.
fn name(text: &str) -> Result<Name, String> {
    let checked = check_name("name", text);
    checked.map_err(|refusal| refusal.message)?;
    Ok(text.into())
}

impl Client {
    fn data_dir(&self) -> Result<PathBuf, String> {
        if let Some(dir) = &self.data_dir {
            return Ok(dir.clone());
        }
        directories::ProjectDirs::from("", "", "tekton-budget")
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or_else(|| "there is no home directory; say --data-dir DIR".to_owned())
    }

    fn caller(&self, interface: Interface) -> Caller {
        Caller {
            actor: self
                .actor
                .clone()
                .unwrap_or_else(|| self.role.as_str().into()),
            role: self.role,
            interface,
            fixed: Context {
                component: self.component.clone(),
                user: self.user.clone(),
                project: self.project.clone(),
                tags: self.tags.iter().cloned().collect::<Tags>(),
                ..Context::default()
            },
            approvals: self.approvals,
        }
    }
}

/// Does what the arguments ask.
pub fn run(arguments: &Arguments) -> ExitCode {
    let done = match &arguments.command {
        None => serve::serve(&arguments.client),
        Some(Command::Verify(wanted)) => journal::verify(&arguments.client, wanted),
        Some(Command::Repair(wanted)) => journal::mend(&arguments.client, wanted),
        Some(Command::Backup(wanted)) => backup::save(&arguments.client, wanted),
        Some(Command::Restore(wanted)) => backup::restore(&arguments.client, wanted),
        Some(Command::Tools { command }) => tools::run(command),
        Some(Command::Catalogue {
            command: CatalogueCommand::Build(wanted),
        }) => bundle::run(wanted)
            .map_err(|error| error.to_string())
            .and_then(|summary| print(&summary)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // The message is for a person at the terminal, and so goes where the logs do.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("tekton-budget: {message}\n").as_bytes(),
            );
            ExitCode::FAILURE
        }
    }
}

/// Prints what a command has to say.
fn print(text: &str) -> Result<(), String> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}
