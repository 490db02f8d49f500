//! How far a long command is, on standard error where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts events whose number is not known before.
pub(super) fn events(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.with_style(style("{spinner} {msg}: {human_pos} events"))
        .with_message(what)
}

/// Goes up to a total that is told on the way.
pub(super) fn share(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.with_style(style("{msg} {bar:30} {percent} %, {eta} left"))
        .with_message(what)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
