//! What a world is made from.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::WorldError;
use super::traps::{Trap, TrapSet};
use crate::quantity::AsOf;
use crate::seed::Seed;
use crate::tables::write::TableFormat;

/// A number of months from 1 to 240.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Months(u16);

impl Months {
    /// The number of months.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Months {
    type Error = WorldError;

    fn try_from(found: u16) -> Result<Self, WorldError> {
        if (1..=240).contains(&found) { Ok(Self(found)) } else { Err(WorldError::Months { found }) }
    }
}

impl From<Months> for u16 {
    fn from(months: Months) -> Self {
        months.0
    }
}

/// The first day of a calendar month from 1980 to 2150.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "AsOf", into = "AsOf")]
pub struct MonthStart(AsOf);

impl TryFrom<AsOf> for MonthStart {
    type Error = WorldError;

    fn try_from(found: AsOf) -> Result<Self, WorldError> {
        if found.date().day() == 1 && (1980..=2150).contains(&found.date().year()) {
            Ok(Self(found))
        } else {
            Err(WorldError::Start { found })
        }
    }
}

impl From<MonthStart> for AsOf {
    fn from(start: MonthStart) -> Self {
        start.0
    }
}

/// Everything that decides the bytes of a world.
///
/// ```
/// use propensity::seed::Seed;
/// use propensity::world::{Months, WorldParams};
/// let params = WorldParams::new(1_000.try_into()?, Months::try_from(24)?, Seed::new(7));
/// assert_eq!(params.end().to_string(), "2026-01-01");
/// assert!(Months::try_from(0).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldParams {
    /// How many companies there are; duplicates planted as a trap come on top.
    pub accounts: NonZeroU64,
    /// How many months the world lasts.
    pub months: Months,
    /// The seed of everything random.
    pub seed: Seed,
    /// The first day of the world.
    pub start: MonthStart,
    /// The format of the seven tables; the truth is always Parquet.
    pub format: TableFormat,
    /// Which traps are planted.
    pub traps: TrapSet,
}

impl WorldParams {
    /// A world that starts on 2024-01-01, in Parquet, with every trap planted.
    pub const fn new(accounts: NonZeroU64, months: Months, seed: Seed) -> Self {
        Self {
            accounts,
            months,
            seed,
            start: MonthStart(AsOf::new(jiff::civil::Date::constant(2024, 1, 1))),
            format: TableFormat::Parquet,
            traps: TrapSet::all(),
        }
    }

    /// The same world without one trap.
    #[must_use]
    pub const fn without(mut self, trap: Trap) -> Self {
        self.traps = self.traps.without(trap);
        self
    }

    /// The first day after the world: the natural date to score at.
    pub fn end(&self) -> AsOf {
        self.start.0.plus_months(i32::from(self.months.0))
    }
}
