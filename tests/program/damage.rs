//! Data directories that can't be written or that another version wrote.

use super::client::{Client, PATIENCE, PROGRAM, command, content, policy_status, save_budget};
use super::skipped::skipped;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn usage() -> Value {
    json!({"model": "gpt-4o", "input_tokens": 1, "reported_cost_usd": "0.25", "request_id": "one"})
}

/// It is there and lists its tools, and answers `unavailable` whatever needs the ledger, with the path and what to do,
/// which it also logs.
fn assert_not_served(client: &mut Client, data_dir: &Path) {
    let listed = client.ask("tools/list", &json!({}));
    assert!(listed["result"]["tools"][0]["name"].is_string(), "{listed}");
    let path = data_dir.to_str().unwrap();
    let says = |text: &str| {
        for part in [path, "--data-dir"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    };
    let workload = json!({"model": "gpt-4o", "input_tokens": 1, "max_output_tokens": 1});
    let calls = [
        ("list_budgets", json!({})),
        ("get_budget_status", json!({})),
        ("check_budget", workload.clone()),
        ("allocate_budget", workload),
        ("record_usage", usage()),
    ];
    for (tool, arguments) in calls {
        let refused = client.call(tool, &arguments);
        assert_eq!(refused["code"], "unavailable", "{tool}: {refused}");
        says(refused["message"].as_str().unwrap());
    }
    let read = client.ask("resources/read", &json!({"uri": "budget://status"}));
    assert_eq!(read["error"]["data"]["code"], "unavailable", "{read}");
    says(&client.errors());
}

/// A call that is answered `unavailable` for the present, until it is answered otherwise.
fn in_time(client: &mut Client, tool: &str, arguments: &Value) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = client.call(tool, arguments);
        if answer["code"] != "unavailable" {
            return answer;
        }
        assert!(Instant::now() < until, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_data_directory_under_a_file_is_answered_until_it_can_be_made() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let data_dir = file.join("data");
    let mut client = Client::session(&data_dir, &["--role", "admin"]);
    assert_not_served(&mut client, &data_dir);
    assert_eq!(fs::read(&file).unwrap(), b"in the way");

    fs::remove_file(&file).unwrap();
    let listed = in_time(&mut client, "list_budgets", &json!({}));
    assert_eq!(listed["budgets"], json!([]), "{listed}");
    save_budget(&mut client, "all", "1.00");
    assert!(client.close().success());
    let mut later = Client::session(&data_dir, &[]);
    assert_eq!(policy_status(&mut later, "all")["posted"]["cost_usd"], "0");
}

#[test]
fn a_data_directory_that_is_a_file_is_answered() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut client = Client::session(file.path(), &[]);
    assert_not_served(&mut client, file.path());
    assert!(client.close().success());
}

#[test]
fn a_part_of_the_data_directory_that_is_a_file_is_named() {
    for part in ["journal", "lookup"] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(part), "in the way").unwrap();
        let mut client = Client::session(dir.path(), &[]);
        let refused = client.call("list_budgets", &json!({}));
        assert_eq!(refused["code"], "unavailable", "{refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(dir.path().to_str().unwrap()), "{message}");
        assert!(message.contains("start tekton-budget again"), "{message}");
        assert!(!message.contains("repair"), "nothing is damaged: {message}");
        assert!(client.close().success());
    }
}

/// A user that owns nothing, where this one may do everything.
const NOBODY: u32 = 65534;

#[test]
fn a_data_directory_of_somebody_else_is_answered() {
    let place = tempfile::tempdir().unwrap();
    let closed = place.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data_dir = closed.join("data");
    let mut served = command(&data_dir, &[]);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        // The program may lie where nobody can reach it.
        let program = place.path().join("program");
        fs::copy(PROGRAM, &program).unwrap();
        served = Command::new(program);
        served
            .arg("--data-dir")
            .arg(&data_dir)
            .uid(NOBODY)
            .gid(NOBODY);
    }
    let mut client = Client::spawn(served);
    client.open().unwrap();
    assert_not_served(&mut client, &data_dir);
    assert!(client.close().success());
}

/// Bytes of a segment's header.
const HEADER: usize = 108;

#[test]
fn a_journal_of_a_newer_version_is_named_and_not_served() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    assert!(admin.close().success());
    let segment = dir.path().join("journal/00000000000000000001.log");
    let before = fs::read(&segment).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    // The version stands after eight bytes of magic, and the checksum of the header at its end.
    file.write_all_at(&2_u32.to_le_bytes(), 8).unwrap();
    let header = &fs::read(&segment).unwrap()[..HEADER - 4];
    file.write_all_at(&crc32c::crc32c(header).to_le_bytes(), HEADER as u64 - 4)
        .unwrap();
    let newer = fs::read(&segment).unwrap();

    let mut late = Client::session(dir.path(), &["--role", "admin"]);
    let usage = json!({"model": "gpt-4o", "input_tokens": 1});
    for (tool, arguments) in [("list_budgets", json!({})), ("record_usage", usage)] {
        let refused = late.call(tool, &arguments);
        assert_eq!(refused["code"], "unavailable", "{refused}");
        let message = refused["message"].as_str().unwrap();
        for part in ["version 2", "newer tekton-budget", "update"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(!message.contains("damaged"), "{message}");
        assert!(message.contains("00000000000000000001.log"), "{message}");
        assert!(
            !message.contains("give"),
            "nothing has to be given up: {message}"
        );
    }
    let errors = late.errors();
    assert!(late.close().success());
    assert!(
        errors.contains("newer tekton-budget") && !errors.contains("damaged"),
        "{errors}"
    );
    let run = |arguments: &[&str]| command(dir.path(), arguments).output().unwrap();
    for arguments in [&["verify"][..], &["repair", "--truncate-after", "0"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("newer tekton-budget"), "{said}");
        assert!(
            !said.contains("truncate") && !said.contains("damaged"),
            "{said}"
        );
    }
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
            skipped("this user may not mount a small disk");
        }
        mounted.then(|| Self(at))
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
    let mut clients = [(); 2].map(|()| Client::session(disk.0, &["--role", "admin"]));
    for client in &mut clients {
        assert_not_served(client, disk.0);
    }
    assert!(mount(&["-o", "remount,rw"], disk.0));
    // One of them owns the store now, and the other forwards to it.
    for client in &mut clients {
        let recorded = in_time(client, "record_usage", &usage());
        assert_eq!(recorded["records"][0]["cost_usd"], "0.25", "{recorded}");
        let status = policy_status(client, "all");
        assert_eq!(status["posted"]["cost_usd"], "0.25");
    }
    for client in clients {
        assert!(client.close().success());
    }
}
