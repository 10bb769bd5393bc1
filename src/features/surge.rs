//! Surge: whether an account is busier than usual, on a scale where 50 is usual and 60 is surging.
//!
//! The last three weeks are compared with the twelve before. If nothing changed, each of the `n = r + b` signals of
//! the fifteen weeks falls into the last three with a chance of 3 in 15, so `r` given `n` is binomial: the exact
//! conditional test of two Poisson rates (Przyborowski and Wilenski 1940, <https://doi.org/10.2307/2332612>). Before
//! the test, both counts are shrunk:
//!
//! ```text
//! D  = max(1, (X + 2 x 1.5) / (11 + 2))       how bursty the account is: X is the chi-square of the 12 weeks
//! t  = 1 / (D + n / 200)                      what one signal counts as evidence
//! p  = P(R >= t r | t n tries, share 1/5)     for r above b / 4; the same with R <= t r below
//! S  = 50 + 10 z(p) / z(0.05)                 50 - ... below; z is the normal quantile; kept within 0 to 100
//! ```
//!
//! A score of 60 therefore says: were nothing going on, fewer than one account in twenty would look this busy. The
//! test is exact, so one signal out of nowhere is no surge. `D` makes signals that come in bursts count less, and the
//! 200 makes no account's evidence exceed that of 200 signals, because nobody's rate is constant: however many
//! signals there are, it takes a rise of about a third to surge. `docs/surge.md` has the measured error rates.

mod tail;

use std::fmt;

use crate::quantity::{MICROS_PER_DAY, Score};

/// Days of the recent weeks.
const RECENT_DAYS: i64 = 21;
/// Weeks that say what is usual.
pub const BASELINE_WEEKS: usize = 12;
/// The part of all signals that falls into the recent weeks when nothing changes: 3 of 15 weeks.
const SHARE: f64 = 0.2;
/// The evidence of an account never exceeds that of this many signals.
const EVIDENCE_LIMIT: f64 = 200.0;
/// Degrees of freedom of the chi-square of the baseline weeks.
const DEGREES: f64 = (BASELINE_WEEKS - 1) as f64;
/// The dispersion expected of an account nothing is known of.
const USUAL_DISPERSION: f64 = 1.5;
/// How many degrees of freedom that expectation is worth.
const USUAL_WEIGHT: f64 = 2.0;
/// The normal quantile that only 5 % lie above.
const Z_95: f64 = 1.644_853_626_951_472_7;

/// How bursty signals are: the variance of a count over its mean, at least 1.
///
/// At 1 signals are independent of each other; at 3 they come as if in threes.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dispersion(f64);

impl Dispersion {
    /// Signals independent of each other.
    pub const INDEPENDENT: Self = Self(1.0);

    /// The dispersion of weekly counts `x_1 .. x_12`, drawn toward 1.5 and never below 1:
    /// `max(1, (X + 3) / 13)` with `X = sum (x_i - m)^2 / m` and `m` the mean. No signal says nothing: `X` is then 11,
    /// what is expected of independent signals.
    pub fn of_weeks(weeks: &[u32; BASELINE_WEEKS]) -> Self {
        let total: f64 = weeks.iter().copied().map(f64::from).sum();
        let chi_square = if total > 0.0 {
            let squares: f64 = weeks.iter().map(|count| f64::from(*count) * f64::from(*count)).sum();
            squares * BASELINE_WEEKS as f64 / total - total
        } else {
            DEGREES
        };
        let shrunk = (chi_square + USUAL_WEIGHT * USUAL_DISPERSION) / (DEGREES + USUAL_WEIGHT);
        Self(shrunk.max(1.0))
    }

    /// The variance over the mean.
    pub const fn value(self) -> f64 {
        self.0
    }
}

/// How unusually busy an account is: 50 is usual, 60 is surging, 40 is as unusually quiet.
///
/// For a given [`Dispersion`] it never falls with a recent signal more and never rises with a baseline signal more. It
/// is held in thousandths, cut toward 50, so it never says more than the data.
///
/// ```
/// use propensity::features::{Dispersion, Surge};
/// // Eight signals in three weeks after twelve in twelve weeks, where three are usual.
/// let surge = Surge::new(8, 12, Dispersion::INDEPENDENT);
/// assert!(surge >= Surge::SURGING);
/// assert_eq!(Surge::new(3, 12, Dispersion::INDEPENDENT), Surge::USUAL);
/// // A single signal is no surge, even where there was none before.
/// assert!(Surge::new(1, 0, Dispersion::INDEPENDENT) < Surge::SURGING);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Surge(Score);

impl Surge {
    /// As busy as usual.
    pub const USUAL: Self = Self(Score::whole(50));
    /// From here up an account surges: were nothing going on, at most one in twenty would be here.
    pub const SURGING: Self = Self(Score::whole(60));
    /// Down from here an account is as unusually quiet.
    pub const QUIET: Self = Self(Score::whole(40));

    /// Compares `recent` signals of three weeks with `baseline` signals of the twelve weeks before.
    ///
    /// Takes about a microsecond, and none where both counts are zero.
    pub fn new(recent: u32, baseline: u32, dispersion: Dispersion) -> Self {
        let (r, b) = (f64::from(recent), f64::from(baseline));
        let weight = 1.0 / (dispersion.0 + (r + b) / EVIDENCE_LIMIT);
        let (busier, chance) = match (4.0 * r).total_cmp(&b) {
            std::cmp::Ordering::Greater => (true, tail::at_least(weight * r, weight * b, SHARE)),
            std::cmp::Ordering::Less => (false, tail::at_least(weight * b, weight * r, 1.0 - SHARE)),
            std::cmp::Ordering::Equal => return Self::USUAL,
        };
        // The small term undoes rounding error only.
        let distance = (10_000.0 * tail::deviations(chance) / Z_95 + 1e-6).clamp(0.0, 50_000.0) as u32;
        Self(Score::from_thousandths(if busier { 50_000 + distance } else { 50_000 - distance }))
    }

    /// The surge as a score from 0 to 100.
    pub const fn score(self) -> Score {
        self.0
    }
}

impl fmt::Display for Surge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The signals of fifteen weeks, counted for a [`Surge`].
///
/// ```
/// use propensity::features::{SignalWeeks, Surge};
/// let steady = SignalWeeks { recent: 14, baseline: [2; 12] };
/// let bursty = SignalWeeks { recent: 14, baseline: [12, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0] };
/// assert!(steady.surge() >= Surge::SURGING);
/// // The same counts are less of a surprise where signals always come by the dozen.
/// assert!(bursty.surge() < Surge::SURGING);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalWeeks {
    /// Signals of the last 21 days.
    pub recent: u32,
    /// Signals of each of the twelve weeks before, the latest first.
    pub baseline: [u32; BASELINE_WEEKS],
}

impl SignalWeeks {
    /// Counts a signal seen `age` microseconds before the date, `age > 0`; one older than fifteen weeks not at all.
    pub(super) fn add(&mut self, age: i64) {
        // The window of `d` days holds ages up to and including `d` days.
        let days = (age - 1) / MICROS_PER_DAY;
        if days < RECENT_DAYS {
            self.recent += 1;
        } else if let Some(week) =
            usize::try_from((days - RECENT_DAYS) / 7).ok().and_then(|week| self.baseline.get_mut(week))
        {
            *week += 1;
        }
    }

    /// Adds the counts of other signals.
    pub(super) fn add_all(&mut self, other: &Self) {
        self.recent += other.recent;
        for (week, more) in self.baseline.iter_mut().zip(&other.baseline) {
            *week += more;
        }
    }

    /// The surge of these weeks, with the dispersion of their baseline.
    pub fn surge(&self) -> Surge {
        let baseline = self.baseline.iter().fold(0_u32, |sum, week| sum.saturating_add(*week));
        Surge::new(self.recent, baseline, Dispersion::of_weeks(&self.baseline))
    }
}

/// Remembers surges: most accounts have one of a few hundred small counts.
#[derive(Clone, Debug)]
pub(super) struct SurgeCache {
    places: Vec<Option<(Counts, Surge)>>,
}

/// What a surge depends on: the recent signals, those of the baseline, and the sum of the squares of its weeks.
type Counts = (u32, u32, u64);

impl Default for SurgeCache {
    fn default() -> Self {
        Self { places: vec![None; 4096] }
    }
}

impl SurgeCache {
    /// [`SignalWeeks::surge`].
    pub(super) fn of(&mut self, weeks: &SignalWeeks) -> Surge {
        let (mut total, mut squares) = (0_u64, 0_u64);
        for week in &weeks.baseline {
            total += u64::from(*week);
            squares += u64::from(*week) * u64::from(*week);
        }
        // Larger counts are rare, and their sums might not be exact.
        if weeks.recent >= 256 || total >= 1024 {
            return weeks.surge();
        }
        let counts = (weeks.recent, total as u32, squares);
        let place = (u64::from(weeks.recent) * 31 + total * 7 + squares) as usize % self.places.len();
        match &self.places[place] {
            Some((held, surge)) if *held == counts => *surge,
            _ => {
                let surge = weeks.surge();
                self.places[place] = Some((counts, surge));
                surge
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(recent: u32, baseline: u32) -> Surge {
        Surge::new(recent, baseline, Dispersion::INDEPENDENT)
    }

    #[test]
    fn dispersion_by_hand() {
        // Two signals in one week: m = 1/6, X = (11/6)^2 x 6 + 11 x (1/6)^2 x 6 = 22; (22 + 3) / 13.
        let mut weeks = [0; BASELINE_WEEKS];
        weeks[4] = 2;
        assert!((Dispersion::of_weeks(&weeks).value() - 25.0 / 13.0).abs() < 1e-15);
        // Equal weeks: X = 0; (0 + 3) / 13 is below 1.
        assert_eq!(Dispersion::of_weeks(&[7; BASELINE_WEEKS]), Dispersion::INDEPENDENT);
        // None, and one alone: X = 11; 14 / 13.
        assert_eq!(Dispersion::of_weeks(&[0; BASELINE_WEEKS]).value(), 14.0 / 13.0);
        weeks[4] = 1;
        assert_eq!(Dispersion::of_weeks(&weeks).value(), 14.0 / 13.0);
    }

    #[test]
    fn surge_by_hand() {
        // With no baseline p = 0.2^(t r), with nothing recent p = 0.8^(t b); t = 1 / (1 + n / 200).
        // r = 3: 0.2^(3 / 1.015) = 0.008592, z = 2.3828; b = 20: 0.8^(20 / 1.1) = 0.017298, z = 2.1131.
        for (recent, baseline, expected) in
            [(1, 0, 55_081), (2, 0, 60_553), (3, 0, 64_486), (10, 0, 80_704), (0, 20, 37_154), (0, 8, 44_428)]
        {
            assert_eq!(plain(recent, baseline).score().thousandths(), expected, "{recent} after {baseline}");
        }
        // The incomplete beta function at t = 1 / (1 + n / 200), from another implementation of it.
        for (recent, baseline, expected) in
            [(8, 12, 60_611), (21, 28, 68_927), (9, 28, 52_542), (1, 8, 49_186)]
        {
            assert_eq!(plain(recent, baseline).score().thousandths(), expected, "{recent} after {baseline}");
        }
        // An account nothing is known of has D = 14 / 13: two signals out of nowhere are no surge, three are.
        let [two, three] = [2, 3].map(|recent| SignalWeeks { recent, ..SignalWeeks::default() }.surge());
        assert_eq!(two.score().thousandths(), 59_898);
        assert_eq!(three.score().thousandths(), 63_720);
    }

    #[test]
    fn however_many_signals_a_surge_takes_a_rise_by_a_third() {
        assert!(plain(1_000_000, 3_000_000) >= Surge::SURGING);
        assert!(plain(990_000, 3_000_000) < Surge::SURGING);
    }

    #[test]
    fn counts_of_any_size_stay_on_the_scale() {
        assert_eq!(plain(u32::MAX, 0).score(), Score::MAX);
        assert_eq!(plain(0, u32::MAX).score(), Score::MIN);
        assert_eq!(plain(0, 0), Surge::USUAL);
        assert_eq!(plain(1 << 30, u32::MAX), Surge::USUAL);
    }

    #[test]
    fn a_signal_is_counted_in_one_week() {
        let mut weeks = SignalWeeks::default();
        for age in [1, 21 * MICROS_PER_DAY] {
            weeks.add(age);
        }
        assert_eq!(weeks, SignalWeeks { recent: 2, ..SignalWeeks::default() });
        for (days, more) in [(21, 1), (28, 0), (28, 1), (105, 0), (105, 1)] {
            weeks.add(days * MICROS_PER_DAY + more);
        }
        assert_eq!(weeks.recent, 2);
        assert_eq!(weeks.baseline, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    /// Counts small and large alike.
    fn count() -> impl Strategy<Value = u32> {
        prop_oneof![0_u32..20, 0_u32..2_000, 0_u32..1_000_000]
    }

    fn dispersion() -> impl Strategy<Value = Dispersion> {
        prop::array::uniform12(0_u32..40).prop_map(|weeks| Dispersion::of_weeks(&weeks))
    }

    proptest! {
        #[test]
        fn remembered_surges_are_surges(weeks in prop::collection::vec((0_u32..9, prop::array::uniform12(0_u32..4)), 1..99)) {
            let mut cache = SurgeCache::default();
            for (recent, baseline) in weeks {
                let weeks = SignalWeeks { recent, baseline };
                prop_assert_eq!(cache.of(&weeks), weeks.surge());
                prop_assert_eq!(cache.of(&weeks), weeks.surge());
            }
        }

        #[test]
        fn more_recent_signals_never_lower_it(r in count(), more in 1_u32..50, b in count(), d in dispersion()) {
            prop_assert!(Surge::new(r + more, b, d) >= Surge::new(r, b, d));
        }

        #[test]
        fn more_baseline_signals_never_raise_it(r in count(), b in count(), more in 1_u32..50, d in dispersion()) {
            prop_assert!(Surge::new(r, b + more, d) <= Surge::new(r, b, d));
        }

        #[test]
        fn the_usual_number_is_fifty(r in count(), d in dispersion()) {
            prop_assert_eq!(Surge::new(r, 4 * r, d), Surge::USUAL);
        }

        #[test]
        fn more_than_usual_is_above_and_less_is_below(r in count(), b in count(), d in dispersion()) {
            let surge = Surge::new(r, b, d);
            let holds = if 4 * r > b { surge >= Surge::USUAL } else { surge <= Surge::USUAL };
            prop_assert!(holds, "{}", surge);
        }

        #[test]
        fn bursts_draw_it_toward_usual(r in count(), b in count(), d in dispersion()) {
            let (bursty, plain) = (Surge::new(r, b, d), plain(r, b));
            let holds = if 4 * r > b { bursty <= plain } else { bursty >= plain };
            prop_assert!(holds, "{} against {}", bursty, plain);
        }

        #[test]
        fn shrinking_makes_the_exact_test_stricter(r in 0_u32..60, b in 0_u32..60) {
            // Without shrinkage the binomial tail decides; a surge must also be one there.
            let exact = if r == 0 { 1.0 } else { tail::at_least(f64::from(r), f64::from(b), SHARE) };
            prop_assert!(plain(r, b) < Surge::SURGING || exact <= 0.05);
        }
    }
}
