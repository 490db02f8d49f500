//! Asking for more where the person behind the client approves: by the client of rmcp, in both lives of the protocol.

use super::client::{Client, command, save_budget};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams,
    ElicitResult, ElicitationAction, Implementation, ProtocolVersion,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, RequestContext, RoleClient, RunningService,
};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, ErrorData};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A person who answers every question alike, where there is a way to put it; and what was asked.
#[derive(Clone)]
struct Person {
    reachable: bool,
    says: ElicitationAction,
    fills_in: Value,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Person {
    fn who(says: ElicitationAction) -> Self {
        Self {
            reachable: true,
            says,
            fills_in: json!({"answer": "grant", "note": "once only"}),
            asked: Arc::default(),
        }
    }

    fn who_fills_in(form: Value) -> Self {
        Self {
            fills_in: form,
            ..Self::who(ElicitationAction::Accept)
        }
    }

    fn out_of_reach() -> Self {
        Self {
            reachable: false,
            ..Self::who(ElicitationAction::Accept)
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let capabilities = if self.reachable {
            ClientCapabilities::builder().enable_elicitation().build()
        } else {
            ClientCapabilities::default()
        };
        ClientConfig::new(capabilities, Implementation::new("person", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams {
            message,
            requested_schema,
            ..
        } = request
        else {
            panic!("a form");
        };
        assert_eq!(requested_schema.required, Some(vec!["answer".to_owned()]));
        self.asked.lock().unwrap().push(message);
        let result = ElicitResult::new(self.says.clone());
        Ok(match self.says {
            ElicitationAction::Accept => result.with_content(self.fills_in.clone()),
            _ => result,
        })
    }
}

type Session = RunningService<RoleClient, Person>;

/// The lives of the protocol: a session, and each request by itself.
fn lives() -> [ClientLifecycleMode; 2] {
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::LATEST],
        },
    ]
}

async fn session(
    data_dir: &Path,
    args: &[&str],
    person: &Person,
    life: ClientLifecycleMode,
) -> Session {
    let command = tokio::process::Command::from(command(data_dir, args));
    let process = TokioChildProcess::new(command).unwrap();
    person
        .clone()
        .serve_with_lifecycle(process, life)
        .await
        .unwrap()
}

async fn call(session: &Session, tool: &'static str, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    session.call_tool(request).await.unwrap()
}

async fn done(session: &Session, tool: &'static str, arguments: Value) -> Value {
    let answer = call(session, tool, arguments).await;
    assert_eq!(answer.is_error, Some(false), "{tool}: {answer:?}");
    answer.structured_content.unwrap()
}

/// An admin, an agent with its person, and the policy of one dollar that the agent spends under.
struct Scene {
    admin: Session,
    agent: Session,
    person: Person,
    policy: Value,
    _dir: tempfile::TempDir,
}

impl Scene {
    async fn new(person: Person, args: &[&str], life: ClientLifecycleMode) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let nobody = Person::out_of_reach();
        let admin = ["--role", "admin", "--actor", "ada"];
        let admin = session(dir.path(), &admin, &nobody, ClientLifecycleMode::Initialize).await;
        let policies = json!([{"period": "monthly", "limit_cost_usd": "1.00"}]);
        let budget = json!({"name": "team", "policies": policies});
        let saved = done(&admin, "save_budget", budget).await;
        let agent = session(dir.path(), args, &person, life).await;
        Self {
            admin,
            agent,
            person,
            policy: saved["budget"]["policies"][0]["policy_id"].clone(),
            _dir: dir,
        }
    }

    async fn ask(&self) -> Value {
        done(&self.agent, "request_increase", self.wanted()).await
    }

    fn wanted(&self) -> Value {
        json!({
            "policy_id": self.policy, "cost_usd": "0.50", "reason": "the report is due",
            "request_id": "more-1",
        })
    }

    /// The limit of the policy's window.
    async fn limit(&self) -> Value {
        let status = done(&self.agent, "get_budget_status", json!({})).await;
        status["budgets"][0]["policies"][0]["limit"]["cost_usd"].clone()
    }

    /// How many requests wait for an admin.
    async fn waiting(&self) -> usize {
        let listed = done(&self.admin, "review_increase", json!({"action": "list"})).await;
        listed["increases"].as_array().unwrap().len()
    }

    /// The events of one kind.
    async fn events(&self, kind: &str) -> Vec<Value> {
        let trail = done(&self.admin, "audit_trail", json!({"kind": kind})).await;
        trail["events"].as_array().unwrap().clone()
    }

    async fn end(self) {
        self.agent.cancel().await.unwrap();
        self.admin.cancel().await.unwrap();
    }
}

const BY_PERSON: [&str; 6] = [
    "--approvals",
    "person",
    "--actor",
    "claude",
    "--user",
    "alice",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_accepts_is_granted_in_their_name() {
    for life in lives() {
        let scene = Scene::new(Person::who(ElicitationAction::Accept), &BY_PERSON, life).await;
        let answer = scene.ask().await;
        assert_eq!(answer["status"], "granted", "{answer}");
        assert_eq!(scene.limit().await, "1.5");
        assert_eq!(scene.waiting().await, 0);

        let asked = scene.person.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        for part in [
            "claude",
            "$0.5",
            "team",
            "monthly",
            "$1",
            "the report is due",
        ] {
            assert!(asked[0].contains(part), "{part}: {}", asked[0]);
        }

        let requested = &scene.events("increase_requested").await[0];
        assert_eq!(requested["actor"], "claude");
        assert_eq!(requested["role"], "agent");
        assert_eq!(requested["interface"], "mcp");
        let reviewed = &scene.events("increase_reviewed").await[0];
        assert_eq!(reviewed["actor"], "alice");
        assert_eq!(reviewed["interface"], "elicitation");
        assert_eq!(reviewed["reason"], "once only");
        assert_eq!(reviewed["event"]["granted"], true);

        // A retry is answered as the first call was, and nobody is asked again.
        let again = scene.ask().await;
        assert_eq!(again["status"], "granted", "{again}");
        assert_eq!(again["duplicate"], true);
        assert_eq!(again["increase_id"], answer["increase_id"]);
        assert_eq!(scene.person.asked().len(), 1);
        assert_eq!(scene.limit().await, "1.5");
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_declines_is_declined() {
    for life in lives() {
        let scene = Scene::new(Person::who(ElicitationAction::Decline), &BY_PERSON, life).await;
        let answer = scene.ask().await;
        assert_eq!(answer["status"], "declined", "{answer}");
        assert_eq!(scene.limit().await, "1");
        assert_eq!(scene.waiting().await, 0);
        let reviewed = &scene.events("increase_reviewed").await[0];
        assert_eq!(reviewed["actor"], "alice");
        assert_eq!(reviewed["event"]["granted"], false);
        assert_eq!(scene.ask().await["status"], "declined");
        assert_eq!(scene.person.asked().len(), 1);
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_filled_in_is_one() {
    for life in lives() {
        let form = json!({"answer": "decline", "note": "No, this is too much"});
        let scene = Scene::new(Person::who_fills_in(form), &BY_PERSON, life).await;
        assert_eq!(scene.ask().await["status"], "declined");
        assert_eq!(scene.limit().await, "1");
        let reviewed = &scene.events("increase_reviewed").await[0];
        assert_eq!(reviewed["reason"], "No, this is too much");
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_answers_waits_for_an_admin() {
    let closed = Person::who(ElicitationAction::Cancel);
    // Clients hand in forms that nobody has filled in.
    let left = [
        json!({}),
        json!({"note": "No"}),
        json!({"answer": "perhaps"}),
    ];
    let left = left.map(Person::who_fills_in);
    for person in [closed, Person::out_of_reach()].into_iter().chain(left) {
        for life in lives() {
            let scene = Scene::new(person.clone(), &BY_PERSON, life).await;
            let answer = scene.ask().await;
            assert_eq!(answer["status"], "open", "{answer}");
            assert_eq!(scene.limit().await, "1");
            assert_eq!(scene.waiting().await, 1);
            assert_eq!(scene.events("increase_reviewed").await, [] as [Value; 0]);
            let alerts = done(&scene.agent, "list_alerts", json!({})).await;
            assert_eq!(alerts["alerts"].as_array().unwrap().len(), 1, "{alerts}");
            scene.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_is_asked_only_where_the_configuration_says_so() {
    let [life, _] = lives();
    let scene = Scene::new(Person::who(ElicitationAction::Accept), &[], life).await;
    assert_eq!(scene.ask().await["status"], "open");
    assert_eq!(scene.person.asked(), [] as [String; 0]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_is_not_asked_of_what_can_not_be() {
    for life in lives() {
        let scene = Scene::new(Person::who(ElicitationAction::Accept), &BY_PERSON, life).await;
        let faults = [
            ("policy_id", json!("pol-99")),
            ("reason", json!(" ")),
            ("cost_usd", json!("-1")),
            ("tokens", json!(5)),
        ];
        for (field, value) in faults {
            let mut wanted = scene.wanted();
            wanted[field] = value;
            let refused = call(&scene.agent, "request_increase", wanted).await;
            assert_eq!(refused.is_error, Some(true), "{field}: {refused:?}");
        }
        assert_eq!(scene.person.asked(), [] as [String; 0]);
        scene.end().await;
    }
}

#[test]
fn a_request_whose_person_is_gone_waits_for_an_admin() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    let budget = save_budget(&mut admin, "team", "1.00");
    let wanted = json!({
        "policy_id": budget["policies"][0]["policy_id"], "cost_usd": "0.50", "reason": "the report is due",
    });
    // First as a forwarder, then as the owner.
    let mut admin = Some(admin);
    for _ in 0..2 {
        let mut agent = Client::start(dir.path(), &BY_PERSON);
        agent.open_with(&json!({"elicitation": {}})).unwrap();
        let id = agent.send("request_increase", &wanted);
        let question = agent.message().unwrap();
        assert_eq!(question["method"], "elicitation/create", "{question}");
        agent.close_input();
        let answer = agent.answer(id).unwrap();
        let status = &answer["result"]["structuredContent"]["status"];
        assert_eq!(status, "open", "{answer}");
        assert!(agent.wait().success());
        drop(admin.take());
    }
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    let listed = admin.done("review_increase", &json!({"action": "list"}));
    assert_eq!(listed["increases"].as_array().unwrap().len(), 2, "{listed}");
}
