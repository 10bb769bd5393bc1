//! The months of a world and of its history.

use super::params::WorldParams;
use crate::quantity::{AsOf, MICROS_PER_DAY};

/// Months of history before the start: purchases reach this far back.
pub(super) const HISTORY_MONTHS: i32 = 18;
/// Months before the start from which signals are observed.
pub(super) const SIGNAL_HISTORY_MONTHS: i32 = 6;

/// Days since 1970-01-01 at which the months of a world begin, its history included.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    first_days: Vec<i32>,
    months_of_year: Vec<u8>,
    n_months: i32,
}

impl Calendar {
    pub(super) fn new(params: &WorldParams) -> Self {
        let start = AsOf::from(params.start);
        let n_months = i32::from(params.months.get());
        // One month past the end closes the last one; a second one dates what is known about it.
        let months: Vec<AsOf> =
            (-HISTORY_MONTHS..=n_months + 1).map(|month| start.plus_months(month)).collect();
        Self {
            first_days: months.iter().map(|month| month.days()).collect(),
            months_of_year: months.iter().map(|month| month.date().month().unsigned_abs()).collect(),
            n_months,
        }
    }

    /// Months in the world, its history not included.
    pub(super) const fn n_months(&self) -> i32 {
        self.n_months
    }

    /// The first day of a month; 0 is the first month of the world, negative months are history.
    pub(super) fn first_day(&self, month: i32) -> i32 {
        let at = (month + HISTORY_MONTHS).clamp(0, self.first_days.len() as i32 - 1);
        self.first_days[at as usize]
    }

    /// 1 for January to 12 for December.
    pub(super) fn month_of_year(&self, month: i32) -> u8 {
        let at = (month + HISTORY_MONTHS).clamp(0, self.months_of_year.len() as i32 - 1);
        self.months_of_year[at as usize]
    }

    /// The first day of the world.
    pub(super) fn start(&self) -> i32 {
        self.first_day(0)
    }

    /// The first day after the world.
    pub(super) fn end(&self) -> i32 {
        self.first_day(self.n_months)
    }

    /// The month a day lies in; days outside the known months go to the nearest one.
    pub(super) fn month_of(&self, day: i32) -> i32 {
        self.first_days.partition_point(|&first| first <= day) as i32 - 1 - HISTORY_MONTHS
    }
}

/// The first microsecond of a day.
pub(super) fn micros(day: i32) -> i64 {
    i64::from(day) * MICROS_PER_DAY
}
