//! A sealed segment of the journal that is damaged where no start reads it: what is asked may be answered, what changes
//! something is not.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use jiff::Timestamp;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::service::caller::Caller;
use tekton_budget::service::ledger::{Clock, Ledger, start_with};
use tekton_budget::service::operation::Call;
use tekton_budget::service::operations::find;
use tekton_budget::service::{Desk, Opening, Service};
use tekton_budget::store::files::RealFiles;
use tekton_budget::store::journal::Options;
use tekton_budget::store::lookup::Lookup;
use tekton_budget::store::lookup::memory::MemoryDisk;
use tokio::sync::watch;

const OPTIONS: Options = Options {
    segment_bytes: 4096,
};

fn service(journal: &Path, disk: &MemoryDisk) -> (Arc<Service>, Arc<Desk>) {
    let store: Arc<dyn Lookup> = Arc::new(disk.open().unwrap());
    let clock: Clock = Arc::new(Timestamp::now);
    let (files, now) = (Arc::new(RealFiles), clock());
    let started = start_with(files, journal, OPTIONS, Arc::clone(&store), now, &|_, _| {});
    let ledger = Ledger::run(started.unwrap(), store, clock).unwrap();
    let desk = Arc::new(Desk::new(ledger));
    let (_, opening) = watch::channel(Opening::Open(Arc::clone(&desk)));
    (Arc::new(Service::new(opening)), desk)
}

async fn call(service: &Arc<Service>, tool: &str, arguments: Value) -> Result<Value, String> {
    let call = Call::new(Caller {
        actor: "test".into(),
        role: Role::Admin,
        interface: Interface::Mcp,
        ..Caller::default()
    });
    let answer = find(tool)
        .unwrap()
        .run(Arc::clone(service), call, arguments);
    let answer = answer.await.map(|answer| answer.content);
    answer.map_err(|refusal| format!("{} {refusal}", refusal.code.as_str()))
}

/// The first segment's bytes, but for one bit.
fn damage(journal: &Path) -> String {
    let names = fs::read_dir(journal).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = names
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "log"))
        .collect();
    names.sort();
    assert!(names.len() > 3, "segments that are sealed");
    let path = journal.join(&names[1]);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
    names.swap_remove(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_on_behind_a_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, disk) = (folder.path().join("journal"), MemoryDisk::default());
    let (served, desk) = service(&journal, &disk);
    for number in 0..60 {
        let budget = json!({"name": format!("budget {number}")});
        call(&served, "save_budget", budget).await.unwrap();
    }
    // All of it is in the lookup store then, so that the next start replays nothing.
    desk.ledger().close();
    drop((served, desk));
    let segment = damage(&journal);

    let (served, desk) = service(&journal, &disk);
    let listed = call(&served, "list_budgets", json!({"limit": 100})).await;
    assert_eq!(listed.unwrap()["budgets"].as_array().unwrap().len(), 60);
    let refused = call(&served, "save_budget", json!({"name": "one more"})).await;
    let refused = refused.unwrap_err();
    assert!(refused.starts_with("unavailable"), "{refused}");
    assert!(refused.contains(&segment), "{refused}");
    let length = || -> u64 {
        let entries = fs::read_dir(&journal).unwrap();
        entries
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum()
    };
    let before = length();
    desk.ledger().close();
    assert_eq!(length(), before, "nothing was written");
}
