//! Decides commands: what is asked against the state becomes events, or a refusal.

mod adjust;
mod alert_bounds;
mod alerts;
mod allocate;
mod budgets;
mod increases;
mod instants;
mod policies;
mod prices;
mod record;
mod room;
#[cfg(test)]
mod tests;
mod text;
mod unknown_cost;

pub use allocate::{TTL_MOST, check_amount};
pub use increases::check_increase;
pub use increases::closed as closed_increase;
pub use prices::{
    CHANGES_MOST, PAST_MOST, QUOTES_MOST, check_correction, check_history, check_hold,
    check_proposal,
};
pub use record::RECORDS_MOST;
pub use text::{
    context as check_context, given_scope as check_given_scope, kept_scope as check_kept_scope,
    name as check_name,
};

use super::command::Command;
use super::event::{Event, Recorded, Request, Stamp};
use super::refusal::Refusal;
use super::state::State;
use super::verdict::Verdict;
use jiff::Timestamp;
use room::AlertRoom;

/// A command with who gives it and when.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who, when and why.
    pub stamp: Stamp,
    /// What makes it safe to repeat; postings carry their own.
    pub request: Option<Request>,
    /// What is asked.
    pub command: Command,
}

/// An event with its place in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub sequence: u64,
    /// The event.
    pub recorded: Recorded,
}

/// What a command came to.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The events, in order, which the state has already taken in; those of what was due come first, and stand even
    /// where the command is refused.
    pub entries: Vec<Entry>,
    /// How many of the first entries are of what was due.
    pub due: usize,
    /// What is answered.
    pub result: Result<Done, Refusal>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// These events say it, by their place among the entries: one, or one for each posting.
    Events(Vec<usize>),
    /// The policies deny it; nothing was changed.
    Denied(Verdict),
}

/// Decides a command and takes its events into the state.
///
/// Pure: what it does follows from its arguments alone. A refused command leaves the state as it was but for what was
/// due to end by the command's time.
pub fn execute(state: &mut State, order: Order) -> Decided {
    let order = order.cut();
    let mut desk = Desk {
        now: order.stamp.at,
        stamp: order.stamp,
        request: order.request,
        entries: Vec::new(),
        alert_room: AlertRoom::UNBOUND,
        due: 0,
        state,
    };
    desk.end_what_is_due();
    desk.due = desk.entries.len();
    let result = desk.carry_out(order.command);
    Decided {
        entries: desk.entries,
        due: desk.due,
        result,
    }
}

/// One command being decided.
struct Desk<'a> {
    state: &'a mut State,
    stamp: Stamp,
    request: Option<Request>,
    now: Timestamp,
    entries: Vec<Entry>,
    alert_room: AlertRoom,
    /// How many of the first entries are of what was due.
    due: usize,
}

impl Desk<'_> {
    fn carry_out(&mut self, command: Command) -> Result<Done, Refusal> {
        text::prose("reason", self.stamp.reason.as_ref())?;
        match command {
            Command::Tick => Ok(Done::Events(Vec::new())),
            Command::Record(postings) => self.record(postings),
            Command::Allocate(wanted) => self.allocate(wanted),
            Command::Extend(wanted) => self.extend(wanted),
            Command::Release(allocation) => self.release(allocation),
            Command::Adjust(adjust) => self.adjust(*adjust),
            Command::SaveBudget(draft) => self.save_budget(*draft),
            Command::KeepScope(keep) => self.keep_scope(*keep),
            Command::ArchiveBudget(budget) => self.archive_budget(budget),
            Command::SavePolicy(budget, draft) => self.save_policy(budget, *draft),
            Command::RemovePolicy(policy) => self.remove_policy(policy),
            Command::RequestIncrease(wanted) => self.request_increase(&wanted),
            Command::AnsweredIncrease(answered) => self.answered_increase(*answered),
            Command::ReviewIncrease { increase, grant } => self.review_increase(increase, grant),
            Command::AcknowledgeAlert { alert, note } => self.acknowledge_alert(alert, note),
            Command::OverridePrice {
                provider,
                model,
                rates,
                effective_from,
            } => self.override_price(provider, model, rates, effective_from),
            Command::ApplyPrices(refresh) => self.apply_prices(*refresh),
            Command::ReviewPrice { change, approve } => self.review_price(change, approve),
        }
    }

    /// Adds the command's main event, which carries its request id.
    fn conclude(&mut self, event: Event) -> Done {
        let request = self.request.take();
        Done::Events(vec![self.add(event, request)])
    }

    /// Adds an event in the caller's name; gives back its place among the entries.
    fn add(&mut self, event: Event, request: Option<Request>) -> usize {
        let stamp = self.stamp.clone();
        self.enter(Recorded {
            stamp,
            request,
            event,
        })
    }

    /// Adds an event that follows from others or from time alone.
    fn follow(&mut self, event: Event) {
        self.follow_for(event, None);
    }

    /// The same, with the reason why.
    fn follow_for(&mut self, event: Event, reason: Option<String>) {
        self.enter(Recorded {
            stamp: Stamp {
                reason,
                ..Stamp::of_time(self.now)
            },
            request: None,
            event,
        });
    }

    fn enter(&mut self, recorded: Recorded) -> usize {
        let sequence = self.state.sequence() + 1;
        self.state.apply(sequence, &recorded);
        self.entries.push(Entry { sequence, recorded });
        self.entries.len() - 1
    }
}
