//! The published versions of the tiers.
//!
//! Sources overlap at their edges (25 and 300 employees belong to two tiers); here the edge belongs to the upper tier.
//! Source of all versions: Microsoft's CloudAscent customer opportunities page and its data definitions,
//! <https://learn.microsoft.com/partner-center/insights/insights-customer-opportunities>.

use super::{ComputeLine, ComputeMeasure, Tier, TierPreset};

/// From this headcount an account may belong to the corporate segment; the largest published tier ends at 999.
const CORPORATE_CANDIDATE_EMPLOYEES: u64 = 1000;

const ACR: ComputeLine = ComputeLine { measure: ComputeMeasure::AcrMonthly, above_usd: 1000.0 };

fn tier(name: &str, min_employees: u64) -> Tier {
    Tier { name: name.to_owned(), min_employees, aliases: Vec::new() }
}

fn tier_or(name: &str, alias: &str, min_employees: u64) -> Tier {
    Tier { aliases: vec![alias.to_owned()], ..tier(name, min_employees) }
}

fn preset(name: &str, compute: ComputeLine, tiers: Vec<Tier>) -> TierPreset {
    TierPreset::from_parts(name.to_owned(), tiers, Some(compute), CORPORATE_CANDIDATE_EMPLOYEES)
}

impl TierPreset {
    /// September 2020: Top Unmanaged from 300 employees or Azure potential above 10,000 US dollars, Medium, Small.
    pub fn smb_2020_09() -> Self {
        let line = ComputeLine { measure: ComputeMeasure::AzurePotential, above_usd: 10_000.0 };
        preset("smb_2020_09", line, vec![tier("Top Unmanaged", 300), tier("Medium", 25), tier("Small", 1)])
    }

    /// December 2020: as [`smb_2020_09`](Self::smb_2020_09), with Azure potential over three years.
    pub fn smb_2020_12() -> Self {
        let line = ComputeLine { measure: ComputeMeasure::AzurePotentialThreeYears, above_usd: 10_000.0 };
        preset("smb_2020_12", line, vec![tier("Top Unmanaged", 300), tier("Medium", 25), tier("Small", 1)])
    }

    /// April 2021: as [`smb_2020_09`](Self::smb_2020_09), with Small from 10 employees and Very Small below.
    pub fn smb_2021_04() -> Self {
        let line = ComputeLine { measure: ComputeMeasure::AzurePotential, above_usd: 10_000.0 };
        let tiers =
            vec![tier("Top Unmanaged", 300), tier("Medium", 25), tier("Small", 10), tier("Very Small", 1)];
        preset("smb_2021_04", line, tiers)
    }

    /// August 2023: Upper Medium from 300 employees or Azure consumed revenue above 1,000 US dollars a month, Medium,
    /// Very Small.
    pub fn smb_2023() -> Self {
        preset("smb_2023", ACR, upper_medium(tier_or("Very Small", "Small", 1)))
    }

    /// About 2025: as [`smb_2023`](Self::smb_2023); the default.
    pub fn smb_2025() -> Self {
        preset("smb_2025", ACR, upper_medium(tier_or("Very Small", "Small", 1)))
    }

    /// February 2026: the lowest tier is called Small. Its source no longer quotes the spend clause; it is kept here.
    pub fn smb_2026() -> Self {
        preset("smb_2026", ACR, upper_medium(tier_or("Small", "Very Small", 1)))
    }

    /// All published versions, oldest first.
    pub fn presets() -> [Self; 6] {
        [
            Self::smb_2020_09(),
            Self::smb_2020_12(),
            Self::smb_2021_04(),
            Self::smb_2023(),
            Self::smb_2025(),
            Self::smb_2026(),
        ]
    }

    /// The published version of that name, so that a spec file can say `tiers = "smb_2025"`.
    pub fn preset(name: &str) -> Option<Self> {
        Self::presets().into_iter().find(|preset| preset.name() == name)
    }
}

impl Default for TierPreset {
    /// [`smb_2025`](Self::smb_2025).
    fn default() -> Self {
        Self::smb_2025()
    }
}

fn upper_medium(lowest: Tier) -> Vec<Tier> {
    vec![tier("Upper Medium", 300), tier("Medium", 25), lowest]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_keep_the_rules() {
        for preset in TierPreset::presets() {
            let tiers = preset.tiers().to_vec();
            let made =
                TierPreset::try_new(preset.name(), tiers, preset.compute(), CORPORATE_CANDIDATE_EMPLOYEES);
            assert_eq!(made, Ok(preset.clone()));
            assert_eq!(TierPreset::preset(preset.name()), Some(preset));
        }
        assert_eq!(TierPreset::preset("smb_1999"), None);
    }
}
