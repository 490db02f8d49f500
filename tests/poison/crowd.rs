//! Many sources that count little, and sources that go.

use crate::entry::{Entry, Feed, HISTORY, PAGE, honest};
use crate::event::{Story, by_two, full, held_back, multiply, refresh_unchanged, widely};
use crate::ground::Ground;

/// Every story.
pub const STORIES: [Story; 11] = [
    (
        "nine light pages, half the price, beside honest lists",
        || {
            let mut ground = crowded(&widely());
            refresh_unchanged(&mut ground);
            ground.came_of("page-1", &widely())
        },
    ),
    (
        "nine light pages, half the price, while all lists are out for 8 days",
        || {
            let mut ground = crowded(&widely());
            silence(&mut ground, &full());
            ground.pass_days(8);
            refresh_unchanged(&mut ground);
            held_back(&ground, &widely())
        },
    ),
    (
        "one full list and nine light pages, half the price, against one list",
        || {
            let model = by_two();
            let mut ground = crowded(&model);
            multiply(&mut ground, &["litellm"], &model, "0.5");
            refresh_unchanged(&mut ground);
            held_back(&ground, &model)
        },
    ),
    (
        "one full list and nine light pages, half the price, of a model that no other has",
        || {
            let model = crate::entry::subject("litellm", crate::entry::Known::Alone);
            let mut ground = crowded(&model);
            multiply(&mut ground, &["litellm"], &model, "0.5");
            refresh_unchanged(&mut ground);
            held_back(&ground, &model)
        },
    ),
    (
        "nine light pages with a free model that nobody else has",
        || {
            let model = ("xai".to_owned(), "grok-page-only".to_owned());
            let mut ground = Ground::honest();
            for page in pages(&mut ground) {
                ground.say_as_page(&page, &[Entry::of(&model, "0", "0")]);
            }
            refresh_unchanged(&mut ground);
            assert_eq!(ground.price(&model), "none");
            ground.came_of("page-1", &model)
        },
    ),
    (
        "one full list and nine light pages with a free model that nobody else has",
        || {
            let model = ("xai".to_owned(), "grok-page-only".to_owned());
            let free = Entry::of(&model, "0", "0");
            let mut ground = Ground::honest();
            let entries = [honest("models_dev"), vec![free.clone()]].concat();
            ground.say("models_dev", crate::document::write("models_dev", &entries));
            for page in pages(&mut ground) {
                ground.say_as_page(&page, std::slice::from_ref(&free));
            }
            refresh_unchanged(&mut ground);
            assert_eq!(ground.price(&model), "none");
            ground.came_of("models_dev", &model)
        },
    ),
    (
        "four of five lists, configured with 0.3 each, a tenth of the price",
        || {
            let mut ground = Ground::honest();
            let poisoned: [Feed; 4] = ["models_dev", "genai_prices", "llm_prices", PAGE];
            for feed in poisoned {
                ground.weigh(feed, "0.3");
            }
            multiply(&mut ground, &poisoned, &widely(), "0.1");
            refresh_unchanged(&mut ground);
            ground.came_of("models_dev", &widely())
        },
    ),
    (
        "all but one list vanish, and after 8 days the last one cuts a price in half",
        || {
            let mut ground = Ground::honest();
            let gone: Vec<_> = full()
                .into_iter()
                .filter(|feed| *feed != "litellm")
                .collect();
            silence(&mut ground, &gone);
            silence(&mut ground, &[PAGE, HISTORY]);
            refresh_unchanged(&mut ground);
            for feed in &gone {
                assert!(ground.is_reported(feed), "{feed}");
            }
            ground.pass_days(8);
            multiply(&mut ground, &["litellm"], &widely(), "0.5");
            refresh_unchanged(&mut ground);
            held_back(&ground, &widely())
        },
    ),
    ("every source vanishes for a year", || {
        let mut ground = Ground::honest();
        silence(&mut ground, &crate::entry::FEEDS);
        for _ in 0..12 {
            ground.pass_days(30);
            refresh_unchanged(&mut ground);
        }
        assert!(
            crate::entry::FEEDS
                .iter()
                .all(|feed| ground.is_reported(feed))
        );
        "the last verified price stays; each source is reported".to_owned()
    }),
    (
        "a list in another unit (10³) as a whole, with a new model at a likely price",
        || {
            let new = ("xai".to_owned(), "grok-new".to_owned());
            let mut entries = honest("models_dev");
            entries.extend((0..9).map(|number| {
                Entry::new("xai", &format!("grok-pair-{number}"), "3", "12", "0.75")
            }));
            let mut ground = Ground::honest();
            ground.say("models_dev", crate::document::write("models_dev", &entries));
            refresh_allowing_new(&mut ground);
            entries.push(Entry::of(&new, "12", "60"));
            for entry in &mut entries {
                entry.scale("0.001");
            }
            ground.say("models_dev", crate::document::write("models_dev", &entries));
            refresh_unchanged(&mut ground);
            assert_eq!(ground.price(&new), "none");
            held_back(&ground, &new)
        },
    ),
    (
        "a list that is wrong about thirty models, day after day",
        || {
            let many: Vec<_> = (0..30)
                .map(|number| Entry::new("xai", &format!("grok-of-30-{number}"), "3", "12", "0.75"))
                .collect();
            let mut ground = Ground::honest();
            for feed in ["litellm", "genai_prices", "models_dev"] {
                let entries = [honest(feed), many.clone()].concat();
                ground.say(feed, crate::document::write(feed, &entries));
            }
            refresh_allowing_new(&mut ground);
            for factor in ["0.9", "0.8", "0.7"] {
                let mut wrong = many.clone();
                for entry in &mut wrong {
                    entry.scale(factor);
                }
                let entries = [honest("models_dev"), wrong].concat();
                ground.say("models_dev", crate::document::write("models_dev", &entries));
                refresh_unchanged(&mut ground);
            }
            let mut told = ground.alerts().map(|alert| alert.message.clone());
            let told = told.find(|message| message.contains("models_dev is often outvoted"));
            format!("outvoted; {}", told.expect("an alert"))
        },
    ),
];

fn refresh_allowing_new(ground: &mut Ground) {
    ground.pass_days(1);
    let before = ground.prices();
    ground.refresh();
    crate::trial::check(&before, ground, true).unwrap();
}

fn silence(ground: &mut Ground, feeds: &[Feed]) {
    for feed in feeds {
        ground.silence(feed);
    }
}

fn pages(ground: &mut Ground) -> Vec<String> {
    let names: Vec<_> = (1..=9).map(|number| format!("page-{number}")).collect();
    for name in &names {
        ground.add_page(name, "0.4");
    }
    names
}

/// Nine pages that say half of a model's price.
fn crowded(model: &(String, String)) -> Ground {
    let mut ground = Ground::honest();
    let honest = ["litellm", PAGE].map(honest).concat();
    let own = |entry: &&Entry| (&entry.provider, &entry.model) == (&model.0, &model.1);
    let mut half = honest.iter().find(own).unwrap().clone();
    half.scale("0.5");
    for page in pages(&mut ground) {
        ground.say_as_page(&page, std::slice::from_ref(&half));
    }
    ground
}
