//! Recording what was used. Money that was spent is always recorded in full.

use super::alert_bounds::OVERRUN_SPENDERS_MOST;
use super::alerts::in_key;
use super::{Desk, Done, text};
use crate::core::alert::{AlertCause, Level};
use crate::core::allocation::Allocation;
use crate::core::command::Posting;
use crate::core::event::{Event, UsageRecorded};
use crate::core::id::AllocationId;
use crate::core::name::Name;
use crate::core::policy::Enforcement;
use crate::core::refusal::Refusal;
use crate::core::state::KeyedAlert;
use crate::core::tally::Tally;
use crate::core::usage::{CostSource, Draw, Usage};
use crate::core::verdict::{Cause, Finding};
use jiff::{SignedDuration, Timestamp};

/// The most usages in one command.
pub const RECORDS_MOST: usize = 1000;
/// How far a usage may lie in the future.
pub(super) const FUTURE_MOST: SignedDuration = SignedDuration::from_mins(5);
/// How many alerts may be open for overruns that no policy met.
const UNBUDGETED_OVERRUNS_MOST: usize = 1000;

impl Desk<'_> {
    pub(super) fn record(&mut self, postings: Vec<Posting>) -> Result<Done, Refusal> {
        if postings.len() > RECORDS_MOST {
            return Err(Refusal::invalid(
                "records",
                format!("expects at most {RECORDS_MOST} records"),
            ));
        }
        // All or none: whatever can be refused is refused before the first event.
        let alone = postings.len() == 1;
        for (place, posting) in postings.iter().enumerate() {
            self.check_posting(&posting.usage).map_err(|refusal| {
                if alone {
                    refusal
                } else {
                    refusal.within(&format!("records[{place}]"))
                }
            })?;
        }
        self.check_room(&postings)?;
        Ok(Done::Events(
            postings
                .into_iter()
                .map(|posting| self.post(posting))
                .collect(),
        ))
    }

    fn check_posting(&self, usage: &Usage) -> Result<(), Refusal> {
        text::name("provider", &usage.provider)?;
        text::name("model", &usage.model)?;
        text::context(&usage.context)?;
        usage
            .counts
            .within_bounds()
            .map_err(|field| Refusal::invalid(field, "expects at most 10^12"))?;
        if usage.cost.usd.is_negative() {
            return Err(Refusal::invalid(
                "reported_cost_usd",
                "expects no less than zero; use adjust_usage to correct",
            ));
        }
        check_not_future("occurred_at", usage.occurred, self.now)?;
        match usage.allocation {
            Some(id) if id.0 > self.state.sequence() => Err(Refusal::not_found("allocation", id)),
            _ => Ok(()),
        }
    }

    fn post(&mut self, Posting { usage, request }: Posting) -> usize {
        let draw = self.draw(&usage);
        let taken = match draw {
            Some(Draw::Drawn { taken, .. }) => taken,
            _ => Tally::ZERO,
        };
        let beyond_hold = self.is_beyond_hold(&usage, taken);
        let findings = self.state.weigh_posting(&usage, taken, self.now).findings;
        let overrun = beyond_hold || findings.iter().any(passes);
        let counted = findings.iter().map(|finding| finding.policy).collect();
        let allocation = usage.allocation;
        let spender = overrun.then(|| Spender::of(&usage));
        let place = self.add(
            Event::UsageRecorded(Box::new(UsageRecorded {
                usage,
                draw,
                overrun,
                counted: Some(counted),
            })),
            request,
        );
        self.with_room_for_alerts(|desk| {
            if let Some(spender) = spender {
                desk.raise_overruns(&spender, allocation, &findings, beyond_hold);
            }
            desk.tell_unknown_cost(place);
            let counters = findings.into_iter().map(|own| (own.policy, own.meter));
            desk.raise_crossings(&counters.collect::<Vec<_>>());
        });
        place
    }

    /// Whether a usage takes more than its hold had left of what it was given to hold. What a hold never held it can't
    /// be overrun by; the limits weigh that as spent without a hold.
    fn is_beyond_hold(&self, usage: &Usage, taken: Tally) -> bool {
        let open = usage
            .allocation
            .and_then(|id| self.state.open_allocation(id));
        let unheld = (usage.tally() - taken).or_zero();
        open.is_some_and(|Allocation { granted, .. }| {
            (unheld.tokens > 0 && granted.tokens > 0)
                || (!unheld.cost.is_nothing() && !granted.cost.is_nothing())
        })
    }

    fn draw(&self, usage: &Usage) -> Option<Draw> {
        let Some(open) = self.state.open_allocation(usage.allocation?) else {
            return Some(Draw::Ended);
        };
        let taken = open.remaining.min(usage.tally()).or_zero();
        let left = open.remaining - taken;
        Some(if usage.is_final {
            Draw::Drawn {
                taken,
                remaining: Tally::ZERO,
                released: Some(left),
            }
        } else {
            Draw::Drawn {
                taken,
                remaining: left,
                released: None,
            }
        })
    }

    fn raise_overruns(
        &mut self,
        spender: &Spender,
        allocation: Option<AllocationId>,
        findings: &[Finding],
        beyond_hold: bool,
    ) {
        let heard = findings
            .iter()
            .filter(|finding| finding.enforcement != Enforcement::Ignore);
        let concerned: Vec<_> = heard
            .filter(|finding| beyond_hold || passes(finding))
            .collect();
        if concerned.is_empty() {
            self.raise_unbudgeted_overrun(spender, allocation);
        }
        for finding in concerned {
            self.raise_policy_overrun(spender, finding);
        }
    }

    fn raise_policy_overrun(&mut self, spender: &Spender, finding: &Finding) {
        let (policy, meter) = (finding.policy, &finding.meter);
        let open = self.state.open_overruns(policy, meter);
        let of = spender.name.as_deref();
        let of = of.filter(|_| open.len() < OVERRUN_SPENDERS_MOST || open.contains(&of));
        if open.contains(&of) {
            return;
        }
        if self.is_among_others(policy, meter, KeyedAlert::Overrun) {
            self.raise_of_others(policy, KeyedAlert::Overrun);
            return;
        }
        if !self.alert_room.takes(Level::Exceeded) {
            return;
        }
        let cause = AlertCause::PolicyOverrun {
            budget: finding.budget,
            policy,
            meter: meter.clone(),
            spender: of.map(Name::from),
        };
        let (spent, key) = (&spender.spent, in_key(finding.period, meter));
        self.raise(cause, &format!("{spent} more than was held or left{key}"));
    }

    fn raise_unbudgeted_overrun(&mut self, spender: &Spender, allocation: Option<AllocationId>) {
        let Some(allocation) = allocation else {
            return;
        };
        let open = self.state.unbudgeted_overruns();
        if open < UNBUDGETED_OVERRUNS_MOST && !self.state.has_unbudgeted_overrun(allocation) {
            let cause = AlertCause::AllocationOverrun { allocation };
            let spent = &spender.spent;
            self.raise(cause, &format!("{spent} more than {allocation} held"));
        }
    }
}

fn passes(finding: &Finding) -> bool {
    matches!(finding.cause, Some(Cause::Exceeds | Cause::Bypassed))
}

/// Who spent something, and what.
struct Spender {
    /// The component, or else the user.
    name: Option<Name>,
    /// The beginning of a sentence.
    spent: String,
}

impl Spender {
    fn of(usage: &Usage) -> Self {
        let name = usage.context.component.as_ref();
        let name = name.or(usage.context.user.as_ref()).cloned();
        let cost = match usage.cost.source {
            CostSource::Unknown if usage.cost.unpriced.is_empty() => "an unknown cost".to_owned(),
            CostSource::Unknown => format!("{} USD at least", usage.cost.usd),
            _ => format!("{} USD", usage.cost.usd),
        };
        let spent = format!(
            "{} with {}/{} ({} tokens, {cost}) spent",
            name.as_deref().unwrap_or("A call"),
            usage.provider,
            usage.model,
            usage.counts.tokens()
        );
        Self { name, spent }
    }
}

pub(super) fn check_not_future(field: &str, at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if at.duration_since(now) > FUTURE_MOST {
        return Err(Refusal::invalid(
            field,
            format!("expects a time no more than 5 minutes after now, {now}"),
        ));
    }
    Ok(())
}
