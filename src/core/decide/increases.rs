//! Asking for more, and the answer.

use super::{Desk, Done, text};
use crate::core::alert::AlertCause;
use crate::core::command::RequestIncrease;
use crate::core::event::Event;
use crate::core::id::{IncreaseId, PolicyId};
use crate::core::increase::IncreaseStatus;
use crate::core::policy::Limits;
use crate::core::quantity::{COUNT_MOST, USD_MOST};
use crate::core::refusal::{Code, Refusal};
use crate::core::tally::Tally;
use rust_decimal::Decimal;

/// How many requests may wait for an answer.
const OPEN_MOST: usize = 1000;

impl Desk<'_> {
    pub(super) fn request_increase(&mut self, wanted: &RequestIncrease) -> Result<Done, Refusal> {
        text::context(&wanted.context)?;
        if self
            .stamp
            .reason
            .as_deref()
            .is_none_or(|reason| reason.trim().is_empty())
        {
            return Err(Refusal::invalid("reason", "expects why more is needed"));
        }
        let Some(state) = self.state.policy(wanted.policy) else {
            return Err(Refusal::not_found("policy", wanted.policy));
        };
        let archived = self
            .state
            .budget(state.budget)
            .is_none_or(|own| own.budget.archived);
        if archived || !state.policy.applies(self.now) {
            return Err(Refusal::invalid("policy_id", "is not in force now"));
        }
        check_parts(&state.policy.limits, wanted.amount)?;
        if self.state.increases().count() >= OPEN_MOST {
            return Err(Refusal::new(
                Code::Conflict,
                "too many requests wait for an answer; review_increase them first",
            ));
        }
        let (budget, policy) = (state.budget, wanted.policy);
        let meter = state.meter_key(&wanted.context, self.now);
        let amount = wanted.amount;
        let done = self.conclude(Event::IncreaseRequested {
            budget,
            policy,
            meter,
            amount,
        });
        let increase = IncreaseId(self.state.sequence());
        let reason = self.stamp.reason.clone().unwrap_or_default();
        let message = format!(
            "{} asks for {} more of {policy}: {reason}",
            self.stamp.actor,
            parts(amount)
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
        if let Some(alert) = alert {
            self.follow(Event::AlertResolved { alert });
        }
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
            .filter(|increase| increase.policy == policy && !state.is_own(&increase.meter))
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
            return Refusal::not_found("increase", format!("{id} that waits for an answer"));
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
