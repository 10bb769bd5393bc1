//! The published vectors: scores to cells and clusters, headcounts and spend to tiers.

use propensity::grid::{Band, Cluster, Cuts, GridScheme};
use propensity::quantity::{QuantityError, Score};
use propensity::targeting::{Compute, ComputeMeasure, TierAssignment, TierPreset};

const H: Option<Band> = Some(Band::High);
const M: Option<Band> = Some(Band::Medium);
const L: Option<Band> = Some(Band::Low);
const VL: Option<Band> = Some(Band::VeryLow);

#[test]
fn scores_become_labels_clusters_and_ranks() {
    #[rustfmt::skip]
    let vectors = [
        (Some(100.0), Some(100.0),  H,    H,  Some("A1"),   "Act Now",    Some(1)),
        (Some(75.0),  Some(74.0),   H,    M,  Some("A2"),   "Act Now",    Some(2)),
        (Some(75.0),  Some(54.999), H,    L,  Some("A3"),   "Act Now",    Some(3)),
        (Some(80.0),  Some(0.0),    H,    VL, Some("A4"),   "Act Now",    Some(4)),
        (Some(74.0),  Some(100.0),  M,    H,  Some("E5"),   "Evaluate",   Some(5)),
        (Some(55.0),  Some(55.0),   M,    M,  Some("E6"),   "Evaluate",   Some(6)),
        (Some(60.0),  Some(30.0),   M,    L,  Some("E7"),   "Evaluate",   Some(7)),
        (Some(74.9),  Some(29.9),   M,    VL, Some("E8"),   "Evaluate",   Some(8)),
        (Some(54.0),  Some(99.0),   L,    H,  Some("N9"),   "Nurture",    Some(9)),
        (Some(30.0),  Some(10.0),   L,    VL, Some("N9"),   "Nurture",    Some(9)),
        (Some(29.0),  Some(100.0),  VL,   H,  Some("ET10"), "Educate",    Some(10)),
        (Some(0.0),   Some(0.0),    VL,   VL, Some("ET10"), "Educate",    Some(10)),
        (None,        Some(90.0),   None, H,  None,         "Not Scored", None),
        (Some(90.0),  None,         H,    VL, Some("A4"),   "Act Now",    Some(4)),
    ];
    let (scheme, cuts) = (GridScheme::default(), Cuts::default());
    let score = |value: Option<f64>| value.map(|value| Score::try_from(value).unwrap());
    for (fit, intent, fit_band, intent_band, label, cluster, rank) in vectors {
        let placed = scheme.place(score(fit), score(intent), &cuts, &cuts);
        let case = format!("fit {fit:?}, intent {intent:?}");
        assert_eq!((placed.fit_band, placed.intent_band), (fit_band, intent_band), "{case}");
        assert_eq!(placed.label, label, "{case}");
        assert_eq!(placed.cluster.to_string(), cluster, "{case}");
        assert_eq!(placed.rank, rank, "{case}");
        assert_eq!(placed.intent_missing, intent.is_none(), "{case}");
        assert_eq!(placed.cell.map(|cell| cell.fit), fit_band, "{case}");
        assert_eq!(placed.cell.is_some(), fit.is_some(), "{case}");
    }
}

#[test]
fn the_spelling_without_a_space_is_read() {
    assert_eq!("NotScored".parse(), Ok(Cluster::NotScored));
    assert_eq!("actnow".parse(), Ok(Cluster::ActNow));
}

#[test]
fn a_score_outside_its_range_is_refused() {
    for found in [-0.5, 100.5, f64::INFINITY] {
        assert_eq!(Score::try_from(found), Err(QuantityError::Score { found }));
    }
    assert!(matches!(Score::try_from(f64::NAN), Err(QuantityError::Score { found }) if found.is_nan()));
}

#[test]
fn headcount_and_spend_become_tiers() {
    #[rustfmt::skip]
    let vectors = [
        (Some(1),    Some(0.0),     "Very Small",   false),
        (Some(24),   Some(0.0),     "Very Small",   false),
        (Some(25),   Some(0.0),     "Medium",       false),
        (Some(299),  Some(0.0),     "Medium",       false),
        (Some(300),  Some(0.0),     "Upper Medium", false),
        (Some(10),   Some(1000.0),  "Very Small",   false),
        (Some(10),   Some(1000.01), "Upper Medium", false),
        (Some(1500), Some(0.0),     "Upper Medium", true),
        (None,       Some(2000.0),  "Upper Medium", false),
        (None,       None,          "Unknown",      false),
        // Beyond the published vectors: headcount 0 is unknown, and a candidate begins at exactly 1000.
        (Some(0),    None,          "Unknown",      false),
        (Some(0),    Some(2000.0),  "Upper Medium", false),
        (None,       Some(1000.0),  "Unknown",      false),
        (Some(999),  None,          "Upper Medium", false),
        (Some(1000), None,          "Upper Medium", true),
        (Some(10),   Some(2000.0),  "Upper Medium", false),
    ];
    let (preset, later) = (TierPreset::default(), TierPreset::smb_2026());
    for (employees, acr, tier, corporate_candidate) in vectors {
        let case = format!("{employees:?} employees, {acr:?} US dollars");
        assert_eq!(preset.assign(employees, acr), TierAssignment { tier, corporate_candidate }, "{case}");
        let tier = if tier == "Very Small" { "Small" } else { tier };
        assert_eq!(later.assign(employees, acr), TierAssignment { tier, corporate_candidate }, "{case}");
    }
}

#[test]
fn every_version_puts_its_edges_into_the_upper_tier() {
    #[rustfmt::skip]
    let edges = [
        // preset          1             9             10            24            25        299       300
        ("smb_2020_09", ["Small",      "Small",      "Small",      "Small",      "Medium", "Medium", "Top Unmanaged"]),
        ("smb_2020_12", ["Small",      "Small",      "Small",      "Small",      "Medium", "Medium", "Top Unmanaged"]),
        ("smb_2021_04", ["Very Small", "Very Small", "Small",      "Small",      "Medium", "Medium", "Top Unmanaged"]),
        ("smb_2023",    ["Very Small", "Very Small", "Very Small", "Very Small", "Medium", "Medium", "Upper Medium"]),
        ("smb_2025",    ["Very Small", "Very Small", "Very Small", "Very Small", "Medium", "Medium", "Upper Medium"]),
        ("smb_2026",    ["Small",      "Small",      "Small",      "Small",      "Medium", "Medium", "Upper Medium"]),
    ];
    assert_eq!(edges.map(|(name, _)| name), TierPreset::presets().each_ref().map(TierPreset::name));
    for (name, tiers) in edges {
        let preset = TierPreset::preset(name).unwrap();
        for (employees, tier) in [1, 9, 10, 24, 25, 299, 300].into_iter().zip(tiers) {
            assert_eq!(preset.assign(Some(employees), None).tier, tier, "{name}, {employees} employees");
        }
    }
}

#[test]
fn each_version_has_its_own_compute_line() {
    let measured = |measure, usd| Some(Compute { measure, usd });
    let [acr, potential, three_years] = [
        ComputeMeasure::AcrMonthly,
        ComputeMeasure::AzurePotential,
        ComputeMeasure::AzurePotentialThreeYears,
    ];
    #[rustfmt::skip]
    let vectors = [
        ("smb_2020_09", potential,   10_000.0,  "Small"),
        ("smb_2020_09", potential,   10_000.01, "Top Unmanaged"),
        ("smb_2020_09", acr,         50_000.0,  "Small"),
        ("smb_2020_12", three_years, 10_000.0,  "Small"),
        ("smb_2020_12", three_years, 10_000.01, "Top Unmanaged"),
        ("smb_2020_12", potential,   50_000.0,  "Small"),
        ("smb_2021_04", potential,   10_000.01, "Top Unmanaged"),
        ("smb_2023",    acr,         1000.0,    "Very Small"),
        ("smb_2023",    acr,         1000.01,   "Upper Medium"),
        ("smb_2023",    potential,   50_000.0,  "Very Small"),
        ("smb_2026",    acr,         1000.01,   "Upper Medium"),
    ];
    for (name, measure, usd, tier) in vectors {
        let preset = TierPreset::preset(name).unwrap();
        let assigned = preset.assign_measured(Some(10), measured(measure, usd));
        assert_eq!(assigned.tier, tier, "{name}, {measure:?} {usd}");
    }
}
