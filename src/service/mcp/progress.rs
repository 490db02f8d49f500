//! Sends the steps of a call to the client that gave a token for them.

use crate::service::operation::{Progress, Step};
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Steps that may wait for a client that reads slowly; more are left out.
const WAITING_MOST: usize = 64;

/// How long the answer waits for the last steps.
const LAST_STEPS: Duration = Duration::from_secs(1);

/// The reporter of one call; nothing runs until the first step.
pub(super) struct Reporter {
    peer: Peer<RoleServer>,
    token: ProgressToken,
    line: OnceLock<mpsc::Sender<Event>>,
}

enum Event {
    Step(Step),
    Finish(oneshot::Sender<()>),
}

impl Reporter {
    pub(super) fn new(peer: Peer<RoleServer>, token: ProgressToken) -> Arc<Self> {
        Arc::new(Self {
            peer,
            token,
            line: OnceLock::new(),
        })
    }

    /// The operation's end of it.
    pub(super) fn progress(self: &Arc<Self>) -> Progress {
        let reporter = Arc::clone(self);
        Progress::to(move |step| {
            let line = reporter.line.get_or_init(|| {
                let (line, steps) = mpsc::channel(WAITING_MOST);
                tokio::spawn(forward(
                    reporter.peer.clone(),
                    reporter.token.clone(),
                    steps,
                ));
                line
            });
            let _ = line.try_send(Event::Step(step));
        })
    }

    /// Waits until the steps told so far are out, so that none comes after the answer.
    pub(super) async fn finish(&self) {
        let Some(line) = self.line.get() else {
            return;
        };
        let (done, is_done) = oneshot::channel();
        let finished = async {
            if line.send(Event::Finish(done)).await.is_ok() {
                let _ = is_done.await;
            }
        };
        let _ = tokio::time::timeout(LAST_STEPS, finished).await;
    }
}

async fn forward(peer: Peer<RoleServer>, token: ProgressToken, mut events: mpsc::Receiver<Event>) {
    let mut last = None;
    while let Some(event) = events.recv().await {
        let step = match event {
            Event::Step(step) => step,
            Event::Finish(done) => {
                let _ = done.send(());
                return;
            }
        };
        // The protocol wants each to be more than the one before.
        if last.is_some_and(|last| step.done <= last) {
            continue;
        }
        last = Some(step.done);
        if peer
            .notify_progress(notification(token.clone(), step))
            .await
            .is_err()
        {
            return;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the protocol's progress is a float"
)]
fn notification(token: ProgressToken, step: Step) -> ProgressNotificationParam {
    let mut param = ProgressNotificationParam::new(token, step.done as f64);
    param.total = step.total.map(|total| total as f64);
    param.message = (!step.message.is_empty()).then_some(step.message);
    param
}
