//! What a client has told its owner once, and the next one has to hear again.

use super::peek::Id;
use rmcp::model::ProtocolVersion;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Line = Box<[u8]>;

/// A request that was answered and is repeated to each new owner.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) id: Id,
    pub(super) line: Line,
}

impl Told {
    fn new(id: &Id, line: &[u8]) -> Self {
        Self {
            id: id.clone(),
            line: line.into(),
        }
    }
}

/// The standing wishes of a client.
#[derive(Default)]
pub(super) struct Handshake {
    pub(super) initialize: Option<Told>,
    pub(super) initialized: Option<Line>,
    pub(super) level: Option<Told>,
    /// By URI.
    pub(super) subscribed: BTreeMap<String, Told>,
    /// Whether the protocol that was agreed on has batches.
    pub(super) has_batches: bool,
}

impl Handshake {
    /// Notes a request.
    pub(super) fn request(&mut self, id: &Id, method: &str, line: &[u8]) {
        match method {
            "initialize" => self.initialize = Some(Told::new(id, line)),
            "logging/setLevel" => self.level = Some(Told::new(id, line)),
            "resources/subscribe" => {
                if let Some(uri) = uri(line) {
                    self.subscribed.insert(uri, Told::new(id, line));
                }
            }
            "resources/unsubscribe" => {
                if let Some(uri) = uri(line) {
                    self.subscribed.remove(&uri);
                }
            }
            _ => {}
        }
    }

    /// Notes an answer.
    pub(super) fn answer(&mut self, id: &Id, line: &[u8]) {
        if self.initialize.as_ref().is_some_and(|told| told.id == *id)
            && let Some(version) = agreed(line)
        {
            self.has_batches = version == ProtocolVersion::V_2025_03_26;
        }
    }

    /// Notes a notification.
    pub(super) fn notification(&mut self, method: &str, line: &[u8]) {
        if method == "notifications/initialized" {
            self.initialized = Some(line.into());
        }
    }
}

#[derive(Deserialize)]
struct Agreed {
    result: Agreement,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Agreement {
    protocol_version: ProtocolVersion,
}

fn agreed(line: &[u8]) -> Option<ProtocolVersion> {
    let Agreed { result } = serde_json::from_slice(line).ok()?;
    Some(result.protocol_version)
}

#[derive(Deserialize)]
struct Subscribe {
    params: Resource,
}

#[derive(Deserialize)]
struct Resource {
    uri: String,
}

fn uri(line: &[u8]) -> Option<String> {
    let Subscribe { params } = serde_json::from_slice(line).ok()?;
    Some(params.uri)
}

/// The line that tells that a resource may have changed while nobody watched it.
pub(super) fn updated(uri: &str, subscription: Option<&Id>) -> String {
    let mut params = json!({"uri": uri});
    if let Some(id) = subscription {
        params["_meta"] = json!({SUBSCRIPTION: id});
    }
    let line =
        json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params});
    format!("{line}\n")
}

/// Where a notification names the subscription that it belongs to (MCP 2026-07-28).
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// The subscription that a `notifications/subscriptions/acknowledged` belongs to.
pub(super) fn acknowledged(line: &[u8]) -> Option<Id> {
    let message: Value = serde_json::from_slice(line).ok()?;
    message
        .get("params")?
        .get("_meta")?
        .get(SUBSCRIPTION)
        .cloned()
}

/// The resources that a `subscriptions/listen` watches.
pub(super) fn watched(line: &[u8]) -> Vec<String> {
    serde_json::from_slice::<Value>(line)
        .ok()
        .and_then(|message| {
            let uris = message
                .get("params")?
                .get("notifications")?
                .get("resourceSubscriptions")?;
            serde_json::from_value(uris.clone()).ok()
        })
        .unwrap_or_default()
}
