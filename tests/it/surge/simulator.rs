//! Accounts whose signals come at a known rate, and how many of them surge.

use std::fmt;

use propensity::features::{BASELINE_WEEKS, Dispersion, SignalWeeks, Surge};
use propensity::seed::Seed;
use rand::RngCore;

/// Signals a quarter of 13 weeks.
pub(super) const SIZES: [u32; 7] = [1, 3, 10, 30, 100, 300, 1000];
/// Accounts drawn for each rate.
pub(super) const ACCOUNTS: u32 = 20_000;

const WEEKS: usize = BASELINE_WEEKS + 3;
const WEEKS_A_QUARTER: f64 = 13.0;

/// How the signals of an account spread over its weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Independent of each other: a week is Poisson.
    Steady,
    /// In bursts: a week is negative binomial with twice the variance of a Poisson one.
    Bursty,
    /// Every week has a rate of its own, 50 % around the mean: a week is negative binomial, its variance quadratic.
    Swinging,
    /// In long bursts: three times the variance.
    VeryBursty,
    /// Every three weeks have a rate of their own, 22 % around the mean.
    Drifting,
}

impl Pattern {
    pub(super) const ALL: [Self; 5] =
        [Self::Steady, Self::Bursty, Self::Swinging, Self::VeryBursty, Self::Drifting];

    /// The patterns for which an error rate of 5 % is promised.
    pub(super) const PROMISED: [Self; 3] = [Self::Steady, Self::Bursty, Self::Swinging];

    fn weeks<R: RngCore>(self, draws: &mut Draws<R>, means: &[f64; WEEKS]) -> [u32; WEEKS] {
        match self {
            Self::Steady => means.map(|mean| draws.poisson(mean)),
            Self::Bursty => means.map(|mean| draws.bursts(mean, 2.0)),
            Self::VeryBursty => means.map(|mean| draws.bursts(mean, 3.0)),
            Self::Swinging => means.map(|mean| {
                let swing = draws.gamma_around_one(4);
                draws.poisson(mean * swing)
            }),
            Self::Drifting => {
                let drift: [f64; WEEKS / 3] = std::array::from_fn(|_| draws.gamma_around_one(20));
                std::array::from_fn(|week| draws.poisson(means[week] * drift[week / 3]))
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steady => "steady",
            Self::Bursty => "bursty",
            Self::Swinging => "swinging",
            Self::VeryBursty => "very bursty",
            Self::Drifting => "drifting",
        })
    }
}

/// Random draws that are the same on every machine.
struct Draws<R>(R);

impl<R: RngCore> Draws<R> {
    /// Above 0 and at most 1.
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// Counts the uniforms whose product stays above `exp(-mean)` (Knuth 1969), in parts that do not underflow.
    fn poisson(&mut self, mean: f64) -> u32 {
        let (mut left, mut count) = (mean, 0);
        while left > 0.0 {
            let part = left.min(500.0);
            let floor = libm::exp(-part);
            let mut product = self.uniform();
            while product > floor {
                count += 1;
                product *= self.uniform();
            }
            left -= part;
        }
        count
    }

    /// A gamma variable of mean 1 and variance `1 / shape`.
    fn gamma_around_one(&mut self, shape: u32) -> f64 {
        (0..shape).map(|_| self.exponential()).sum::<f64>() / f64::from(shape)
    }

    /// A negative binomial count of variance `dispersion x mean`: a Poisson number of bursts, each of a length from the
    /// logarithmic distribution (Fisher, Corbet and Williams 1943; Quenouille 1949).
    fn bursts(&mut self, mean: f64, dispersion: f64) -> u32 {
        let q = 1.0 - 1.0 / dispersion;
        let first = -q / libm::log(1.0 - q);
        let mean_length = first / (1.0 - q);
        (0..self.poisson(mean / mean_length)).map(|_| self.burst(first, q)).sum()
    }

    /// A length `k` with `P(k)` in proportion to `q^k / k`; `first` is `P(1)`.
    fn burst(&mut self, first: f64, q: f64) -> u32 {
        let (mut left, mut chance, mut length) = (self.uniform(), first, 1);
        while left > chance && length < 1000 {
            left -= chance;
            chance *= q * f64::from(length) / f64::from(length + 1);
            length += 1;
        }
        length
    }
}

/// What share of the accounts of each size are said to surge, in percent.
pub(super) type Shares = [f64; SIZES.len()];

/// How an account is judged.
pub(super) type Judge = fn(&SignalWeeks) -> bool;

/// By the statistic.
pub(super) fn surges(weeks: &SignalWeeks) -> bool {
    weeks.surge() >= Surge::SURGING
}

/// By the statistic, as if signals never came in bursts.
pub(super) fn surges_if_independent(weeks: &SignalWeeks) -> bool {
    Surge::new(weeks.recent, weeks.baseline.iter().sum(), Dispersion::INDEPENDENT) >= Surge::SURGING
}

/// By the bare ratio: at least twice the usual number.
pub(super) fn doubles(weeks: &SignalWeeks) -> bool {
    weeks.recent > 0 && 4 * weeks.recent >= 2 * weeks.baseline.iter().sum::<u32>()
}

/// The shares judged to surge when the rate of the last three weeks is `lift` times that of the twelve before.
pub(super) fn shares(pattern: Pattern, lift: f64, judge: Judge) -> Shares {
    SIZES.map(|size| {
        // The seed does not depend on the judge: all of them see the same accounts.
        let seed =
            Seed::new(2026).named(&pattern.to_string()).numbered(u64::from(size)).numbered(lift as u64);
        let mut draws = Draws(seed.generator());
        let weekly = f64::from(size) / WEEKS_A_QUARTER;
        let means = std::array::from_fn(|week| if week < BASELINE_WEEKS { weekly } else { lift * weekly });
        let found = (0..ACCOUNTS)
            .filter(|_| {
                let drawn = pattern.weeks(&mut draws, &means);
                let mut weeks =
                    SignalWeeks { recent: drawn[BASELINE_WEEKS..].iter().sum(), ..SignalWeeks::default() };
                weeks.baseline.copy_from_slice(&drawn[..BASELINE_WEEKS]);
                judge(&weeks)
            })
            .count();
        100.0 * found as f64 / f64::from(ACCOUNTS)
    })
}

#[test]
fn the_simulator_draws_what_it_says() {
    // Mean 6 and variances 6, 12, 18 and 6 + 36 / 4; the drift keeps the mean. Five standard errors are allowed.
    for (pattern, variance) in [
        (Pattern::Steady, 6.0),
        (Pattern::Bursty, 12.0),
        (Pattern::VeryBursty, 18.0),
        (Pattern::Swinging, 15.0),
        (Pattern::Drifting, 6.0 + 36.0 / 20.0),
    ] {
        let mut draws = Draws(Seed::new(1).named(&pattern.to_string()).generator());
        let counts: Vec<f64> =
            (0..20_000).map(|_| f64::from(pattern.weeks(&mut draws, &[6.0; WEEKS])[14])).collect();
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let moment = |power: i32| counts.iter().map(|count| (count - mean).powi(power)).sum::<f64>() / n;
        assert!((mean - 6.0).abs() < 5.0 * (variance / n).sqrt(), "{pattern}: mean {mean}");
        let error = ((moment(4) - moment(2) * moment(2)) / n).sqrt();
        assert!((moment(2) - variance).abs() < 5.0 * error, "{pattern}: variance {}", moment(2));
    }
}
