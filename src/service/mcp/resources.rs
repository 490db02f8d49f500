//! The resources: each is what one tool answers, under a URI.

use super::client::{Client, protocol_error};
use crate::core::refusal::Refusal;
use crate::service::wire::page::PAGE_MOST;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rmcp::ErrorData;
use rmcp::model::{ListResourcesResult, Resource, ResourceTemplate};
use serde_json::{Map, Value, json};

/// What a URI template leaves as it is: the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How many budgets one page of the list has.
const PAGE: usize = 200;

/// The media type of all of them.
pub(super) const MEDIA_TYPE: &str = "application/json";

/// A kind of resource.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its URI; a `{name}` stands for one argument.
    pub(super) template: &'static str,
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// The tool that answers for it.
    pub(super) tool: &'static str,
    /// The tool's argument for each `{name}`.
    arguments: &'static [(&'static str, &'static str)],
    /// The list that the tool answers in pages; a resource is the whole of it.
    list: Option<&'static str>,
    /// How long a client may take it for fresh, in milliseconds.
    pub(super) fresh_ms: u64,
}

/// Every kind.
pub(super) const KINDS: [Kind; 4] = [
    Kind {
        template: "budget://status",
        name: "status",
        title: "Budget status",
        description: "Every budget's policies with window, limit, posted, held and available.",
        tool: "get_budget_status",
        arguments: &[],
        list: Some("budgets"),
        fresh_ms: 0,
    },
    Kind {
        template: "budget://budgets/{id}",
        name: "budget",
        title: "One budget",
        description: "The status of one budget and its children.",
        tool: "get_budget_status",
        arguments: &[("id", "budget_id")],
        list: None,
        fresh_ms: 0,
    },
    Kind {
        template: "budget://alerts",
        name: "alerts",
        title: "Alerts",
        description: "What a person should see: thresholds crossed, limits exceeded, overruns, price changes.",
        tool: "list_alerts",
        arguments: &[],
        list: Some("alerts"),
        fresh_ms: 0,
    },
    Kind {
        template: "budget://prices/{provider}/{model}",
        name: "price",
        title: "Price of a model",
        description: "A model's rates per million units with their version and sources.",
        tool: "get_price",
        arguments: &[("provider", "provider"), ("model", "model")],
        list: None,
        fresh_ms: 300_000,
    },
];

impl Kind {
    const fn is_template(&self) -> bool {
        !self.arguments.is_empty()
    }

    /// The URI with `values` in the places of its names, in their order.
    pub(super) fn uri(&self, values: &[&str]) -> String {
        self.arguments.iter().zip(values).fold(
            self.template.to_owned(),
            |uri, ((name, _), value)| {
                let value = utf8_percent_encode(value, RESERVED).to_string();
                uri.replace(&format!("{{{name}}}"), &value)
            },
        )
    }

    /// The tool's arguments that `uri` stands for, if it is of this kind.
    fn arguments(&self, uri: &str) -> Option<Map<String, Value>> {
        let parts = self.template.split('/').count();
        let mut expected = self.template.splitn(parts, '/');
        // The last part may hold slashes, as a model's name does that nobody has encoded.
        let mut given = uri.splitn(parts, '/');
        let mut arguments = Map::new();
        for expected in expected.by_ref() {
            let given = given.next()?;
            let name = expected
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'));
            match name.and_then(|name| self.arguments.iter().find(|(it, _)| *it == name)) {
                Some((_, argument)) => {
                    let value = percent_decode_str(given).decode_utf8().ok()?;
                    if value.is_empty() {
                        return None;
                    }
                    arguments.insert((*argument).to_owned(), value.into());
                }
                None if given == expected => {}
                None => return None,
            }
        }
        Some(arguments)
    }
}

/// The kind and the tool's arguments that a URI stands for.
///
/// # Errors
/// The protocol's error for a resource that is not there.
pub(super) fn find(uri: &str) -> Result<(&'static Kind, Value), ErrorData> {
    KINDS
        .iter()
        .find_map(|kind| Some((kind, Value::Object(kind.arguments(uri)?))))
        .ok_or_else(|| {
            let shown: String = uri.chars().take(200).collect();
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.template).collect();
            let message = format!(
                "there is no resource {shown:?}; there are {}",
                known.join(", ")
            );
            ErrorData::resource_not_found(message, Some(json!({"uri": shown})))
        })
}

/// The content of a resource, as JSON.
pub(super) async fn read(client: &Client, uri: &str) -> Result<(&'static Kind, String), ErrorData> {
    let (kind, arguments) = find(uri)?;
    let content = match kind.list {
        None => client.ask(kind.tool, arguments).await,
        Some(list) => whole(client, kind.tool, list).await,
    };
    match content {
        Ok(content) => Ok((kind, content.to_string())),
        Err(refusal) => Err(protocol_error(&refusal)),
    }
}

/// All pages of a list as one: a reader of a resource has no way to ask for the next.
async fn whole(client: &Client, tool: &str, list: &str) -> Result<Value, Refusal> {
    let mut items = Vec::new();
    let mut arguments = json!({ "limit": PAGE_MOST });
    loop {
        let mut page = client.ask(tool, arguments.clone()).await?;
        if let Value::Array(more) = page[list].take() {
            items.extend(more);
        }
        match page["next_cursor"].take() {
            Value::Null => return Ok(json!({ list: items })),
            cursor => arguments["cursor"] = cursor,
        }
    }
}

/// One page of the resources that there are: the fixed ones first, then each budget.
pub(super) async fn list(
    client: &Client,
    cursor: Option<String>,
) -> Result<ListResourcesResult, ErrorData> {
    let mut resources = Vec::new();
    if cursor.is_none() {
        let fixed = KINDS.iter().filter(|kind| !kind.is_template());
        resources.extend(fixed.map(|kind| {
            Resource::new(kind.template, kind.name)
                .with_title(kind.title)
                .with_description(kind.description)
                .with_mime_type(MEDIA_TYPE)
        }));
    }
    let page = budgets(client, cursor, PAGE)
        .await
        .map_err(|refusal| protocol_error(&refusal))?;
    let kind = &KINDS[1];
    resources.extend(page.budgets.iter().map(|(id, name)| {
        Resource::new(kind.uri(&[id]), name.clone())
            .with_description(kind.description)
            .with_mime_type(MEDIA_TYPE)
    }));
    let mut result = ListResourcesResult::with_all_items(resources);
    result.next_cursor = page.next;
    Ok(result)
}

/// The templates.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let templates = KINDS.iter().filter(|kind| kind.is_template());
    templates
        .map(|kind| {
            ResourceTemplate::new(kind.template, kind.name)
                .with_title(kind.title)
                .with_description(kind.description)
                .with_mime_type(MEDIA_TYPE)
        })
        .collect()
}

/// One page of the budgets' ids and names.
pub(super) struct Budgets {
    pub(super) budgets: Vec<(String, String)>,
    pub(super) next: Option<String>,
}

/// Reads one page of budgets.
pub(super) async fn budgets(
    client: &Client,
    cursor: Option<String>,
    limit: usize,
) -> Result<Budgets, Refusal> {
    let mut arguments = json!({ "limit": limit });
    if let Some(cursor) = cursor {
        arguments["cursor"] = cursor.into();
    }
    let page = client.ask("list_budgets", arguments).await?;
    let text = |budget: &Value, field: &str| budget[field].as_str().map(str::to_owned);
    let budgets = page["budgets"].as_array().into_iter().flatten();
    Ok(Budgets {
        budgets: budgets
            .filter_map(|budget| Some((text(budget, "budget_id")?, text(budget, "name")?)))
            .collect(),
        next: text(&page, "next_cursor"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_goes_into_a_uri_and_comes_out_again() {
        for model in [
            "gpt-5",
            "meta-llama/llama-4:free",
            "a b%2F?#ü",
            "..",
            "{model}",
        ] {
            let uri = KINDS[3].uri(&["openrouter", model]);
            let (kind, arguments) = find(&uri).unwrap();
            assert_eq!(kind.name, "price");
            assert_eq!(arguments, json!({"provider": "openrouter", "model": model}));
            assert_eq!(uri.matches('/').count(), 4, "{uri}");
        }
    }

    #[test]
    fn a_model_whose_slashes_nobody_encoded_is_still_found() {
        let (_, arguments) = find("budget://prices/openrouter/meta/llama:free").unwrap();
        assert_eq!(arguments["model"], "meta/llama:free");
    }

    #[test]
    fn what_is_no_resource_is_told_which_there_are() {
        for uri in [
            "",
            "budget://",
            "budget://statuses",
            "budget://status/",
            "budget://budgets/",
            "budget://prices/openai",
            "budget://prices//gpt",
            "file:///etc/passwd",
            "budget://budgets/%FF",
        ] {
            let error = find(uri).unwrap_err();
            assert_eq!(error.code.0, -32002, "{uri}");
            assert!(error.message.contains("budget://alerts"), "{uri}");
        }
    }
}
