//! When rows became known, as it is written: to the moment, or only before which date of interest.

use super::packed::Packed;

/// When the rows of a batch became known.
#[derive(Clone, Copy)]
pub(super) struct KnownAt<'a> {
    /// The moments.
    pub(super) moments: &'a [i64],
    /// The dates of interest, where rows need only say before which of them they were known.
    pub(super) dates: Option<&'a [i64]>,
}

impl KnownAt<'_> {
    pub(super) fn packed(&self) -> Packed {
        // What is known at the last date or later is not written.
        let before = |moment: &i64, dates: &[i64]| {
            dates
                .get(dates.partition_point(|date| date <= moment))
                .or(dates.last())
                .map_or(*moment, |date| date - 1)
        };
        match self.dates {
            None => Packed::whole(self.moments, &vec![true; self.moments.len()]),
            Some([date]) => Packed::one(date - 1),
            Some(dates) => {
                let moments: Vec<i64> = self.moments.iter().map(|moment| before(moment, dates)).collect();
                Packed::whole(&moments, &vec![true; moments.len()])
            }
        }
    }
}
