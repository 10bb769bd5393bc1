//! Coarser places for the bins of a column, for its tables over pairs.

use super::histogram::PLACES;
use crate::models::{FIRST_BIN, FeatureBins, MAX_PLACES, ModelError, PairPlaces};

/// Puts neighbouring bins together until about equal shares of the rows fall into at most `most` places beside missing
/// and unseen.
///
/// Numbers keep their order, levels are ordered by their weights, so that neighbours say alike.
pub(super) fn coarsen(
    bins: &FeatureBins,
    rows: &[u64],
    weights: &[i32; PLACES],
    most: usize,
) -> Result<PairPlaces, ModelError> {
    let first = usize::from(FIRST_BIN);
    let mut order: Vec<usize> = (first..bins.n_bins()).collect();
    if matches!(bins, FeatureBins::Level { .. }) {
        order.sort_by_key(|bin| (weights[*bin], *bin));
    }
    let most = most.clamp(1, MAX_PLACES - first);
    let mut of_bins = vec![0_u8, 1];
    of_bins.resize(bins.n_bins(), 0);
    let mut left: u64 = order.iter().map(|bin| rows[*bin]).sum();
    let (mut place, mut held) = (0, 0);
    for (index, &bin) in order.iter().enumerate() {
        // At most `MAX_PLACES`.
        of_bins[bin] = (first + place) as u8;
        held += rows[bin];
        let places_left = (most - place) as u64;
        let bins_left = order.len() - index - 1;
        let full = held * places_left >= left || bins_left < most - place;
        if full && held > 0 && place + 1 < most && bins_left > 0 {
            left -= held;
            (place, held) = (place + 1, 0);
        }
    }
    PairPlaces::try_new(of_bins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_share_places_evenly() {
        let bins = FeatureBins::Number { cuts: vec![1.0, 2.0, 3.0, 4.0, 5.0] };
        let rows = [7, 0, 10, 10, 40, 10, 10, 10];
        let places = coarsen(&bins, &rows, &[0; PLACES], 3).unwrap();
        assert_eq!(places.of_bins(), [0, 1, 2, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn few_levels_keep_a_place_each_in_the_order_of_their_weights() {
        let bins = FeatureBins::Level { levels: vec!["a".into(), "b".into(), "c".into()] };
        let mut weights = [0; PLACES];
        (weights[2], weights[3], weights[4]) = (5, -5, 0);
        let places = coarsen(&bins, &[0, 0, 1, 1, 1], &weights, 14).unwrap();
        assert_eq!(places.of_bins(), [0, 1, 4, 2, 3]);
    }
}
