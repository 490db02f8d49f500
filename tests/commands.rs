//! `verify`, `repair`, `backup` and `restore` of the real program, on stores that it made itself.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tekton-budget");

/// A server and its client's end.
struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    id: u64,
}

impl Server {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--price-refresh", "off", "--role", "admin", "--data-dir"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, out, id: 0 };
        server.ask(
            "initialize",
            &json!({"protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"}}),
        );
        server.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn say(&mut self, message: &Value) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{message}").unwrap();
        stdin.flush().unwrap();
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert_ne!(
                self.out.read_line(&mut line).unwrap(),
                0,
                "the server ended"
            );
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == id && answer.get("method").is_none() {
                return answer;
            }
        }
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.ask("tools/call", &params)["result"].take()
    }

    /// Calls a tool that must succeed.
    fn done(&mut self, tool: &str, arguments: &Value) -> Value {
        let mut result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{tool}: {result}");
        result["structuredContent"].take()
    }

    fn spend(&mut self, request: usize) {
        let arguments = json!({"model": "gpt-4o", "input_tokens": 1000, "output_tokens": 200,
            "request_id": format!("r{request}")});
        self.done("record_usage", &arguments);
    }

    /// The status of the budget, all of it but the forecast, which moves with the clock.
    fn status(&mut self) -> Value {
        let mut status = self.done("get_budget_status", &json!({"budget_name": "team"}));
        let policy = status["budgets"][0]["policies"][0].as_object_mut();
        policy.unwrap().remove("runs_out_at");
        status
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// A store with a budget and `records` records, each in a batch of its own.
fn made(dir: &Path, records: usize) -> Value {
    let mut server = Server::start(dir);
    let budget =
        json!({"name": "team", "policies": [{"period": "total", "limit_cost_usd": "9.00"}]});
    server.done("save_budget", &budget);
    (0..records).for_each(|request| server.spend(request));
    let status = server.status();
    server.end();
    status
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("--data-dir").arg(dir).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

fn succeeds(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that must fail says on stderr.
fn fails(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn report(dir: &Path) -> (Option<i32>, Value) {
    let output = run(dir, &["verify", "--json"]);
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).unwrap(),
    )
}

fn segment(dir: &Path) -> PathBuf {
    dir.join("journal/00000000000000000001.log")
}

/// Where each batch begins, by the mark that begins one.
fn batches(bytes: &[u8]) -> Vec<usize> {
    let starts = bytes.windows(4).enumerate();
    let starts = starts.filter(|(_, four)| *four == [0xF5, 0xFE, 0xC1, 0xB3]);
    starts.map(|(offset, _)| offset).collect()
}

/// The first sequence of the batch at an offset.
fn first_of(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset + 8..offset + 16].try_into().unwrap())
}

/// A place, and the paths in it.
fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    (dir, data)
}

#[test]
fn a_sound_journal_is_found_whole_also_while_it_is_served() {
    let (_place, data) = place();
    assert!(fails(&data, &["verify"]).contains("--data-dir"));
    made(&data, 3);
    assert!(succeeds(&data, &["verify"]).ends_with("whole\n"));
    let mut server = Server::start(&data);
    server.spend(7);
    let (code, found) = report(&data);
    assert_eq!(
        (code, &found["whole"], &found["owned"]),
        (Some(0), &json!(true), &json!(true))
    );
    assert!(fails(&data, &["repair", "--drop-tail"]).contains("end its client first"));
    server.end();
}

#[test]
fn a_flipped_byte_is_named_not_served_and_given_up_only_when_told() {
    let (_place, data) = place();
    made(&data, 6);
    let mut bytes = fs::read(segment(&data)).unwrap();
    let starts = batches(&bytes);
    let middle = starts[starts.len() / 2];
    let sequence = first_of(&bytes, middle);
    bytes[middle + 80] ^= 1;
    fs::write(segment(&data), &bytes).unwrap();

    let (code, found) = report(&data);
    assert_eq!((code, &found["whole"]), (Some(1), &json!(false)));
    let damage = &found["damages"][0];
    assert_eq!(damage["file"], "00000000000000000001.log");
    assert_eq!(
        (&damage["offset"], &damage["sequence"]),
        (&json!(middle), &json!(sequence))
    );
    assert_eq!(damage["damage"], "batch_checksum");
    let sound = sequence - 1;
    assert!(fails(&data, &["verify"]).contains(&format!("--truncate-after {sound}")));
    let backup = data.with_extension("backup");
    assert!(fails(&data, &["backup", backup.to_str().unwrap()]).contains("verify"));
    assert!(!backup.exists());

    let mut server = Server::start(&data);
    let refused = server
        .call("get_budget_status", &json!({"budget_name": "team"}))
        .to_string();
    assert!(refused.contains("unavailable"), "{refused}");
    assert!(
        refused.contains(&format!("offset {middle}, sequence {sequence}")),
        "{refused}"
    );
    server.end();

    assert_eq!(run(&data, &["repair"]).status.code(), Some(2));
    assert!(fails(&data, &["repair", "--drop-tail"]).contains(&format!("truncate after {sound}")));
    assert_eq!(fs::read(segment(&data)).unwrap(), bytes);
    let last = found["end"]["sequence"].as_u64().unwrap();
    let told = succeeds(&data, &["repair", "--truncate-after", &sound.to_string()]);
    assert!(
        told.contains(&format!("gave up the events {sequence} to {last}")),
        "{told}"
    );
    assert!(data.join("journal/set-aside-0001").is_dir());
    let (code, found) = report(&data);
    assert_eq!((code, &found["end"]["sequence"]), (Some(0), &json!(sound)));
    let mut server = Server::start(&data);
    server.status();
    server.end();
}

#[test]
fn a_foreign_file_is_set_aside_by_its_name() {
    let (_place, data) = place();
    let status = made(&data, 2);
    fs::write(data.join("journal/notes.txt"), "mine").unwrap();
    assert!(fails(&data, &["verify"]).contains("--set-aside 'notes.txt'"));
    let told = succeeds(&data, &["repair", "--set-aside", "notes.txt"]);
    assert!(told.contains("no event"), "{told}");
    succeeds(&data, &["verify"]);
    let mut server = Server::start(&data);
    assert_eq!(server.status(), status);
    server.end();
}

#[test]
fn a_backup_of_a_running_server_is_restored_elsewhere() {
    let (place, data) = place();
    made(&data, 3);
    let mut server = Server::start(&data);
    server.spend(10);
    let backup = place.path().join("a.backup");
    let name = backup.to_str().unwrap();
    succeeds(&data, &["backup", name]);
    let saved = server.status();
    server.spend(11);
    assert_ne!(server.status(), saved);
    assert!(fails(&data, &["backup", name]).contains("--force"));
    assert!(fails(&data, &["restore", name]).contains("end its client first"));
    server.end();
    assert!(fails(&data, &["restore", name]).contains("--data-dir"));

    let other = place.path().join("other");
    succeeds(&other, &["restore", name]);
    let (code, found) = report(&other);
    assert_eq!((code, &found["whole"]), (Some(0), &json!(true)));
    let (restored, original) = (
        fs::read(segment(&other)).unwrap(),
        fs::read(segment(&data)).unwrap(),
    );
    assert!(original.starts_with(&restored) && original.len() > restored.len());
    let mut server = Server::start(&other);
    assert_eq!(server.status(), saved);
    server.end();

    succeeds(&data, &["backup", "--force", name]);
    let again = place.path().join("again");
    succeeds(&again, &["restore", name]);
    assert_eq!(fs::read(segment(&again)).unwrap(), original);
    let names: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 4, "nothing half made is left: {names:?}");
}

#[test]
fn a_backup_never_takes_the_place_of_the_ledgers_own_files() {
    let (_place, data) = place();
    made(&data, 3);
    let own = fs::read(segment(&data)).unwrap();
    let inside = [
        segment(&data),
        data.join("journal/a.backup"),
        data.join("a"),
    ];
    for file in inside.map(|file| file.to_str().unwrap().to_owned()) {
        let why = fails(&data, &["backup", "--force", &file]);
        assert!(why.contains("elsewhere"), "{file}: {why}");
    }
    assert_eq!(fs::read(segment(&data)).unwrap(), own);
    let (code, found) = report(&data);
    assert_eq!((code, &found["whole"]), (Some(0), &json!(true)));
}

#[test]
fn a_short_or_altered_backup_is_refused_and_leaves_nothing() {
    let (place, data) = place();
    made(&data, 3);
    let backup = place.path().join("a.backup");
    let name = backup.to_str().unwrap();
    succeeds(&data, &["backup", name]);
    let whole = fs::read(&backup).unwrap();
    let other = place.path().join("other");
    for length in [0, 7, 40, 64, 95, 96, whole.len() / 2, whole.len() - 1] {
        fs::write(&backup, &whole[..length]).unwrap();
        let why = fails(&other, &["restore", name]);
        assert!(why.contains("use another backup"), "{length}: {why}");
    }
    for flipped in [20, 70, whole.len() / 2, whole.len() - 5] {
        let mut bytes = whole.clone();
        bytes[flipped] ^= 4;
        fs::write(&backup, &bytes).unwrap();
        let why = fails(&other, &["restore", name]);
        assert!(
            why.contains("do not match its checksum"),
            "{flipped}: {why}"
        );
    }
    let mut newer = whole.clone();
    newer[8] = 2;
    fs::write(&backup, &newer).unwrap();
    assert!(fails(&other, &["restore", name]).contains("newer tekton-budget"));
    assert!(!other.join("journal").exists());
    fs::write(&backup, &whole).unwrap();
    succeeds(&other, &["restore", name]);
}

#[test]
fn a_place_that_can_not_be_used_is_named_by_every_command() {
    let (place, _) = place();
    let file = place.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let data = file.join("data");
    let backup = place.path().join("backup");
    fs::write(&backup, "no backup").unwrap();
    let backup = backup.to_str().unwrap();
    let commands: [&[&str]; 4] = [
        &["verify"],
        &["repair", "--drop-tail"],
        &["backup", "--force", backup],
        &["restore", backup],
    ];
    for command in commands {
        let errors = fails(&data, command);
        assert!(errors.contains(data.to_str().unwrap()), "{errors}");
        assert!(errors.contains("--data-dir"), "{errors}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"in the way");
}

/// Every file below a folder, with its bytes.
fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push((path.clone(), fs::read(path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn a_journal_that_ends_before_what_the_lookup_store_has_seen_is_named() {
    let (_place, data) = place();
    let status = made(&data, 6);
    let (_, whole) = report(&data);
    let end = whole["end"]["sequence"].as_u64().unwrap();
    assert_eq!(whole["lookup"], json!({"state": "read", "sequence": end}));
    let bytes = fs::read(segment(&data)).unwrap();
    let last = *batches(&bytes).last().unwrap();
    let lost = first_of(&bytes, last);
    fs::write(segment(&data), &bytes[..last]).unwrap();
    // Without its mark nothing in the journal itself tells that it was longer.
    fs::remove_file(data.join("journal/mark")).unwrap();

    let before = content(&data);
    let (code, found) = report(&data);
    assert_eq!((code, &found["whole"]), (Some(1), &json!(false)));
    let damage = &found["damages"][0];
    let named = [
        &damage["damage"],
        &damage["witness"],
        &damage["end"],
        &damage["seen"],
    ];
    assert_eq!(
        named,
        [
            &json!("end_before"),
            &json!("seen"),
            &json!(lost - 1),
            &json!(end)
        ]
    );
    assert!(fails(&data, &["verify"]).contains(&format!("--truncate-after {}", lost - 1)));
    assert_eq!(content(&data), before, "verifying changes nothing");

    // Another history of the same length is no better.
    let (_other_place, other) = place();
    made(&other, 6);
    fs::copy(segment(&other), segment(&data)).unwrap();
    let (code, found) = report(&data);
    assert_eq!(code, Some(1), "{found}");
    assert_eq!(found["damages"][0]["damage"], "other_history");
    assert_eq!(found["damages"][0]["witness"], "seen");

    fs::write(segment(&data), &bytes).unwrap();
    let mut server = Server::start(&data);
    assert_eq!(report(&data).1["lookup"], json!({"state": "in_use"}));
    assert_eq!(server.status(), status);
    server.end();
    fs::write(segment(&data), &bytes[..last]).unwrap();
    fs::remove_file(data.join("journal/mark")).unwrap();
    succeeds(
        &data,
        &["repair", "--truncate-after", &(lost - 1).to_string()],
    );
    let (code, found) = report(&data);
    assert_eq!(
        (code, &found["lookup"]),
        (Some(0), &json!({"state": "absent"}))
    );
    let mut server = Server::start(&data);
    server.status();
    server.end();
}

#[test]
fn a_damaged_lookup_store_proves_nothing_of_the_journal() {
    let (_place, data) = place();
    made(&data, 2);
    for name in ["db", "conf"] {
        fs::write(data.join("lookup").join(name), "no database").unwrap();
    }
    let (code, found) = report(&data);
    assert_eq!((code, &found["whole"]), (Some(0), &json!(true)));
    assert_eq!(found["lookup"]["state"], "unreadable", "{found}");
    assert!(succeeds(&data, &["verify"]).contains("proves nothing"));
}
