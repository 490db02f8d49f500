//! What fuzzing feeds the program with, and what must hold of the answer whatever it was.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "each target uses a part, and speaks by panicking"
)]

use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tekton_budget::core::codec;
use tekton_budget::core::role::Role;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::operations::TOOLS;
use tekton_budget::service::{Opening, Service, mcp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

/// A client may wait no longer than this for the end of a session.
const PATIENCE: Duration = Duration::from_mins(1);
const HELLO: &[u8] =
    br#"{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"fuzz","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
"#;

/// A session that says hello and then these bytes. The session ends, each line that comes back is a message, and there
/// are no more answers than lines.
pub fn lines(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let said = runtime.block_on(async { tokio::time::timeout(PATIENCE, session(bytes)).await });
    let said = String::from_utf8(said.expect("the session ends")).expect("answers are UTF-8");
    let mut answers = 0;
    for line in said.lines() {
        let message: Value = serde_json::from_str(line).expect("each line is JSON");
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        let answer = message.get("result").is_some() || message.get("error").is_some();
        assert_ne!(answer, message.get("method").is_some(), "{line}");
        answers += usize::from(answer);
    }
    assert!(said.contains(FAREWELL_ANSWER), "not heard: {said}");
    let asked = 2 + bytes.split(|byte| *byte == b'\n').count();
    assert!(
        answers <= asked,
        "{answers} answers to {asked} lines: {said}"
    );
}

/// A sound request behind all, on a line of its own: it must still be heard.
const FAREWELL: &[u8] = b"\n{\"jsonrpc\":\"2.0\",\"id\":\"farewell\",\"method\":\"ping\"}\n";
const FAREWELL_ANSWER: &str = "\"id\":\"farewell\"";

/// A session with a face that has no ledger behind it.
async fn session(bytes: &[u8]) -> Vec<u8> {
    let (opened, opening) = tokio::sync::watch::channel(Opening::Closed);
    let service = Arc::new(Service::new(opening));
    let caller = Caller {
        actor: "fuzz".into(),
        role: Role::Admin,
        ..Caller::default()
    };
    let (client, server) = duplex(1 << 16);
    let (reader, writer) = tokio::io::split(server);
    let serving = async {
        // A client that could not be welcomed is one outcome of many.
        let _ = mcp::serve(service, TOOLS, caller, reader, writer).await;
    };
    let (mut answers, mut input) = tokio::io::split(client);
    let writing = async {
        // The server may have ended the session before it heard all.
        let _ = input.write_all(HELLO).await;
        let _ = input.write_all(bytes).await;
        let _ = input.write_all(FAREWELL).await;
        let _ = input.shutdown().await;
    };
    let mut said = Vec::new();
    let ((), (), read) = tokio::join!(serving, writing, answers.read_to_end(&mut said));
    read.expect("the answers can be read");
    drop(opened);
    said
}

/// An event's bytes: what can be read is written in a form that reads as the same.
pub fn event(bytes: &[u8]) {
    let Ok(read) = codec::decode(bytes) else {
        return;
    };
    let mut written = Vec::new();
    codec::encode(&read, &mut written).expect("what was read can be written");
    let again = codec::decode(&written).expect("what was written can be read");
    assert_eq!(again, read);
}
