//! How many best customers are hidden among the accounts that are not labelled as such.
//!
//! Seeds are labelled, the others are not: some of them are just like the seeds. Where every account like the seeds is
//! equally likely to have been labelled, with probability `c`, the share of seeds among accounts that are all alike is `c`
//! (Elkan and Noto 2008, <https://doi.org/10.1145/1401890.1401920>). Such accounts are looked for where seeds are densest:
//! the depth of the list at which the lower bound of the share of seeds is highest (as Bekker and Davis 2018 do with parts of a
//! tree, <https://doi.org/10.1609/aaai.v32i1.11715>). Depth is chosen on one half of the accounts and the share counted on the
//! other, both ways, so that the choice does not flatter the count. Where even the densest part holds accounts that are not
//! alike, `c` is counted too low and the hidden share too high: the figure is then an upper bound.

use super::HeldOutCases;
use crate::models::HiddenShare;
use crate::seed::Seed;

/// Fewest accounts and fewest seeds in the densest part.
const MIN_ACCOUNTS: usize = 20;
const MIN_SEEDS: usize = 5;
/// Standard errors of a 95 % interval.
const REACH: f64 = 1.96;

/// The hidden share among the unlabelled of the held-out cases; `None` where there are too few seeds.
pub(super) fn hidden_share(cases: &HeldOutCases) -> Option<HiddenShare> {
    let half = Seed::new(0).named("hidden share");
    let in_first = |group: &u64| half.uniform(&group.to_le_bytes()) < 0.5;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for ((margin, outcome), group) in cases.margins.iter().zip(&cases.outcomes).zip(&cases.groups) {
        let half = if in_first(group) { &mut first } else { &mut second };
        half.push((margin.steps(), *outcome));
    }
    for half in [&mut first, &mut second] {
        half.sort_unstable_by(|a, b| b.cmp(a));
    }
    let (mut seeds, mut accounts) = (0, 0);
    for (chosen_on, counted_on) in [(&first, &second), (&second, &first)] {
        let least = densest(chosen_on)?;
        for (_, outcome) in counted_on.iter().take_while(|(margin, _)| *margin >= least) {
            accounts += 1;
            seeds += usize::from(*outcome);
        }
    }
    let labelled =
        cases.outcomes.iter().filter(|outcome| **outcome).count() as f64 / cases.outcomes.len() as f64;
    if seeds == 0 || labelled >= 1.0 {
        return None;
    }
    let (low, high) = interval(seeds, accounts);
    let c = (seeds as f64 / accounts as f64).max(labelled);
    // Of all accounts `labelled / c` are alike; those of them that are not labelled are hidden among the others.
    let hidden = |c: f64| (labelled * (1.0 - c) / (c * (1.0 - labelled))).clamp(0.0, 1.0);
    Some(HiddenShare { share: hidden(c), low: hidden(high), high: hidden(low.max(labelled)) })
}

/// The least margin of the part in which the lower bound of the share of seeds is highest; rows come from the highest
/// margin down.
fn densest(rows: &[(i64, bool)]) -> Option<i64> {
    let mut best: Option<(f64, i64)> = None;
    let mut seeds = 0;
    for (place, (margin, outcome)) in rows.iter().enumerate() {
        seeds += usize::from(*outcome);
        let ends = rows.get(place + 1).is_none_or(|next| next.0 < *margin);
        if ends && place + 1 >= MIN_ACCOUNTS && seeds >= MIN_SEEDS {
            let (low, _) = interval(seeds, place + 1);
            if best.is_none_or(|(highest, _)| low > highest) {
                best = Some((low, *margin));
            }
        }
    }
    best.map(|(_, margin)| margin)
}

/// The 95 % interval of a share (Wilson 1927, <https://doi.org/10.1080/01621459.1927.10502953>).
fn interval(hits: usize, of: usize) -> (f64, f64) {
    let (n, p, z) = (of as f64, hits as f64 / of as f64, REACH);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::LogOdds;

    #[test]
    fn wilson_by_hand() {
        // 8 of 10: (0.8 + 0.19208) / 1.38416 and 1.96 / 1.38416 * sqrt(0.016 + 0.009604).
        let (low, high) = interval(8, 10);
        assert!((low - 0.490_155).abs() < 1e-4 && (high - 0.943_321).abs() < 1e-4, "{low} {high}");
    }

    /// `n` accounts of which a fifth is alike; of those, the share `c` is labelled. Alike accounts have higher margins, with
    /// some overlap further down.
    fn cases(n: u32, c: f64, draw: u64) -> HeldOutCases {
        let seed = Seed::new(draw);
        let uniform = |what: &str, account: u32| seed.named(what).uniform(&account.to_le_bytes());
        let mut cases = HeldOutCases::default();
        for account in 0..n {
            let alike = uniform("alike", account) < 0.2;
            let margin = uniform("margin", account) + if alike { 0.6 } else { 0.0 };
            cases.outcomes.push(alike && uniform("labelled", account) < c);
            cases.margins.push(LogOdds::try_from(margin).unwrap());
            cases.groups.push(u64::from(account));
            cases.probabilities.push(0.5);
            cases.weights.push(1.0);
        }
        cases
    }

    #[test]
    fn the_hidden_share_is_found_and_its_interval_holds() {
        for c in [0.3, 0.6, 0.9] {
            let mut held = 0;
            for draw in 0..20 {
                let cases = cases(6000, c, draw);
                // A fifth is alike: of the unlabelled, 0.2 (1 - c) / (1 - 0.2 c).
                let truth = 0.2 * (1.0 - c) / (1.0 - 0.2 * c);
                let found = hidden_share(&cases).unwrap();
                assert!(found.low <= found.share && found.share <= found.high, "{found:?}");
                assert!((found.share - truth).abs() < 0.08, "{c}: {found:?}, truth {truth}");
                held += u32::from((found.low..=found.high).contains(&truth));
            }
            assert!(held >= 16, "{c}: {held} of 20 intervals hold the truth");
        }
    }

    #[test]
    fn a_handful_of_seeds_says_nothing() {
        assert_eq!(hidden_share(&cases(60, 0.1, 1)), None);
        assert_eq!(hidden_share(&HeldOutCases::default()), None);
    }
}
