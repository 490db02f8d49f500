//! A price with where it comes from.

use super::origin::Origin;
use crate::core::digest::Digest;
use crate::core::increase::Review;
use crate::core::price::{PriceStatus, Rates, Unit};
use crate::core::price_change::{Apart, PriceRule, Quoted, Vote};
use crate::pricing::catalogue::{Catalogue, ModelCard};
use jiff::Timestamp;
use rust_decimal::Decimal;

/// A price, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Price<'a> {
    /// The provider's canonical name.
    pub provider: &'a str,
    /// The model's name, as the provider takes it.
    pub model: &'a str,
    /// The release of the model whose own price it is; none where it is the model's.
    pub release: Option<&'a str>,
    /// What the catalogue knows of the model; none where it does not know it.
    pub card: Option<&'a ModelCard>,
    /// What it costs.
    pub rates: &'a Rates,
    /// The name of this state of the price.
    pub version: &'a str,
    /// How far it can be trusted.
    pub status: PriceStatus,
    /// Since when it holds; for a bundled price without a known day, the catalogue's date, or the beginning of time where it has
    /// ended before.
    pub effective_from: Timestamp,
    /// Where it comes from.
    pub origin: Origin<'a>,
}

/// One source's word for a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceQuote {
    /// The source's name.
    pub name: String,
    /// What it says, where that is not the price.
    pub value: Option<Rates>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// How much it counts.
    pub weight: Decimal,
    /// The digest of what was fetched; none of a bundled price.
    pub content: Option<Digest>,
    /// What became of it; none of a bundled price.
    pub vote: Option<Vote>,
    /// The rule that speaks against it, where one does.
    pub against: Option<PriceRule>,
}

impl From<&Quoted> for SourceQuote {
    fn from(quote: &Quoted) -> Self {
        Self {
            name: quote.source.clone(),
            value: quote.rates.as_deref().cloned(),
            fetched_at: quote.fetched_at,
            weight: quote.weight,
            content: Some(quote.content),
            vote: Some(quote.vote),
            against: quote.against,
        }
    }
}

impl<'a> Price<'a> {
    /// The price of an origin; none of the catalogue, or of an override that takes prices away.
    pub(super) fn of(
        provider: &'a str,
        model: &'a str,
        card: Option<&'a ModelCard>,
        origin: Origin<'a>,
    ) -> Option<Self> {
        let (rates, version, status, effective_from) = match origin {
            Origin::Bundled { .. } => return None,
            Origin::Applied(applied) => {
                let price = &*applied.price.price;
                (
                    &*price.rates,
                    &applied.version,
                    price.status,
                    price.effective_from,
                )
            }
            Origin::Imported {
                imported,
                past,
                whole,
            } => (
                whole,
                &imported.version,
                PriceStatus::SingleSource,
                past.from,
            ),
            Origin::Override { set, .. } => (
                set.rates.as_ref()?,
                &set.version,
                PriceStatus::Override,
                set.effective_from,
            ),
        };
        Some(Self {
            provider,
            model,
            release: None,
            card,
            rates,
            version,
            status,
            effective_from,
            origin,
        })
    }

    /// The sources of the price, each with what it says where that is something else; none of an override.
    pub fn sources(&self) -> Vec<SourceQuote> {
        match self.origin {
            Origin::Override { .. } => Vec::new(),
            Origin::Bundled { catalogue, .. } => self.bundled_sources(catalogue),
            Origin::Applied(applied) => {
                let quotes = applied.price.price.quotes.iter();
                quotes.map(SourceQuote::from).collect()
            }
            Origin::Imported {
                imported,
                past,
                whole,
            } => vec![SourceQuote {
                name: imported.history.source.clone(),
                value: (*past.rates != *whole).then(|| (*past.rates).clone()),
                fetched_at: imported.history.fetched_at,
                weight: imported.history.weight,
                content: Some(imported.history.content),
                vote: None,
                against: None,
            }],
        }
    }

    fn bundled_sources(&self, catalogue: &Catalogue) -> Vec<SourceQuote> {
        let quotes = self.card.map_or(&[][..], |card| &card.quotes);
        let known = catalogue.sources();
        quotes
            .iter()
            .filter_map(|quote| {
                let source = known.get(quote.source)?;
                Some(SourceQuote {
                    name: source.name.to_string(),
                    value: quote.rates.as_deref().cloned(),
                    fetched_at: source.fetched_at,
                    weight: source.weight,
                    content: None,
                    vote: None,
                    against: None,
                })
            })
            .collect()
    }

    /// The rule that decided; none of a bundled price or an override.
    pub fn rule(&self) -> Option<PriceRule> {
        match self.origin {
            Origin::Applied(applied) => Some(applied.price.price.rule),
            Origin::Imported { .. } => Some(PriceRule::ImportedHistory),
            Origin::Bundled { .. } | Origin::Override { .. } => None,
        }
    }

    /// The rates that can be trusted otherwise than `status` says, by name.
    pub fn apart(&self) -> Apart {
        match self.origin {
            Origin::Applied(applied) => applied.price.price.apart.clone(),
            Origin::Bundled { .. } | Origin::Imported { .. } | Origin::Override { .. } => {
                Apart::new()
            }
        }
    }

    /// Until when it holds, where that is known.
    pub fn until(&self) -> Option<Timestamp> {
        match self.origin {
            Origin::Imported { past, .. } => Some(past.until),
            Origin::Bundled { until, .. } | Origin::Override { until, .. } => until,
            Origin::Applied(_) => None,
        }
    }

    /// Who set or approved it.
    pub fn actor(&self) -> Option<&'a str> {
        match self.origin {
            Origin::Override { set, .. } => Some(&set.actor),
            Origin::Applied(applied) => {
                let review: Option<&Review> = applied.price.review.as_ref();
                review.map(|review| &*review.actor)
            }
            Origin::Bundled { .. } | Origin::Imported { .. } => None,
        }
    }

    /// Why an admin set it, or a person approved it.
    pub fn reason(&self) -> Option<&'a str> {
        match self.origin {
            Origin::Override { set, .. } => Some(&set.reason),
            Origin::Applied(applied) => applied.price.review.as_ref()?.reason.as_deref(),
            Origin::Bundled { .. } | Origin::Imported { .. } => None,
        }
    }

    /// The rate of a unit in the standard tier for a short prompt.
    pub fn standard_rate(&self, unit: Unit) -> Option<Decimal> {
        self.rates.standard.rates.get(&unit).copied()
    }
}
