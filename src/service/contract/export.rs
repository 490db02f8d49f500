//! Writes the contract of every tool as a file, and tells where files and program differ.

use super::{Annotations, VERSION, input_schema, output_schema};
use crate::service::operation::Tool;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    name: &'static str,
    title: &'static str,
    version: u32,
    role: &'static str,
    description: &'static str,
    annotations: Annotations,
    input_schema: Map<String, Value>,
    output_schema: Map<String, Value>,
}

/// One difference between the files of the contract and the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The program has the tool, the folder has no file of it.
    Missing(String),
    /// The file says something else.
    Changed {
        /// The file.
        path: String,
        /// The first line that differs, counted from 1.
        line: usize,
    },
    /// The folder has a file of a tool that the program does not have.
    Stray(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{path} is missing"),
            Self::Changed { path, line } => write!(f, "{path} differs from line {line} on"),
            Self::Stray(path) => write!(f, "{path} is of no tool"),
        }
    }
}

/// The contract of each tool: the path of its file in the contract's folder, and the file's text.
///
/// # Errors
/// Where a schema can't be written as JSON.
pub fn export(tools: &[Tool]) -> Result<BTreeMap<String, String>, serde_json::Error> {
    tools
        .iter()
        .map(|tool| {
            let contract = &tool.contract;
            let path = format!("{}/{}.json", contract.toolset.as_str(), contract.name);
            let published = Published {
                name: contract.name,
                title: contract.title,
                version: VERSION,
                role: contract.role.as_str(),
                description: contract.description,
                annotations: Annotations::of(tool),
                input_schema: input_schema(tool),
                output_schema: output_schema(tool),
            };
            let text = serde_json::to_string_pretty(&published)?;
            Ok((path, text + "\n"))
        })
        .collect()
}

/// Where the files in `folder` differ from the program's contract; none if they are the same.
///
/// # Errors
/// Where the folder can't be read or a schema can't be written.
pub fn check(folder: &Path, tools: &[Tool]) -> io::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut on_disk = files(folder)?;
    for (path, expected) in export(tools)? {
        match on_disk.remove(&path) {
            None => differences.push(Difference::Missing(path)),
            Some(found) if found != expected => {
                let line = 1 + found
                    .lines()
                    .zip(expected.lines())
                    .take_while(|(found, expected)| found == expected)
                    .count();
                differences.push(Difference::Changed { path, line });
            }
            Some(_) => {}
        }
    }
    differences.extend(on_disk.into_keys().map(Difference::Stray));
    differences.sort();
    Ok(differences)
}

/// Every JSON file one folder down, by its path.
fn files(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for toolset in std::fs::read_dir(folder)? {
        let toolset = toolset?;
        if !toolset.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(toolset.path())? {
            let file = file?;
            let name = file.file_name();
            if Path::new(&name).extension().is_some_and(|it| it == "json") {
                let toolset = toolset.file_name();
                let path = format!("{}/{}", toolset.to_string_lossy(), name.to_string_lossy());
                files.insert(path, std::fs::read_to_string(file.path())?);
            }
        }
    }
    Ok(files)
}
