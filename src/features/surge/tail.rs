//! The two functions behind a surge: how unlikely a count is, and how many standard deviations that is worth.

/// Terms of the continued fraction; up to 200 counted signals need fewer than 40.
const MAX_TERMS: u32 = 300;
/// Newton steps of [`deviations`]; from its start, five reach the last bit.
const NEWTON_STEPS: u32 = 7;
/// Keeps a denominator of the continued fraction off zero.
const TINY: f64 = 1e-300;

/// The chance of at least `hits` hits when `hits + misses` independent tries each hit with probability `share`.
///
/// `P(R >= a | a + b) = I_x(a, b + 1)` for `a` hits, `b` misses and the share `x`, where `I` is the regularised
/// incomplete beta function (DLMF 8.17.5, <https://dlmf.nist.gov/8.17.E5>). `I` takes fractions of tries too.
/// `hits` must be positive, `misses` not negative and `share` strictly between 0 and 1.
pub(super) fn at_least(hits: f64, misses: f64, share: f64) -> f64 {
    incomplete_beta(hits, misses + 1.0, share)
}

/// `I_x(a, b)` by the continued fraction of DLMF 8.17.22 (<https://dlmf.nist.gov/8.17.E22>), on the side of the mean
/// where it converges fast.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let ln_front = a * libm::log(x) + b * libm::log1p(-x) + libm::lgamma(a + b)
        - libm::lgamma(a)
        - libm::lgamma(b)
        - libm::log(a);
    libm::exp(ln_front) / continued_fraction(a, b, x)
}

/// The fraction `1 + d1 / (1 + d2 / (1 + ...))` by Lentz's method (Lentz 1976,
/// <https://doi.org/10.1364/AO.15.000668>).
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut value, mut c, mut d) = (1.0, 1.0, 0.0);
    for term in 1..=MAX_TERMS {
        let m = f64::from(term / 2);
        let coefficient = if term % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / away_from_zero(1.0 + coefficient * d);
        c = away_from_zero(1.0 + coefficient / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The `z >= 0` that a standard normal variable exceeds with probability `chance`; 0 from a chance of one half up.
///
/// Newton's method on `ln Q(z) - ln p`. `ln Q` is concave and `z = sqrt(-2 ln 2p)` lies right of the root (the
/// Chernoff bound), so every step moves left and none passes the root.
pub(super) fn deviations(chance: f64) -> f64 {
    if chance >= 0.5 {
        return 0.0;
    }
    let ln_chance = libm::log(chance);
    let mut z = (-2.0 * (ln_chance + std::f64::consts::LN_2)).sqrt();
    for _ in 0..NEWTON_STEPS {
        let above = 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2);
        let density = libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        z += (libm::log(above) - ln_chance) * above / density;
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `P(R >= hits)` by summing the terms of the binomial distribution.
    fn summed(hits: u32, tries: u32, share: f64) -> f64 {
        let mut term = (0..tries).fold(1.0, |power, _| power * (1.0 - share));
        let mut sum = 0.0;
        for k in 0..=tries {
            if k >= hits {
                sum += term;
            }
            term *= f64::from(tries - k) / f64::from(k + 1) * share / (1.0 - share);
        }
        sum
    }

    #[test]
    fn the_tail_is_that_of_the_binomial_distribution() {
        // By hand: 10 x 0.2^3 x 0.8^2 + 5 x 0.2^4 x 0.8 + 0.2^5 = 0.0512 + 0.0064 + 0.00032.
        assert!((at_least(3.0, 2.0, 0.2) - 0.057_92).abs() < 1e-15);
        assert!((at_least(2.0, 0.0, 0.2) - 0.04).abs() < 1e-15);
        for tries in 1..=200 {
            for hits in 1..=tries {
                for share in [0.2, 0.8] {
                    let found = at_least(f64::from(hits), f64::from(tries - hits), share);
                    let expected = summed(hits, tries, share);
                    assert!(
                        (found - expected).abs() <= 1e-11 * expected,
                        "{hits} of {tries}: {found:e}, not {expected:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn deviations_are_the_quantiles_of_the_tables() {
        for (chance, z) in [
            (0.5, 0.0),
            (0.4, 0.253_347_103_135_799_7),
            (0.05, 1.644_853_626_951_472_7),
            (0.001, 3.090_232_306_167_813_5),
            (1e-9, 5.997_807_015_007_687),
            (1e-15, 7.941_345_326_170_997),
        ] {
            assert!((deviations(chance) - z).abs() < 1e-11, "{chance}: {}", deviations(chance));
        }
        assert_eq!(deviations(0.9), 0.0);
    }
}
