//! Prices that move a little, again and again.

use crate::entry::{Known, dec, subject};
use crate::event::{Story, full, held_back, multiply, refresh_unchanged, widely};
use crate::ground::Ground;
use rust_decimal::Decimal;

/// Every story.
pub const STORIES: [Story; 7] = [
    (
        "one list raises a model of its own by 2 % a day, for 60 days",
        || alone(Known::Alone, "1.02"),
    ),
    (
        "one list cuts a model of its own by 2 % a day, for 60 days",
        || alone(Known::Alone, "0.98"),
    ),
    (
        "one list raises a model that others have by 2 % a day, for 60 days",
        || alone(Known::Widely, "1.02"),
    ),
    ("all lists raise a model by 1 % a day, for a year", || {
        together(&["1.01"])
    }),
    ("all lists raise a model by 0.4 % a day, for a year", || {
        together(&["1.004"])
    }),
    (
        "all lists raise it by 20 % and take 1 % back, in turn, for a year",
        || together(&["1.2", "0.99"]),
    ),
    ("all lists cut a model by 5 % a day, for a year", || {
        together(&["0.95"])
    }),
];

/// One list moves a price: it stays, and the change waits.
fn alone(known: Known, daily: &str) -> String {
    let model = subject("litellm", known);
    let mut ground = Ground::of(&full());
    let mut factor = Decimal::ONE;
    for _ in 0..60 {
        factor = (factor * dec(daily)).round_dp(6);
        multiply(&mut ground, &["litellm"], &model, &factor.to_string());
        refresh_unchanged(&mut ground);
    }
    match known {
        Known::Alone => held_back(&ground, &model),
        _ => ground.came_of("litellm", &model),
    }
}

/// The days on which all lists are asked: each one at first, and then every fifth, up to a year.
fn days() -> impl Iterator<Item = usize> {
    (1..=60).chain((65..=365).step_by(5))
}

/// All lists move a price by these factors in turn: by themselves they come no further than the bounds of a month and of a
/// year, and then wait.
fn together(daily: &[&str]) -> String {
    let model = widely();
    let mut ground = Ground::of(&full());
    let (mut said, mut today) = (Decimal::ONE, 0);
    let first = ground.input(&model);
    let mut prices = Vec::new();
    for day in days() {
        for turn in today..day {
            // Near a bound of what is ever sold they stop: what is beyond is another kind.
            let next = (said * dec(daily[turn % daily.len()])).round_dp(8);
            if next > dec("0.02") && next < dec("4") {
                said = next;
            }
        }
        multiply(&mut ground, &full(), &model, &said.to_string());
        ground.pass_days(i64::try_from(day - today).unwrap());
        ground.refresh();
        prices.push((day, ground.input(&model)));
        today = day;
    }
    let on = |day: usize| prices.iter().find(|(on, _)| *on == day).unwrap().1;
    let within = |days: usize, least: &str, most: &str| {
        let bounds = first * dec(least)..=first * dec(most);
        let mut prices = prices.iter().filter(|(day, _)| *day <= days);
        prices.all(|(_, price)| bounds.contains(price))
    };
    assert!(
        within(30, "0.5", "1.25") && within(365, "0.1", "2"),
        "{prices:?}"
    );
    let last = ground.input(&model);
    let times = |price: Decimal| (price / first).round_dp(2).normalize();
    let told = format!(
        "{} times after 30 days, {} times after 365; {}",
        times(on(30)),
        times(on(365)),
        held_back(&ground, &model)
    );
    // Whoever approves what waits lets it go on from there.
    ground.approve(&model);
    assert_ne!(ground.input(&model), last);
    told
}
