//! A client that speaks JSON lines with a server of its own, and nothing between.

use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

pub(crate) type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A server and the one client that it has.
pub(crate) struct Client {
    server: Child,
    asks: Asks,
    answers: Answers,
}

struct Answers {
    output: BufReader<ChildStdout>,
    line: String,
}

/// What a call of a tool says after its id, which each sending gives anew.
pub(crate) fn call(tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    request("tools/call", &params.to_string())
}

/// What a request says after its id; its parameters as JSON.
pub(crate) fn request(method: &str, params: &str) -> String {
    format!("\"method\":\"{method}\",\"params\":{params}}}\n")
}

/// A client's writing end.
struct Asks {
    input: ChildStdin,
    last_id: u64,
}

impl Asks {
    fn send(&mut self, request: &str) -> Done<()> {
        self.last_id += 1;
        let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},{request}", self.last_id);
        Ok(self.input.write_all(line.as_bytes())?)
    }
}

impl Answers {
    /// The next answer. Notifications are passed over.
    fn hear(&mut self) -> Done<&str> {
        loop {
            self.line.clear();
            if self.output.read_line(&mut self.line)? == 0 {
                return Err("the server ended".into());
            }
            if self.line.contains("\"method\":\"notifications/") {
                continue;
            }
            let failed =
                self.line.contains("\"isError\":true") || self.line.contains("\"error\":{");
            if failed {
                return Err(self.line.chars().take(500).collect::<String>().into());
            }
            return Ok(&self.line);
        }
    }
}

impl Client {
    /// The ledger's server on a data directory, welcomed.
    pub(crate) fn ledger(data_dir: &Path, role: &str) -> Done<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tekton-budget"));
        command
            .arg("--data-dir")
            .arg(data_dir)
            .args(["--role", role, "--price-refresh", "off"]);
        Self::start(&mut command)
    }

    /// The server with one empty tool, welcomed.
    pub(crate) fn floor() -> Done<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg(crate::floor::SERVE))
    }

    fn start(command: &mut Command) -> Done<Self> {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = server.stdin.take().ok_or("the server has no input")?;
        let output = server.stdout.take().ok_or("the server has no output")?;
        let mut client = Self {
            server,
            asks: Asks { input, last_id: 0 },
            answers: Answers {
                output: BufReader::with_capacity(1 << 16, output),
                line: String::new(),
            },
        };
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "load", "version": "1"},
        });
        client.ask(&request("initialize", &hello.to_string()))?;
        client
            .asks
            .input
            .write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        Ok(client)
    }

    pub(crate) fn ask(&mut self, request: &str) -> Done<&str> {
        self.asks.send(request)?;
        self.answers.hear()
    }

    /// How long one call takes.
    pub(crate) fn timed(&mut self, request: &str) -> Done<Duration> {
        let begun = Instant::now();
        self.ask(request)?;
        Ok(begun.elapsed())
    }

    pub(crate) fn list_tools(&mut self) -> Done<()> {
        self.ask(&request("tools/list", "{}"))?;
        Ok(())
    }

    /// Sends all requests with so many waiting for their answer at a time.
    pub(crate) fn pipelined(
        &mut self,
        requests: impl Iterator<Item = String> + Send,
        at_once: usize,
    ) -> Done<Duration> {
        let begun = Instant::now();
        let Self { asks, answers, .. } = self;
        // Lines are written beside the reading: a pipe holds less than a long line or its answer.
        let (sent, answered) = sync_channel(at_once - 1);
        std::thread::scope(|scope| {
            let writing = scope.spawn(move || -> Done<()> {
                for request in requests {
                    if sent.send(()).is_err() {
                        break;
                    }
                    asks.send(&request)?;
                }
                Ok(())
            });
            // The receiver goes when an answer is a failure, so that the writer ends too.
            for () in answered {
                answers.hear()?;
            }
            writing.join().map_err(|_| "the writer panicked")?
        })?;
        Ok(begun.elapsed())
    }

    /// The memory of the server that is in use, in MB, by the kernel.
    pub(crate) fn resident_mb(&self) -> Done<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kb = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kb.ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
    }

    /// Ends the server by ending its input.
    pub(crate) fn end(self) -> Done<()> {
        let Self {
            mut server, asks, ..
        } = self;
        drop(asks);
        let status = server.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(format!("the server ended with {status}").into())
    }
}
