//! What a refresh leaves out, in the log.

use crate::pricing::appraise::Appraisal;

/// Logs what of the sources' words can't be taken.
pub(super) fn log_left_out(appraisal: &Appraisal) {
    for (source, model, rule) in &appraisal.past_left_out {
        tracing::info!(%source, ?model, ?rule, "what a price source says of the past is left out");
    }
    if let left_out @ 1.. = appraisal.no_room {
        tracing::warn!(
            left_out,
            "so many price changes wait that those of other models are left out"
        );
    }
    if let left_out @ 1.. = appraisal.too_many {
        tracing::warn!(
            left_out,
            "a price source names so many models that nobody else knows that further ones are left out"
        );
    }
}
