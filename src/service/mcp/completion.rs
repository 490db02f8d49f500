//! Completes the names in resource templates.

use super::client::Client;
use super::resources::{KINDS, budgets};
use crate::core::refusal::{Refusal, clipped};
use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many pages of a list are searched; more would keep a person waiting who types.
const PAGES: usize = 10;

/// How long a page is.
const PAGE: usize = 1000;

/// The values that an argument may take on from what was typed of it, at most a hundred.
pub(super) async fn complete(
    client: &Client,
    request: CompleteRequestParams,
) -> Result<CompletionInfo, ErrorData> {
    let Reference::Resource(resource) = &request.r#ref else {
        return Err(ErrorData::invalid_params("ref: there are no prompts", None));
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.template == resource.uri) else {
        let message = format!("ref.uri: there is no template {:?}", clipped(&resource.uri));
        return Err(ErrorData::invalid_params(message, None));
    };
    let name = request.argument.name.as_str();
    if !kind.template.contains(&format!("{{{name}}}")) {
        let message = format!(
            "argument.name: {} has no {:?}",
            kind.template,
            clipped(name)
        );
        return Err(ErrorData::invalid_params(message, None));
    }
    let typed = request.argument.value.to_lowercase();
    let found = match name {
        "id" => budget_ids(client, &typed).await,
        "provider" => providers(client, &typed).await,
        _ => {
            let context = request.context.as_ref();
            let provider = context.and_then(|context| context.get_argument("provider"));
            models(client, &typed, provider.map(String::as_str)).await
        }
    };
    // Somebody types: what can't be looked up now is completed by nothing, not by an error.
    Ok(shown(found.unwrap_or_else(|refusal| {
        tracing::debug!(%refusal, "could not complete");
        Vec::new()
    })))
}

fn shown(mut values: Vec<String>) -> CompletionInfo {
    let total = values.len();
    values.truncate(CompletionInfo::MAX_VALUES);
    let mut info = CompletionInfo::default();
    info.has_more = Some(total > values.len());
    info.total = u32::try_from(total).ok();
    info.values = values;
    info
}

/// The ids of the budgets whose id or name holds what was typed.
async fn budget_ids(client: &Client, typed: &str) -> Result<Vec<String>, Refusal> {
    let mut found = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES {
        let page = budgets(client, cursor, PAGE).await?;
        let matching = page.budgets.into_iter().filter(|(id, name)| {
            id.to_lowercase().contains(typed) || name.to_lowercase().contains(typed)
        });
        found.extend(matching.map(|(id, _)| id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(found)
}

async fn providers(client: &Client, typed: &str) -> Result<Vec<String>, Refusal> {
    let names = search(client, json!({ "limit": PAGE }), "provider", PAGES).await?;
    let matching = names
        .into_iter()
        .filter(|name| name.to_lowercase().starts_with(typed));
    Ok(matching.collect())
}

async fn models(
    client: &Client,
    typed: &str,
    provider: Option<&str>,
) -> Result<Vec<String>, Refusal> {
    let mut arguments = json!({ "limit": PAGE });
    if !typed.is_empty() {
        arguments["query"] = typed.into();
    }
    if let Some(provider) = provider {
        arguments["provider"] = provider.into();
    }
    let names = search(client, arguments, "model", 1).await?;
    let (first, then): (Vec<String>, Vec<String>) = names
        .into_iter()
        .partition(|name| name.to_lowercase().starts_with(typed));
    Ok([first, then].concat())
}

/// The distinct values of a field in up to `pages` pages of `search_models`.
async fn search(
    client: &Client,
    mut arguments: Value,
    field: &str,
    pages: usize,
) -> Result<BTreeSet<String>, Refusal> {
    let mut found = BTreeSet::new();
    for _ in 0..pages {
        let page = client.ask("search_models", arguments.clone()).await?;
        let models = page["models"].as_array().into_iter().flatten();
        found.extend(models.filter_map(|model| model[field].as_str().map(str::to_owned)));
        match page.get("next_cursor") {
            Some(cursor) => arguments["cursor"] = cursor.clone(),
            None => break,
        }
    }
    Ok(found)
}
