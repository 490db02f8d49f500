//! What genai-prices says of one model, whenever.

use super::model::{Match, Model};
use crate::pricing::sheet::{DatedSheet, Sheet};
use jiff::civil::{Date, Time};

/// What genai-prices says of a model, over the years and the hours.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) over_time: Vec<DatedSheet>,
    pub(crate) by_hour: Vec<(Time, Time, Sheet)>,
    pub(crate) how: Option<Match>,
    pub(crate) window: Option<u64>,
}

impl Told {
    pub(crate) fn of(model: &Model, how: Match, date: Date) -> Result<Self, String> {
        let mut over_time = model.over_time(date)?;
        let mut by_hour = model.by_hour()?;
        for dated in &mut over_time {
            dated.sheet.tidy();
        }
        for (.., sheet) in &mut by_hour {
            sheet.tidy();
        }
        over_time.dedup_by(|next, last| next.sheet == last.sheet);
        let mut told = Self {
            over_time,
            by_hour,
            how: Some(how),
            window: model.context_window,
        };
        told.put_dear_hours_first(date);
        Ok(told)
    }

    /// Where some hours are dearer than the rest, says the same the other way round: the dear rates, and the
    /// hours that are cheaper. Whoever leaves the hours out is then not too cheap, and so does litellm.
    fn put_dear_hours_first(&mut self, date: Date) {
        let Some((now, (.., dear))) = self.on(date).zip(self.by_hour.first().cloned()) else {
            return;
        };
        let cheap = &mut self.over_time[now].sheet;
        let (dear_weight, cheap_weight) = dear.weigh(cheap);
        let alike = self.by_hour.iter().all(|(.., sheet)| *sheet == dear);
        if !alike || dear_weight <= cheap_weight {
            return;
        }
        let cheap_hours = gaps(self.by_hour.iter().map(|(from, until, _)| (*from, *until)));
        let joined = dear.joined(cheap);
        let cheap = std::mem::replace(cheap, joined);
        self.by_hour = cheap_hours
            .into_iter()
            .map(|(from, until)| (from, until, cheap.clone()))
            .collect();
    }

    /// The place of what holds on a day.
    pub(crate) fn on(&self, date: Date) -> Option<usize> {
        let begun = |dated: &DatedSheet| dated.since.is_none_or(|since| since <= date);
        self.over_time.iter().rposition(begun)
    }
}

/// The hours of the day between these.
fn gaps(hours: impl Iterator<Item = (Time, Time)>) -> Vec<(Time, Time)> {
    let mut hours: Vec<_> = hours.collect();
    hours.sort_unstable();
    let next = hours.iter().cycle().skip(1);
    let between = hours.iter().zip(next).map(|(one, next)| (one.1, next.0));
    between.filter(|(from, until)| from != until).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_between_hours_go_around_midnight() {
        let at = |hour| Time::constant(hour, 0, 0, 0);
        let hours = [(at(6), at(10)), (at(1), at(4))];
        assert_eq!(gaps(hours.into_iter()), [(at(4), at(6)), (at(10), at(1))]);
        assert_eq!(gaps([(at(16), at(2))].into_iter()), [(at(2), at(16))]);
        assert_eq!(gaps([(at(0), at(12)), (at(12), at(0))].into_iter()), []);
    }
}
