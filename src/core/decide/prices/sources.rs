//! How the sources of prices stand: outages, and the weight that one loses.

use super::super::Desk;
use crate::core::alert::AlertCause;
use crate::core::event::Event;
use crate::core::id::AlertId;
use crate::core::price_change::{
    SETTINGS_FILE, SourceOutcome, SourceReport, is_description, is_of_settings,
};
use crate::core::state::SourceStanding;
use rust_decimal::Decimal;

/// Whether what is wrong in a source's settings begins, ends, or is something else.
fn is_other_setting(known: &str, error: &str) -> bool {
    (is_of_settings(known) || is_of_settings(error)) && known != error
}

impl Desk<'_> {
    /// Takes note of a source where something is new of it: its content, another day of its word, that it fails, or that it works
    /// again.
    pub(super) fn report_source(&mut self, report: SourceReport) -> Option<usize> {
        let before = self.state.source(&report.source).cloned();
        let after = before.clone().unwrap_or_default().after(&report, self.now);
        let failed = matches!(report.outcome, SourceOutcome::Failed { .. });
        let is_removed = report.outcome == SourceOutcome::Removed;
        if is_removed {
            // Its record stays, for what it said last counts by it, and it may be asked again.
            let source = report.source.clone();
            self.keep_alert(None, AlertCause::SourceOutvoted { source });
        }
        // Another error of the same outage is nothing new: it would be an event at every try. What is wrong in its settings is.
        let known = before.as_ref().and_then(|known| known.failing.as_ref());
        let still_failing = failed
            && known.is_some_and(|known| {
                let error = after.failing.as_ref().map(|failing| &*failing.error);
                !error.is_some_and(|error| is_other_setting(&known.error, error))
            });
        if still_failing || before.as_ref() == Some(&after) {
            return None;
        }
        let source = report.source.clone();
        let place = self.say(Event::SourceReported(report));
        let failing = after.failing.map(|failing| {
            let last = if source == SETTINGS_FILE {
                "no source is asked until that is mended"
            } else if is_of_settings(&failing.error) || is_description(&source) {
                "it is left out, and has no word, until that is mended"
            } else {
                "what it said last, if anything, is used as long as it is fresh and of the same address"
            };
            format!("the price source {source} fails: {}; {last}", failing.error)
        });
        self.keep_alert(
            failing,
            AlertCause::SourceFailed {
                source: source.clone(),
            },
        );
        let was = before.as_ref().map_or(Decimal::ONE, SourceStanding::factor);
        let standing = self.state.source(&source).cloned().unwrap_or_default();
        let is = standing.factor();
        let cause = AlertCause::SourceOutvoted {
            source: source.clone(),
        };
        if was != is || (!is_removed && self.alert_about(&cause).is_none()) {
            let lost = (is < Decimal::ONE).then(|| {
                let why = standing.why_it_counts_less();
                format!("the price source {source} is {why} and counts {is} of its weight now")
            });
            self.keep_alert(lost, cause);
        }
        Some(place)
    }

    /// Raises an alert, in place of one that stands and says something else, or resolves it where there is nothing to say.
    fn keep_alert(&mut self, message: Option<String>, cause: AlertCause) {
        let standing = self.alert_about(&cause);
        let is_said = |message: &String| {
            let standing = standing.as_ref();
            standing.is_some_and(|(_, known)| known == message)
        };
        if message.as_ref().is_some_and(is_said) {
            return;
        }
        self.resolve(standing.map(|(alert, _)| alert));
        if let Some(message) = message {
            self.raise(cause, &message);
        }
    }

    fn alert_about(&self, cause: &AlertCause) -> Option<(AlertId, String)> {
        let mut alerts = self.state.alerts();
        let standing = alerts.find(|alert| alert.cause == *cause);
        standing.map(|alert| (alert.id, alert.message.clone()))
    }
}
