//! Figures beside their floors.

use std::fmt::Display;
use std::time::Duration;

/// Durations of one kind of call.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Microseconds that this share of the calls stays within.
    pub(crate) fn us(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted
            .get(place)
            .map_or(0.0, |took| took.as_secs_f64() * 1e6)
    }

    /// Calls a second, one after the other.
    pub(crate) fn rate(&self) -> f64 {
        per_second(self.0.len(), self.0.iter().sum())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
pub(crate) fn per_second(many: usize, took: Duration) -> f64 {
    many as f64 / took.as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "a table is what the program is for")]
fn print(text: impl Display) {
    println!("{text}");
}

pub(crate) fn heading(text: &str) {
    print(format_args!(
        "\n{text}\n{:<52} {:>14} {:>14} {:>8}   target",
        "", "figure", "floor", "ratio"
    ));
}

/// What could not be measured here.
pub(crate) fn skipped(what: &str) {
    print(format_args!("skipped: {what}"));
}

/// One figure beside its floor.
pub(crate) fn row(name: &str, unit: &str, figure: f64, floor: f64, target: &str) {
    print(format_args!(
        "{name:<52} {figure:>11.1} {unit:<2} {floor:>11.1} {unit:<2} {:>8.2}   {target}",
        figure / floor
    ));
}

/// One figure that has no floor.
pub(crate) fn alone(name: &str, unit: &str, figure: f64, target: &str) {
    print(format_args!(
        "{name:<52} {figure:>11.1} {unit:<2} {:>14} {:>8}   {target}",
        "", ""
    ));
}
