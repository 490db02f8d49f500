//! A ledger of its own, and sources on this machine.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tekton_budget::core::refusal::Refusal;
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::pricing::sources::fetch::Patience;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::ledger::{Clock, Ledger, start};
use tekton_budget::service::operation::{Answer, Call, Progress};
use tekton_budget::service::operations::find;
use tekton_budget::service::refresh::{Refresher, Settings};
use tekton_budget::service::{Desk, Opening, Service};
use tekton_budget::store::files::RealFiles;
use tekton_budget::store::lookup::Lookup;
use tekton_budget::store::lookup::memory::MemoryDisk;
use tokio::sync::watch;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A service over a ledger in a folder, and sources on this machine.
pub(crate) struct Ground {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: MockServer,
    pub(crate) service: Arc<Service>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) hours: Arc<AtomicI64>,
    pub(crate) opening: watch::Sender<Opening>,
}

pub(crate) const SOURCES: [&str; 3] = ["litellm", "models_dev", "llm_prices"];

pub(crate) fn refresher(folder: &Path) -> Refresher {
    let patience = Patience {
        attempts: 1,
        pause: Duration::from_millis(1),
        ..Patience::default()
    };
    let settings = Settings::read(folder, Some(false)).unwrap();
    Refresher::new(settings, folder, patience)
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let server = MockServer::start().await;
        let ground = Self::over(&server.uri(), server);
        ground.say("litellm", &litellm("2e-06", "1e-05")).await;
        ground.say("models_dev", &models_dev("2", "10")).await;
        ground.say("llm_prices", &llm_prices("2", "10")).await;
        ground
    }

    pub(crate) fn over(address: &str, server: MockServer) -> Self {
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

    /// The same ledger, with what is configured by now.
    pub(crate) fn configured_anew(mut self) -> Self {
        let service = Service::new(self.opening.subscribe());
        self.service = Arc::new(service.refreshing(Arc::new(refresher(self.folder.path()))));
        self
    }

    /// What a source says from now on.
    pub(crate) async fn say(&self, source: &str, body: &str) {
        self.answer(source, ResponseTemplate::new(200).set_body_string(body))
            .await;
    }

    pub(crate) async fn answer(&self, source: &str, answer: ResponseTemplate) {
        // Of several that match the one with the smaller number counts.
        let newest = 255 - u8::try_from(self.hours.load(Ordering::SeqCst)).unwrap();
        let mock = Mock::given(path(format!("/{source}"))).respond_with(answer);
        mock.with_priority(newest).mount(&self.server).await;
    }

    pub(crate) fn pass_hours(&self, hours: i64) {
        self.hours.fetch_add(hours, Ordering::SeqCst);
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.called(tool, arguments, Progress::default())
            .await
            .unwrap()
    }

    pub(crate) async fn called(
        &self,
        tool: &str,
        arguments: Value,
        progress: Progress,
    ) -> Result<Value, String> {
        let answer = self.answered(tool, arguments, progress).await;
        answer
            .map(|answer| answer.content)
            .map_err(|refusal| refusal.to_string())
    }

    async fn answered(
        &self,
        tool: &str,
        arguments: Value,
        progress: Progress,
    ) -> Result<Answer<Value>, Refusal> {
        let mut call = Call::new(Caller {
            actor: "test".into(),
            role: Role::Admin,
            interface: Interface::Mcp,
            ..Caller::default()
        });
        call.progress = progress;
        find(tool)
            .unwrap()
            .run(Arc::clone(&self.service), call, arguments)
            .await
    }

    /// The sentences of a refresh.
    pub(crate) async fn refresh_told(&self) -> String {
        let answer = self.answered("refresh_prices", json!({}), Progress::default());
        answer.await.unwrap().text
    }

    pub(crate) async fn call_refused(&self, tool: &str, arguments: Value) -> String {
        let called = self.called(tool, arguments, Progress::default());
        called.await.unwrap_err()
    }

    pub(crate) async fn refresh(&self) -> Value {
        self.call("refresh_prices", json!({})).await
    }

    pub(crate) async fn price(&self) -> Value {
        self.call(
            "get_price",
            json!({"provider": "xai", "model": "grok-test-9"}),
        )
        .await
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.desk.state().sequence()
    }
}

pub(crate) fn litellm(input: &str, output: &str) -> String {
    format!(
        r#"{{"xai/grok-test-9": {{"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": {input}, "output_cost_per_token": {output}}}}}"#
    )
}

pub(crate) fn models_dev(input: &str, output: &str) -> String {
    format!(
        r#"{{"xai": {{"models": {{"grok-test-9": {{"cost": {{"input": {input}, "output": {output}}}}}}}}}}}"#
    )
}

pub(crate) fn llm_prices(input: &str, output: &str) -> String {
    format!(
        r#"{{"prices": [{{"id": "grok-test-9", "vendor": "xai", "name": "G", "input": {input}, "output": {output}}}]}}"#
    )
}

pub(crate) fn states(refreshed: &Value) -> Vec<String> {
    let sources = refreshed["sources"].as_array().unwrap().iter();
    let state = |source: &Value| format!("{} {}", source["source"], source["state"]);
    sources
        .map(|source| state(source).replace('"', ""))
        .collect()
}
