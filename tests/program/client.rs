//! A client that starts the program and speaks to it in raw lines.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a test waits before it takes an answer for lost; no figure of the program.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Path of the program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tekton-budget");

/// The program ended before it answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// A running program and its pipes.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: File,
    early: HashMap<u64, Value>,
    next: u64,
}

/// The command that serves a data directory.
pub(crate) fn command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--data-dir").arg(data_dir).args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TEKTON_BUDGET_") {
            command.env_remove(name);
        }
    }
    // No test asks the world for prices.
    command.env("TEKTON_BUDGET_PRICE_REFRESH", "off");
    command
}

impl Client {
    /// Starts the program without a handshake.
    pub(crate) fn start(data_dir: &Path, args: &[&str]) -> Self {
        Self::spawn(command(data_dir, args))
    }

    /// Starts this command without a handshake.
    pub(crate) fn spawn(command: Command) -> Self {
        let errors = tempfile::tempfile().unwrap();
        let told = errors.try_clone().unwrap();
        Self::spawn_telling(command, told.into(), errors)
    }

    /// As [`Self::start`], with a log that nobody reads and whose end is closed.
    pub(crate) fn start_untold(data_dir: &Path, args: &[&str]) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let nothing = tempfile::tempfile().unwrap();
        Self::spawn_telling(command(data_dir, args), writer.into(), nothing)
    }

    fn spawn_telling(mut command: Command, told: Stdio, errors: File) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(told)
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
            errors,
            early: HashMap::new(),
            next: 0,
        }
    }

    /// Starts the program and opens a session.
    pub(crate) fn session(data_dir: &Path, args: &[&str]) -> Self {
        Self::try_session(data_dir, args).expect("the program ended in its handshake")
    }

    /// As [`Self::session`], where the program may be killed meanwhile.
    pub(crate) fn try_session(data_dir: &Path, args: &[&str]) -> Result<Self, Ended> {
        let mut client = Self::start(data_dir, args);
        client.open()?;
        Ok(client)
    }

    /// Says hello; returns what the program says of itself.
    pub(crate) fn open(&mut self) -> Result<Value, Ended> {
        self.open_with(&json!({}))
    }

    /// As [`Self::open`], as a client that can do these things.
    pub(crate) fn open_with(&mut self, capabilities: &Value) -> Result<Value, Ended> {
        let hello = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": capabilities,
            "clientInfo": {"name": "raw", "version": "1"},
        });
        let id = self.request("initialize", &hello);
        let answer = self.answer(id)?;
        let _ = self.write_line(
            &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string(),
        );
        Ok(answer["result"].clone())
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Writes bytes as they are. A dead program is told by its answer that does not come.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let input = self.input.as_mut().expect("the input is still open");
        input.write_all(bytes)?;
        input.flush()
    }

    pub(crate) fn write_line(&mut self, line: &str) -> std::io::Result<()> {
        self.write(format!("{line}\n").as_bytes())
    }

    /// Sends a request, and returns its id.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.next += 1;
        let message =
            json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        let _ = self.write_line(&message.to_string());
        self.next
    }

    /// Sends a call, and returns its id.
    pub(crate) fn send(&mut self, tool: &str, arguments: &Value) -> u64 {
        self.request("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    /// The next line of the program, which has to be a message.
    pub(crate) fn message(&mut self) -> Result<Value, Ended> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                let value: Value = serde_json::from_str(&line)
                    .unwrap_or_else(|error| panic!("stdout holds no message ({error}): {line}"));
                // The answer to a batch is an array.
                let first = value.get(0).unwrap_or(&value);
                assert_eq!(first["jsonrpc"], "2.0", "{value}");
                Ok(value)
            }
            Err(RecvTimeoutError::Disconnected) => Err(Ended),
            Err(RecvTimeoutError::Timeout) => panic!("no answer; stderr: {}", self.errors()),
        }
    }

    /// The answer to that request, whatever comes before it.
    pub(crate) fn answer(&mut self, id: u64) -> Result<Value, Ended> {
        loop {
            if let Some(answer) = self.early.remove(&id) {
                return Ok(answer);
            }
            let message = self.message()?;
            if message.get("method").is_some() {
                continue;
            }
            if let Some(answered) = message["id"].as_u64() {
                let twice = self.early.insert(answered, message);
                assert_eq!(twice, None, "answered twice");
            }
        }
    }

    /// The answer to a request that is made now: its whole message.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        let answer = self.answer(id);
        answer.unwrap_or_else(|Ended| panic!("ended; stderr: {}", self.errors()))
    }

    /// What a tool answers, as structured content; an error of the protocol as it is.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        content(&answer)
    }

    /// As [`Self::call`], where it has to succeed.
    pub(crate) fn done(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        assert_eq!(answer["result"]["isError"], false, "{tool}: {answer}");
        content(&answer)
    }

    /// What the program has written to stderr so far.
    pub(crate) fn errors(&self) -> String {
        let path = format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(&self.errors)
        );
        let mut text = String::new();
        if let Ok(mut file) = File::open(path) {
            let _ = file.read_to_string(&mut text);
        }
        text
    }

    /// The most memory that the process has held, in bytes, where the system tells.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// Closes the input, and returns how the program ended.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.input = None;
        self.wait()
    }

    /// Closes the input, and leaves the lines to be read.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end, reading what is still said: nothing but messages.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        while self.message().is_ok() {}
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it does not end; {}", self.errors());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an answer holds for programs.
pub(crate) fn content(answer: &Value) -> Value {
    let result = &answer["result"];
    if let Some(content) = result.get("structuredContent") {
        assert_eq!(result["isError"], false, "{answer}");
        return content.clone();
    }
    result["content"][1]["text"].as_str().map_or_else(
        || answer.clone(),
        |text| serde_json::from_str(text).unwrap(),
    )
}

/// Saves a budget with one hard limit of cost for all time.
pub(crate) fn save_budget(admin: &mut Client, name: &str, limit: &str) -> Value {
    let policies = json!([{"period": "total", "limit_cost_usd": limit}]);
    let saved = admin.done("save_budget", &json!({"name": name, "policies": policies}));
    saved["budget"].clone()
}

/// What the one policy of a budget counts.
pub(crate) fn policy_status(client: &mut Client, budget: &str) -> Value {
    let status = client.done("get_budget_status", &json!({"budget_name": budget}));
    let policies = status["budgets"][0]["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1, "{status}");
    policies[0].clone()
}
