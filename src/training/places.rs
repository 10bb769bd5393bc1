//! Coarser places for the bins of a column, for its joint tables.

use super::histogram::PLACES;
use crate::models::{FIRST_BIN, FeatureBins, MAX_PLACES, ModelError, Places};

/// What a column's places are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) n_places: usize,
    /// Whether places have no order of their own.
    pub(super) is_level: bool,
}

/// Puts bins together until they fall into at most `most` places beside missing and unseen.
///
/// Numbers keep their order, and neighbours share a place so that places hold about equal shares of the rows. Of levels,
/// those with most rows have a place each and the others share one: to order rare levels by their outcomes would tell a
/// table what it is about to learn.
pub(super) fn coarsen(bins: &FeatureBins, rows: &[u64; PLACES], most: usize) -> Result<Places, ModelError> {
    let first = usize::from(FIRST_BIN);
    let known = first..bins.n_bins();
    let most = most.clamp(1, MAX_PLACES - first);
    let mut of_bins = vec![0_u8, 1];
    of_bins.resize(bins.n_bins(), 0);
    if matches!(bins, FeatureBins::Level { .. }) {
        let mut order: Vec<usize> = known.collect();
        order.sort_by_key(|bin| (std::cmp::Reverse(rows[*bin]), *bin));
        for (rank, bin) in order.into_iter().enumerate() {
            // At most `MAX_PLACES`.
            of_bins[bin] = (first + rank.min(most - 1)) as u8;
        }
        return Places::try_new(of_bins);
    }
    let mut left: u64 = rows[known.clone()].iter().sum();
    let (mut place, mut held) = (0, 0);
    for bin in known.clone() {
        // At most `MAX_PLACES`.
        of_bins[bin] = (first + place) as u8;
        held += rows[bin];
        let places_left = (most - place) as u64;
        let bins_left = known.end - bin - 1;
        let full = held * places_left >= left || bins_left < most - place;
        if full && held > 0 && place + 1 < most && bins_left > 0 {
            left -= held;
            (place, held) = (place + 1, 0);
        }
    }
    Places::try_new(of_bins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[u64]) -> [u64; PLACES] {
        let mut rows = [0; PLACES];
        rows[..of.len()].copy_from_slice(of);
        rows
    }

    #[test]
    fn numbers_share_places_evenly() {
        let bins = FeatureBins::Number { cuts: vec![1.0, 2.0, 3.0, 4.0, 5.0] };
        let places = coarsen(&bins, &rows(&[7, 0, 10, 10, 40, 10, 10, 10]), 3).unwrap();
        assert_eq!(places.of_bins(), [0, 1, 2, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn frequent_levels_have_a_place_each_and_the_others_share_one() {
        let bins = FeatureBins::Level { levels: ["a", "b", "c", "d"].map(Into::into).into() };
        let rows = rows(&[0, 0, 1, 9, 2, 1]);
        assert_eq!(coarsen(&bins, &rows, 3).unwrap().of_bins(), [0, 1, 4, 2, 3, 4]);
        assert_eq!(coarsen(&bins, &rows, 14).unwrap().of_bins(), [0, 1, 4, 2, 3, 5]);
    }
}
