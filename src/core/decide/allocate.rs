//! Holding, giving more and giving back.

use super::{Desk, Done, text};
use crate::core::alert::AlertCause;
use crate::core::allocation::AllocationStatus;
use crate::core::charge::Amount;
use crate::core::command::{Allocate, Extend};
use crate::core::event::{AllocationEnded, AllocationExtended, AllocationMade, Event};
use crate::core::id::AllocationId;
use crate::core::quantity::{COUNT_MOST, USD_MOST};
use crate::core::refusal::{Code, Refusal};
use crate::core::tally::Tally;
use crate::core::time::to_microsecond;
use crate::core::verdict::{Cause, Verdict};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

/// The longest that a hold may stand without being extended.
pub const TTL_MOST: SignedDuration = SignedDuration::from_hours(31 * 24);

impl Desk<'_> {
    pub(super) fn allocate(&mut self, wanted: Allocate) -> Result<Done, Refusal> {
        text::optional_name("provider", wanted.model.provider.as_ref())?;
        text::optional_name("model", wanted.model.model.as_ref())?;
        text::context(&wanted.context)?;
        check_amount(&wanted.amount)?;
        let expires = self.expiry(wanted.ttl)?;
        let facts = wanted.model.facts(&wanted.context);
        let verdict = self.state.weigh(&facts, &wanted.amount, self.now, self.now);
        if !verdict.allows() {
            return Ok(Done::Denied(verdict));
        }
        let held = wanted.amount.tally();
        let made = AllocationMade {
            model: wanted.model,
            service_tier: wanted.service_tier,
            context: wanted.context,
            held,
            tokens_unknown: wanted.amount.tokens.is_none(),
            cost_unknown: wanted.amount.cost.is_none(),
            estimated: wanted.estimated,
            expires,
            verdict: verdict.clone(),
        };
        let done = self.conclude(Event::AllocationMade(Box::new(made)));
        self.raise_bypasses(&verdict);
        Ok(done)
    }

    pub(super) fn extend(&mut self, wanted: Extend) -> Result<Done, Refusal> {
        let open = self.open(wanted.allocation)?;
        let more = wanted.more.tally();
        let (remaining, facts) = (open.remaining + more, open.model.facts(&open.context));
        let later = wanted
            .ttl
            .map_or(Ok(open.expires), |ttl| self.expiry(ttl))?;
        let expires = later.max(open.expires);
        let mut verdict = Verdict::default();
        if !more.is_zero() {
            check_amount(&wanted.more)?;
            verdict = self.state.weigh(&facts, &wanted.more, self.now, self.now);
        }
        if !verdict.allows() {
            return Ok(Done::Denied(verdict));
        }
        let done = self.conclude(Event::AllocationExtended(AllocationExtended {
            allocation: wanted.allocation,
            expires,
            added: more,
            remaining,
            verdict: verdict.clone(),
        }));
        self.raise_bypasses(&verdict);
        Ok(done)
    }

    pub(super) fn release(&mut self, allocation: AllocationId) -> Result<Done, Refusal> {
        let released = self.open(allocation)?.remaining;
        let status = AllocationStatus::Released;
        Ok(self.conclude(Event::AllocationEnded(AllocationEnded {
            allocation,
            status,
            released,
        })))
    }

    fn open(&self, id: AllocationId) -> Result<&crate::core::allocation::Allocation, Refusal> {
        if id.0 > self.state.sequence() {
            return Err(Refusal::not_found("allocation", id));
        }
        self.state.open_allocation(id).ok_or_else(|| {
            let message = format!("{id} holds nothing any more; allocate_budget makes a new hold");
            Refusal::new(Code::AllocationClosed, message).with("allocation", id.to_string())
        })
    }

    fn expiry(&self, ttl: SignedDuration) -> Result<Timestamp, Refusal> {
        if ttl < SignedDuration::from_secs(1) || ttl > TTL_MOST {
            return Err(Refusal::invalid(
                "ttl_seconds",
                format!("expects 1 to {} seconds", TTL_MOST.as_secs()),
            ));
        }
        self.now
            .checked_add(ttl)
            .map(to_microsecond)
            .map_err(|_| Refusal::invalid("ttl_seconds", "ends after the end of the calendar"))
    }

    fn raise_bypasses(&mut self, verdict: &Verdict) {
        for finding in verdict
            .findings
            .iter()
            .filter(|finding| finding.cause == Some(Cause::Bypassed))
        {
            let (budget, policy, meter) = (finding.budget, finding.policy, finding.meter.clone());
            let message = format!(
                "a critical call by {} passed the hard limit of {policy}",
                self.stamp.actor
            );
            self.raise(
                AlertCause::CriticalBypass {
                    budget,
                    policy,
                    meter,
                },
                &message,
            );
        }
    }
}

/// What is asked must be something, and within its bounds.
///
/// # Errors
/// `invalid_argument` that names the part.
pub fn check_amount(amount: &Amount) -> Result<(), Refusal> {
    if amount.tokens.is_some_and(|tokens| tokens > COUNT_MOST) {
        return Err(Refusal::invalid("tokens", "expects at most 10^12"));
    }
    if amount.requests > COUNT_MOST {
        return Err(Refusal::invalid("requests", "expects at most 10^12"));
    }
    if amount
        .cost
        .is_some_and(|cost| cost.is_negative() || cost.amount() > Decimal::from(USD_MOST))
    {
        return Err(Refusal::invalid(
            "cost_usd",
            format!("expects 0 to {USD_MOST} dollars"),
        ));
    }
    if amount.tally() == Tally::ZERO {
        return Err(Refusal::invalid(
            "tokens",
            "expects something to hold: tokens, a cost, or a workload",
        ));
    }
    Ok(())
}
