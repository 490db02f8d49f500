//! A few small operations over a few budgets in memory, to test the faces with.

use super::Service;
use super::operation::{Answer, Call, Contract, Effect, Operation, Question, Reply, Tool, Toolset};
use crate::core::refusal::{Code, Refusal};
use crate::core::role::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

/// All of them, in an order that is not that of their toolsets.
pub(crate) static TOOLS: [Tool; 12] = [
    Tool::of::<GetPrice>(),
    Tool::of::<SearchModels>(),
    Tool::of::<CheckBudget>(),
    Tool::of::<RecordUsage>(),
    Tool::of::<GetBudgetStatus>(),
    Tool::of::<ListBudgets>(),
    Tool::of::<ListAlerts>(),
    Tool::of::<SaveBudget>(),
    Tool::of::<ArchiveBudget>(),
    Tool::of::<RequestIncrease>(),
    Tool::of::<Wait>(),
    Tool::of::<Panic>(),
];

/// Calls of `wait` that are under way.
pub(crate) static WAITING: AtomicUsize = AtomicUsize::new(0);

type Budgets = BTreeMap<String, String>;

/// The budgets of each service, by where it is.
static BUDGETS: LazyLock<Mutex<HashMap<usize, Budgets>>> = LazyLock::new(Mutex::default);

fn budgets<T>(service: &Service, with: impl FnOnce(&mut Budgets) -> T) -> T {
    let place = std::ptr::from_ref(service) as usize;
    let mut all = BUDGETS.lock().unwrap();
    let fresh = || BTreeMap::from([("bud_1".to_owned(), "team red".to_owned())]);
    with(all.entry(place).or_insert_with(fresh))
}

/// A service of its own with one budget, `bud_1`.
pub(crate) fn service() -> Arc<Service> {
    let service = Arc::new(Service::for_tests());
    let place = std::ptr::from_ref(&*service) as usize;
    BUDGETS.lock().unwrap().remove(&place);
    service
}

/// Saves a budget beside the face.
pub(crate) fn save(service: &Service, id: &str, name: &str) {
    budgets(service, |all| all.insert(id.to_owned(), name.to_owned()));
    service.change_for_tests();
}

macro_rules! operation {
    (
        $kind:ident $name:literal $toolset:ident $role:ident $effect:ident,
        $input:ty => $output:ty, |$service:ident, $call:ident, $argument:ident| $body:expr
    ) => {
        pub(crate) struct $kind;

        impl Operation for $kind {
            type Input = $input;
            type Output = $output;
            const CONTRACT: Contract = Contract {
                name: $name,
                title: "A test",
                description: "Tests the face.",
                toolset: Toolset::$toolset,
                role: Role::$role,
                effect: Effect::$effect,
                open_world: false,
            };

            async fn run(
                $service: &Service,
                $call: &Call,
                $argument: $input,
            ) -> Result<Answer<$output>, Refusal> {
                $body
            }
        }
    };
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paged {
    /// How many at most.
    #[serde(default = "fifty")]
    limit: usize,
    /// Where to go on.
    cursor: Option<String>,
    /// What to look for.
    query: Option<String>,
    /// Of which provider.
    provider: Option<String>,
}

const fn fifty() -> usize {
    50
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// Which budget.
    budget_id: Option<String>,
    /// Its name.
    name: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
pub(crate) struct Model {
    /// Who sells it.
    provider: String,
    /// Its name.
    model: String,
    /// The input.
    #[serde(default)]
    input_tokens: u64,
}

/// Any object.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Any(Map<String, Value>);

#[expect(clippy::unnecessary_wraps, reason = "it ends an operation")]
fn answer(content: Value) -> Result<Answer<Any>, Refusal> {
    let Value::Object(content) = content else {
        panic!("an object");
    };
    Ok(Answer {
        content: Any(content),
        text: "done".to_owned(),
    })
}

operation!(CheckBudget "check_budget" Budget Agent Reads, Model => Any, |_service, _call, input| {
    answer(json!({"allowed": input.input_tokens < 1000}))
});

operation!(GetPrice "get_price" Pricing Viewer Reads, Model => Any, |_service, _call, input| {
    if input.model == "none" {
        return Err(Refusal::new(Code::PriceUnknown, "that model has no price"));
    }
    answer(json!({"provider": input.provider, "model": input.model}))
});

operation!(SearchModels "search_models" Pricing Viewer Reads, Paged => Any, |_service, _call, input| {
    let all = [("openai", "gpt-5"), ("openai", "o9"), ("openrouter", "meta/llama:free")];
    let query = input.query.unwrap_or_default();
    let found = all.iter().filter(|(provider, model)| {
        model.contains(&query) && input.provider.as_deref().is_none_or(|it| it == *provider)
    });
    let models: Vec<Value> = found
        .map(|(provider, model)| json!({"provider": provider, "model": model}))
        .collect();
    answer(json!({ "models": models }))
});

operation!(ListBudgets "list_budgets" Budget Viewer Reads, Paged => Any, |service, _call, input| {
    answer(page(service, input.limit, input.cursor)?)
});

/// The budgets from `cursor` on, at most `limit`.
fn page(service: &Service, limit: usize, cursor: Option<String>) -> Result<Value, Refusal> {
    let from: usize = cursor.map_or(Ok(0), |cursor| {
        cursor
            .parse()
            .map_err(|_| Refusal::invalid("cursor", "is not one of this list"))
    })?;
    let page: Vec<Value> = budgets(service, |all| {
        let page = all.iter().skip(from).take(limit);
        page.map(|(id, name)| json!({"budget_id": id, "name": name}))
            .collect()
    });
    let count = page.len();
    let mut content = json!({ "budgets": page });
    if count == limit {
        content["next_cursor"] = (from + count).to_string().into();
    }
    Ok(content)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Status {
    /// Which budget.
    budget_id: Option<String>,
    /// How many at most.
    #[serde(default = "fifty")]
    limit: usize,
    /// Where to go on.
    cursor: Option<String>,
}

operation!(GetBudgetStatus "get_budget_status" Budget Viewer Reads, Status => Any, |service, _call, input| {
    let Some(id) = input.budget_id else {
        return answer(page(service, input.limit, input.cursor)?);
    };
    match budgets(service, |all| all.get(&id).cloned()) {
        None => Err(Refusal::not_found("budget", id)),
        Some(name) => answer(json!({ "budgets": [{"budget_id": id, "name": name}] })),
    }
});

operation!(ListAlerts "list_alerts" Budget Viewer Reads, Paged => Any, |_service, _call, _input| {
    answer(json!({"alerts": []}))
});

operation!(SaveBudget "save_budget" Budget Admin Adds, Budget => Any, |service, _call, input| {
    let id = input.budget_id.unwrap_or_else(|| "bud_2".to_owned());
    save(service, &id, &input.name.unwrap_or_default());
    answer(json!({ "budget_id": id }))
});

operation!(ArchiveBudget "archive_budget" Budget Admin Ends, Budget => Any, |service, _call, input| {
    let id = input.budget_id.unwrap_or_default();
    budgets(service, |all| all.remove(&id));
    service.change_for_tests();
    answer(json!({ "budget_id": id }))
});

/// One usage.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    /// Its id.
    request_id: String,
    /// Who sold it.
    provider: String,
    /// What.
    model: String,
    /// The input.
    #[serde(default)]
    input_tokens: u64,
    /// The output.
    #[serde(default)]
    output_tokens: u64,
    /// Read from a cache.
    #[serde(default)]
    cache_read_tokens: u64,
    /// What it is for.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Records {
    /// The usages.
    records: Vec<Usage>,
}

/// What became of a usage.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Recorded {
    /// Its id.
    record_id: String,
    /// What it cost.
    cost_usd: String,
    /// At which price.
    price_version: u64,
    /// Whether it was there before.
    duplicate: bool,
}

/// What became of all.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AllRecorded {
    /// Each.
    records: Vec<Recorded>,
}

operation!(RecordUsage "record_usage" Budget Agent Adds, Records => AllRecorded, |_service, _call, input| {
    let records: Vec<Recorded> = input.records.into_iter().map(|usage| Recorded {
        cost_usd: format!("0.{:06}", usage.input_tokens + usage.output_tokens + usage.cache_read_tokens),
        record_id: usage.request_id + &usage.provider + &usage.model,
        price_version: 7,
        duplicate: usage.tags.contains_key("again"),
    }).collect();
    let text = format!("recorded {}", records.len());
    Ok(Answer { content: AllRecorded { records }, text })
});

operation!(RequestIncrease "request_increase" Budget Agent Adds, Model => Any, |_service, call, input| {
    let Some(ask) = &call.ask else {
        return answer(json!({"granted": false, "reply": "nobody to ask"}));
    };
    let mut replies = Vec::new();
    for part in ["first", "second"] {
        let Value::Object(schema) = json!({
            "type": "object",
            "properties": {"grant": {"type": "boolean", "description": "Whether to grant it."}},
            "required": ["grant"],
        }) else {
            panic!("an object");
        };
        let message = format!("Grant more for {}, {part} part?", input.model);
        match ask.ask(Question { message, schema }).await {
            Reply::Accepted(fields) => replies.push(Value::Object(fields)),
            other => replies.push(format!("{other:?}").into()),
        }
    }
    answer(json!({ "replies": replies }))
});

struct Waiting;

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

operation!(Wait "wait" Report Agent Reads, Paged => Any, |_service, call, input| {
    WAITING.fetch_add(1, Ordering::SeqCst);
    let _waiting = Waiting;
    for step in 0..input.limit as u64 {
        call.progress.tell(step, Some(input.limit as u64), "waiting");
        call.progress.tell(step, None, "said twice");
    }
    if input.query.is_none() {
        std::future::pending::<()>().await;
    }
    answer(json!({}))
});

operation!(Panic "panic" Report Agent Reads, Nothing => Any, |_service, _call, _input| {
    panic!("on purpose")
});
