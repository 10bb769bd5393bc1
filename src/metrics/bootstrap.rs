//! Intervals by drawing the rows again: the bootstrap.

use rand_xoshiro::rand_core::RngCore;

use crate::seed::Seed;

/// Repeated draws of whole groups, with replacement: how many times each row is taken in the `n`-th draw.
///
/// Groups (accounts, opportunities) are drawn, not rows, because rows of one group are not independent (Field and
/// Welsh 2007, <https://doi.org/10.1111/j.1467-9868.2007.00593.x>). A draw depends on the seed and its number alone, so
/// that draws can be measured on any number of threads, in any order.
///
/// ```
/// use propensity::metrics::{Ranking, Redraws, percentile_interval};
/// use propensity::seed::Seed;
/// let labels: Vec<bool> = (0..200).map(|i| i % 4 == 3).collect();
/// let scores: Vec<f64> = (0..200).map(|i| f64::from(i % 4 * 10 - i % 7)).collect();
/// let ranking = Ranking::try_new(&labels, &scores).ok_or("one outcome only")?;
/// let redraws = Redraws::of_rows(200, Seed::new(1));
/// let aucs: Vec<f64> =
///     (0..99).filter_map(|draw| ranking.repeated(&redraws.times(draw))?.auc()).collect();
/// let (low, high) = percentile_interval(&aucs, 0.95).ok_or("no draw")?;
/// assert!(low <= ranking.counted().auc().ok_or("undefined")? && low > 0.9 && high <= 1.0);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Redraws {
    /// The place of the group of every row among all groups.
    group_of: Vec<u32>,
    n_groups: u32,
    seed: Seed,
}

impl Redraws {
    /// Draws of groups; the order of the rows does not matter. At most 2^32 groups are told apart.
    pub fn of_groups(groups: &[u64], seed: Seed) -> Self {
        let mut distinct = groups.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        // Every group is among the distinct ones, so the search finds it.
        let place = |group: &u64| distinct.partition_point(|known| known < group) as u32;
        Self { group_of: groups.iter().map(place).collect(), n_groups: distinct.len() as u32, seed }
    }

    /// Draws of rows that are independent of each other.
    pub fn of_rows(n_rows: usize, seed: Seed) -> Self {
        let n_groups = u32::try_from(n_rows).unwrap_or(u32::MAX);
        Self { group_of: (0..n_groups).collect(), n_groups, seed }
    }

    /// How many groups are drawn from.
    pub const fn n_groups(&self) -> u32 {
        self.n_groups
    }

    /// How many times each row is taken in a draw. The sum over groups is the number of groups.
    pub fn times(&self, draw: u32) -> Vec<u32> {
        let mut generator = self.seed.named("redraw").numbered(draw.into()).generator();
        let mut of_group = vec![0_u32; self.n_groups as usize];
        for _ in 0..self.n_groups {
            // The high half of the product is uniform below `n_groups` to within 2^-32 (Lemire 2019,
            // <https://doi.org/10.1145/3230636>).
            let drawn = (u128::from(generator.next_u64()) * u128::from(self.n_groups)) >> 64;
            of_group[drawn as usize] += 1;
        }
        self.group_of.iter().map(|&group| of_group[group as usize]).collect()
    }
}

/// The central interval that holds `level` of the values: percentile bootstrap (Efron 1979,
/// <https://doi.org/10.1214/aos/1176344552>).
///
/// Ends are the values at `(1 - level) / 2` and `(1 + level) / 2` of the sorted list, linear between neighbours. `None`
/// without values, with one that is not finite, or when `level` is not between 0 and 1.
pub fn percentile_interval(values: &[f64], level: f64) -> Option<(f64, f64)> {
    if values.is_empty() || !(level > 0.0 && level < 1.0) || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = (sorted.len() - 1) as f64;
    let at = |share: f64| {
        let place = share * last;
        let (below, above) = (place.floor(), place.ceil());
        let (low, high) = (sorted[below as usize], sorted[above as usize]);
        low + (high - low) * (place - below)
    };
    Some((at((1.0 - level) / 2.0), at(f64::midpoint(1.0, level))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Ranking;

    #[test]
    fn percentiles_by_hand() {
        let values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        let (low, high) = percentile_interval(&values, 0.9).unwrap();
        assert!((low - 5.0).abs() < 1e-9 && (high - 95.0).abs() < 1e-9, "{low} {high}");
        assert_eq!(percentile_interval(&[3.0], 0.95), Some((3.0, 3.0)));
        assert_eq!(percentile_interval(&[], 0.95), None);
        assert_eq!(percentile_interval(&[f64::NAN], 0.95), None);
        assert_eq!(percentile_interval(&[1.0], 1.0), None);
    }

    #[test]
    fn rows_of_a_group_are_drawn_together_and_draws_repeat() {
        let groups: Vec<u64> = (0..300).map(|row| 7_000 - row / 3).collect();
        let redraws = Redraws::of_groups(&groups, Seed::new(4));
        assert_eq!(redraws.n_groups(), 100);
        let times = redraws.times(8);
        assert!(times.chunks(3).all(|group| group[0] == group[1] && group[1] == group[2]));
        assert_eq!(times.iter().sum::<u32>(), 300);
        assert_eq!(times, redraws.times(8));
        assert_ne!(times, redraws.times(9));
        // Turning the rows around turns the draws around: a draw is of groups, not of places.
        let turned: Vec<u64> = groups.iter().rev().copied().collect();
        let mut back = Redraws::of_groups(&turned, Seed::new(4)).times(8);
        back.reverse();
        assert_eq!(times, back);
    }

    #[test]
    fn groups_widen_the_interval_as_they_should() {
        // 60 groups of 10 equal rows hold no more than 60 rows do: about sqrt(10) times wider.
        let labels: Vec<bool> = (0..600).map(|row| row / 10 % 3 == 0).collect();
        let scores: Vec<f64> = (0..600).map(|row| f64::from((row / 10 * 37) % 61)).collect();
        let groups: Vec<u64> = (0..600).map(|row| row / 10).collect();
        let ranking = Ranking::try_new(&labels, &scores).unwrap();
        let width = |redraws: &Redraws| {
            let aucs: Vec<f64> =
                (0..400).map(|draw| ranking.repeated(&redraws.times(draw)).unwrap().auc().unwrap()).collect();
            let (low, high) = percentile_interval(&aucs, 0.95).unwrap();
            high - low
        };
        let ratio =
            width(&Redraws::of_groups(&groups, Seed::new(1))) / width(&Redraws::of_rows(600, Seed::new(1)));
        assert!((2.6..3.8).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_interval_agrees_with_delong() {
        // The two methods estimate one thing; on 2,000 rows their ends differ by little of the width.
        let seed = Seed::new(9);
        let uniform = |row: u32, what: &str| seed.named(what).uniform(&row.to_le_bytes());
        let labels: Vec<bool> = (0..2000).map(|row| uniform(row, "label") < 0.3).collect();
        let scores: Vec<f64> = (0..2000_u32)
            .map(|row| uniform(row, "score") + if labels[row as usize] { 0.3 } else { 0.0 })
            .collect();
        let delong = crate::metrics::auc_interval(&labels, &scores).unwrap();
        let ranking = Ranking::try_new(&labels, &scores).unwrap();
        let redraws = Redraws::of_rows(2000, seed);
        let aucs: Vec<f64> =
            (0..1000).map(|draw| ranking.repeated(&redraws.times(draw)).unwrap().auc().unwrap()).collect();
        let (low, high) = percentile_interval(&aucs, 0.95).unwrap();
        let width = delong.high - delong.low;
        assert!((low - delong.low).abs() < 0.12 * width, "{low} {delong:?}");
        assert!((high - delong.high).abs() < 0.12 * width, "{high} {delong:?}");
    }
}
