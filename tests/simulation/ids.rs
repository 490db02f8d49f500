//! Request ids that can't be read back are not taken for new ones.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, mpsc};
use tekton_budget::core::command::{Command, SaveBudget};
use tekton_budget::core::decide::Order;
use tekton_budget::core::event::{Request, Stamp};
use tekton_budget::core::refusal::Code;
use tekton_budget::core::scope::Scope;
use tekton_budget::service::ledger::{Reply, Respond, Writer, start};
use tekton_budget::store::files::faulty::FaultyFiles;
use tekton_budget::store::lookup::memory::{MemoryDisk, MemoryLookup};
use tekton_budget::store::lookup::{Change, Head, Lookup, LookupError, Rows};

/// A lookup whose request ids can't be read.
struct Unreadable(MemoryLookup);

impl Lookup for Unreadable {
    fn head(&self) -> Result<Option<Head>, LookupError> {
        self.0.head()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LookupError> {
        self.0.get(key)
    }

    fn scan<'a>(&'a self, low: &[u8], high: &[u8], backwards: bool) -> Rows<'a> {
        if low == b"r" {
            let error = LookupError::Damaged("as ordered".into());
            return Box::new(std::iter::once(Err(error)));
        }
        self.0.scan(low, high, backwards)
    }

    fn commit(&self, rows: Vec<Change>, head: &Head) -> Result<(), LookupError> {
        self.0.commit(rows, head)
    }
}

fn give(writer: &mut Writer) -> Result<Reply, tekton_budget::core::refusal::Refusal> {
    let order = Order {
        stamp: Stamp {
            reason: Some("because".to_owned()),
            ..Stamp::of_time("2026-03-01T00:00:00Z".parse().unwrap())
        },
        request: Some(Request::new("call-1", b"it")),
        command: Command::SaveBudget(Box::new(SaveBudget {
            name: Some("a budget".to_owned()),
            scope: Some(Scope::default()),
            ..SaveBudget::default()
        })),
    };
    let (sender, answer) = mpsc::channel();
    let respond: Respond = Box::new(move |reply| sender.send(reply).unwrap());
    writer.process(&mut VecDeque::from([(order, respond)]));
    answer.recv().unwrap()
}

#[test]
fn ids_that_can_t_be_read_are_not_taken_for_new() {
    let (root, disk) = (Path::new("/disk"), MemoryDisk::default());
    let (files, dir) = (Arc::new(FaultyFiles::new(root, 1)), root.join("journal"));
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    let store = Arc::new(disk.open().unwrap());
    let mut writer = start(files.clone(), &dir, store.clone(), now, &|_, _| {})
        .unwrap()
        .writer;
    give(&mut writer).unwrap();
    let checkpoint = writer.begin_checkpoint(now, true).unwrap();
    writer.end_checkpoint(checkpoint.write(&*store), now);
    drop(writer);

    let store = Arc::new(Unreadable(disk.open().unwrap()));
    let mut writer = start(files, &dir, store, now, &|_, _| {}).unwrap().writer;
    for _ in 0..3 {
        assert_eq!(give(&mut writer).unwrap_err().code, Code::Unavailable);
    }
}
