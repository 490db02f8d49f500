//! The README says what is: its table of the tools, its options, and the configurations of the clients.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use clap::CommandFactory as _;
use serde_json::Value;
use std::collections::BTreeSet;
use tekton_budget::service::cli::Arguments;
use tekton_budget::service::operations::TOOLS;

const README: &str = include_str!("../README.md");

/// The lines of a section, without those of the next one.
fn section(title: &str) -> impl Iterator<Item = &'static str> {
    let title = format!("## {title}");
    README
        .lines()
        .skip_while(move |line| *line != title)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
}

#[test]
fn the_tools_of_the_readme_are_the_tools() {
    let told: Vec<_> = section("Tools")
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| row.split_once("` | "))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()))
        .collect();
    let published: Vec<_> = TOOLS
        .iter()
        .map(|tool| (tool.contract.name, tool.contract.role.as_str()))
        .collect();
    assert_eq!(told, published);
}

/// The options of a client and the variables that stand for them.
fn options() -> (BTreeSet<String>, BTreeSet<String>) {
    let command = Arguments::command();
    let options = command
        .get_arguments()
        .filter(|arg| arg.get_env().is_some());
    options
        .map(|arg| {
            let env = arg.get_env().unwrap().to_str().unwrap();
            (format!("--{}", arg.get_long().unwrap()), env.to_owned())
        })
        .unzip()
}

/// The words between back-ticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_options_of_the_readme_are_the_options() {
    let (options, variables) = options();
    let (mut told, mut told_variables) = (BTreeSet::new(), BTreeSet::new());
    for row in section("Options").filter(|line| line.starts_with('|')) {
        let mut cells = row.split('|').skip(1);
        let (option, variable) = (cells.next().unwrap(), cells.next().unwrap());
        let flags = quoted(option).filter_map(|text| text.split(' ').next());
        told.extend(flags.map(str::to_owned));
        told_variables.extend(quoted(variable).map(|name| name.replace('…', "TEKTON_BUDGET")));
    }
    assert_eq!(told, options);
    let log = "TEKTON_BUDGET_LOG".to_owned();
    assert!(told_variables.remove(&log), "which is no option");
    assert_eq!(told_variables, variables);
}

/// The blocks of JSON.
fn snippets() -> Vec<Value> {
    let blocks = README.split("```json\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    blocks
        .map(|block| serde_json::from_str(block).unwrap())
        .collect()
}

#[test]
fn the_configurations_are_what_the_clients_read() {
    let committed = serde_json::from_str(include_str!("../mcp.json")).unwrap();
    let mut found = Vec::new();
    let (_, variables) = options();
    for snippet in snippets().iter().chain([&committed]) {
        let (key, servers) = snippet.as_object().unwrap().iter().next().unwrap();
        found.push(key.clone());
        let server = servers["tekton-budget"].as_object().unwrap();
        assert_eq!(
            server["type"], "stdio",
            "which Cursor and VS Code want said"
        );
        assert_eq!(server["command"], "tekton-budget");
        assert!(server["args"].is_array());
        assert_eq!(
            server["env"]["TEKTON_BUDGET_PROJECT"], "demo",
            "or no budget would hold it"
        );
        for (name, value) in server["env"].as_object().unwrap() {
            assert!(variables.contains(name), "{name}");
            assert!(value.is_string(), "{name}");
        }
    }
    // Claude Desktop and Cursor; VS Code; Claude Code.
    assert_eq!(found, ["mcpServers", "servers", "mcpServers"]);
}

#[test]
fn the_variables_of_the_commands_are_those_of_the_options() {
    let (_, variables) = options();
    let words = README.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    let used = words.filter(|word| word.starts_with("TEKTON_BUDGET_"));
    for name in used.filter(|name| *name != "TEKTON_BUDGET_LOG") {
        assert!(variables.contains(name), "{name}");
    }
}
