//! Giving orders to the ledger in a caller's name.

use super::Desk;
use super::ledger::{Outcome, Receipt, Reply};
use super::operation::Call;
use crate::core::command::Command;
use crate::core::decide::{Entry, Order};
use crate::core::event::{DEFAULT_TENANT, Request, Stamp};
use crate::core::name::Name;
use crate::core::refusal::Refusal;
use crate::core::verdict::Verdict;
use serde::Serialize;

/// The longest request id, in bytes.
const REQUEST_ID_MOST: usize = 256;

/// What an order came to.
#[expect(clippy::large_enum_variant, reason = "made and taken apart at once")]
pub enum Ordered {
    /// The event that says it, whether it was done before, and the alerts that were raised.
    Done {
        /// The event.
        entry: Entry,
        /// Whether it was done before.
        duplicate: bool,
    },
    /// The policies deny it.
    Denied(Verdict),
}

/// The request id of a call with the digest of its content: the operation, its arguments, and what the client's
/// configuration adds to them.
///
/// # Errors
/// `invalid_argument` where the id is empty or too long.
pub fn request(
    call: &Call,
    operation: &str,
    id: Option<&String>,
    content: &impl Serialize,
) -> Result<Option<Request>, Refusal> {
    let Some(id) = id else { return Ok(None) };
    if id.is_empty() || id.len() > REQUEST_ID_MOST {
        return Err(Refusal::invalid(
            "request_id",
            format!("expects 1 to {REQUEST_ID_MOST} bytes"),
        ));
    }
    let bytes = serde_json::to_vec(&(operation, content, &call.caller.fixed))
        .map_err(|error| Refusal::invalid("request_id", error))?;
    Ok(Some(Request::new(id, &bytes)))
}

/// The refusal of an answer that is of another kind than the order: never so, but a face must not fall over it.
pub fn unexpected() -> Refusal {
    Refusal::unavailable("the ledger answered with another event")
}

/// The refusal of a command that was denied though no policy judges it: never so, either.
pub fn denied_unjudged() -> Refusal {
    Refusal::unavailable("the ledger denied what no policy judges")
}

impl Desk {
    /// The event of the first call of this request, where this one can't be read as that was: what its names meant then
    /// they may not mean now. A retry has to be answered all the same.
    ///
    /// # Errors
    /// The refusal, where the request is new; `conflict` where its id was used for something else; or `unavailable`.
    pub async fn repeated(
        &self,
        request: Option<Request>,
        refusal: Refusal,
    ) -> Result<Entry, Refusal> {
        let Some(request) = request else {
            return Err(refusal);
        };
        self.ledger().known(request).await?.ok_or(refusal)
    }

    /// Whether a request was answered before: then nothing is done for it again.
    ///
    /// # Errors
    /// `conflict` where its id was used for something else, or `unavailable`.
    pub async fn is_known(&self, request: Option<&Request>) -> Result<bool, Refusal> {
        let Some(request) = request else {
            return Ok(false);
        };
        let known = self.ledger().known(request.clone()).await?;
        Ok(known.is_some())
    }

    /// Gives an order and waits until it is durable.
    ///
    /// # Errors
    /// What the ledger refuses, or `unavailable`.
    pub async fn give(
        &self,
        call: &Call,
        reason: Option<String>,
        request: Option<Request>,
        command: Command,
    ) -> Result<Reply, Refusal> {
        let stamp = Stamp {
            tenant: Name::new_static(DEFAULT_TENANT),
            at: self.now(),
            actor: call.caller.actor.clone(),
            role: call.caller.role,
            interface: call.caller.interface,
            reason,
        };
        self.ledger()
            .order(Order {
                stamp,
                request,
                command,
            })
            .await
    }

    /// The same for an order that comes to one event.
    ///
    /// # Errors
    /// What the ledger refuses, or `unavailable`.
    pub async fn give_one(
        &self,
        call: &Call,
        reason: Option<String>,
        request: Option<Request>,
        command: Command,
    ) -> Result<Ordered, Refusal> {
        match self.give(call, reason, request, command).await?.outcome {
            Outcome::Denied(verdict) => Ok(Ordered::Denied(verdict)),
            Outcome::Done(receipts) => receipts
                .into_iter()
                .next()
                .map(|Receipt { entry, duplicate }| Ordered::Done { entry, duplicate })
                .ok_or_else(|| Refusal::unavailable("the ledger gave no receipt")),
        }
    }

    /// The same for a command that no policy judges: its event, and whether it was done before.
    ///
    /// # Errors
    /// What the ledger refuses, or `unavailable`.
    pub async fn give_unjudged(
        &self,
        call: &Call,
        reason: Option<String>,
        request: Option<Request>,
        command: Command,
    ) -> Result<(Entry, bool), Refusal> {
        match self.give_one(call, reason, request, command).await? {
            Ordered::Done { entry, duplicate } => Ok((entry, duplicate)),
            Ordered::Denied(_) => Err(denied_unjudged()),
        }
    }

    /// The same where the command may not be readable any more: then what the first call of its request did
    /// ([`Self::repeated`]).
    ///
    /// # Errors
    /// As of [`Self::give_unjudged`] and [`Self::repeated`].
    pub async fn give_or_repeat(
        &self,
        call: &Call,
        reason: Option<String>,
        request: Option<Request>,
        command: Result<Command, Refusal>,
    ) -> Result<(Entry, bool), Refusal> {
        match command {
            Ok(command) => self.give_unjudged(call, reason, request, command).await,
            Err(refusal) => Ok((self.repeated(request, refusal).await?, true)),
        }
    }
}
