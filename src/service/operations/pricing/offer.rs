//! What a price of a time that is over offers to correct.

use crate::core::refusal::Refusal;
use crate::service::Desk;
use crate::service::repricing::Concerned;
use crate::service::wire::repricing::RepricingView;
use jiff::Timestamp;
use std::sync::Arc;

/// The corrections that a model's price from a time on offers, where there are some, and the same as one more sentence of
/// an answer.
///
/// # Errors
/// `unavailable` where the journal can't be read.
pub(super) async fn corrections(
    desk: &Arc<Desk>,
    provider: &str,
    model: &str,
    from: Timestamp,
    concerned: Concerned,
) -> Result<(Option<RepricingView>, String), Refusal> {
    let repriced = desk.reprice(provider, model, from, concerned).await?;
    let view = repriced.as_ref().and_then(RepricingView::of);
    let sentence = view
        .as_ref()
        .map_or_else(String::new, |view| format!(" {}", view.hint));
    Ok((view, sentence))
}
