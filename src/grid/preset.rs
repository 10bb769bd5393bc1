//! The schemes that come with the crate.

use super::{Band, Cell, Cluster, GridScheme, SchemeCell};

impl GridScheme {
    /// The published scheme: ten labels, `A1` to `A4`, `E5` to `E8`, `N9` and `ET10`, clusters by fit row.
    ///
    /// ```text
    /// fit \ intent   High   Medium   Low    Very Low
    /// High           A1     A2       A3     A4         Act Now
    /// Medium         E5     E6       E7     E8         Evaluate
    /// Low            N9     N9       N9     N9         Nurture
    /// Very Low       ET10   ET10     ET10   ET10       Educate
    /// ```
    ///
    /// The cluster depends on fit alone; intent orders accounts within Act Now and within Evaluate. The label's number
    /// is the rank. Source: the clusters figure of Microsoft's CloudAscent customer opportunities page, 2023-08,
    /// <https://learn.microsoft.com/partner-center/insights/insights-customer-opportunities>.
    pub fn cloudascent() -> Self {
        Self::by_row("cloudascent", |cell| match cell.fit {
            Band::High | Band::Medium => cell.index() as u8 + 1,
            Band::Low => 9,
            Band::VeryLow => 10,
        })
    }

    /// The published clusters with intent visible in every row: `A1` to `A4`, `E5` to `E8`, `N9` to `N12`, `ET13` to
    /// `ET16`.
    pub fn full16() -> Self {
        Self::by_row("full16", |cell| cell.index() as u8 + 1)
    }

    /// Clusters by fit row, labels of the cluster's initial and the rank.
    fn by_row(name: &str, rank: impl Fn(Cell) -> u8) -> Self {
        let entry = |cell: Cell| {
            let (initial, cluster) = match cell.fit {
                Band::High => ("A", Cluster::ActNow),
                Band::Medium => ("E", Cluster::Evaluate),
                Band::Low => ("N", Cluster::Nurture),
                Band::VeryLow => ("ET", Cluster::Educate),
            };
            let rank = rank(cell);
            SchemeCell {
                fit: cell.fit,
                intent: cell.intent,
                label: format!("{initial}{rank}"),
                cluster,
                rank,
            }
        };
        Self::from_parts(name.to_owned(), Cell::all().map(entry).collect())
    }

    /// The presets by name, so that a spec file can say `scheme = "full16"`.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "cloudascent" => Some(Self::cloudascent()),
            "full16" => Some(Self::full16()),
            _ => None,
        }
    }
}

impl Default for GridScheme {
    /// The published scheme, [`cloudascent`](Self::cloudascent).
    fn default() -> Self {
        Self::cloudascent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_keep_the_rules() {
        for name in ["cloudascent", "full16"] {
            let preset = GridScheme::preset(name).unwrap();
            assert_eq!(GridScheme::try_new(name, preset.cells().to_vec()), Ok(preset));
        }
        assert_eq!(GridScheme::preset("diagonal"), None);
        let labels: Vec<_> = GridScheme::full16().cells().iter().map(|entry| entry.label.clone()).collect();
        assert_eq!(labels.join(" "), "A1 A2 A3 A4 E5 E6 E7 E8 N9 N10 N11 N12 ET13 ET14 ET15 ET16");
    }
}
