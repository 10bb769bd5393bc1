//! Who stands elsewhere after a retraining, and by what cause.
//!
//! Three steps lead from what users saw last to what they will see: the champion on its own date, the champion today (new
//! data), the challenger's tables under the champion's calibration and scale (model), and the challenger as it is
//! (calibration). An account that stands elsewhere at the end is counted for one cause: the step with which it left its
//! place for good, after which it is never there again. So the causes add up to the whole, to the account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RetrainError;
use super::cases::{JudgingGround, Said, Standing, Standings};
use crate::models::Scorer;
use crate::pipeline::Pipeline;

/// Accounts, each counted once for every product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// Those whose band of fit or of intent is another one.
    pub band: u64,
    /// Those whose cluster is another one.
    pub cluster: u64,
}

/// Accounts that stand elsewhere, by cause: `new_data + model + calibration = all`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// Accounts and products that were looked at.
    pub rows: u64,
    /// Because more is known.
    pub new_data: Moved,
    /// Because the tables are others.
    pub model: Moved,
    /// Because margins become other probabilities, or probabilities other scores.
    pub calibration: Moved,
    /// From the first to the last.
    pub all: Moved,
    /// Those that left their place in one step and were back at the end; they are in none of the others.
    pub back: Moved,
}

impl Churn {
    /// A count as a share of the rows.
    pub fn share(&self, count: u64) -> f64 {
        count as f64 / self.rows.max(1) as f64
    }

    /// All counts by name, as the ledger keeps them.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let Self { rows, new_data, model, calibration, all, back } = self;
        let causes = [
            ("new_data", new_data),
            ("model", model),
            ("calibration", calibration),
            ("all", all),
            ("back", back),
        ];
        let of_cause = |(name, moved): (&str, &Moved)| {
            [(format!("band_{name}"), moved.band), (format!("cluster_{name}"), moved.cluster)]
        };
        causes.into_iter().flat_map(of_cause).chain([("rows".to_owned(), *rows)]).collect()
    }

    /// Counts an account and product by where it stood at first and after every step.
    fn take(&mut self, standings: [&Standing; 4]) {
        self.rows += 1;
        let bands = standings.map(|standing| (standing.fit, standing.intent));
        let clusters = standings.map(|standing| standing.cluster);
        self.count(left_for_good(&bands), |moved| &mut moved.band);
        self.count(left_for_good(&clusters), |moved| &mut moved.cluster);
    }

    fn count(&mut self, left: Left, of: impl Fn(&mut Moved) -> &mut u64) {
        let cause = match left {
            Left::Never => return,
            Left::AndBack => &mut self.back,
            Left::InStep(1) => &mut self.new_data,
            Left::InStep(2) => &mut self.model,
            Left::InStep(_) => &mut self.calibration,
        };
        *of(cause) += 1;
        if left != Left::AndBack {
            *of(&mut self.all) += 1;
        }
    }
}

/// How a first place was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Never,
    AndBack,
    /// After this step it was never taken again.
    InStep(usize),
}

fn left_for_good<T: PartialEq>(places: &[T; 4]) -> Left {
    match places.iter().rposition(|place| *place == places[0]) {
        Some(last) if last + 1 < places.len() => Left::InStep(last + 1),
        _ if places.iter().all(|place| *place == places[0]) => Left::Never,
        _ => Left::AndBack,
    }
}

/// Measures the churn that putting `challenger` in place of `champion` brings.
pub(super) fn churn(
    ground: &JudgingGround,
    champion: &Pipeline,
    challenger: &Pipeline,
) -> Result<Churn, RetrainError> {
    let last = ground.standings(champion, champion.as_of())?;
    let now = ground.standings(champion, ground.as_of())?;
    let next = ground.standings(challenger, ground.as_of())?;
    let tables: Standings = next
        .iter()
        .map(|(account, products)| {
            let under_champion = |(product, (said, standing)): (usize, &(Said, Standing))| {
                (*said, under(champion, product, said).unwrap_or(*standing))
            };
            (account.clone(), products.iter().enumerate().map(under_champion).collect())
        })
        .collect();
    // Accounts that were known on the champion's date already, as they stand after each step.
    let mut churn = Churn::default();
    for (id, first) in &last {
        let steps = [&now, &tables, &next].map(|standings| of_account(standings, id));
        let [Some(now), Some(tables), Some(next)] = steps else { continue };
        for (((first, now), tables), next) in first.iter().zip(now).zip(tables).zip(next) {
            churn.take([&first.1, &now.1, &tables.1, &next.1]);
        }
    }
    Ok(churn)
}

/// What was said of an account, and where that put it.
fn of_account<'s>(standings: &'s Standings, id: &String) -> Option<&'s [(Said, Standing)]> {
    let place = standings.binary_search_by(|(known, _)| known.cmp(id)).ok()?;
    Some(&standings[place].1)
}

/// Where the champion would put an account of which the challenger's tables say this.
fn under(champion: &Pipeline, product: usize, said: &Said) -> Option<Standing> {
    let (models, spec) = (champion.products().get(product)?, champion.spec());
    let cuts = spec.products.get(product)?;
    let fit = models.fit.scored_at(said.fit.margin).score;
    let intent = models.intent.scored_at(said.intent.margin).score;
    let place = spec.grid.place(Some(fit), Some(intent), &cuts.fit_cuts, &cuts.intent_cuts);
    Some(Standing { fit: place.fit_band, intent: place.intent_band, cluster: place.cluster })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::grid::{Band, Cluster};

    #[test]
    fn a_place_is_left_in_the_step_after_which_it_is_never_taken_again() {
        for (places, expected) in [
            ([1, 1, 1, 1], Left::Never),
            ([1, 2, 2, 2], Left::InStep(1)),
            ([1, 2, 3, 4], Left::InStep(1)),
            ([1, 1, 2, 3], Left::InStep(2)),
            ([1, 2, 1, 3], Left::InStep(3)),
            ([1, 1, 2, 1], Left::AndBack),
            ([1, 2, 2, 1], Left::AndBack),
        ] {
            assert_eq!(left_for_good(&places), expected, "{places:?}");
        }
    }

    fn standing() -> impl Strategy<Value = Standing> {
        (0..4_usize, 0..4_usize, 0..4_usize).prop_map(|(fit, intent, cluster)| Standing {
            fit: Some(Band::ALL[fit]),
            intent: Some(Band::ALL[intent]),
            cluster: Cluster::ALL[cluster],
        })
    }

    proptest! {
        #[test]
        fn the_causes_add_up_to_the_whole(rows in proptest::collection::vec([standing(), standing(), standing(), standing()], 0..50)) {
            let mut churn = Churn::default();
            for [first, data, model, last] in &rows {
                churn.take([first, data, model, last]);
            }
            let Churn { new_data, model, calibration, all, back, .. } = churn;
            prop_assert_eq!(churn.rows, rows.len() as u64);
            prop_assert_eq!(new_data.band + model.band + calibration.band, all.band);
            prop_assert_eq!(new_data.cluster + model.cluster + calibration.cluster, all.cluster);
            let elsewhere = rows.iter().filter(|[first, .., last]| first.cluster != last.cluster).count();
            prop_assert_eq!(all.cluster, elsewhere as u64);
            prop_assert!(all.band + back.band <= churn.rows);
        }
    }
}
