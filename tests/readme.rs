//! The README's table of the tools is the tools.

use tekton_budget::service::operations::TOOLS;

#[test]
fn the_tools_of_the_readme_are_the_tools() {
    let told: Vec<_> = include_str!("../README.md")
        .lines()
        .skip_while(|line| *line != "## Tools")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
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
