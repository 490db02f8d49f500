//! What `tools/list` says.

use crate::core::role::Role;
use crate::service::contract::{Annotations, allowed, brief_output_schema, input_schema};
use crate::service::operation::Tool;
use rmcp::model::{ListToolsResult, ToolAnnotations};
use std::sync::Arc;

/// The tools that a role may call, as the protocol lists them.
pub(super) fn listed(tools: &'static [Tool], role: Role) -> Vec<rmcp::model::Tool> {
    allowed(tools, role).into_iter().map(entry).collect()
}

/// How many bytes the whole list of a role takes on the wire.
///
/// # Errors
/// Where it can't be written as JSON.
pub fn list_bytes(tools: &'static [Tool], role: Role) -> Result<usize, serde_json::Error> {
    let result = ListToolsResult::with_all_items(listed(tools, role));
    Ok(serde_json::to_vec(&result)?.len())
}

fn entry(tool: &Tool) -> rmcp::model::Tool {
    let contract = &tool.contract;
    let hints = Annotations::of(tool);
    rmcp::model::Tool::new(
        contract.name,
        contract.description,
        Arc::new(input_schema(tool)),
    )
    .with_title(contract.title)
    .with_raw_output_schema(Arc::new(brief_output_schema(tool)))
    .with_annotations(ToolAnnotations::from_raw(
        None,
        Some(hints.read_only_hint),
        Some(hints.destructive_hint),
        Some(hints.idempotent_hint),
        Some(hints.open_world_hint),
    ))
}
