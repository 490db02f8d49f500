//! A refresh from the network to the price that holds: over a server on this machine and a ledger of its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tekton_budget::core::decide::CHANGES_MOST;
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::pricing::sources::fetch::Patience;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::ledger::{Clock, Ledger, start};
use tekton_budget::service::operation::{Call, Progress};
use tekton_budget::service::operations::find;
use tekton_budget::service::refresh::{Answered, Background, Refresher, Settings, Wanted};
use tekton_budget::service::{Desk, Opening, Service};
use tekton_budget::store::files::RealFiles;
use tekton_budget::store::lookup::Lookup;
use tekton_budget::store::lookup::memory::MemoryDisk;
use tokio::sync::watch;
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A service over a ledger in a folder, and sources on this machine.
struct Ground {
    folder: tempfile::TempDir,
    server: MockServer,
    service: Arc<Service>,
    desk: Arc<Desk>,
    hours: Arc<AtomicI64>,
    opening: watch::Sender<Opening>,
}

const SOURCES: [&str; 3] = ["litellm", "models_dev", "llm_prices"];

fn refresher(folder: &Path) -> Refresher {
    let patience = Patience {
        attempts: 1,
        pause: Duration::from_millis(1),
        ..Patience::default()
    };
    let settings = Settings::read(folder, Some(false)).unwrap();
    Refresher::new(settings, folder, patience)
}

impl Ground {
    async fn new() -> Self {
        let server = MockServer::start().await;
        let ground = Self::over(&server.uri(), server);
        ground.say("litellm", &litellm("2e-06", "1e-05")).await;
        ground.say("models_dev", &models_dev("2", "10")).await;
        ground.say("llm_prices", &llm_prices("2", "10")).await;
        ground
    }

    fn over(address: &str, server: MockServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let others = ["openrouter", "genai_prices", "llm_prices_history"];
        let mut sources: serde_json::Map<String, Value> = others
            .into_iter()
            .map(|name| (name.to_owned(), json!({"asked": false})))
            .collect();
        for name in SOURCES {
            let of = json!({"address": format!("{address}/{name}"), "requests_an_hour": 100});
            sources.insert(name.to_owned(), of);
        }
        let settings = json!({ "sources": sources }).to_string();
        std::fs::write(folder.path().join("prices.json"), settings).unwrap();
        let store: Arc<dyn Lookup> = Arc::new(MemoryDisk::default().open().unwrap());
        let hours = Arc::new(AtomicI64::new(0));
        let clock: Clock = {
            let (began, hours) = (Timestamp::now(), Arc::clone(&hours));
            Arc::new(move || began + SignedDuration::from_hours(hours.load(Ordering::SeqCst)))
        };
        let journal = folder.path().join("journal");
        let files = Arc::new(RealFiles);
        let started = start(files, &journal, Arc::clone(&store), clock(), &|_, _| {}).unwrap();
        let desk = Arc::new(Desk::new(Ledger::run(started, store, clock).unwrap()));
        let (opening, open) = watch::channel(Opening::Open(Arc::clone(&desk)));
        let service = Service::new(open).refreshing(Arc::new(refresher(folder.path())));
        Self {
            folder,
            server,
            service: Arc::new(service),
            desk,
            hours,
            opening,
        }
    }

    /// What a source says from now on.
    async fn say(&self, source: &str, body: &str) {
        self.answer(source, ResponseTemplate::new(200).set_body_string(body))
            .await;
    }

    async fn answer(&self, source: &str, answer: ResponseTemplate) {
        // Of several that match the one with the smaller number counts.
        let newest = 255 - u8::try_from(self.hours.load(Ordering::SeqCst)).unwrap();
        let mock = Mock::given(path(format!("/{source}"))).respond_with(answer);
        mock.with_priority(newest).mount(&self.server).await;
    }

    fn pass_hours(&self, hours: i64) {
        self.hours.fetch_add(hours, Ordering::SeqCst);
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.called(tool, arguments, Progress::default())
            .await
            .unwrap()
    }

    async fn called(
        &self,
        tool: &str,
        arguments: Value,
        progress: Progress,
    ) -> Result<Value, String> {
        let mut call = Call::new(Caller {
            actor: "test".to_owned(),
            role: Role::Operator,
            interface: Interface::Mcp,
            ..Caller::default()
        });
        call.progress = progress;
        let answer = find(tool)
            .unwrap()
            .run(Arc::clone(&self.service), call, arguments)
            .await;
        answer
            .map(|answer| answer.content)
            .map_err(|refusal| refusal.to_string())
    }

    async fn refresh(&self) -> Value {
        self.call("refresh_prices", json!({})).await
    }

    async fn price(&self) -> Value {
        self.call(
            "get_price",
            json!({"provider": "xai", "model": "grok-test-9"}),
        )
        .await
    }

    fn sequence(&self) -> u64 {
        self.desk.state().sequence()
    }
}

fn litellm(input: &str, output: &str) -> String {
    format!(
        r#"{{"xai/grok-test-9": {{"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": {input}, "output_cost_per_token": {output}}}}}"#
    )
}

fn models_dev(input: &str, output: &str) -> String {
    format!(
        r#"{{"xai": {{"models": {{"grok-test-9": {{"cost": {{"input": {input}, "output": {output}}}}}}}}}}}"#
    )
}

fn llm_prices(input: &str, output: &str) -> String {
    format!(
        r#"{{"prices": [{{"id": "grok-test-9", "vendor": "xai", "name": "G", "input": {input}, "output": {output}}}]}}"#
    )
}

fn states(refreshed: &Value) -> Vec<String> {
    let sources = refreshed["sources"].as_array().unwrap().iter();
    let state = |source: &Value| format!("{} {}", source["source"], source["state"]);
    sources
        .map(|source| state(source).replace('"', ""))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sources_agree_on_is_applied_and_said_with_its_sources() {
    let ground = Ground::new().await;
    let refreshed = ground.refresh().await;
    assert_eq!(
        states(&refreshed),
        [
            "litellm fetched",
            "models_dev fetched",
            "llm_prices fetched"
        ]
    );
    assert_eq!(refreshed["models"]["verified"], 1, "{refreshed}");
    let price = ground.price().await;
    assert_eq!(price["status"], "verified");
    assert_eq!(
        price["rates"]["standard"]["rates"],
        json!({"input": "2", "output": "10"})
    );
    assert_eq!(price["sources"].as_array().unwrap().len(), 3, "{price}");
    // The catalogue does not know the model; its name counts in whatever case.
    let shouted = json!({"provider": "xAI", "model": "Grok-Test-9"});
    assert_eq!(
        ground.call("get_price", shouted).await["version"],
        price["version"]
    );
    // Again, there is nothing new to say.
    let before = ground.sequence();
    let again = ground.refresh().await;
    assert_eq!(
        states(&again),
        [
            "litellm unchanged",
            "models_dev unchanged",
            "llm_prices unchanged"
        ]
    );
    assert_eq!(ground.sequence(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_cut_passes_and_a_slip_waits() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(30);
    ground.say("litellm", &litellm("1e-06", "5e-06")).await;
    ground.say("models_dev", &models_dev("1", "5")).await;
    let cut = ground.refresh().await;
    assert_eq!(cut["models"]["verified"], 1, "{cut}");
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "1"
    );
    // One source takes a price per token for one per million.
    ground.pass_hours(30);
    ground
        .say("models_dev", &models_dev("0.000001", "0.000005"))
        .await;
    ground.refresh().await;
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "1"
    );
    // A name that looks like the model's is not the model.
    ground.pass_hours(1);
    let alike = models_dev("9", "90").replace("grok-test-9", "gr\u{43e}k-test-9");
    ground.say("models_dev", &alike).await;
    let refreshed = ground.refresh().await;
    assert_eq!(refreshed["sources"][1]["left_out"], 1, "{refreshed}");
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_only_tells() {
    let ground = Ground::new().await;
    let before = ground.sequence();
    let told = ground
        .call("refresh_prices", json!({"dry_run": true}))
        .await;
    assert_eq!(
        (&told["dry_run"], &told["models"]["verified"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(ground.sequence(), before);
    assert!(
        ground
            .called(
                "get_price",
                json!({"provider": "xai", "model": "grok-test-9"}),
                Progress::default()
            )
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_a_refresh_is_known_again_and_asks_nobody() {
    let ground = Ground::new().await;
    let once = json!({"request_id": "r1"});
    // Nothing is done yet that a retry could be known by.
    let told = json!({"request_id": "r1", "dry_run": true});
    assert_eq!(
        ground.call("refresh_prices", told).await["duplicate"],
        false
    );
    let first = ground.call("refresh_prices", once.clone()).await;
    assert_eq!(first["duplicate"], false, "{first}");
    let sequence = ground.sequence();
    let asked = ground.server.received_requests().await.unwrap().len();

    ground.pass_hours(30);
    ground.say("litellm", &litellm("1e-06", "5e-06")).await;
    ground.say("models_dev", &models_dev("1", "5")).await;
    let again = ground.call("refresh_prices", once).await;
    assert_eq!(again["duplicate"], true, "{again}");
    assert_eq!(ground.sequence(), sequence);
    assert_eq!(
        ground.server.received_requests().await.unwrap().len(),
        asked
    );

    let other = json!({"request_id": "r1", "sources": ["litellm"]});
    let refusal = ground
        .called("refresh_prices", other, Progress::default())
        .await;
    assert!(refusal.unwrap_err().starts_with("conflict"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_is_told_and_what_it_said_last_serves() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(26);
    ground.answer("litellm", ResponseTemplate::new(404)).await;
    ground.say("models_dev", "{\"busy\": true}").await;
    let refreshed = ground.refresh().await;
    assert_eq!(
        states(&refreshed),
        [
            "litellm failed",
            "models_dev failed",
            "llm_prices unchanged"
        ]
    );
    let [litellm, models_dev] = [&refreshed["sources"][0], &refreshed["sources"][1]];
    assert_eq!(litellm["error"], "it answered with status 404");
    assert_eq!(litellm["age_seconds"], 26 * 3_600);
    assert_eq!(litellm["models"], 1, "its last word counts");
    assert!(
        models_dev["error"]
            .as_str()
            .unwrap()
            .contains("changed its shape"),
        "{models_dev}"
    );
    assert_eq!(ground.price().await["status"], "verified");
    let alerts = ground.call("list_alerts", json!({"state": "open"})).await;
    let told = alerts.to_string();
    assert!(
        told.contains("litellm fails") && told.contains("models_dev fails"),
        "{told}"
    );
    // It works again, and the alert is gone.
    ground.pass_hours(1);
    ground
        .say("litellm", &self::litellm("2e-06", "1e-05"))
        .await;
    ground.refresh().await;
    let alerts = ground
        .call("list_alerts", json!({"state": "open"}))
        .await
        .to_string();
    assert!(
        !alerts.contains("litellm fails") && alerts.contains("models_dev fails"),
        "{alerts}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_alone_is_asked_and_the_others_keep_their_word() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(1);
    ground.say("llm_prices", &llm_prices("7", "70")).await;
    let refreshed = ground
        .call("refresh_prices", json!({"sources": ["llm_prices"]}))
        .await;
    assert_eq!(
        states(&refreshed),
        [
            "litellm not_asked",
            "models_dev not_asked",
            "llm_prices fetched"
        ]
    );
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "2"
    );
    let wrong = ground.called(
        "refresh_prices",
        json!({"sources": ["litelm"]}),
        Progress::default(),
    );
    assert!(wrong.await.unwrap_err().contains("litelm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_nothing_is_lost_and_nobody_is_blamed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ground = Ground::over(&nobody, MockServer::start().await);
    let before = ground.sequence();
    let refreshed = ground.refresh().await;
    assert_eq!(refreshed["offline"], true, "{refreshed}");
    assert_eq!(ground.sequence(), before);
    let known = ground
        .call(
            "get_price",
            json!({"provider": "openai", "model": "gpt-4o"}),
        )
        .await;
    assert_eq!(known["status"], "bundled");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_where_this_one_ended() {
    let ground = Ground::new().await;
    let tagged = ResponseTemplate::new(200).insert_header("etag", "\"7\"");
    let tagged = tagged.set_body_string(litellm("2e-06", "1e-05"));
    ground.pass_hours(1);
    ground.answer("litellm", tagged).await;
    ground.refresh().await;
    let unchanged =
        Mock::given(header("if-none-match", "\"7\"")).respond_with(ResponseTemplate::new(304));
    unchanged.with_priority(1).mount(&ground.server).await;
    let fresh = refresher(ground.folder.path());
    let call = Call::new(Caller::default());
    let refreshed = fresh
        .refresh(&ground.desk, &call, &Wanted::default())
        .await
        .unwrap();
    assert_eq!(refreshed.sources[0].answered, Answered::Unchanged);
    let asked = ground.server.received_requests().await.unwrap();
    let tagged = asked
        .iter()
        .filter(|one| one.headers.contains_key("if-none-match"));
    assert_eq!(tagged.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_may_not_be_asked_again_yet_has_not_failed() {
    let ground = Ground::new().await;
    let file = ground.folder.path().join("prices.json");
    let settings = std::fs::read_to_string(&file)
        .unwrap()
        .replace(":100", ":1");
    std::fs::write(&file, settings).unwrap();
    let fresh = refresher(ground.folder.path());
    let call = Call::new(Caller::default());
    for _ in 0..2 {
        fresh
            .refresh(&ground.desk, &call, &Wanted::default())
            .await
            .unwrap();
    }
    let last = fresh
        .refresh(&ground.desk, &call, &Wanted::default())
        .await
        .unwrap();
    assert!(!last.offline);
    for source in &last.sources {
        assert!(
            matches!(source.answered, Answered::Spared { .. }),
            "{source:?}"
        );
        assert_eq!(last.appraisal.shares[&*source.name].models, 1);
    }
    let alerts = ground
        .call("list_alerts", json!({"state": "open"}))
        .await
        .to_string();
    assert!(!alerts.contains("fails"), "{alerts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_is_told() {
    let ground = Ground::new().await;
    let steps = Arc::new(std::sync::Mutex::new(Vec::new()));
    let progress = {
        let steps = Arc::clone(&steps);
        Progress::to(move |step| steps.lock().unwrap().push(step))
    };
    ground
        .called("refresh_prices", json!({}), progress)
        .await
        .unwrap();
    let steps = steps.lock().unwrap();
    let done: Vec<u64> = steps.iter().map(|step| step.done).collect();
    assert_eq!(done, [0, 1, 2, 3, 4, 5]);
    assert!(steps.iter().all(|step| step.total == Some(5)));
    assert!(
        steps[..3]
            .iter()
            .any(|step| step.message == "litellm: fetched"),
        "{steps:?}"
    );
}

/// More models than one order of the ledger takes, some of them with a past.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_of_very_many_models_is_carried_out_whole() {
    const MODELS: usize = CHANGES_MOST + 100;
    let ground = Ground::new().await;
    let models: serde_json::Map<String, Value> = (0..MODELS)
        .map(|number| {
            let said = json!({"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05});
            (format!("xai/grok-many-{number}"), said)
        })
        .collect();
    ground.pass_hours(1);
    ground
        .say("litellm", &Value::Object(models).to_string())
        .await;
    let refreshed = ground.call("refresh_prices", json!({})).await;
    assert_eq!(refreshed["models"]["single_source"], MODELS);
    for number in [0, MODELS - 1] {
        let model = format!("grok-many-{number}");
        let price = ground
            .call("get_price", json!({"provider": "xai", "model": model}))
            .await;
        assert_eq!(price["status"], "single_source", "{price}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_background_stale_prices_are_refreshed_until_the_store_closes() {
    let ground = Ground::new().await;
    // Which fetches all of them, and leaves the prices as stale as they were.
    ground
        .call("refresh_prices", json!({"dry_run": true}))
        .await;
    let working = Background::start(
        Arc::new(refresher(ground.folder.path())),
        ground.opening.subscribe(),
    );
    let working = working.unwrap();
    let mut changes = ground.desk.ledger().shared().changes();
    tokio::time::timeout(Duration::from_mins(2), changes.changed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ground.price().await["status"], "verified");
    let audit = ground
        .call("audit_trail", json!({"actor": "price-refresh"}))
        .await
        .to_string();
    assert!(audit.contains("price_applied"), "{audit}");
    ground.opening.send_replace(Opening::Closed);
    tokio::task::spawn_blocking(|| working.join())
        .await
        .unwrap();
}
