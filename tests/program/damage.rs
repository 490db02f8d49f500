//! Data directories that can't be written or that another version wrote.

use super::client::{Client, Ended, command, content, policy_status, save_budget};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_data_directory_that_can_not_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let client = Client::start(&file.path().join("data"), &[]);
    assert_not_served(client, "list_budgets", &json!({}));
}

/// Either it says why it ends, or it stays and answers `unavailable`; never does it seem to serve.
fn assert_not_served(mut client: Client, tool: &str, arguments: &Value) {
    if client.open() == Err(Ended) {
        assert_eq!(client.wait().code(), Some(1));
        let errors = client.errors();
        assert!(errors.contains("data directory"), "{errors}");
        return;
    }
    let refused = client.call(tool, arguments);
    assert_eq!(refused["code"], "unavailable", "{refused}");
    assert!(client.close().success());
}

#[test]
fn a_journal_of_a_newer_version_is_named_and_not_served() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    assert!(admin.close().success());
    let segment = dir.path().join("journal/00000000000000000001.log");
    let before = fs::read(&segment).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    // The version stands after eight bytes of magic.
    file.write_all_at(&2_u32.to_le_bytes(), 8).unwrap();
    let newer = fs::read(&segment).unwrap();

    let mut late = Client::session(dir.path(), &["--role", "admin"]);
    let usage = json!({"model": "gpt-4o", "input_tokens": 1});
    for (tool, arguments) in [("list_budgets", json!({})), ("record_usage", usage)] {
        let refused = late.call(tool, &arguments);
        assert_eq!(refused["code"], "unavailable", "{refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("version 2"), "{message}");
        assert!(message.contains("00000000000000000001.log"), "{message}");
        assert!(
            !message.contains("give"),
            "nothing has to be given up: {message}"
        );
    }
    assert!(late.close().success());
    assert_eq!(fs::read(&segment).unwrap(), newer, "it is left as it is");

    fs::write(&segment, before).unwrap();
    let mut again = Client::session(dir.path(), &[]);
    assert_eq!(policy_status(&mut again, "all")["posted"]["cost_usd"], "0");
}

#[test]
fn a_damaged_journal_is_named_and_not_served() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    save_budget(&mut admin, "more", "1.00");
    assert!(admin.close().success());
    let segment = dir.path().join("journal/00000000000000000001.log");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let mut late = Client::session(dir.path(), &[]);
    let refused = late.call("list_budgets", &json!({}));
    assert_eq!(refused["code"], "unavailable", "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("00000000000000000001.log"), "{message}");
    assert!(message.contains("verify"), "{message}");
    assert!(late.close().success());
}

#[test]
fn a_lookup_store_that_is_lost_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    let usage = json!({"model": "gpt-4o", "input_tokens": 1, "reported_cost_usd": "0.25", "request_id": "one"});
    admin.done("record_usage", &usage);
    assert!(admin.close().success());
    for name in ["db", "conf"] {
        fs::write(dir.path().join("lookup").join(name), b"no database").unwrap();
    }
    let mut later = Client::session(dir.path(), &[]);
    assert_eq!(
        policy_status(&mut later, "all")["posted"]["cost_usd"],
        "0.25"
    );
    let again = later.done("record_usage", &usage);
    assert_eq!(again["records"][0]["duplicate"], true, "{again}");
}

/// A small file system of its own, where the test may make one.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mounted = mount(&["-t", "tmpfs", "-o", "size=4m", "tekton-budget-test"], at);
        if !mounted {
            eprintln!("skipped: this user may not mount a small disk");
        }
        mounted.then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn mount(args: &[&str], at: &Path) -> bool {
    let mut mount = Command::new("mount");
    let mount = mount.args(args).arg(at).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_is_answered_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else {
        return;
    };
    let data_dir = disk.0.join("data");
    let mut admin = Client::session(&data_dir, &["--role", "admin"]);
    save_budget(&mut admin, "all", "1000");
    let filling = disk.0.join("filling");
    let mut free = 4 << 20;
    // What is left is taken in ever smaller pieces.
    let mut filled = Vec::new();
    while free > 0 {
        filled.resize(filled.len() + free, 1);
        if fs::write(&filling, &filled).is_err() {
            filled.truncate(filled.len() - free);
            free /= 2;
        }
    }
    let mut acknowledged = 0_u32;
    let refused = loop {
        let usage = json!({
            "model": "gpt-4o", "input_tokens": 1, "reported_cost_usd": "0.25",
            "metadata": {"filling": "y".repeat(200)},
            "request_id": format!("{acknowledged}"),
        });
        let answer = content(&admin.ask(
            "tools/call",
            &json!({"name": "record_usage", "arguments": usage}),
        ));
        if answer.get("code").is_some() {
            break answer;
        }
        acknowledged += 1;
        assert!(acknowledged < 10_000, "the disk is not full");
    };
    assert_eq!(refused["code"], "unavailable", "{refused}");
    drop(admin);
    fs::remove_file(&filling).unwrap();
    let mut later = Client::session(&data_dir, &[]);
    let posted = policy_status(&mut later, "all")["posted"]["cost_usd"].clone();
    let posted: rust_decimal::Decimal = posted.as_str().unwrap().parse().unwrap();
    assert_eq!(posted * rust_decimal::Decimal::from(4), acknowledged.into());
}

#[test]
fn a_read_only_data_directory_is_answered_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else {
        return;
    };
    let mut admin = Client::session(disk.0, &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    assert!(admin.close().success());
    assert!(mount(&["-o", "remount,ro"], disk.0));
    let client = Client::spawn(command(disk.0, &["--role", "admin"]));
    let usage = json!({"model": "gpt-4o", "input_tokens": 1, "request_id": "one"});
    assert_not_served(client, "record_usage", &usage);
    assert!(mount(&["-o", "remount,rw"], disk.0));
    let mut later = Client::session(disk.0, &[]);
    assert_eq!(policy_status(&mut later, "all")["posted"]["cost_usd"], "0");
}
