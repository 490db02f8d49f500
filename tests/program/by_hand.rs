//! The README's trial by hand, word for word, but for the inspector between: its arguments are read from the README and given
//! to the program.

use super::client::Client;
use serde_json::{Map, Value, json};
use std::path::Path;

const README: &str = include_str!("../../README.md");

/// One command of the README.
#[derive(Default)]
struct Step {
    env: Vec<(String, String)>,
    method: String,
    tool: String,
    arguments: Map<String, Value>,
    uri: String,
}

/// The words of a shell's line; single quotes are the only ones in use.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.replace("\\\n", " ").chars() {
        match c {
            '\'' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn step(block: &str) -> Step {
    let mut step = Step::default();
    let mut option = String::new();
    let words = words(block);
    assert_eq!(words[1], "@modelcontextprotocol/inspector", "{block}");
    for word in &words[2..] {
        if word.starts_with('-') {
            option.clone_from(word);
            continue;
        }
        match option.as_str() {
            "--cli" => assert_eq!(word, "tekton-budget"),
            "-e" => step.env.extend(pair(word)),
            "--method" => step.method.clone_from(word),
            "--tool-name" => step.tool.clone_from(word),
            "--uri" => step.uri.clone_from(word),
            "--tool-arg" => {
                let (name, text) = pair(word).unwrap();
                let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
                step.arguments.insert(name, value);
            }
            other => panic!("{other} in {block}"),
        }
    }
    step
}

fn pair(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}

fn steps() -> Vec<Step> {
    let (_, section) = README.split_once("### By hand").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("```sh\n").skip(1);
    blocks
        .map(|rest| step(rest.split("```").next().unwrap()))
        .collect()
}

fn take(step: &Step, data_dir: &Path) -> Value {
    // The options of the same names stand for the variables.
    let options: Vec<_> = step
        .env
        .iter()
        .flat_map(|(name, value)| {
            let name = name.strip_prefix("TEKTON_BUDGET_").unwrap().to_lowercase();
            [format!("--{name}"), value.clone()]
        })
        .collect();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let mut client = Client::session(data_dir, &options);
    let answer = if step.method == "tools/call" {
        client.done(&step.tool, &Value::Object(step.arguments.clone()))
    } else {
        client.ask(&step.method, &json!({"uri": step.uri}))["result"].clone()
    };
    assert!(client.close().success());
    answer
}

#[test]
fn the_trial_by_hand_holds_and_spends() {
    let dir = tempfile::tempdir().unwrap();
    let answers: Vec<_> = steps().iter().map(|step| take(step, dir.path())).collect();
    let [budget, hold, usage, status] = answers.try_into().unwrap();
    assert_eq!(budget["budget"]["name"], "demo", "{budget}");
    assert_eq!(hold["allocation_id"], "all-2", "{hold}");
    let record = &usage["records"][0];
    assert!(record.get("allocation_closed").is_none(), "{usage}");
    let text = status["contents"][0]["text"].as_str().unwrap();
    let status: Value = serde_json::from_str(text).unwrap();
    let policy = &status["budgets"][0]["policies"][0];
    assert_eq!(policy["posted"]["cost_usd"], record["cost_usd"], "{policy}");
    assert_eq!(policy["held"]["cost_usd"], "0", "{policy}");
}
