//! What sources offer, in one shape for all of them.

use super::ShapeError;
use crate::idle::breathe;
use crate::pricing::catalogue::{Capabilities, Mode};
use crate::pricing::sheet::{DatedSheet, Sheet};
use jiff::civil::Date;
use std::fmt::Display;

/// The longest name of a provider or model that is taken, in bytes; the ledger takes no longer ones.
const NAME_MOST: usize = 256;

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
    /// What it cost, costs and will cost by day, earliest first; empty where the source knows only the present.
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
}

impl Listing {
    /// Takes an offer, or notes why not.
    pub(crate) fn take(&mut self, name: impl Display, offer: Result<Offer, String>) {
        breathe();
        match offer.and_then(sound) {
            Ok(offer) => self.offers.push(offer),
            Err(why) => self.skip(name, why),
        }
    }

    /// Notes an entry that is not taken.
    pub(crate) fn skip(&mut self, name: impl Display, why: impl Into<String>) {
        let name = name.to_string().chars().take(NAME_MOST).collect();
        self.skipped.push((name, why.into()));
    }

    /// The listing without what has no price, if there is anything in it: a source without a single price has changed
    /// its shape.
    pub(crate) fn priced(mut self) -> Result<Self, ShapeError> {
        let skipped = &mut self.skipped;
        self.offers.retain(|offer| {
            let priced = !offer.sheet.is_empty() || !offer.times.is_empty();
            if !priced {
                let name = format!("{}/{}", offer.provider, offer.model);
                skipped.push((name, NO_PRICE.to_owned()));
            }
            priced
        });
        if self.offers.is_empty() {
            return Err(ShapeError::new(match self.skipped.first() {
                None => "has no prices in it".to_owned(),
                Some((name, why)) => {
                    let others = self.skipped.len();
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
    Ok(offer)
}
