//! A store that counts, in a file, and sessions that answer what they are asked.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::front::{Host, House, Reader, Writer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Where the store is.
pub(crate) struct Toy(pub(crate) PathBuf);

impl Toy {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl House for Toy {
    type Open = OpenToy;

    fn open(&self) -> Result<OpenToy, String> {
        // Two that have it open at once is what the front is there to prevent.
        let in_use = File::create(self.file("in-use")).map_err(|error| error.to_string())?;
        in_use.try_lock().map_err(|error| error.to_string())?;
        append(&self.file("openings"), &std::process::id().to_string());
        let text = fs::read_to_string(self.file("ledger")).unwrap_or_default();
        let lines = text.lines().map(str::to_owned).collect();
        Ok(OpenToy {
            dir: self.0.clone(),
            lines: Mutex::new(lines),
            shut: None,
            _in_use: Some(in_use),
        })
    }

    fn shut(&self, why: &str) -> OpenToy {
        OpenToy {
            dir: self.0.clone(),
            lines: Mutex::default(),
            shut: Some(why.to_owned()),
            _in_use: None,
        }
    }
}

fn append(path: &PathBuf, line: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// The store, open.
pub(crate) struct OpenToy {
    dir: PathBuf,
    lines: Mutex<Vec<String>>,
    /// Why it is not there.
    shut: Option<String>,
    _in_use: Option<File>,
}

impl Host for OpenToy {
    async fn serve(self: Arc<Self>, caller: Caller, reader: Reader, writer: Writer) {
        let (answers, given) = mpsc::channel(16);
        let mut calls = JoinSet::new();
        calls.spawn(write_all(given, writer));
        let mut lines = BufReader::new(reader).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let message: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
            if message["method"] == "leave" {
                return;
            }
            let (toy, answers) = (Arc::clone(&self), answers.clone());
            let actor = caller.actor.clone();
            calls.spawn(async move { toy.respond(message, &actor, answers).await });
        }
        // As an MCP library may: what is under way is dropped.
    }

    async fn close(self: Arc<Self>) -> Result<(), String> {
        fs::remove_file(self.dir.join("in-use")).map_err(|error| error.to_string())
    }
}

async fn write_all(mut given: mpsc::Receiver<Value>, mut writer: Writer) {
    while let Some(answer) = given.recv().await {
        let line = format!("{answer}\n");
        if writer.write_all(line.as_bytes()).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

impl OpenToy {
    async fn respond(&self, message: Value, actor: &str, answers: mpsc::Sender<Value>) {
        let answer = if let Value::Array(batch) = &message {
            let mut all = Vec::new();
            for message in batch {
                all.extend(self.answer(message, actor, &answers).await);
            }
            Some(json!(all))
        } else {
            self.answer(&message, actor, &answers).await
        };
        if let Some(answer) = answer {
            // The client may be gone.
            let _ = answers.send(answer).await;
        }
    }

    async fn answer(
        &self,
        message: &Value,
        actor: &str,
        answers: &mpsc::Sender<Value>,
    ) -> Option<Value> {
        let id = message.get("id")?;
        if message.get("method").is_none() {
            let heard = json!({"method": "notifications/heard", "params": message});
            answers.send(heard).await.unwrap();
            return None;
        }
        let params = &message["params"];
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => {
                let version = &params["protocolVersion"];
                json!({"actor": actor, "pid": std::process::id(), "protocolVersion": version})
            }
            "ask" => {
                let question = json!({"id": 0, "method": "elicitation/create", "params": params});
                answers.send(question).await.unwrap();
                self.gate(&params["until"]).await;
                json!({"asked": true})
            }
            "tools/call" => self.call(params).await,
            _ => json!({"pid": std::process::id()}),
        };
        Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
    }

    async fn call(&self, params: &Value) -> Value {
        if let Some(why) = &self.shut {
            return json!({ "shut": why });
        }
        let arguments = &params["arguments"];
        let mut result = match params["name"].as_str() {
            Some("add") => self.add(&arguments["request_id"]),
            Some("fill") => {
                let size = arguments["size"].as_u64().unwrap_or_default();
                return json!({"text": "x".repeat(usize::try_from(size).unwrap())});
            }
            _ => json!({"count": self.lines.lock().unwrap().len()}),
        };
        self.gate(&arguments["until"]).await;
        result["size"] = json!(arguments["text"].as_str().map_or(0, str::len));
        result
    }

    fn add(&self, request_id: &Value) -> Value {
        let name = request_id.as_str().unwrap_or_default().to_owned();
        let mut lines = self.lines.lock().unwrap();
        let duplicate = !name.is_empty() && lines.contains(&name);
        if !duplicate {
            append(&self.dir.join("ledger"), &name);
            lines.push(name);
        }
        json!({"duplicate": duplicate, "count": lines.len()})
    }

    /// Waits until the named file is there, where one is named, and says that it waits.
    async fn gate(&self, until: &Value) {
        let Some(name) = until.as_str() else { return };
        append(
            &self.dir.join(format!("{name}.waits")),
            &std::process::id().to_string(),
        );
        while !self.dir.join(name).exists() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// The lines of a file of the store, each with how often it is there.
pub(crate) fn counted(dir: &std::path::Path, name: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(dir.join(name))
        .unwrap_or_default()
        .lines()
    {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}
