//! What a client has told its owner once, and the next one has to hear again.

use super::peek::Id;
use crate::service::line::has_batches;
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
    level: Option<Told>,
    /// By URI.
    subscribed: BTreeMap<String, Told>,
    /// The last `resources/list` of a session: who has seen the list is told of its changes.
    listed: Option<Told>,
    /// The version of the protocol that the client asked for, while none is agreed on.
    asked: Option<ProtocolVersion>,
    /// The one that was agreed on.
    agreed: Option<ProtocolVersion>,
}

impl Handshake {
    /// Notes a request.
    pub(super) fn request(&mut self, id: &Id, method: &str, line: &[u8]) {
        match method {
            "initialize" => {
                self.initialize = Some(Told::new(id, line));
                self.asked = asked(line);
            }
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
            "resources/list" if self.initialize.is_some() => {
                // Any page will do, and a cursor may be of no use to another owner.
                let line = json!({"jsonrpc": "2.0", "id": id, "method": method}).to_string();
                self.listed = Some(Told::new(id, line.as_bytes()));
            }
            _ => {}
        }
    }

    /// Everything but the handshake proper that was asked for, and what each lets the client follow.
    pub(super) fn wishes(&self) -> impl Iterator<Item = (&Told, Option<Followed>)> {
        let level = self.level.iter().map(|told| (told, None));
        let subscribed = self.subscribed.iter();
        let subscribed =
            subscribed.map(|(uri, told)| (told, Some(Followed::Resource(uri.clone()))));
        let listed = self.listed.iter().map(|told| (told, Some(Followed::List)));
        level.chain(subscribed).chain(listed)
    }

    /// Notes an answer.
    pub(super) fn answer(&mut self, id: &Id, error: bool, line: &[u8]) {
        if self.initialize.as_ref().is_none_or(|told| told.id != *id) {
            return;
        }
        if let Some(version) = agreed(line) {
            self.agreed = Some(version);
        } else if error && self.agreed.is_none() {
            // It opened nothing; at another owner it might open what the client knows nothing of.
            self.initialize = None;
            self.asked = None;
        }
    }

    /// Whether the client may send batches. What it sends before its `initialize` is answered is read after that.
    pub(super) fn has_batches(&self) -> bool {
        let version = self.agreed.as_ref().or(self.asked.as_ref());
        version.is_some_and(has_batches)
    }

    /// Notes a notification.
    pub(super) fn notification(&mut self, method: &str, line: &[u8]) {
        if method == "notifications/initialized" {
            self.initialized = Some(line.into());
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    params: Version,
}

#[derive(Deserialize)]
struct Agreed {
    result: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    protocol_version: ProtocolVersion,
}

fn asked(line: &[u8]) -> Option<ProtocolVersion> {
    let Asked { params } = serde_json::from_slice(line).ok()?;
    Some(params.protocol_version)
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

/// What a client is told the changes of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// The content of the resource with this URI.
    Resource(String),
    /// Which resources there are.
    List,
}

impl Followed {
    /// The line that tells that it may have changed while nobody watched it.
    pub(super) fn changed(&self, subscription: Option<&Id>) -> String {
        let (method, mut params) = match self {
            Self::Resource(uri) => ("notifications/resources/updated", json!({ "uri": uri })),
            Self::List => ("notifications/resources/list_changed", json!({})),
        };
        if let Some(id) = subscription {
            params["_meta"] = json!({SUBSCRIPTION: id});
        }
        let line = json!({"jsonrpc": "2.0", "method": method, "params": params});
        format!("{line}\n")
    }
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

#[derive(Deserialize)]
struct Listen {
    params: Listening,
}

#[derive(Deserialize)]
struct Listening {
    notifications: Filter,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    resource_subscriptions: Option<Vec<String>>,
    resources_list_changed: Option<bool>,
}

/// What a `subscriptions/listen` follows.
pub(super) fn watched(line: &[u8]) -> Vec<Followed> {
    let Ok(Listen { params }) = serde_json::from_slice(line) else {
        return Vec::new();
    };
    let filter = params.notifications;
    let uris = filter.resource_subscriptions.into_iter().flatten();
    let list = filter.resources_list_changed == Some(true);
    uris.map(Followed::Resource)
        .chain(list.then_some(Followed::List))
        .collect()
}
