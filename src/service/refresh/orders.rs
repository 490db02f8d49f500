//! What the ledger is to do about a refresh.

use super::{Answered, Gathered, Refreshed};
use crate::core::command::ApplyPrices;
use crate::core::decide::{
    CHANGES_MOST, check_correction, check_history, check_hold, check_proposal,
};
use crate::core::price_change::{SourceOutcome, SourceReport};
use crate::core::refusal::Refusal;
use crate::core::weight::{COMMAND_MOST, of_history, of_proposal};
use crate::idle::breathe;
use crate::pricing::appraise::Appraisal;

/// What the ledger is to do, in orders of a size that it takes; the last one reports on the sources, so that whatever changes of
/// them is told once all is done. What they say goes with them, for a copy of it would be made where calls are answered.
pub(super) fn orders(refreshed: &mut Refreshed) -> Vec<ApplyPrices> {
    let history = parts(std::mem::take(&mut refreshed.appraisal.history), of_history);
    let history = history.into_iter().map(|history| ApplyPrices {
        history,
        used: refreshed.repriced.clone(),
        ..ApplyPrices::default()
    });
    let changes = std::mem::take(&mut refreshed.appraisal.proposals);
    let changes = parts(changes, of_proposal);
    let changes = changes.into_iter().map(|changes| ApplyPrices {
        changes,
        ..ApplyPrices::default()
    });
    let past = std::mem::take(&mut refreshed.appraisal.past);
    let past = past.into_iter().map(|word| ApplyPrices {
        past: vec![word],
        ..ApplyPrices::default()
    });
    let mut orders: Vec<_> = history.chain(past).chain(changes).collect();
    let mut last = orders.pop().unwrap_or_default();
    last.sources = reports(refreshed);
    orders.push(last);
    orders
}

/// Leaves out what the ledger would refuse: nothing that a source says may have an order refused, and with it what all others
/// say; nor does a change that can't wait take with it what is applied. Out of the way, as all that looks at every rate.
pub(super) fn leave_out_unfit(appraisal: &mut Appraisal) {
    for mut proposal in std::mem::take(&mut appraisal.proposals) {
        let (provider, model) = (&proposal.provider, &proposal.model);
        let waits = proposal.hold.as_ref();
        if waits.is_some_and(|hold| !is_fit(provider, model, check_hold(hold))) {
            appraisal.count_left_out(&proposal, proposal.apply.as_ref());
            proposal.hold = None;
        }
        if is_fit(
            &proposal.provider,
            &proposal.model,
            check_proposal(&proposal),
        ) {
            appraisal.proposals.push(proposal);
        } else {
            appraisal.count_left_out(&proposal, None);
        }
    }
    let history = &mut appraisal.history;
    history.retain(|one| is_fit(&one.provider, &one.model, check_history(one)));
    for word in &mut appraisal.past {
        let corrections = &mut word.corrections;
        corrections.retain(|one| is_fit(&one.provider, &one.model, check_correction(one)));
    }
}

fn is_fit(provider: &str, model: &str, checked: Result<(), Refusal>) -> bool {
    breathe();
    let told = checked.inspect_err(|refusal| {
        tracing::warn!(provider, model, %refusal, "what the sources say of a model is left out");
    });
    told.is_ok()
}

/// Parts of as many, and as heavy ones, as one order may have.
fn parts<T>(all: Vec<T>, weight: fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut parts: Vec<Vec<T>> = Vec::new();
    let mut heavy = 0;
    for one in all {
        let own = weight(&one);
        heavy += own;
        match parts.last_mut() {
            Some(part) if part.len() < CHANGES_MOST && heavy <= COMMAND_MOST => part.push(one),
            _ => {
                parts.push(vec![one]);
                heavy = own;
            }
        }
    }
    parts
}

fn reports(refreshed: &Refreshed) -> Vec<SourceReport> {
    let report = |one: &Gathered| {
        let outcome = match (&one.answered, &one.said) {
            (Answered::Misconfigured { why }, _) => SourceOutcome::Failed { error: why.clone() },
            _ if refreshed.offline => return None,
            // It rests because it fails, which a dry run may have seen first.
            (
                Answered::Spared {
                    resting: Some(failure),
                    ..
                },
                _,
            ) => SourceOutcome::Failed {
                error: failure.why.clone(),
            },
            (Answered::NotAsked | Answered::Spared { .. }, _) => return None,
            (Answered::Failed { why, .. }, _) => SourceOutcome::Failed { error: why.clone() },
            (_, Some(said)) => SourceOutcome::Worked {
                content: said.content,
                fetched_at: said.fetched_at,
                votes: refreshed
                    .appraisal
                    .votes
                    .get(&*one.name)
                    .copied()
                    .unwrap_or_default(),
            },
            (_, None) => return None,
        };
        Some(SourceReport {
            source: one.name.to_string(),
            outcome,
        })
    };
    let gone = refreshed.gone.iter().map(|source| SourceReport {
        source: source.clone(),
        outcome: SourceOutcome::Removed,
    });
    // One that is mended and asked may fail otherwise now, and that is to be told.
    let asked = refreshed.sources.iter().filter_map(report);
    gone.chain(asked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::digest::Digest;
    use crate::core::price::{ContextTier, PriceStatus, Rates, Unit};
    use crate::core::price_change::{Applying, Holding, PriceHistory, PriceProposal, PriceRule};
    use crate::pricing::appraise::Counts;
    use jiff::Timestamp;
    use rust_decimal::Decimal;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn proposal() -> PriceProposal {
        PriceProposal {
            provider: "xai".into(),
            model: "grok-test-9".into(),
            base: 0,
            effective_from: Timestamp::UNIX_EPOCH,
            apply: None,
            hold: None,
            present: None,
            quotes: Vec::new(),
        }
    }

    fn history() -> PriceHistory {
        PriceHistory {
            provider: "xai".into(),
            model: "grok-test-9".into(),
            source: "llm_prices_history".into(),
            fetched_at: Timestamp::UNIX_EPOCH,
            content: Digest::of(b"history"),
            weight: Decimal::ONE,
            prices: Vec::new(),
        }
    }

    fn refreshed(proposals: usize, past: usize) -> Refreshed {
        Refreshed {
            appraisal: Appraisal {
                proposals: vec![proposal(); proposals],
                history: vec![history(); past],
                ..Appraisal::default()
            },
            ..Refreshed::default()
        }
    }

    #[test]
    fn no_order_is_larger_than_the_ledger_takes_and_nothing_is_left_out() {
        for (proposals, past) in [
            (0, 0),
            (CHANGES_MOST, 1),
            (1, CHANGES_MOST),
            (CHANGES_MOST + 1, CHANGES_MOST + 1),
        ] {
            let orders = orders(&mut refreshed(proposals, past));
            assert!(!orders.is_empty(), "the sources are reported on");
            let sizes = orders.iter().map(|o| o.changes.len() + o.history.len());
            assert!(sizes.clone().all(|size| size <= CHANGES_MOST));
            assert_eq!(sizes.sum::<usize>(), proposals + past);
        }
    }

    #[test]
    fn what_the_ledger_would_refuse_is_left_out_and_nothing_else() {
        let mut appraisal = refreshed(2, 2).appraisal;
        appraisal.proposals[0].model = "x".repeat(300);
        appraisal.history[1].model = "x".repeat(300);
        leave_out_unfit(&mut appraisal);
        assert_eq!(appraisal.proposals, [proposal()]);
        assert_eq!(appraisal.history, [history()]);
    }

    #[test]
    fn a_change_that_can_not_wait_takes_nothing_with_it_that_is_applied() {
        let price = |tiers: u64| {
            let mut rates = Rates::default();
            rates.standard.rates = [(Unit::Input, Decimal::ONE)].into();
            rates.standard.context_tiers = (1..=tiers)
                .map(|above| ContextTier {
                    above,
                    rates: rates.standard.rates.clone(),
                })
                .collect();
            Arc::new(rates)
        };
        let mut appraisal = refreshed(1, 0).appraisal;
        appraisal.proposals[0].apply = Some(Applying {
            rates: price(1),
            status: PriceStatus::Verified,
            apart: BTreeMap::new(),
            rule: PriceRule::Quorum,
        });
        let applied = appraisal.proposals[0].clone();
        appraisal.proposals[0].hold = Some(Holding {
            rates: price(17),
            status: PriceStatus::Verified,
            apart: BTreeMap::new(),
            rule: PriceRule::NoQuorum,
            reason: "one source says so".into(),
        });
        appraisal.counts = Counts {
            models: 1,
            held_back: 1,
            applied_in_part: 1,
            ..Counts::default()
        };
        leave_out_unfit(&mut appraisal);
        assert_eq!(appraisal.proposals, [applied]);
        let expected = Counts {
            models: 1,
            verified: 1,
            ..Counts::default()
        };
        assert_eq!(appraisal.counts, expected);
    }
}
