//! What an operation is: defined once, served by every face.

use super::Service;
use super::arguments::Arguments;
use super::caller::Caller;
use crate::core::refusal::{Code, Refusal};
use crate::core::role::Role;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder of the contract that an operation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toolset {
    /// Budgets, holds and usage.
    Budget,
    /// Prices and models.
    Pricing,
    /// Reports and the audit trail.
    Report,
}

impl Toolset {
    /// The folder's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Pricing => "pricing",
            Self::Report => "report",
        }
    }
}

/// What a call does to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it only reads.
    Reads,
    /// Adds; without a `request_id`, the same call again adds once more.
    Adds,
    /// May write over what others use, and add; without a `request_id`, the same call again may add once more.
    Overwrites,
    /// Ends something that others may use, which the same call again finds ended.
    Ends,
}

/// What every face publishes of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// `snake_case`, without a prefix.
    pub name: &'static str,
    /// A few words for a person.
    pub title: &'static str,
    /// When to use it and what comes back.
    pub description: &'static str,
    /// Where it is filed.
    pub toolset: Toolset,
    /// The least role that may call it.
    pub role: Role,
    /// What it does to the ledger.
    pub effect: Effect,
    /// Whether it reaches outside this machine.
    pub open_world: bool,
}

/// An operation's result: for programs, and in short for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The structured content.
    pub content: T,
    /// The same in a line or a few.
    pub text: String,
}

/// Where an operation that takes long tells how far it is; cheap to clone.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Fn(Step) + Send + Sync>>);

/// How far an operation is.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done; grows with each step.
    pub done: u64,
    /// What there is to do, where that is known.
    pub total: Option<u64>,
    /// What is being done.
    pub message: String,
}

impl Progress {
    /// Sends each step to `listener`.
    pub fn to(listener: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Two that go to the same listener one after the other: the second goes on where the first ends.
    fn in_two(&self) -> (Self, Self) {
        let Some(listener) = &self.0 else {
            return (Self::default(), Self::default());
        };
        let before = Arc::new(AtomicU64::new(0));
        let (listens, ended) = (Arc::clone(listener), Arc::clone(&before));
        let first = Self::to(move |step: Step| {
            ended.store(step.total.unwrap_or(step.done), Ordering::Relaxed);
            listens(step);
        });
        let listens = Arc::clone(listener);
        let second = Self::to(move |step| {
            let before = before.load(Ordering::Relaxed);
            listens(Step {
                done: before + step.done,
                total: step.total.map(|total| before + total),
                ..step
            });
        });
        (first, second)
    }

    /// Tells one step.
    pub fn tell(&self, done: u64, total: Option<u64>, message: impl Into<String>) {
        if let Some(listener) = &self.0 {
            listener(Step {
                done,
                total,
                message: message.into(),
            });
        }
    }
}

/// A question to the person behind a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What is asked, in full: the person sees nothing else.
    pub message: String,
    /// The JSON schema of the answer: an object whose fields are strings, numbers, booleans or enums.
    pub schema: Map<String, Value>,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The person answered, in the fields of the question's schema.
    Accepted(Map<String, Value>),
    /// The person said no.
    Declined,
    /// The person closed the question without an answer.
    Cancelled,
    /// The client could not ask.
    Unsupported,
}

/// A way to ask the person behind a client.
///
/// A face may have to start the operation anew once the answer is there; so an operation asks before it records
/// anything, and asks the same question when nothing has changed.
pub trait AskPerson: Send + Sync {
    /// Asks, and waits for the answer.
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>>;
}

/// One call of an operation; dropping its future cancels it.
#[derive(Clone)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// Where progress goes.
    pub progress: Progress,
    /// How to ask the person behind the client, where the client can.
    pub ask: Option<Arc<dyn AskPerson>>,
}

impl Call {
    /// A call without progress and with nobody to ask.
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            progress: Progress::default(),
            ask: None,
        }
    }
}

/// One thing that the service can do.
pub trait Operation: 'static {
    /// Its arguments.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// Its structured result.
    type Output: Serialize + JsonSchema;
    /// What is published of it.
    const CONTRACT: Contract;

    /// Does it.
    fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> impl Future<Output = Result<Answer<Self::Output>, Refusal>> + Send;
}

type Running = Pin<Box<dyn Future<Output = Result<Answer<Value>, Refusal>> + Send>>;

/// An operation behind one type, as faces see it.
#[derive(Clone, Copy)]
pub struct Tool {
    /// What is published of it.
    pub contract: Contract,
    /// The schema of its arguments, as schemars makes it.
    pub input_schema: fn() -> schemars::Schema,
    /// The schema of its structured result, as schemars makes it.
    pub output_schema: fn() -> schemars::Schema,
    run: fn(Arc<Service>, Call, Arguments) -> Running,
}

impl Tool {
    /// The tool of an operation.
    pub const fn of<O: Operation>() -> Self {
        Self {
            contract: O::CONTRACT,
            input_schema: || {
                schemars::generate::SchemaSettings::draft2020_12()
                    .into_generator()
                    .into_root_schema_for::<O::Input>()
            },
            output_schema: || {
                schemars::generate::SchemaSettings::draft2020_12()
                    .for_serialize()
                    .into_generator()
                    .into_root_schema_for::<O::Output>()
            },
            run: |service, call, arguments| Box::pin(run_erased::<O>(service, call, arguments)),
        }
    }

    /// Checks the caller's role and the arguments, and does it.
    ///
    /// # Errors
    /// The operation's own, `permission_denied`, or `invalid_argument` that names the field.
    pub async fn run(
        &self,
        service: Arc<Service>,
        call: Call,
        arguments: impl Into<Arguments>,
    ) -> Result<Answer<Value>, Refusal> {
        if call.caller.role < self.contract.role {
            return Err(Refusal::new(
                Code::PermissionDenied,
                format!(
                    "{} needs the role {}; this client has {}",
                    self.contract.name, self.contract.role, call.caller.role
                ),
            )
            .with("role", self.contract.role.as_str()));
        }
        (self.run)(service, call, arguments.into()).await
    }
}

async fn run_erased<O: Operation>(
    service: Arc<Service>,
    call: Call,
    arguments: Arguments,
) -> Result<Answer<Value>, Refusal> {
    let input = arguments.read()?;
    let (opening, progress) = call.progress.in_two();
    let call = Call { progress, ..call };
    let answer = tokio::select! {
        biased;
        answer = O::run(&service, &call, input) => answer?,
        never = service.tell_opening(&opening) => match never {},
    };
    let content = serde_json::to_value(answer.content).map_err(|error| {
        Refusal::unavailable(format!("the answer could not be written as JSON: {error}"))
    })?;
    Ok(Answer {
        content,
        text: answer.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::operations::TOOLS;
    use crate::service::{Opening, Reading};
    use std::sync::Mutex;
    use tokio::sync::watch;

    type Steps = Arc<Mutex<Vec<(u64, Option<u64>)>>>;

    fn listened() -> (Progress, Steps) {
        let told = Steps::default();
        let telling = Arc::clone(&told);
        let progress = Progress::to(move |step| {
            telling.lock().unwrap().push((step.done, step.total));
        });
        (progress, told)
    }

    #[tokio::test]
    async fn a_call_that_waits_for_the_journal_tells_how_far_it_is() {
        let reading = |done| Opening::Under(Reading { done, total: 4000 });
        let (opening, opens) = watch::channel(Opening::Under(Reading::default()));
        let tool = TOOLS.iter().find(|it| it.contract.name == "list_budgets");
        let (progress, told) = listened();
        let call = Call {
            progress,
            ..Call::new(Caller::default())
        };
        let none = Value::Object(Map::new());
        let running = tool.unwrap().run(Arc::new(Service::new(opens)), call, none);
        let running = tokio::spawn(running);
        for (done, steps) in [(1000, 1), (3000, 2), (4000, 2)] {
            opening.send_replace(reading(done));
            while told.lock().unwrap().len() < steps {
                tokio::task::yield_now().await;
            }
        }
        opening.send_replace(Opening::Failed("the disk is gone".into()));
        let refused = running.await.unwrap().unwrap_err();
        assert_eq!(refused.message, "the disk is gone");
        assert_eq!(
            *told.lock().unwrap(),
            [(1000, Some(4000)), (3000, Some(4000))]
        );
    }

    #[test]
    fn what_comes_second_goes_on_from_what_came_first() {
        let (progress, told) = listened();
        let (first, second) = progress.in_two();
        second.tell(1, Some(3), "");
        first.tell(7, Some(10), "");
        second.tell(2, Some(3), "");
        second.tell(3, None, "");
        let expected = [(1, Some(3)), (7, Some(10)), (12, Some(13)), (13, None)];
        assert_eq!(*told.lock().unwrap(), expected);
    }
}
