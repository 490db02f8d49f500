//! The face, by raw lines and by rmcp's own client.

mod ask;
mod crowd;
mod follow;
mod lives;
mod progress;
mod resources;
mod tools;
mod wire;

use super::serve;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::caller::Caller;
use crate::service::testing::{TOOLS, service};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines};
use tokio::task::JoinHandle;

/// How long an answer may take before a test gives it up; no figure of the program.
const PATIENCE: Duration = Duration::from_secs(20);

/// A caller of that role.
fn caller(role: Role) -> Caller {
    Caller {
        actor: "tester".into(),
        role,
        ..Caller::default()
    }
}

/// A client that writes lines by hand.
struct Raw {
    writer: Option<DuplexStream>,
    lines: Lines<BufReader<DuplexStream>>,
    served: JoinHandle<()>,
    service: Arc<Service>,
}

impl Raw {
    fn new(role: Role) -> Self {
        Self::of(service(), role)
    }

    fn of(service: Arc<Service>, role: Role) -> Self {
        let (writer, reader) = tokio::io::duplex(64 << 10);
        let (answers, output) = tokio::io::duplex(64 << 10);
        let serving = serve(Arc::clone(&service), &TOOLS, caller(role), reader, answers);
        Self {
            writer: Some(writer),
            lines: BufReader::new(output).lines(),
            served: tokio::spawn(async { serving.await.unwrap() }),
            service,
        }
    }

    /// A client that has opened a session.
    async fn session(role: Role, version: &str) -> Self {
        let mut raw = Self::new(role);
        raw.initialize(version, json!({})).await;
        raw
    }

    async fn initialize(&mut self, version: &str, capabilities: Value) -> Value {
        let params = json!({
            "protocolVersion": version,
            "capabilities": capabilities,
            "clientInfo": {"name": "raw", "version": "1"},
        });
        let answer = self.ask(0, "initialize", params).await;
        self.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        answer
    }

    async fn write(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes).await.unwrap();
    }

    async fn send(&mut self, message: Value) {
        self.write((message.to_string() + "\n").as_bytes()).await;
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line());
        let line = line.await.expect("an answer").unwrap();
        serde_json::from_str(&line.expect("a line")).unwrap()
    }

    /// Sends a request and gives its answer, which is the next line.
    async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(request).await;
        let answer = self.next().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// The same where news may come first.
    async fn ask_past_news(&mut self, id: u64, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(request).await;
        loop {
            let line = self.next().await;
            if line.get("id").is_some() {
                return line;
            }
        }
    }

    async fn call(&mut self, id: u64, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.ask(id, "tools/call", params).await
    }

    /// Ends the input; what is still answered, once the service has returned.
    async fn end(mut self) -> Vec<Value> {
        drop(self.writer.take());
        let mut rest = Vec::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            rest.push(serde_json::from_str(&line).unwrap());
        }
        tokio::time::timeout(PATIENCE, self.served)
            .await
            .expect("serve returns")
            .unwrap();
        rest
    }
}

/// What the answer to a call that was refused holds for programs.
///
/// It is a text: clients check structured content by the tool's output schema, which no refusal meets.
fn refusal(answer: &Value) -> Value {
    let result = &answer["result"];
    assert_eq!(result["isError"], true, "{answer}");
    assert_eq!(result.get("structuredContent"), None, "{answer}");
    let refusal: Value =
        serde_json::from_str(result["content"][1]["text"].as_str().unwrap()).unwrap();
    let sentence = format!(
        "{}: {}",
        refusal["code"].as_str().unwrap(),
        refusal["message"].as_str().unwrap()
    );
    assert_eq!(result["content"][0]["text"], sentence);
    assert!(refusal["details"].is_object(), "{answer}");
    refusal
}

/// The `_meta` of a request of 2026-07-28.
#[expect(clippy::needless_pass_by_value, reason = "called with literals")]
fn meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}
