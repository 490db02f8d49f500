//! What sources offer, in one shape for all of them.

use super::ShapeError;
use crate::core::decide::PAST_MOST;
use crate::idle::breathe;
use crate::pricing::catalogue::{Capabilities, Mode};
use crate::pricing::sheet::{DatedSheet, Sheet};
use jiff::civil::Date;
use std::fmt::Display;

/// The longest name of a provider or model that is taken, in bytes; the ledger takes no longer ones.
const NAME_MOST: usize = 256;

/// The most entries that are taken of a source: the longest list has 5,100, and each is held and verified by itself.
const OFFERS_MOST: usize = 30_000;

/// The most entries that are named of those that are not taken; a flood of them would fill the memory with reasons.
const SKIPPED_MOST: usize = 10_000;

/// Why an entry without a price is not taken.
pub(crate) const NO_PRICE: &str = "no price by token, call, image or second";

/// An entry of a source that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The source.
    pub source: &'static str,
    /// The model, as the source names it.
    pub model: String,
    /// Why.
    pub why: String,
}

/// What a source offers under one name.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// The provider: as the catalogue names it where the source has its own names, else as the source does.
    pub provider: String,
    /// The model, as the source names it.
    pub model: String,
    /// Other names that the source spells out for it.
    pub aliases: Vec<String>,
    /// What it is for, where the source says so.
    pub mode: Option<Mode>,
    /// The most tokens that it reads.
    pub context_window: Option<u64>,
    /// The most tokens that it writes.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it costs now; says nothing where it costs nothing that is known any more.
    pub(crate) sheet: Sheet,
    /// What it cost, costs and will cost by day, earliest first, and from when on it says nothing; empty where the source knows
    /// only the present.
    pub(crate) times: Vec<DatedSheet>,
    /// The day from which the last of `times` holds no more.
    pub(crate) ended: Option<Date>,
}

/// Entries that are not taken: the name of each, and why.
pub type LeftOut = Vec<(String, String)>;

/// All that a source offers.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// What it offers, in its order.
    pub offers: Vec<Offer>,
    /// What of it is not taken: the name, and why.
    pub skipped: LeftOut,
    /// How many more are not taken than are named.
    pub skipped_beyond: usize,
    /// How many of these can't be read.
    pub unread: usize,
    /// The first of those.
    pub first_unread: Option<(String, String)>,
}

impl Listing {
    /// Takes an offer, or notes why not.
    pub(crate) fn take(&mut self, name: impl Display, offer: Result<Offer, String>) {
        breathe();
        match offer.and_then(sound) {
            Ok(_) if self.offers.len() >= OFFERS_MOST => {
                self.skip(
                    name,
                    format!("the source has {OFFERS_MOST} entries before it"),
                );
            }
            Ok(offer) => self.offers.push(offer),
            Err(why) => self.skip_unread(name, why),
        }
    }

    /// Notes an entry that can't be read.
    pub(crate) fn skip_unread(&mut self, name: impl Display, why: String) {
        self.unread += 1;
        if self.first_unread.is_none() {
            let name = name.to_string().chars().take(NAME_MOST).collect();
            self.first_unread = Some((name, why.clone()));
        }
        self.skip(name, why);
    }

    /// Notes an entry that is not taken.
    pub(crate) fn skip(&mut self, name: impl Display, why: impl Into<String>) {
        if self.skipped.len() >= SKIPPED_MOST {
            self.skipped_beyond += 1;
            return;
        }
        let name = name.to_string().chars().take(NAME_MOST).collect();
        self.skipped.push((name, why.into()));
    }

    /// The listing, unless most of its members are not of the source's shape: then the shape has changed.
    pub(crate) fn unless_mostly(self, strange: usize, of: usize) -> Result<Self, ShapeError> {
        if strange * 2 <= of {
            return Ok(self);
        }
        let first = self.skipped.first();
        let first = first.map_or_else(String::new, |(name, why)| format!("; {name}: {why}"));
        let told = format!("{strange} of its {of} members are of another shape{first}");
        Err(ShapeError::new(told))
    }

    /// The listing without what has no price, if there is anything in it: a source without a single price has changed
    /// its shape.
    pub(crate) fn priced(mut self) -> Result<Self, ShapeError> {
        let offers = std::mem::take(&mut self.offers);
        for offer in offers {
            if offer.sheet.is_empty() && offer.times.is_empty() {
                let name = format_args!("{}/{}", offer.provider, offer.model);
                self.skip(name, NO_PRICE);
            } else {
                self.offers.push(offer);
            }
        }
        if self.offers.is_empty() {
            return Err(ShapeError::new(match self.skipped.first() {
                None => "has no prices in it".to_owned(),
                Some((name, why)) => {
                    let others = self.skipped.len() + self.skipped_beyond;
                    format!("none of its {others} entries can be read; the first, {name}: {why}")
                }
            }));
        }
        Ok(self)
    }
}

fn sound(offer: Offer) -> Result<Offer, String> {
    if offer.provider.is_empty() || offer.model.is_empty() {
        return Err("has no name".to_owned());
    }
    if offer.provider.len().max(offer.model.len()) > NAME_MOST {
        return Err(format!("has a name of more than {NAME_MOST} bytes"));
    }
    if offer.times.len() > PAST_MOST {
        return Err(format!("has more than {PAST_MOST} prices over time"));
    }
    let times = offer.times.iter().map(|dated| &dated.sheet);
    let mut sheets = std::iter::once(&offer.sheet).chain(times);
    match sheets.find_map(Sheet::beyond_bounds) {
        Some(why) => Err(why),
        None => Ok(offer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::price::{ServiceTier, Unit};
    use rust_decimal::Decimal;

    fn offer(tiers: u64) -> Offer {
        let mut sheet = Sheet::default();
        for above in 0..=tiers {
            sheet.state(ServiceTier::Standard, above, Unit::Input, Decimal::ONE);
        }
        Offer {
            provider: "xai".to_owned(),
            model: "m".to_owned(),
            sheet,
            ..Offer::default()
        }
    }

    #[test]
    fn an_offer_of_many_tiers_or_times_is_left_out_and_told() {
        let mut listing = Listing::default();
        listing.take("few", Ok(offer(16)));
        listing.take("many", Ok(offer(17)));
        let mut long = offer(0);
        let dated = DatedSheet {
            since: None,
            sheet: long.sheet.clone(),
        };
        long.times = vec![dated; PAST_MOST + 1];
        listing.take("long", Ok(long));
        assert_eq!(listing.offers.len(), 1);
        let told: Vec<_> = listing.skipped.iter().map(|(name, _)| &**name).collect();
        assert_eq!(told, ["many", "long"]);
        assert!(listing.skipped[0].1.contains("16 long-prompt tiers"));
    }

    #[test]
    fn of_a_flood_of_entries_the_first_are_taken_and_the_others_counted() {
        let mut listing = Listing::default();
        for _ in 0..OFFERS_MOST + 3 {
            listing.take("one", Ok(offer(0)));
        }
        assert_eq!(
            (listing.offers.len(), listing.skipped.len()),
            (OFFERS_MOST, 3)
        );
    }

    #[test]
    fn of_a_flood_of_wrong_entries_the_first_are_named_and_all_are_counted() {
        let mut listing = Listing::default();
        for _ in 0..SKIPPED_MOST + 5 {
            listing.skip("x", "is nothing");
        }
        assert_eq!(
            (listing.skipped.len(), listing.skipped_beyond),
            (SKIPPED_MOST, 5)
        );
    }
}
