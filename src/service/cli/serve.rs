//! The MCP server on standard input and output.

use super::{Client, Switch};
use crate::core::role::Interface;
use crate::service::front::{self, FrontOptions};
use crate::service::house::EmbeddedStore;
use crate::service::operation::Effect;
use crate::service::operations::TOOLS;
use std::process;

/// Serves one client as owner of the store or as forwarder, until it ends.
pub(super) fn serve(client: &Client) -> Result<(), String> {
    let data_dir = client.data_dir()?;
    let version = env!("CARGO_PKG_VERSION")
        .parse()
        .map_err(|error| format!("the program's version: {error}"))?;
    let reading = TOOLS
        .iter()
        .filter(|tool| tool.contract.effect == Effect::Reads);
    let read_only = reading.map(|tool| tool.contract.name).collect();
    let caller = client.caller(Interface::Mcp);
    let options = FrontOptions::new(data_dir.clone(), version, caller, read_only);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let ended = runtime.block_on(async {
        let stop = front::signalled().map_err(|error| error.to_string())?;
        let (input, output) = front::stdio::claim().map_err(|error| error.to_string())?;
        let served = front::run(
            options,
            EmbeddedStore::new(data_dir, client.price_refresh.map(Switch::is_on)),
            input,
            output,
            stop,
        )
        .await;
        served.map_err(|error| error.to_string())
    });
    let ended = ended.map(|ended| tracing::debug!(?ended, "ended"));
    // A terminal or a file as input is read by a thread that can't be woken: the process does not wait for it.
    match ended {
        Ok(()) => process::exit(0),
        Err(error) => {
            runtime.shutdown_background();
            Err(error)
        }
    }
}
