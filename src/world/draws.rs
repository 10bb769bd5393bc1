//! Random draws from one generator, by transforms that give the same bits on every machine.

use rand::RngCore;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::calendar::micros;
use crate::quantity::MICROS_PER_DAY;
use crate::seed::Seed;

/// A stream of draws for one purpose.
#[derive(Clone, Debug)]
pub(super) struct Draws(Xoshiro256PlusPlus);

impl Draws {
    pub(super) fn new(seed: Seed) -> Self {
        Self(seed.generator())
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `[low, high)`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole(&mut self, low: i32, high: i32) -> i32 {
        low + (self.uniform() * f64::from(high - low + 1)) as i32
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A standard normal draw: Box and Muller (1958), <https://doi.org/10.1214/aoms/1177706645>.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// A log-normal draw with this median and this spread of its logarithm.
    pub(super) fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * libm::exp(spread * self.normal())
    }

    /// A Pareto draw: at least `least`, with tail exponent `shape`.
    pub(super) fn pareto(&mut self, least: f64, shape: f64) -> f64 {
        least * libm::pow(1.0 - self.uniform(), -1.0 / shape)
    }

    /// A Poisson draw by Knuth's product of uniforms; meant for means of at most a few dozen.
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        if mean <= 0.0 {
            return 0;
        }
        let floor = libm::exp(-mean.min(60.0));
        let mut product = self.uniform();
        let mut count = 0;
        while product > floor {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// One of the items, all equally likely; the list is never empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[(self.uniform() * items.len() as f64) as usize]
    }

    /// The position of one of the weights, chosen in proportion to them.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.uniform() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (at, weight) in weights.enumerate() {
            last = at;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// A moment on this day, at a whole second.
    pub(super) fn moment(&mut self, day: i32) -> i64 {
        micros(day) + i64::from(self.whole(0, 86_399)) * 1_000_000
    }

    /// The same moment one to five days later: what a feed takes to deliver.
    pub(super) fn delayed(&mut self, moment: i64) -> i64 {
        moment + i64::from(self.whole(1, 4)) * MICROS_PER_DAY + i64::from(self.whole(0, 86_399)) * 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let mut draws = Draws::new(Seed::new(3));
        let n = 40_000;
        let normals: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(n);
        let variance = normals.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        // Five standard errors: 1/sqrt(n) for the mean, sqrt(2/n) for the variance.
        assert!(mean.abs() < 0.025, "{mean}");
        assert!((variance - 1.0).abs() < 0.036, "{variance}");
        let poisson = (0..n).map(|_| f64::from(draws.poisson(2.5))).sum::<f64>() / f64::from(n);
        assert!((poisson - 2.5).abs() < 0.04, "{poisson}");
        let second = (0..n).filter(|_| draws.weighted([1.0, 3.0].into_iter()) == 1).count();
        assert!((second as f64 / f64::from(n) - 0.75).abs() < 0.011, "{second}");
    }

    #[test]
    fn whole_numbers_reach_both_ends() {
        let mut draws = Draws::new(Seed::new(4));
        let seen: std::collections::BTreeSet<i32> = (0..500).map(|_| draws.whole(-1, 2)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [-1, 0, 1, 2]);
    }
}
