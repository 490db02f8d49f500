//! Processes are killed while clients write: nothing acknowledged is lost, nothing is counted twice.

use super::client::{Client, Ended, content, policy_status, save_budget};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Clients that write at once: one of them owns the store, the others forward to it.
const WRITERS: usize = 4;
/// Records that each writes in a round.
const RECORDS: usize = 40;
/// Records that a client has sent without an answer.
const PIPELINE: usize = 5;
const COST: &str = "0.0001";

/// Three rounds, or what `TEKTON_BUDGET_ROUNDS` says.
fn rounds() -> usize {
    let asked = std::env::var("TEKTON_BUDGET_ROUNDS").ok();
    asked.map_or(3, |text| {
        text.parse().expect("TEKTON_BUDGET_ROUNDS is a number")
    })
}

/// What all of a round's threads know.
struct Round {
    dir: PathBuf,
    number: usize,
    /// The process of each writer.
    processes: Mutex<[u32; WRITERS]>,
    acknowledged: AtomicUsize,
    /// The record that each request id was first answered with.
    records: Mutex<HashMap<String, Value>>,
}

impl Round {
    fn new(dir: &Path, number: usize) -> Self {
        Self {
            dir: dir.to_owned(),
            number,
            processes: Mutex::new([0; WRITERS]),
            acknowledged: AtomicUsize::new(0),
            records: Mutex::default(),
        }
    }

    fn start(&self, writer: usize) -> Client {
        loop {
            // The process is known before its handshake, so that it can be killed in it.
            let mut client = Client::start(&self.dir, &[]);
            self.processes.lock().unwrap()[writer] = client.process();
            if client.open().is_ok() {
                return client;
            }
        }
    }

    fn write(&self, writer: usize) {
        let ids: Vec<_> = (0..RECORDS)
            .map(|record| format!("round-{}-writer-{writer}-{record}", self.number))
            .collect();
        let mut client = self.start(writer);
        for part in ids.chunks(PIPELINE) {
            let mut open: Vec<_> = part.iter().map(String::as_str).collect();
            while !open.is_empty() {
                if self.write_part(&mut client, &mut open) == Err(Ended) {
                    client = self.start(writer);
                }
            }
        }
        // It stays until the kill is done, so that there is always one to kill.
        while self.acknowledged.load(Ordering::SeqCst) < WRITERS * RECORDS {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends what is open, and strikes out what is acknowledged.
    fn write_part(&self, client: &mut Client, open: &mut Vec<&str>) -> Result<(), Ended> {
        let sent: Vec<_> = open
            .iter()
            .map(|id| (*id, client.send("record_usage", &record(id))))
            .collect();
        for (request_id, id) in sent {
            let answer = content(&client.answer(id)?);
            if answer["code"] == "unavailable" {
                continue;
            }
            let record = answer["records"][0]["record_id"].clone();
            assert!(record.is_string(), "{answer}");
            self.records
                .lock()
                .unwrap()
                .insert(request_id.to_owned(), record);
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
            open.retain(|open| *open != request_id);
        }
        Ok(())
    }

    /// Kills a process once so many records are acknowledged; whether it was the owner of the store.
    fn kill(&self, at: usize, whom: usize) -> bool {
        while self.acknowledged.load(Ordering::SeqCst) < at {
            std::thread::sleep(Duration::from_millis(1));
        }
        loop {
            let owner = std::fs::read_to_string(self.dir.join("owner.lock")).unwrap();
            let owner: Option<u32> = owner.trim().parse().ok();
            let processes = *self.processes.lock().unwrap();
            let owner = owner.filter(|owner| processes.contains(owner));
            // Every other round the owner, else any of them.
            let chosen = match owner {
                Some(owner) if whom.is_multiple_of(2) => owner,
                _ => processes[whom / 2 % WRITERS],
            };
            // One that is not started yet has no number, and one may be gone.
            if chosen != 0 && kill_now(chosen) {
                return Some(chosen) == owner;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn kill_now(process: u32) -> bool {
    let kill = Command::new("kill")
        .args(["-9", &process.to_string()])
        .status();
    kill.unwrap().success()
}

fn record(request_id: &str) -> Value {
    json!({
        "model": "gpt-4o",
        "input_tokens": 1,
        "reported_cost_usd": COST,
        "request_id": request_id,
    })
}

/// A number that looks like chance and is the same in every run.
fn mix(seed: usize) -> usize {
    let hash = blake3::hash(&seed.to_le_bytes());
    usize::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]]))
}

#[test]
fn every_acknowledged_record_is_there_once_whoever_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1000");
    assert!(admin.close().success());

    let mut records = HashMap::new();
    let mut owners_killed = 0;
    for number in 0..rounds() {
        let round = Round::new(dir.path(), number);
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let round = &round;
                scope.spawn(move || round.write(writer));
            }
            let at = 1 + mix(number) % (WRITERS * RECORDS * 3 / 4);
            owners_killed += usize::from(round.kill(at, number));
        });
        let of_round = round.records.into_inner().unwrap();
        assert_eq!(of_round.len(), WRITERS * RECORDS);
        records.extend(of_round);
        let mut reader = Client::session(dir.path(), &[]);
        assert_counted_once(&mut reader, &records);
        assert!(reader.close().success());
    }
    assert!(owners_killed > 0, "only forwarders were killed");
    let mut reader = Client::session(dir.path(), &[]);
    for (request_id, record_id) in &records {
        let again = reader.done("record_usage", &record(request_id));
        assert_eq!(again["records"][0]["duplicate"], true, "{request_id}");
        assert_eq!(again["records"][0]["record_id"], *record_id, "{request_id}");
    }
    assert_counted_once(&mut reader, &records);
}

fn assert_counted_once(reader: &mut Client, records: &HashMap<String, Value>) {
    let cost: Decimal = COST.parse().unwrap();
    let expected = cost * Decimal::from(records.len());
    let status = policy_status(reader, "all");
    let posted: Decimal = status["posted"]["cost_usd"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(posted, expected, "{status}");
    let distinct: std::collections::HashSet<_> = records.values().collect();
    assert_eq!(distinct.len(), records.len(), "a record id was given twice");
}
