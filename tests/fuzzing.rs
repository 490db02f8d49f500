//! Fuzzing in short, on the stable toolchain: the long form is `tests/fuzz`.
//!
//! Half of the lines and events are sound ones with a few bytes changed, so that they get past the first check.
//! `PROPTEST_CASES` runs more of them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

#[path = "fuzz/feed.rs"]
#[allow(unreachable_pub, reason = "shared with the targets of cargo-fuzz")]
mod feed;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};
use std::path::Path;
use std::sync::Arc;
use tekton_budget::store::files::RealFiles;
use tekton_budget::store::journal::{Check, Expect, Journal};

const LINES: [&str; 10] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"check_budget","arguments":{"provider":"openai","model":"gpt-4o","input_tokens":1000,"max_output_tokens":100}}}"#,
    r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"record_usage","arguments":{"provider":"anthropic","model":"claude-sonnet-4-5","provider_usage":{"input_tokens":10,"output_tokens":5},"request_id":"r","occurred_at":"2026-11-24T10:00:00Z"}}}"#,
    r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"save_budget","arguments":{"name":"team","scope":{"project":["a","b"]},"policies":[{"period":"daily","limit_cost_usd":"1.5","time_zone":"Europe/Berlin"}]}}}"#,
    r#"{"jsonrpc":"2.0","id":5,"method":"resources/read","params":{"uri":"budget://status"}}"#,
    r#"{"jsonrpc":"2.0","id":6,"method":"resources/subscribe","params":{"uri":"budget://budgets/bud-1"}}"#,
    r#"{"jsonrpc":"2.0","id":7,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"budget://budgets/{id}"},"argument":{"name":"id","value":"b"}}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#,
    r#"{"jsonrpc":"2.0","id":8,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#,
    r#"[{"jsonrpc":"2.0","id":9,"method":"ping"},{"jsonrpc":"2.0","id":10,"method":"ping"}]"#,
];
/// What means something in JSON or MessagePack, or is at the edge of a number.
const TELLING: [u8; 16] = [
    b'"', b'{', b'}', b'[', b']', b',', b':', b'\\', b'-', b'9', 0, 0x7f, 0x80, 0xc0, 0xdf, 0xff,
];

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    Repeat(Index, Index),
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Set(at, byte) => bytes[at.index(length)] = *byte,
            Self::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Self::Remove(at) => drop(bytes.remove(at.index(length))),
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(to..to, part);
            }
        }
    }
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), select(TELLING.to_vec())]
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), byte()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (at(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        2 => at().prop_map(Change::Remove),
        1 => at().prop_map(Change::Cut),
        1 => (at(), at()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ]
}

fn changed(sound: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(sound), vec(change(), 0..6)).prop_map(|(mut bytes, changes)| {
        for change in &changes {
            change.make(&mut bytes);
        }
        bytes
    })
}

fn session() -> impl Strategy<Value = Vec<u8>> {
    let sound = LINES.map(|line| line.as_bytes().to_vec()).to_vec();
    let line = prop_oneof![3 => changed(sound), 1 => vec(byte(), 0..80)];
    let end = prop_oneof![Just(b"\n".to_vec()), Just(b"\r\n".to_vec())];
    vec((line, end), 0..8).prop_map(|lines| {
        lines
            .into_iter()
            .flat_map(|(line, end)| [line, end].concat())
            .collect()
    })
}

/// The events of the ledger that was kept from version 1: one of each kind at least.
fn kept_events() -> Vec<Vec<u8>> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledger-v1");
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(kept).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let opened = Journal::open(Arc::new(RealFiles), dir.path(), Expect::NOTHING).unwrap();
    let mut batches = opened.journal.reader().read(1, Check::Chain).unwrap();
    let mut events = Vec::new();
    while let Some(batch) = batches.next_batch().unwrap() {
        events.extend(batch.events().map(<[u8]>::to_vec));
    }
    assert!(!events.is_empty());
    events
}

#[test]
fn whatever_a_client_writes_the_next_request_is_heard_and_the_session_ends() {
    let config = ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(bytes in session())| feed::lines(&bytes));
}

#[test]
fn an_event_reads_as_it_was_written_or_not_at_all() {
    let config = ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let bytes = prop_oneof![9 => changed(kept_events()), 1 => vec(any::<u8>(), 0..200)];
    proptest!(config, |(bytes in bytes)| feed::event(&bytes));
}
