//! The operations on prices over a ledger in memory.

use crate::core::command::{ApplyPrices, Command, Posting};
use crate::core::context::Context;
use crate::core::digest::Digest;
use crate::core::price::{PriceStatus, Rates, Unit};
use crate::core::price_change::{
    Applying, Holding, PastPrice, PriceHistory, PriceProposal, PriceRule, Quoted, Vote,
};
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Code;
use crate::core::role::Role;
use crate::core::usage::{Cost, CostSource, Usage};
use crate::service::caller::Caller;
use crate::service::operation::Call;
use crate::service::operations::testing::{House, NOW, at};
use crate::service::refresh::past;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::sync::Arc;

mod costing;
mod history;
mod limits;
mod names;
mod offered;
mod scopes;

impl House {
    async fn apply(&self, refresh: ApplyPrices) {
        let caller = Caller {
            role: Role::Operator,
            ..Caller::default()
        };
        let command = Command::ApplyPrices(Box::new(refresh));
        let given = self
            .desk
            .give(&Call::new(caller), None, None, command)
            .await;
        given.unwrap();
    }

    /// Records a usage as programs did that did not keep its service tier.
    async fn record_of_old(&self, version: &str, cost: &str) {
        let usage = Usage {
            provider: "inhouse".into(),
            model: "tuned".into(),
            release: None,
            named: None,
            tier: None,
            service_tier: None,
            context: Context::default(),
            counts: Counts {
                input_tokens: 1_000_000,
                ..Counts::default()
            },
            cost: Cost {
                usd: Usd::new(cost.parse().unwrap()),
                source: CostSource::Catalogue,
                price_version: Some(version.into()),
                unpriced: Vec::new(),
                sellers: Vec::new(),
            },
            occurred: at("2026-11-23T12:00:00Z"),
            allocation: None,
            is_final: false,
            metadata: serde_json::Map::new(),
        };
        let command = Command::Record(vec![Posting {
            usage,
            request: None,
        }]);
        let call = Call::new(Caller::default());
        self.desk.give(&call, None, None, command).await.unwrap();
    }

    async fn change(&self, proposal: PriceProposal) {
        let changes = vec![proposal];
        self.apply(ApplyPrices {
            changes,
            ..ApplyPrices::default()
        })
        .await;
    }
}

fn rates(input: &str, output: &str) -> Arc<Rates> {
    let mut rates = Rates::default();
    let units = &mut rates.standard.rates;
    units.insert(Unit::Input, input.parse().unwrap());
    units.insert(Unit::Output, output.parse().unwrap());
    Arc::new(rates)
}

fn proposal(from: &str) -> PriceProposal {
    PriceProposal {
        provider: "openai".into(),
        model: "gpt-4o".into(),
        base: 0,
        effective_from: at(from),
        apply: None,
        hold: None,
        present: Some(rates("2.5", "10")),
        quotes: vec![Quoted {
            source: "litellm".into(),
            rates: Some(rates("2", "8")),
            fetched_at: at("2026-11-24T11:00:00Z"),
            content: Digest(0xab),
            weight: Decimal::ONE,
            vote: Vote::Undecided,
            against: None,
        }],
    }
}

fn applying(input: &str, output: &str) -> Applying {
    Applying {
        rates: rates(input, output),
        status: PriceStatus::Verified,
        apart: std::collections::BTreeMap::new(),
        rule: PriceRule::Quorum,
    }
}

fn holding(input: &str, output: &str) -> Holding {
    Holding {
        rates: rates(input, output),
        status: PriceStatus::Verified,
        apart: std::collections::BTreeMap::new(),
        rule: PriceRule::NoQuorum,
        reason: "litellm alone says so. Approve it or reject it.".into(),
    }
}

fn usage(occurred: &str, more: Value) -> Value {
    let mut usage = json!({"model": "gpt-4o", "provider": "openai", "input_tokens": 1_000_000, "occurred_at": occurred});
    let (Value::Object(own), Value::Object(more)) = (&mut usage, more) else {
        panic!("objects")
    };
    own.extend(more);
    usage
}

#[tokio::test]
async fn an_applied_price_is_shown_with_what_made_it_and_costs() {
    let mut house = House::new();
    let changed = PriceProposal {
        apply: Some(applying("2", "8")),
        ..proposal("2026-11-24T10:00:00Z")
    };
    house.change(changed).await;
    for restarted in [false, true] {
        let price = house
            .done(
                "get_price",
                json!({"model": "gpt-4o", "provider": "openai", "history": true}),
            )
            .await;
        assert_eq!(price["status"], "verified", "after a restart: {restarted}");
        assert_eq!(
            (&price["version"], &price["rule"]),
            (&json!("price-1"), &json!("quorum"))
        );
        let source = &price["sources"][0];
        assert_eq!(source["name"], "litellm");
        assert_eq!(source["content"], "000000000000000000000000000000ab");
        assert_eq!(source["weight"], "1");
        let history = price["history"].as_array().unwrap();
        assert_eq!(history.last().unwrap()["version"], "price-1");
        assert_eq!(history[0]["status"], "bundled");
        for (occurred, cost) in [
            // What was used while the sources were asked was costed at the price before.
            ("2026-11-24T11:59:00Z", "2.5"),
            (NOW, "2"),
        ] {
            let recorded = house.done("record_usage", usage(occurred, json!({}))).await;
            assert_eq!(recorded["records"][0]["cost_usd"], cost, "{occurred}");
        }
        house.restart();
    }
}

#[tokio::test]
async fn a_change_is_listed_and_approved_and_offers_corrections() {
    let house = House::new();
    let held = PriceProposal {
        hold: Some(holding("2", "8")),
        ..proposal("2026-11-24T10:00:00Z")
    };
    house.change(held).await;
    let listed = house
        .done("review_price_changes", json!({"action": "list"}))
        .await;
    assert_eq!(listed["waiting"], 1);
    let change = &listed["changes"][0];
    assert_eq!(
        (&change["change_id"], &change["status"]),
        (&json!("chg-1"), &json!("waiting"))
    );
    assert_eq!(
        change["changes"],
        json!([{"rate": "input", "from": "2.5", "to": "2"}, {"rate": "output", "from": "10", "to": "8"}])
    );
    assert_eq!(change["sources"][0]["name"], "litellm");
    assert_eq!(change["sources"][0]["value"], change["proposed"]);
    let alerts = house
        .done("list_alerts", json!({"kind": "price_held_back"}))
        .await;
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 1);
    for (occurred, more) in [
        ("2026-11-24T09:00:00Z", json!({})),
        ("2026-11-24T11:00:00Z", json!({})),
        ("2026-11-24T11:30:00Z", json!({"service_tier": "batch"})),
        ("2026-11-24T11:40:00Z", json!({"reported_cost_usd": "0.7"})),
    ] {
        house.done("record_usage", usage(occurred, more)).await;
    }
    let approve = json!({"action": "approve", "change_id": "chg-1", "reason": "openai.com says so", "request_id": "r-1"});
    for duplicate in [false, true] {
        let approved = house.done("review_price_changes", approve.clone()).await;
        assert_eq!(approved["duplicate"], duplicate);
        assert_eq!(approved["changes"][0]["status"], "approved");
        assert_eq!(
            (&approved["version"], &approved["waiting"]),
            (&json!("price-7"), &json!(0))
        );
        let repricing = &approved["repricing"];
        // 2.5 at the standard rate becomes 2; the batch rate 1.25 is not sold at the new price, so it becomes 2 too.
        assert_eq!(repricing["records"], 2, "{repricing}");
        assert_eq!(repricing["recorded_cost_usd"], "3.75");
        assert_eq!(repricing["repriced_cost_usd"], "4");
        assert_eq!(
            repricing["adjustments"][0],
            json!({"record_id": "use-4", "cost_usd": "-0.5"})
        );
        assert_eq!(
            (&repricing["not_comparable"], &repricing["complete"]),
            (&json!(0), &json!(true))
        );
    }
    let price = house
        .done(
            "get_price",
            json!({"model": "gpt-4o", "provider": "openai"}),
        )
        .await;
    assert_eq!(
        (&price["status"], &price["rule"]),
        (&json!("verified"), &json!("approved"))
    );
    assert_eq!(
        (&price["actor"], &price["reason"]),
        (&json!("ann"), &json!("openai.com says so"))
    );
    let spent = house.done("usage_report", json!({"period": "today"})).await;
    assert_eq!(
        spent["totals"]["cost_usd"], "6.95",
        "nothing was costed anew: {spent}"
    );
    let adjust = json!({"record_id": "use-4", "cost_usd": "-0.5", "reason": "price"});
    house.done("adjust_usage", adjust).await;
    let again = house.done("review_price_changes", approve).await;
    assert_eq!(again["repricing"]["records"], 1);
}

#[tokio::test]
async fn a_change_is_rejected_with_a_reason() {
    let house = House::new();
    let held = PriceProposal {
        hold: Some(holding("2", "8")),
        ..proposal("2026-11-24T10:00:00Z")
    };
    house.change(held.clone()).await;
    let mut reject = json!({"action": "reject", "change_id": "chg-1"});
    let refused = house
        .ask("review_price_changes", reject.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.details["field"], "reason");
    reject["reason"] = json!("a region's price");
    let rejected = house.done("review_price_changes", reject.clone()).await;
    assert_eq!(rejected["changes"][0]["status"], "rejected");
    assert_eq!(rejected.get("version"), None);
    house.change(held).await;
    let listed = house
        .done("review_price_changes", json!({"action": "list"}))
        .await;
    assert_eq!(listed["waiting"], 0, "it is not proposed again");
    let gone = house.ask("review_price_changes", reject).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    let missing = house
        .ask("review_price_changes", json!({"action": "approve"}))
        .await;
    assert_eq!(missing.unwrap_err().details["field"], "change_id");
}

#[tokio::test]
async fn changes_are_listed_in_pages() {
    let house = House::new();
    for model in ["gpt-4o", "gpt-4o-mini", "o3"] {
        let held = PriceProposal {
            model: model.into(),
            hold: Some(holding("2", "8")),
            ..proposal("2026-11-24T10:00:00Z")
        };
        house.change(held).await;
    }
    let mut ask = json!({"action": "list", "limit": 2, "provider": "OpenAI"});
    let first = house.done("review_price_changes", ask.clone()).await;
    assert_eq!(
        (
            first["changes"].as_array().unwrap().len(),
            &first["waiting"]
        ),
        (2, &json!(3))
    );
    ask["cursor"] = first["next_cursor"].clone();
    let last = house.done("review_price_changes", ask).await;
    assert_eq!(last["changes"][0]["model"], "o3");
    assert_eq!(last.get("next_cursor"), None);
    let none = json!({"action": "list", "provider": "mistral"});
    assert_eq!(house.done("review_price_changes", none).await["waiting"], 0);
}

#[tokio::test]
async fn a_price_set_for_the_past_offers_corrections() {
    let house = House::new();
    let unknown = json!({"provider": "inhouse", "model": "tuned", "input_tokens": 1_000_000, "occurred_at": "2026-11-23T00:00:00Z"});
    house.done("record_usage", unknown).await;
    house
        .done("record_usage", usage("2026-11-23T00:00:00Z", json!({})))
        .await;
    let set = |provider: &str, model: &str, from: &str| {
        json!({"provider": provider, "model": model, "effective_from": from, "reason": "contract",
            "rates": {"standard": {"rates": {"input": "3", "output": "9"}}}})
    };
    let known = set("openai", "gpt-4o", "2026-11-22T00:00:00Z");
    let answer = house.done("override_price", known).await;
    assert_eq!(
        answer["repricing"]["adjustments"],
        json!([{"record_id": "use-3", "cost_usd": "0.5"}]),
        "{answer}"
    );
    let later = set("openai", "gpt-4o", "2026-11-24T00:00:00Z");
    assert_eq!(
        house.done("override_price", later).await.get("repricing"),
        None
    );
    let first = set("inhouse", "tuned", "2026-11-22T00:00:00Z");
    let answer = house.done("override_price", first).await;
    assert_eq!(answer["repricing"]["repriced_cost_usd"], "3", "{answer}");
}

#[tokio::test]
async fn a_correction_is_of_the_service_tier_that_the_usage_had() {
    let house = House::new();
    let set = |model: &str, from: &str, rates: Value| json!({"provider": "inhouse", "model": model, "effective_from": from, "reason": "contract", "rates": rates});
    let used = |model: &str| json!({"provider": "inhouse", "model": model, "input_tokens": 1_000_000, "service_tier": "batch", "occurred_at": "2026-11-23T12:00:00Z"});
    let flat = json!({"standard": {"rates": {"input": "10", "output": "10"}}});
    let tiers = json!({"standard": {"rates": {"input": "20", "output": "20"}}, "service_tiers": {"batch": {"rates": {"input": "5", "output": "5"}}}});
    house
        .done("override_price", set("tuned", "2026-11-22T00:00:00Z", flat))
        .await;
    house.done("record_usage", used("tuned")).await;
    house.done("record_usage", used("new")).await;
    for (model, record, cost) in [("tuned", "use-2", "-5"), ("new", "use-3", "5")] {
        let change = set(model, "2026-11-23T00:00:00Z", tiers.clone());
        let answer = house.done("override_price", change).await;
        assert_eq!(
            answer["repricing"]["adjustments"],
            json!([{"record_id": record, "cost_usd": cost}]),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_record_that_does_not_say_its_service_tier_is_not_guessed_at() {
    let house = House::new();
    let set = |from: &str, rates: Value| json!({"provider": "inhouse", "model": "tuned", "effective_from": from, "reason": "contract", "rates": rates});
    let flat = |rate: &str| json!({"standard": {"rates": {"input": rate, "output": rate}}});
    house
        .done("override_price", set("2026-11-22T00:00:00Z", flat("10")))
        .await;
    house.record_of_old("override-1", "10").await;
    house.record_of_old("bundled-2020-01-01", "10").await;
    let answer = house
        .done("override_price", set("2026-11-23T00:00:00Z", flat("7")))
        .await;
    let repricing = &answer["repricing"];
    // Whatever the tier was, the new price is the same for all; the other record names a price that nobody knows.
    assert_eq!(
        (&repricing["adjustments"], &repricing["not_comparable"]),
        (
            &json!([{"record_id": "use-2", "cost_usd": "-3"}]),
            &json!(1)
        ),
        "{answer}"
    );
    let tiers = json!({"standard": {"rates": {"input": "20", "output": "20"}}, "service_tiers": {"batch": {"rates": {"input": "5", "output": "5"}}}});
    let answer = house
        .done("override_price", set("2026-11-23T00:00:00Z", tiers))
        .await;
    let repricing = &answer["repricing"];
    assert_eq!(
        (&repricing["adjustments"], &repricing["not_comparable"]),
        (&json!([]), &json!(2)),
        "{answer}"
    );
}

#[tokio::test]
async fn an_estimate_of_counted_tokens_is_none() {
    let house = House::new();
    let ask =
        |model: &str| json!({"model": model, "provider": "openai", "input_text": "two words"});
    let vectors = house
        .done("estimate_cost", ask("text-embedding-3-small"))
        .await;
    assert_eq!(vectors["estimated"], false, "{vectors}");
    let chat = house.done("estimate_cost", ask("gpt-4o")).await;
    assert_eq!(chat["estimated"], true, "the output is a guess: {chat}");
}
