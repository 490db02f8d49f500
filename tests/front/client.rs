//! A client of the protocol, over whatever carries lines.

use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tekton_budget::service::front::{Reader, Writer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};

/// How long a test waits before it takes an answer for lost.
const LOST: Duration = Duration::from_mins(1);

/// One end of a session.
pub(crate) struct Client {
    lines: Lines<BufReader<Reader>>,
    writer: Option<Writer>,
    next: u64,
}

impl Client {
    pub(crate) fn new(reader: Reader, writer: Writer) -> Self {
        Self {
            lines: BufReader::new(reader).lines(),
            writer: Some(writer),
            next: 0,
        }
    }

    /// One that sends and one that hears.
    pub(crate) fn split(mut self) -> (Self, Self) {
        let silent = BufReader::new(Box::new(tokio::io::empty()) as Reader).lines();
        let asking = Self {
            lines: silent,
            writer: self.writer.take(),
            next: self.next,
        };
        (asking, self)
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(text.as_bytes()).await.unwrap();
        writer.flush().await.unwrap();
    }

    /// Sends a request and returns its id.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> u64 {
        self.next += 1;
        let message =
            json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.send_text(&format!("{message}\n")).await;
        self.next
    }

    /// Sends a tool call and returns its id.
    pub(crate) async fn call(&mut self, name: &str, arguments: Value) -> u64 {
        self.request("tools/call", json!({"name": name, "arguments": arguments}))
            .await
    }

    pub(crate) async fn notify(&mut self, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.send_text(&format!("{message}\n")).await;
    }

    /// The next message; none where there will be none.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let line = tokio::time::timeout(LOST, self.lines.next_line()).await;
            let line = line.expect("no answer").unwrap()?;
            // The test program says what it runs before the protocol begins.
            if line.starts_with(['{', '[']) {
                return Some(serde_json::from_str(&line).unwrap());
            }
        }
    }

    /// The result of the next message, which has to answer `id`.
    pub(crate) async fn result(&mut self, id: u64) -> Value {
        let mut message = self.next().await.expect("the session has ended");
        assert_eq!(message["id"], id, "{message}");
        message["result"].take()
    }

    pub(crate) async fn ask(&mut self, method: &str) -> Value {
        let id = self.request(method, json!({})).await;
        self.result(id).await
    }

    pub(crate) async fn count(&mut self) -> u64 {
        let id = self.call("count", json!({})).await;
        self.result(id).await["count"].as_u64().unwrap()
    }

    /// Does the handshake; returns the process that answers it.
    pub(crate) async fn initialize(&mut self) -> Value {
        let result = self.ask("initialize").await;
        self.notify("notifications/initialized", json!({})).await;
        result
    }

    /// Does the handshake of the protocol that has batches.
    pub(crate) async fn initialize_with_batches(&mut self) {
        let version = json!({"protocolVersion": "2025-03-26"});
        let id = self.request("initialize", version).await;
        self.result(id).await;
        self.notify("notifications/initialized", json!({})).await;
    }

    /// Sends these tool calls in one line, each under its id.
    pub(crate) async fn call_all(&mut self, calls: &[(&str, &str, Value)]) {
        let calls: Vec<_> = calls
            .iter()
            .map(|(id, name, arguments)| {
                let params = json!({"name": name, "arguments": arguments});
                json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
            })
            .collect();
        self.send_text(&format!("{}\n", json!(calls))).await;
    }

    /// The results of the next message, which has to be the answer to these calls of one line.
    pub(crate) async fn results(&mut self, ids: &[&str]) -> Vec<Value> {
        let message = self.next().await.expect("the session has ended");
        let answers = message.as_array().expect("the answer to a batch").clone();
        let answered: Vec<_> = answers.iter().map(|answer| answer["id"].clone()).collect();
        assert_eq!(answered, ids, "{message}");
        answers
            .iter()
            .map(|answer| answer["result"].clone())
            .collect()
    }

    /// Closes the client's end and returns what still comes.
    pub(crate) async fn end(&mut self) -> Vec<Value> {
        if let Some(mut writer) = self.writer.take() {
            writer.shutdown().await.unwrap();
        }
        let mut rest = Vec::new();
        while let Some(message) = self.next().await {
            rest.push(message);
        }
        rest
    }
}

/// Waits until a call waits at the gate `name` for the `times`th time.
pub(crate) async fn waits_at(dir: &Path, name: &str, times: usize) {
    let waiting = async {
        while crate::toy::counted(dir, &format!("{name}.waits"))
            .values()
            .sum::<usize>()
            < times
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LOST, waiting)
        .await
        .expect("no call came to the gate");
}

/// Opens the gate `name`.
pub(crate) fn open(dir: &Path, name: &str) {
    std::fs::write(dir.join(name), "").unwrap();
}
