//! Size tiers by headcount and cloud spend.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{TierError, TierFault};

/// One tier of a preset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The name in every output, such as `Upper Medium`.
    pub name: String,
    /// The smallest headcount of the tier.
    pub min_employees: u64,
    /// Other names that are read as this tier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// Which figure of cloud spend a preset looks at, always in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputeMeasure {
    /// Azure consumed revenue a month: the mean of the last three full months.
    AcrMonthly,
    /// Estimated Azure potential, period not stated by its source.
    AzurePotential,
    /// Estimated Azure potential over three years.
    AzurePotentialThreeYears,
}

/// An amount of cloud spend and what it measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compute {
    /// What was measured.
    pub measure: ComputeMeasure,
    /// The amount in US dollars.
    pub usd: f64,
}

/// The spend above which an account belongs to the top tier, whatever its headcount.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputeLine {
    /// What is measured.
    pub measure: ComputeMeasure,
    /// The amount in US dollars; only more than this counts.
    pub above_usd: f64,
}

/// The tier of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierAssignment<'a> {
    /// The name of the tier, or [`TierPreset::UNKNOWN`].
    pub tier: &'a str,
    /// Whether the headcount is so large that another sales segment may own the account.
    pub corporate_candidate: bool,
}

/// Tiers by headcount, as one version of the published definitions has them or as a spec file writes them.
///
/// The rule: an account is in the top tier when its headcount reaches that tier *or* its spend lies above the compute
/// line; otherwise in the tier its headcount reaches. A headcount of 0 is unknown, and unknown headcount without spend
/// above the line is [`UNKNOWN`](Self::UNKNOWN), never the lowest tier. A headcount on the edge between two tiers
/// belongs to the upper one.
///
/// ```
/// use propensity::targeting::TierPreset;
/// let preset = TierPreset::smb_2025();
/// assert_eq!(preset.assign(Some(24), None).tier, "Very Small");
/// assert_eq!(preset.assign(Some(10), Some(1000.01)).tier, "Upper Medium");
/// assert_eq!(preset.assign(Some(10), Some(1000.0)).tier, "Very Small");
/// assert_eq!(preset.assign(None, None).tier, "Unknown");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WrittenPreset")]
pub struct TierPreset {
    name: String,
    corporate_candidate_employees: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    compute: Option<ComputeLine>,
    /// Largest first; never empty; the last begins at one employee.
    tiers: Vec<Tier>,
}

/// A preset as it stands in a file, before its rules are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPreset {
    name: String,
    corporate_candidate_employees: u64,
    compute: Option<ComputeLine>,
    tiers: Vec<Tier>,
}

impl TryFrom<WrittenPreset> for TierPreset {
    type Error = TierError;

    fn try_from(written: WrittenPreset) -> Result<Self, TierError> {
        Self::try_new(written.name, written.tiers, written.compute, written.corporate_candidate_employees)
    }
}

impl TierPreset {
    /// The tier of an account that neither headcount nor spend can place.
    pub const UNKNOWN: &'static str = "Unknown";

    /// A preset from its tiers, largest first.
    ///
    /// # Errors
    /// [`TierError::Preset`] with every rule that is broken.
    pub fn try_new(
        name: impl Into<String>,
        tiers: Vec<Tier>,
        compute: Option<ComputeLine>,
        corporate_candidate_employees: u64,
    ) -> Result<Self, TierError> {
        let preset = Self { name: name.into(), corporate_candidate_employees, compute, tiers };
        let faults = preset.faults();
        if faults.is_empty() { Ok(preset) } else { Err(TierError::Preset { preset: preset.name, faults }) }
    }

    /// For presets that are known to keep the rules.
    pub(super) const fn from_parts(
        name: String,
        tiers: Vec<Tier>,
        compute: Option<ComputeLine>,
        corporate_candidate_employees: u64,
    ) -> Self {
        Self { name, corporate_candidate_employees, compute, tiers }
    }

    fn faults(&self) -> Vec<TierFault> {
        let mut faults = Vec::new();
        let mut taken = BTreeSet::from([folded(Self::UNKNOWN)]);
        for name in self.tiers.iter().flat_map(|tier| std::iter::once(&tier.name).chain(&tier.aliases)) {
            if name.trim().is_empty() || !taken.insert(folded(name)) {
                faults.push(TierFault::Name { found: name.clone() });
            }
        }
        for pair in self.tiers.windows(2) {
            let (above, found) = (pair[0].min_employees, pair[1].min_employees);
            if found >= above {
                faults.push(TierFault::Order { tier: pair[1].name.clone(), found, above });
            }
        }
        match self.tiers.last() {
            None => faults.push(TierFault::Empty),
            Some(lowest) if lowest.min_employees != 1 => {
                faults.push(TierFault::Lowest { tier: lowest.name.clone(), found: lowest.min_employees });
            }
            Some(_) => {}
        }
        if let Some(line) = self.compute
            && !(line.above_usd.is_finite() && line.above_usd > 0.0)
        {
            faults.push(TierFault::Compute { found: line.above_usd });
        }
        let top = self.tiers.first().map_or(0, |tier| tier.min_employees);
        if self.corporate_candidate_employees < top {
            faults.push(TierFault::Corporate { found: self.corporate_candidate_employees, top });
        }
        faults
    }

    /// The name of the preset.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tiers, largest first.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The spend above which an account belongs to the top tier, if spend matters at all.
    pub const fn compute(&self) -> Option<ComputeLine> {
        self.compute
    }

    /// The tier of that name or alias, in any case, spaces ignored.
    pub fn tier(&self, name: &str) -> Option<&Tier> {
        let wanted = folded(name);
        self.tiers.iter().find(|tier| {
            std::iter::once(&tier.name).chain(&tier.aliases).any(|known| folded(known) == wanted)
        })
    }

    /// The tier of an account by headcount and Azure consumed revenue in US dollars a month.
    ///
    /// The revenue counts only in presets whose compute line is drawn on it; see
    /// [`assign_measured`](Self::assign_measured) for those drawn on Azure potential.
    pub fn assign(&self, employees: Option<u64>, acr_monthly: Option<f64>) -> TierAssignment<'_> {
        let compute = acr_monthly.map(|usd| Compute { measure: ComputeMeasure::AcrMonthly, usd });
        self.assign_measured(employees, compute)
    }

    /// The tier of an account by headcount and an amount of cloud spend.
    ///
    /// Spend of another measure than the preset's compute line is left out of account.
    pub fn assign_measured(&self, employees: Option<u64>, compute: Option<Compute>) -> TierAssignment<'_> {
        let employees = employees.filter(|&headcount| headcount > 0);
        let spends = match (self.compute, compute) {
            (Some(line), Some(spend)) => line.measure == spend.measure && spend.usd > line.above_usd,
            _ => false,
        };
        let tier = if spends {
            self.tiers.first()
        } else {
            employees.and_then(|headcount| self.tiers.iter().find(|tier| headcount >= tier.min_employees))
        };
        TierAssignment {
            tier: tier.map_or(Self::UNKNOWN, |tier| &tier.name),
            corporate_candidate: employees
                .is_some_and(|headcount| headcount >= self.corporate_candidate_employees),
        }
    }
}

/// Lower case without spaces, underscores and hyphens: how names of tiers are compared.
fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_file_gives_the_preset_back() {
        for preset in TierPreset::presets() {
            let text = toml::to_string(&preset).unwrap();
            assert_eq!(toml::from_str::<TierPreset>(&text).unwrap(), preset);
        }
    }

    #[test]
    fn all_faults_of_a_preset_are_reported_together() {
        let tier = |name: &str, min_employees| Tier { name: name.into(), min_employees, aliases: Vec::new() };
        let line = ComputeLine { measure: ComputeMeasure::AcrMonthly, above_usd: -1.0 };
        let made = TierPreset::try_new(
            "own",
            vec![tier("Large", 300), tier("unknown", 300), tier("large", 5)],
            Some(line),
            299,
        );
        let Err(TierError::Preset { faults, .. }) = made else { panic!("{made:?}") };
        assert_eq!(
            faults,
            [
                TierFault::Name { found: "unknown".into() },
                TierFault::Name { found: "large".into() },
                TierFault::Order { tier: "unknown".into(), found: 300, above: 300 },
                TierFault::Lowest { tier: "large".into(), found: 5 },
                TierFault::Compute { found: -1.0 },
                TierFault::Corporate { found: 299, top: 300 },
            ]
        );
        let Err(TierError::Preset { faults, .. }) = TierPreset::try_new("none", Vec::new(), None, 1000)
        else {
            panic!("a preset without tiers")
        };
        assert_eq!(faults, [TierFault::Empty]);
    }

    #[test]
    fn both_names_of_the_lowest_tier_are_read() {
        assert_eq!(TierPreset::smb_2025().tier("Small").unwrap().name, "Very Small");
        assert_eq!(TierPreset::smb_2026().tier("VerySmall").unwrap().name, "Small");
        assert_eq!(TierPreset::smb_2021_04().tier("small").unwrap().min_employees, 10);
        assert_eq!(TierPreset::smb_2025().tier("Huge"), None);
    }
}
