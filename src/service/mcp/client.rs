//! The client that is served: who it is, and what it may reach.

use super::wire::Ended;
use crate::core::refusal::{Code, Refusal};
use crate::service::Service;
use crate::service::caller::Caller;
use crate::service::operation::{Call, Tool};
use rmcp::ErrorData;
use serde_json::Value;
use std::sync::Arc;

/// One client.
pub(super) struct Client {
    pub(super) service: Arc<Service>,
    pub(super) tools: &'static [Tool],
    pub(super) caller: Caller,
    /// Whether it has gone.
    pub(super) ended: Ended,
}

impl Client {
    pub(super) fn new(
        service: Arc<Service>,
        tools: &'static [Tool],
        caller: Caller,
        ended: Ended,
    ) -> Self {
        Self {
            service,
            tools,
            caller,
            ended,
        }
    }

    /// The tool of that name, whoever may call it.
    pub(super) fn tool(&self, name: &str) -> Option<&'static Tool> {
        self.tools.iter().find(|tool| tool.contract.name == name)
    }

    /// The structured result of a tool, called in the client's own name.
    pub(super) async fn ask(&self, tool: &str, arguments: Value) -> Result<Value, Refusal> {
        let Some(tool) = self.tool(tool) else {
            return Err(Refusal::not_found("tool", tool));
        };
        let call = Call::new(self.caller.clone());
        let answer = tool.run(Arc::clone(&self.service), call, arguments).await?;
        Ok(answer.content)
    }
}

/// A refusal where the protocol has only errors for it.
pub(super) fn protocol_error(refusal: &Refusal) -> ErrorData {
    let message = refusal.to_string();
    let data = serde_json::to_value(refusal).ok();
    match refusal.code {
        Code::NotFound | Code::PriceUnknown => ErrorData::resource_not_found(message, data),
        Code::InvalidArgument => ErrorData::invalid_params(message, data),
        _ => ErrorData::internal_error(message, data),
    }
}
