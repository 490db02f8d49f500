//! The main job from end to end: a budget, a check, a hold, a provider's usage object, the status.
//!
//! An admin and an agent each start a server of their own on one data directory, as two MCP clients do, and speak JSON
//! lines with it. The store is in a temporary directory, or in the one that is named:
//! `cargo run --example first_five_minutes -- DIR`
#![allow(clippy::print_stdout)]

use clap::Parser as _;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use tekton_budget::service::cli;

type Done<T> = Result<T, Box<dyn Error>>;

/// What makes this program the server in place of its client.
const SERVE: &str = "serve";

fn main() -> Done<ExitCode> {
    let given = std::env::args_os().nth(1);
    if given.as_deref().is_some_and(|first| first == SERVE) {
        let arguments = cli::Arguments::parse_from(std::env::args_os().skip(1));
        return Ok(cli::run(&arguments));
    }
    let temporary = tempfile::tempdir()?;
    let data_dir = given.map_or_else(|| temporary.path().join("ledger"), PathBuf::from);
    main_job(&data_dir)?;
    Ok(ExitCode::SUCCESS)
}

fn main_job(data_dir: &Path) -> Done<()> {
    println!("The store is in {}.", data_dir.display());
    let mut admin = Client::start(data_dir, &["--role", "admin"])?;
    let mut agent = Client::start(data_dir, &["--role", "agent", "--project", "demo"])?;

    admin.step(
        "An admin gives the project \"demo\" five cents a day, and no more.",
        "save_budget",
        &json!({
            "name": "demo",
            "scope": {"project": ["demo"]},
            "policies": [
                {"enforcement": "hard_limit", "period": "daily", "limit_cost_usd": "0.05"}
            ],
            "request_id": "first-budget",
        }),
    )?;
    let call = json!({
        "provider": "openai", "model": "gpt-4o-mini", "input_tokens": 1200, "max_output_tokens": 500,
    });
    agent.step(
        "An agent asks whether a call would fit.",
        "check_budget",
        &call,
    )?;
    let held = agent.step("It holds the money for it.", "allocate_budget", &call)?;
    let usage = json!({
        "provider": "openai",
        "model": "gpt-4o-mini",
        "allocation_id": held["allocation_id"],
        "final": true,
        "request_id": held["allocation_id"],
        "provider_usage": {
            "prompt_tokens": 1200,
            "completion_tokens": 350,
            "total_tokens": 1550,
            "prompt_tokens_details": {"cached_tokens": 1024},
        },
    });
    agent.step(
        "It calls the model, and records the usage object that the provider sent.",
        "record_usage",
        &usage,
    )?;
    agent.step(
        "Was the answer lost? The same request_id again is recorded once.",
        "record_usage",
        &usage,
    )?;
    agent.step(
        "What would not fit is denied, with what would.",
        "check_budget",
        &json!({
            "provider": "openai", "model": "gpt-4o", "input_tokens": 12000, "max_output_tokens": 16000,
        }),
    )?;
    admin.step(
        "The admin, a process of its own, sees the same money.",
        "get_budget_status",
        &json!({"budget_name": "demo"}),
    )?;
    agent.end()?;
    admin.end()
}

/// An MCP client with a server of its own.
struct Client {
    server: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    asked: u64,
}

impl Client {
    fn start(data_dir: &Path, options: &[&str]) -> Done<Self> {
        let mut server = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .arg("--data-dir")
            .arg(data_dir)
            .args(options)
            .args(["--price-refresh", "off"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = server.stdin.take().ok_or("the server has no input")?;
        let output = server.stdout.take().ok_or("the server has no output")?;
        let mut client = Self {
            server,
            input,
            output: BufReader::new(output).lines(),
            asked: 0,
        };
        client.ask(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "first-five-minutes", "version": "1"},
            }),
        )?;
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok(client)
    }

    /// Calls a tool and prints what is asked and answered, for a person; the answer for programs comes back.
    fn step(&mut self, what: &str, tool: &str, arguments: &Value) -> Done<Value> {
        println!("\n{what}\n  {tool} {arguments}");
        let result = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}))?;
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        for line in text.lines() {
            println!("  → {line}");
        }
        if result["isError"] == true {
            return Err(format!("{tool} was refused").into());
        }
        Ok(result["structuredContent"].clone())
    }

    fn ask(&mut self, method: &str, params: &Value) -> Done<Value> {
        self.asked += 1;
        let id = self.asked;
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        for line in self.output.by_ref() {
            let mut message: Value = serde_json::from_str(&line?)?;
            if message["id"] != id {
                continue;
            }
            return match message.get("error") {
                None => Ok(message["result"].take()),
                Some(error) => Err(error.to_string().into()),
            };
        }
        Err("the server ended".into())
    }

    fn say(&mut self, message: &Value) -> Done<()> {
        writeln!(self.input, "{message}")?;
        Ok(self.input.flush()?)
    }

    fn end(mut self) -> Done<()> {
        drop(self.input);
        let status = self.server.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(format!("the server ended with {status}").into())
    }
}
