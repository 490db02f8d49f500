//! Asking for more, and the answer.

use super::{Desk, Done, text};
use crate::core::alert::{AlertCause, MeterKey};
use crate::core::command::{AnsweredIncrease, RequestIncrease};
use crate::core::event::{Event, Recorded, Stamp};
use crate::core::id::{BudgetId, IncreaseId, PolicyId};
use crate::core::increase::IncreaseStatus;
use crate::core::policy::Limits;
use crate::core::quantity::{COUNT_MOST, USD_MOST};
use crate::core::refusal::{Code, Refusal};
use crate::core::role::{Interface, Role};
use crate::core::state::State;
use crate::core::tally::Tally;
use jiff::Timestamp;
use rust_decimal::Decimal;

/// How many requests may wait for an answer.
const OPEN_MOST: usize = 1000;

/// Whether a request for more can be recorded; the budget and the counter that it is for.
///
/// # Errors
/// What recording it would be refused with.
pub fn check_increase(
    state: &State,
    wanted: &RequestIncrease,
    reason: Option<&String>,
    now: Timestamp,
) -> Result<(BudgetId, MeterKey), Refusal> {
    text::context(&wanted.context)?;
    text::prose("reason", reason)?;
    text::reason(reason, "expects why more is needed")?;
    let Some(policy) = state.policy(wanted.policy) else {
        return Err(Refusal::not_found("policy", wanted.policy));
    };
    let archived = state
        .budget(policy.budget)
        .is_none_or(|own| own.budget.archived);
    if archived || !policy.policy.applies(now) {
        return Err(Refusal::invalid("policy_id", "is not in force now"));
    }
    if !state.may_meet(policy.budget, &wanted.fixed) {
        return Err(Refusal::new(
            Code::PermissionDenied,
            format!(
                "policy_id: {} counts nothing of this client's, whose context is fixed to another; ask more of a policy \
                 that check_budget names",
                wanted.policy
            ),
        )
        .with("field", "policy_id"));
    }
    check_parts(&policy.policy.limits, wanted.amount)?;
    if state.increases().count() >= OPEN_MOST {
        return Err(Refusal::new(
            Code::Conflict,
            "too many requests wait for an answer; review_increase them first",
        ));
    }
    Ok((policy.budget, policy.meter_key(&wanted.context, now)))
}

impl Desk<'_> {
    pub(super) fn request_increase(&mut self, wanted: &RequestIncrease) -> Result<Done, Refusal> {
        let (budget, meter) = self.check_increase(wanted)?;
        let (done, increase) = self.enter_increase(wanted, budget, meter);
        let reason = self.stamp.reason.clone().unwrap_or_default();
        let policy = wanted.policy;
        let message = format!(
            "{} asks for {} more of {policy}: {reason}",
            self.stamp.actor,
            parts(wanted.amount)
        );
        self.raise(
            AlertCause::IncreaseRequested {
                budget,
                policy,
                increase,
            },
            &message,
        );
        Ok(done)
    }

    /// Records a request with its answer. Nobody has to see to it any more, so it raises no alert.
    pub(super) fn answered_increase(
        &mut self,
        answered: AnsweredIncrease,
    ) -> Result<Done, Refusal> {
        let wanted = &answered.wanted;
        text::name("actor", &answered.person)?;
        text::prose("note", answered.note.as_ref())?;
        let (budget, meter) = self.check_increase(wanted)?;
        if meter != answered.meter {
            return Err(Refusal::new(
                Code::Conflict,
                "the window that the person was asked about is over and a new one has begun; ask again if more is \
                 still needed",
            ));
        }
        let (done, increase) = self.enter_increase(wanted, budget, meter);
        let stamp = Stamp {
            actor: answered.person,
            // The client's configuration gives its person this one right of an admin.
            role: Role::Admin,
            interface: Interface::Elicitation,
            reason: answered.note,
            ..self.stamp.clone()
        };
        self.enter(Recorded {
            stamp,
            request: None,
            event: Event::IncreaseReviewed {
                increase,
                granted: answered.granted,
            },
        });
        self.settle_meter(wanted.policy, &answered.meter);
        Ok(done)
    }

    fn check_increase(&self, wanted: &RequestIncrease) -> Result<(BudgetId, MeterKey), Refusal> {
        check_increase(self.state, wanted, self.stamp.reason.as_ref(), self.now)
    }

    fn enter_increase(
        &mut self,
        wanted: &RequestIncrease,
        budget: BudgetId,
        meter: MeterKey,
    ) -> (Done, IncreaseId) {
        let done = self.conclude(Event::IncreaseRequested {
            budget,
            policy: wanted.policy,
            meter,
            amount: wanted.amount,
        });
        (done, IncreaseId(self.state.sequence()))
    }

    pub(super) fn review_increase(
        &mut self,
        id: IncreaseId,
        granted: bool,
    ) -> Result<Done, Refusal> {
        let Some(increase) = self.state.increase(id) else {
            let ended = self.state.ended_increases().find(|ended| ended.id == id);
            return Err(closed(id, ended.map(|ended| ended.status)));
        };
        let (policy, meter) = (increase.policy, increase.meter.clone());
        let done = self.conclude(Event::IncreaseReviewed {
            increase: id,
            granted,
        });
        self.resolve_request(policy, id);
        self.settle_meter(policy, &meter);
        Ok(done)
    }

    fn resolve_request(&mut self, policy: PolicyId, id: IncreaseId) {
        let asks = |cause: &AlertCause| matches!(cause, AlertCause::IncreaseRequested { increase, .. } if *increase == id);
        let mut about = self.state.alerts_about(policy);
        let alert = about.find(|alert| asks(&alert.cause)).map(|alert| alert.id);
        drop(about);
        self.resolve(alert);
    }

    /// Declines what still waits about a policy that is going away.
    pub(super) fn decline_all(&mut self, policy: PolicyId) {
        let waiting = self.state.increases();
        let waiting: Vec<_> = waiting
            .filter(|increase| increase.policy == policy)
            .map(|increase| increase.id)
            .collect();
        for increase in waiting {
            self.end_request(increase, "its policy counts no more");
        }
    }

    /// Declines what still waits about counters of a period that a policy has no more.
    pub(super) fn decline_stale(&mut self, policy: PolicyId) {
        let Some(state) = self.state.policy(policy) else {
            return;
        };
        let waiting = self.state.increases();
        let stale: Vec<_> = waiting
            .filter(|increase| {
                increase.policy == policy && state.is_stale(&increase.meter, increase.id.0)
            })
            .map(|increase| increase.id)
            .collect();
        for increase in stale {
            self.end_request(increase, "its policy has another period now");
        }
    }

    /// Ends a request that can be granted no more, and the alert about it.
    pub(super) fn end_request(&mut self, id: IncreaseId, why: &str) {
        let Some(policy) = self.state.increase(id).map(|increase| increase.policy) else {
            return;
        };
        let event = Event::IncreaseReviewed {
            increase: id,
            granted: false,
        };
        self.follow_for(event, Some(why.to_owned()));
        self.resolve_request(policy, id);
    }
}

/// Why a request that does not wait can't be answered, as far as it is known how it ended.
pub fn closed(id: IncreaseId, status: Option<IncreaseStatus>) -> Refusal {
    let how = match status {
        Some(IncreaseStatus::Expired) => {
            "ended with its window, and a new one has begun; let it be asked again"
        }
        Some(IncreaseStatus::Granted) => "is granted already",
        Some(IncreaseStatus::Declined) => "is declined already",
        Some(IncreaseStatus::Open) | None => {
            let words = format!("increase {id} that waits for an answer");
            return Refusal::none_such("increase", id, words);
        }
    };
    Refusal::new(Code::Conflict, format!("{id} {how}")).with("increase", id.to_string())
}

fn check_parts(limits: &Limits, amount: Tally) -> Result<(), Refusal> {
    let count = |count: i64| (Decimal::from(count), Decimal::from(COUNT_MOST));
    let wanted = [
        ("tokens", count(amount.tokens), limits.tokens.is_some()),
        (
            "requests",
            count(amount.requests),
            limits.requests.is_some(),
        ),
        (
            "cost_usd",
            (amount.cost.amount(), Decimal::from(USD_MOST)),
            limits.cost.is_some(),
        ),
    ];
    for (field, (asked, most), limited) in wanted {
        if asked < Decimal::ZERO || asked > most {
            return Err(Refusal::invalid(field, format!("expects 0 to {most}")));
        }
        if !asked.is_zero() && !limited {
            return Err(Refusal::invalid(field, "is not limited by that policy"));
        }
    }
    if amount.is_zero() {
        return Err(Refusal::invalid(
            "cost_usd",
            "expects how much more: cost_usd, tokens or requests",
        ));
    }
    Ok(())
}

fn parts(amount: Tally) -> String {
    let parts = [
        (amount.tokens != 0).then(|| format!("{} tokens", amount.tokens)),
        (amount.requests != 0).then(|| format!("{} requests", amount.requests)),
        (!amount.cost.is_nothing()).then(|| format!("{} USD", amount.cost)),
    ];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::command::{Command, PolicyDraft, SaveBudget};
    use crate::core::context::Context;
    use crate::core::decide::{Decided, Order, execute};
    use crate::core::period::Period;
    use crate::core::quantity::Usd;
    use crate::core::scope::{Scope, Values};

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap()
    }

    fn give(state: &mut State, at: &str, command: Command) -> Decided {
        let stamp = Stamp {
            actor: "agent".into(),
            role: Role::Agent,
            interface: Interface::Mcp,
            reason: Some("more work".into()),
            ..Stamp::of_time(at.parse().unwrap())
        };
        let order = Order {
            stamp,
            request: None,
            command,
        };
        execute(state, order)
    }

    /// A budget of one dollar a day, and the person's yes, given on the first of May, to another one.
    fn granted() -> (State, AnsweredIncrease) {
        let mut state = State::default();
        let policy = PolicyDraft {
            period: Some(Period::Daily),
            limits: Limits {
                cost: Some(usd("1")),
                ..Limits::default()
            },
            ..PolicyDraft::default()
        };
        let draft = SaveBudget {
            name: Some("team".into()),
            policies: vec![policy],
            ..SaveBudget::default()
        };
        let saved = Command::SaveBudget(Box::new(draft));
        give(&mut state, "2026-05-01T08:00:00Z", saved)
            .result
            .unwrap();
        let policy = state.budgets().next().unwrap().policies[0];
        let meter = state
            .policy(policy)
            .unwrap()
            .meter_key(&Context::default(), "2026-05-01T09:00:00Z".parse().unwrap());
        let answered = AnsweredIncrease {
            wanted: RequestIncrease {
                policy,
                context: Context::default(),
                fixed: Context::default(),
                amount: Tally {
                    cost: usd("1"),
                    ..Tally::ZERO
                },
            },
            meter,
            granted: true,
            person: "alice".into(),
            note: None,
        };
        (state, answered)
    }

    #[test]
    fn an_answer_comes_with_its_request_and_raises_no_alert() {
        let (mut state, answered) = granted();
        let (policy, meter) = (answered.wanted.policy, answered.meter.clone());
        let command = Command::AnsweredIncrease(Box::new(answered));
        let decided = give(&mut state, "2026-05-01T09:01:00Z", command);
        assert_eq!(decided.result, Ok(Done::Events(vec![0])));
        let [asked, reviewed] = &decided.entries[..] else {
            panic!("{:?}", decided.entries);
        };
        assert_eq!(asked.recorded.stamp.actor, "agent");
        assert_eq!(reviewed.recorded.stamp.actor, "alice");
        assert_eq!(reviewed.recorded.stamp.interface, Interface::Elicitation);
        assert_eq!(reviewed.recorded.stamp.reason, None);
        let limits = state.policy(policy).unwrap().limits(&meter);
        assert_eq!(limits.cost, Some(usd("2")));
    }

    #[test]
    fn a_person_grants_nothing_of_a_budget_that_their_client_never_meets() {
        let (mut state, mut answered) = granted();
        let id = state.budgets().next().unwrap().budget.id;
        let only = |project: &str| Context {
            project: Some(project.into()),
            ..Context::default()
        };
        let scope = SaveBudget {
            id: Some(id),
            scope: Some(Scope {
                project: Values::new(["apollo".to_owned()]),
                ..Scope::default()
            }),
            ..SaveBudget::default()
        };
        let saved = Command::SaveBudget(Box::new(scope));
        give(&mut state, "2026-05-01T08:30:00Z", saved)
            .result
            .unwrap();
        for (project, given) in [("rhetor", false), ("apollo", true)] {
            answered.wanted.fixed = only(project);
            let command = Command::AnsweredIncrease(Box::new(answered.clone()));
            let decided = give(&mut state, "2026-05-01T09:01:00Z", command);
            match decided.result {
                Ok(_) => assert!(given, "{project}"),
                Err(refusal) => {
                    assert!(!given, "{project}");
                    assert_eq!(refusal.code, Code::PermissionDenied);
                    assert_eq!(decided.entries, []);
                }
            }
        }
    }

    #[test]
    fn an_answer_is_for_the_window_that_was_asked_about() {
        let (mut state, answered) = granted();
        let command = Command::AnsweredIncrease(Box::new(answered));
        let decided = give(&mut state, "2026-05-02T00:00:00Z", command);
        assert_eq!(decided.result.unwrap_err().code, Code::Conflict);
        assert_eq!(decided.entries, []);
    }
}
