//! Who stands elsewhere after a retraining, and by what cause.
//!
//! Three steps lead from what users saw last to what they will see: the champion on its own date, the champion today (new
//! data), the challenger's tables under the champion's calibration and scale (model), and the challenger as it is
//! (calibration). Each step is counted alone; an account that moves there and back is counted in two steps and not in all
//! of them together.

use serde::{Deserialize, Serialize};

use super::RetrainError;
use super::cases::{JudgingGround, Said, Standing, Standings};
use crate::models::Scorer;
use crate::pipeline::Pipeline;

/// Shares of the accounts, each counted once for every product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// Share whose band of fit or of intent is another one.
    pub band: f64,
    /// Share whose cluster is another one.
    pub cluster: f64,
}

/// Shares of the accounts that stand elsewhere, by cause.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// Accounts and products that were looked at.
    pub rows: u64,
    /// Because more is known.
    pub new_data: Moved,
    /// Because the tables are others.
    pub model: Moved,
    /// Because margins become other probabilities.
    pub calibration: Moved,
    /// From the first to the last.
    pub all: Moved,
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
    // Accounts that were known on the champion's date already.
    let known = |standings: &Standings| -> Standings {
        let was_there = |id: &String| last.binary_search_by(|(known, _)| known.cmp(id)).is_ok();
        standings.iter().filter(|(id, _)| was_there(id)).cloned().collect()
    };
    let (now, tables, next) = (known(&now), known(&tables), known(&next));
    Ok(Churn {
        rows: last.iter().map(|(_, products)| products.len() as u64).sum(),
        new_data: moved(&last, &now),
        model: moved(&now, &tables),
        calibration: moved(&tables, &next),
        all: moved(&last, &next),
    })
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

fn moved(from: &Standings, to: &Standings) -> Moved {
    let (mut rows, mut band, mut cluster) = (0.0_f64, 0.0, 0.0);
    for ((_, before), (_, after)) in from.iter().zip(to) {
        for ((_, before), (_, after)) in before.iter().zip(after) {
            rows += 1.0;
            band += if (before.fit, before.intent) == (after.fit, after.intent) { 0.0 } else { 1.0 };
            cluster += if before.cluster == after.cluster { 0.0 } else { 1.0 };
        }
    }
    let rows = rows.max(1.0);
    Moved { band: band / rows, cluster: cluster / rows }
}
