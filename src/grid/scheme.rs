//! What each cell means: labels, clusters and ranks as data.

use serde::{Deserialize, Serialize};

use crate::quantity::Score;

use super::{Band, Cell, Cluster, Cuts, GridError, Placement, SchemeFault};

/// What one cell means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeCell {
    /// The row of the cell.
    pub fit: Band,
    /// The column of the cell.
    pub intent: Band,
    /// The label in reports; several cells may share one.
    pub label: String,
    /// The cluster the cell belongs to.
    pub cluster: Cluster,
    /// The rank in the order of work, 1 first; several cells may share one.
    pub rank: u8,
}

impl SchemeCell {
    /// The cell this entry is about.
    pub const fn cell(&self) -> Cell {
        Cell { fit: self.fit, intent: self.intent }
    }
}

/// A meaning for each of the sixteen cells.
///
/// A scheme that exists keeps these rules, however it was made: every cell has one entry with a label and a rank from 1;
/// each of the four clusters has at least one cell; fit High with intent High has rank 1; raising either band never
/// makes the rank worse.
///
/// In a spec file it is a name and sixteen `cells`, in any order:
///
/// ```
/// use propensity::grid::GridScheme;
/// let scheme = GridScheme::cloudascent();
/// let text = toml::to_string(&scheme)?;
/// assert!(text.contains("fit = \"Very Low\"\nintent = \"High\"\nlabel = \"ET10\"\ncluster = \"Educate\"\nrank = 10"));
/// assert_eq!(toml::from_str::<GridScheme>(&text)?, scheme);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenScheme")]
pub struct GridScheme {
    name: String,
    /// Sixteen entries, each at the index of its cell.
    cells: Vec<SchemeCell>,
}

/// A scheme as it stands in a file, before its rules are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenScheme {
    name: String,
    cells: Vec<SchemeCell>,
}

impl TryFrom<WrittenScheme> for GridScheme {
    type Error = GridError;

    fn try_from(written: WrittenScheme) -> Result<Self, GridError> {
        Self::try_new(written.name, written.cells)
    }
}

impl GridScheme {
    /// A scheme from its sixteen entries, in any order.
    ///
    /// # Errors
    /// [`GridError::Scheme`] with every rule that is broken.
    pub fn try_new(name: impl Into<String>, mut cells: Vec<SchemeCell>) -> Result<Self, GridError> {
        cells.sort_by_key(|entry| entry.cell().index());
        let faults = faults(&cells);
        let name = name.into();
        if faults.is_empty() {
            Ok(Self { name, cells })
        } else {
            Err(GridError::Scheme { scheme: name, faults })
        }
    }

    /// For presets that are known to keep the rules; entries in the order of [`Cell::all`].
    pub(super) const fn from_parts(name: String, cells: Vec<SchemeCell>) -> Self {
        Self { name, cells }
    }

    /// The name of the scheme.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sixteen entries, in the order of [`Cell::all`].
    pub fn cells(&self) -> &[SchemeCell] {
        &self.cells
    }

    /// What one cell means.
    pub fn entry(&self, cell: Cell) -> &SchemeCell {
        &self.cells[cell.index()]
    }

    /// Where an account with these scores stands.
    ///
    /// Without a fit score there is no cell and the cluster is [`Cluster::NotScored`]. Without an intent score the
    /// column is Very Low, the cautious place, and `intent_missing` says so.
    ///
    /// Cost: six comparisons and one look-up; nothing is allocated.
    pub fn place(
        &self,
        fit: Option<Score>,
        intent: Option<Score>,
        fit_cuts: &Cuts,
        intent_cuts: &Cuts,
    ) -> Placement<'_> {
        let fit_band = fit.map(|score| fit_cuts.band(score));
        let intent_band = intent.map(|score| intent_cuts.band(score));
        let intent_missing = intent.is_none();
        let Some(fit) = fit_band else {
            return Placement {
                cell: None,
                label: None,
                cluster: Cluster::NotScored,
                rank: None,
                fit_band,
                intent_band,
                intent_missing,
            };
        };
        let cell = Cell { fit, intent: intent_band.unwrap_or(Band::VeryLow) };
        let entry = self.entry(cell);
        Placement {
            cell: Some(cell),
            label: Some(&entry.label),
            cluster: entry.cluster,
            rank: Some(entry.rank),
            fit_band,
            intent_band: Some(cell.intent),
            intent_missing,
        }
    }
}

/// Every rule that the entries break.
fn faults(cells: &[SchemeCell]) -> Vec<SchemeFault> {
    let mut faults = Vec::new();
    for cell in Cell::all() {
        let entries: Vec<_> = cells.iter().filter(|entry| entry.cell() == cell).collect();
        match entries.len() {
            0 => faults.push(SchemeFault::Missing { cell }),
            1 => {}
            _ => faults.push(SchemeFault::Repeated { cell }),
        }
        for entry in entries {
            if entry.label.trim().is_empty() {
                faults.push(SchemeFault::Unlabelled { cell });
            }
            if entry.rank == 0 {
                faults.push(SchemeFault::RankZero { cell });
            }
            if entry.cluster == Cluster::NotScored {
                faults.push(SchemeFault::NotScored { cell });
            }
        }
    }
    for cluster in [Cluster::ActNow, Cluster::Evaluate, Cluster::Nurture, Cluster::Educate] {
        if !cells.iter().any(|entry| entry.cluster == cluster) {
            faults.push(SchemeFault::EmptyCluster { cluster });
        }
    }
    faults.extend(rank_faults(cells));
    faults
}

/// Ranks that are not monotone. Neighbours suffice: a fall anywhere is a fall between two neighbours.
fn rank_faults(cells: &[SchemeCell]) -> Vec<SchemeFault> {
    let mut faults = Vec::new();
    let best = Cell { fit: Band::High, intent: Band::High };
    for entry in cells {
        if entry.cell() == best && entry.rank > 1 {
            faults.push(SchemeFault::BestNotFirst { rank: entry.rank });
        }
        let raised = |axis: Band| axis.index().checked_sub(1).map(|above| Band::ALL[above]);
        let higher = [
            raised(entry.fit).map(|fit| Cell { fit, intent: entry.intent }),
            raised(entry.intent).map(|intent| Cell { fit: entry.fit, intent }),
        ];
        for to in cells.iter().filter(|to| higher.contains(&Some(to.cell())) && to.rank > entry.rank) {
            faults.push(SchemeFault::RankFalls {
                from: entry.cell(),
                from_rank: entry.rank,
                to: to.cell(),
                to_rank: to.rank,
            });
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(fit: Band, intent: Band) -> Cell {
        Cell { fit, intent }
    }

    fn changed(change: impl FnOnce(&mut Vec<SchemeCell>)) -> Vec<SchemeFault> {
        let mut cells = GridScheme::cloudascent().cells().to_vec();
        change(&mut cells);
        match GridScheme::try_new("changed", cells) {
            Ok(_) => Vec::new(),
            Err(GridError::Scheme { faults, .. }) => faults,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn entries_may_come_in_any_order() {
        assert_eq!(changed(|cells| cells.reverse()), []);
    }

    #[test]
    fn all_faults_are_reported_together() {
        let faults = changed(|cells| {
            cells[0].rank = 3;
            cells[5].label = " ".into();
            cells[7].cluster = Cluster::NotScored;
            cells.truncate(12);
            cells.push(cells[4].clone());
        });
        let low = Band::VeryLow;
        assert_eq!(
            faults,
            [
                SchemeFault::Repeated { cell: cell(Band::Medium, Band::High) },
                SchemeFault::Unlabelled { cell: cell(Band::Medium, Band::Medium) },
                SchemeFault::NotScored { cell: cell(Band::Medium, low) },
                SchemeFault::Missing { cell: cell(low, Band::High) },
                SchemeFault::Missing { cell: cell(low, Band::Medium) },
                SchemeFault::Missing { cell: cell(low, Band::Low) },
                SchemeFault::Missing { cell: cell(low, low) },
                SchemeFault::EmptyCluster { cluster: Cluster::Educate },
                SchemeFault::BestNotFirst { rank: 3 },
                SchemeFault::RankFalls {
                    from: cell(Band::High, Band::Medium),
                    from_rank: 2,
                    to: cell(Band::High, Band::High),
                    to_rank: 3,
                },
            ]
        );
    }

    #[test]
    fn a_rank_may_not_fall_when_a_band_rises() {
        let faults = changed(|cells| cells[6].rank = 11);
        let from = |fit, intent, from_rank| SchemeFault::RankFalls {
            from: cell(fit, intent),
            from_rank,
            to: cell(Band::Medium, Band::Low),
            to_rank: 11,
        };
        assert_eq!(faults, [from(Band::Medium, Band::VeryLow, 8), from(Band::Low, Band::Low, 9)]);
        assert_eq!(
            changed(|cells| cells[15].rank = 0)[0],
            SchemeFault::RankZero { cell: cell(Band::VeryLow, Band::VeryLow) }
        );
    }

    fn cuts() -> impl Strategy<Value = Cuts> {
        proptest::collection::btree_set(0_u32..=100_000, 3).prop_map(|scores| {
            let scores: Vec<Score> = scores.into_iter().map(Score::from_thousandths).collect();
            Cuts::try_new(scores[0], scores[1], scores[2]).unwrap()
        })
    }

    fn score() -> impl Strategy<Value = Score> {
        (0_u32..=100_000).prop_map(Score::from_thousandths)
    }

    /// Whether a score lies in a band, by the half-open intervals of the definition.
    fn within(score: Score, band: Band, cuts: &Cuts) -> bool {
        match band {
            Band::High => cuts.high() <= score,
            Band::Medium => cuts.medium() <= score && score < cuts.high(),
            Band::Low => cuts.low() <= score && score < cuts.medium(),
            Band::VeryLow => score < cuts.low(),
        }
    }

    proptest! {
        #[test]
        fn sixteen_cells_partition_the_square(
            fit in score(), intent in score(), fit_cuts in cuts(), intent_cuts in cuts()
        ) {
            let holding: Vec<Cell> = Cell::all()
                .filter(|cell| within(fit, cell.fit, &fit_cuts) && within(intent, cell.intent, &intent_cuts))
                .collect();
            prop_assert_eq!(holding.len(), 1);
            let scheme = GridScheme::full16();
            let placed = scheme.place(Some(fit), Some(intent), &fit_cuts, &intent_cuts);
            prop_assert_eq!(placed.cell, Some(holding[0]));
        }

        #[test]
        fn a_higher_score_never_has_a_worse_rank(
            fit in (score(), score()), intent in (score(), score()), fit_cuts in cuts(), intent_cuts in cuts()
        ) {
            for scheme in [GridScheme::cloudascent(), GridScheme::full16()] {
                let lower = scheme.place(
                    Some(fit.0.min(fit.1)), Some(intent.0.min(intent.1)), &fit_cuts, &intent_cuts);
                let higher = scheme.place(
                    Some(fit.0.max(fit.1)), Some(intent.0.max(intent.1)), &fit_cuts, &intent_cuts);
                prop_assert!(higher.rank <= lower.rank);
            }
        }

        #[test]
        fn a_band_survives_writing_and_reading(score in score(), cuts in cuts()) {
            let text = serde_json::to_string(&(score, cuts)).unwrap();
            let (read, read_cuts): (Score, Cuts) = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read_cuts.band(read), cuts.band(score));
            let shown: f64 = score.to_string().parse().unwrap();
            prop_assert_eq!(cuts.band(Score::try_from(shown).unwrap()), cuts.band(score));
        }
    }
}
