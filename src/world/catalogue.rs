//! The nouns of a world: industries, countries, technologies, topics and kinds of signal.

/// An industry and how its companies differ.
#[derive(Debug)]
pub(super) struct Industry {
    pub(super) scheme: &'static str,
    pub(super) code: &'static str,
    pub(super) vertical: &'static str,
    /// Share of companies, in any unit.
    pub(super) weight: f64,
    /// Median revenue per head, thousand USD a year.
    pub(super) revenue_per_head: f64,
    /// Shift of the logarithm of headcount.
    pub(super) size: f64,
    /// Month of the year in which it buys most.
    pub(super) peak: u8,
    /// Pull towards azure, m365, `d365_bc`, `d365_sp`, `power_apps`, surface, security, in log-odds.
    pub(super) pull: [f64; 7],
}

#[rustfmt::skip]
pub(super) static INDUSTRIES: [Industry; 12] = [
    Industry { scheme: "SIC", code: "0161", vertical: "Agriculture", weight: 5.0, revenue_per_head: 140.0, size: -0.3, peak: 11, pull: [-0.6, -0.5, 0.2, -0.5, -0.4, -0.5, -0.6] },
    Industry { scheme: "NAICS", code: "236220", vertical: "Construction", weight: 12.0, revenue_per_head: 210.0, size: 0.0, peak: 2, pull: [-0.5, -0.1, 0.6, -0.1, 0.1, -0.2, -0.4] },
    Industry { scheme: "NAICS", code: "332710", vertical: "Manufacturing", weight: 10.0, revenue_per_head: 240.0, size: 0.7, peak: 9, pull: [0.2, 0.0, 0.9, 0.1, 0.5, -0.1, 0.1] },
    Industry { scheme: "NAICS", code: "423430", vertical: "Wholesale", weight: 7.0, revenue_per_head: 480.0, size: 0.2, peak: 10, pull: [0.1, 0.0, 0.8, 0.5, 0.2, 0.0, -0.1] },
    Industry { scheme: "NAICS", code: "455110", vertical: "Retail", weight: 15.0, revenue_per_head: 180.0, size: -0.2, peak: 8, pull: [-0.2, -0.2, 0.3, 0.1, -0.3, 0.1, -0.2] },
    Industry { scheme: "NAICS", code: "484110", vertical: "Transportation", weight: 6.0, revenue_per_head: 160.0, size: 0.2, peak: 3, pull: [-0.2, -0.2, 0.2, -0.1, 0.2, 0.0, -0.3] },
    Industry { scheme: "NAICS", code: "513210", vertical: "Software", weight: 7.0, revenue_per_head: 220.0, size: 0.3, peak: 1, pull: [1.0, 0.3, -0.5, 0.5, 0.4, 0.3, 0.6] },
    Industry { scheme: "NAICS", code: "522110", vertical: "Financial Services", weight: 6.0, revenue_per_head: 320.0, size: 0.5, peak: 12, pull: [0.5, 0.4, -0.1, 0.6, 0.3, 0.3, 1.0] },
    Industry { scheme: "NAICS", code: "541611", vertical: "Professional Services", weight: 16.0, revenue_per_head: 150.0, size: -0.4, peak: 4, pull: [0.2, 0.6, -0.2, 0.6, 0.1, 0.5, 0.2] },
    Industry { scheme: "NAICS", code: "611110", vertical: "Education", weight: 5.0, revenue_per_head: 70.0, size: 0.6, peak: 7, pull: [-0.2, 0.5, -0.9, -0.7, 0.0, 0.9, 0.1] },
    Industry { scheme: "NAICS", code: "621111", vertical: "Healthcare", weight: 8.0, revenue_per_head: 130.0, size: 0.3, peak: 6, pull: [0.0, 0.3, -0.3, -0.1, 0.2, 0.4, 0.7] },
    Industry { scheme: "NAICS", code: "722511", vertical: "Hospitality", weight: 9.0, revenue_per_head: 65.0, size: 0.1, peak: 2, pull: [-0.7, -0.6, -0.2, -0.4, -0.5, -0.2, -0.6] },
];

/// Industries that appear in the last three months only, when that trap is planted: scheme, code, vertical.
pub(super) static UNSEEN_INDUSTRIES: [(&str, &str, &str); 2] =
    [("NAICS", "927110", "Space Technology"), ("SIC", "0182", "Vertical Farming")];

/// A country and some of its places.
#[derive(Debug)]
pub(super) struct Country {
    pub(super) code: &'static str,
    /// Share of companies, in any unit.
    pub(super) weight: f64,
    pub(super) internet: &'static str,
    pub(super) legal_forms: &'static [(&'static str, &'static str)],
    /// City, state, first digits of the postal code and how many digits follow.
    pub(super) places: &'static [(&'static str, &'static str, &'static str, usize)],
    /// Pull towards buying anything, in log-odds.
    pub(super) pull: f64,
}

const ENGLISH: &[(&str, &str)] = &[("Ltd", "Limited"), ("LLP", "L.L.P.")];

#[rustfmt::skip]
pub(super) static COUNTRIES: [Country; 15] = [
    Country { code: "US", weight: 30.0, internet: "com", legal_forms: &[("Inc", "Incorporated"), ("LLC", "L.L.C."), ("Corp", "Corporation")], places: &[("Boston", "MA", "021", 2), ("Newark", "NJ", "071", 2), ("Austin", "TX", "787", 2), ("Denver", "CO", "802", 2), ("Seattle", "WA", "981", 2), ("Columbus", "OH", "432", 2)], pull: 0.2 },
    Country { code: "GB", weight: 9.0, internet: "co.uk", legal_forms: ENGLISH, places: &[("London", "England", "EC1A ", 1), ("Leeds", "England", "LS1 ", 1), ("Glasgow", "Scotland", "G2 ", 1)], pull: 0.15 },
    Country { code: "DE", weight: 9.0, internet: "de", legal_forms: &[("GmbH", "Gesellschaft mbH"), ("AG", "Aktiengesellschaft")], places: &[("Dresden", "Sachsen", "010", 2), ("Hamburg", "Hamburg", "200", 2), ("Stuttgart", "Baden-Württemberg", "701", 2)], pull: 0.1 },
    Country { code: "FR", weight: 7.0, internet: "fr", legal_forms: &[("SARL", "S.A.R.L."), ("SAS", "S.A.S.")], places: &[("Nice", "Provence-Alpes-Côte d'Azur", "060", 2), ("Lyon", "Auvergne-Rhône-Alpes", "690", 2)], pull: 0.0 },
    Country { code: "IT", weight: 6.0, internet: "it", legal_forms: &[("SRL", "S.r.l."), ("SpA", "S.p.A.")], places: &[("Roma", "Lazio", "001", 2), ("Milano", "Lombardia", "201", 2)], pull: -0.1 },
    Country { code: "ES", weight: 5.0, internet: "es", legal_forms: &[("SL", "S.L."), ("SA", "S.A.")], places: &[("Barcelona", "Cataluña", "080", 2), ("Madrid", "Madrid", "280", 2)], pull: -0.1 },
    Country { code: "PL", weight: 5.0, internet: "pl", legal_forms: &[("Sp. z o.o.", "Spolka z o.o.")], places: &[("Warszawa", "Mazowieckie", "00-1", 2), ("Krakow", "Malopolskie", "30-0", 2)], pull: 0.05 },
    Country { code: "NL", weight: 4.0, internet: "nl", legal_forms: &[("BV", "B.V.")], places: &[("Utrecht", "Utrecht", "35", 2), ("Rotterdam", "Zuid-Holland", "30", 2)], pull: 0.2 },
    Country { code: "SE", weight: 3.0, internet: "se", legal_forms: &[("AB", "Aktiebolag")], places: &[("Stockholm", "Stockholm", "111 ", 2), ("Malmö", "Skåne", "211 ", 2)], pull: 0.25 },
    Country { code: "CA", weight: 5.0, internet: "ca", legal_forms: &[("Inc", "Incorporated"), ("Ltd", "Limited")], places: &[("Toronto", "ON", "M5H ", 1), ("Calgary", "AB", "T2P ", 1)], pull: 0.15 },
    Country { code: "AU", weight: 4.0, internet: "com.au", legal_forms: &[("Pty Ltd", "Proprietary Limited")], places: &[("Darwin", "NT", "08", 2), ("Sydney", "NSW", "20", 2)], pull: 0.2 },
    Country { code: "BR", weight: 5.0, internet: "com.br", legal_forms: &[("Ltda", "Limitada")], places: &[("São Paulo", "SP", "010", 2), ("Curitiba", "PR", "800", 2)], pull: -0.25 },
    Country { code: "IN", weight: 5.0, internet: "in", legal_forms: &[("Pvt Ltd", "Private Limited")], places: &[("Pune", "MH", "4110", 2), ("Bengaluru", "KA", "5600", 2)], pull: -0.15 },
    Country { code: "JP", weight: 2.0, internet: "jp", legal_forms: &[("KK", "Kabushiki Kaisha")], places: &[("Sapporo", "Hokkaido", "060-0", 3), ("Osaka", "Osaka", "530-0", 3)], pull: -0.2 },
    Country { code: "MX", weight: 3.0, internet: "mx", legal_forms: &[("SA de CV", "S.A. de C.V.")], places: &[("Ciudad de México", "CMX", "060", 2), ("Monterrey", "NLE", "640", 2)], pull: -0.2 },
];

/// Countries whose headcount and revenue are mostly missing, when that trap is planted.
pub(super) static MISSING_COUNTRIES: [&str; 2] = ["BR", "IN"];

/// What a signal is about. The first seven are the published solution categories.
pub(super) static TOPICS: [&str; 9] = [
    "cloud_platform",
    "cloud_productivity",
    "crm",
    "erp",
    "device_management_security",
    "database_analytics",
    "voice",
    "low_code",
    "devices",
];

/// Number of topics.
pub(super) const N_TOPICS: usize = TOPICS.len();

/// A kind of behaviour during a phase of interest: name, share, source, mean intensity.
pub(super) static BEHAVIOURS: [(&str, f64, &str, f64); 8] = [
    ("web_visit", 0.46, "web", 2.0),
    ("content_download", 0.15, "web", 2.5),
    ("job_posting", 0.10, "jobs", 1.5),
    ("social_engagement", 0.10, "social", 1.0),
    ("conference", 0.07, "press", 2.0),
    ("blog", 0.05, "blogs", 1.0),
    ("skills_profile", 0.04, "social", 1.0),
    ("technology_use", 0.03, "technographics", 1.5),
];

/// A technology that can be found at a company.
#[derive(Debug)]
pub(super) struct Technology {
    pub(super) product: &'static str,
    pub(super) vendor: &'static str,
    pub(super) category: &'static str,
    /// Versions from oldest to newest with whether support has ended; none where versions do not exist.
    pub(super) versions: &'static [(&'static str, bool)],
    /// Log-odds of presence at a typical small company, and its slopes in size, digital maturity, cloud affinity.
    pub(super) presence: [f64; 4],
    /// Whether it counts as modern, as opposed to on-premises.
    pub(super) modern: bool,
}

const NONE: &[(&str, bool)] = &[];

#[rustfmt::skip]
pub(super) static TECHNOLOGIES: [Technology; 27] = [
    Technology { product: "salesforce", vendor: "Salesforce", category: "crm", versions: NONE, presence: [-2.6, 0.7, 0.6, 0.2], modern: true },
    Technology { product: "hubspot", vendor: "HubSpot", category: "crm", versions: NONE, presence: [-2.4, 0.1, 0.7, 0.3], modern: true },
    Technology { product: "google_workspace", vendor: "Google", category: "productivity", versions: NONE, presence: [-1.2, -0.3, 0.3, 0.6], modern: true },
    Technology { product: "aws", vendor: "Amazon", category: "cloud_platform", versions: NONE, presence: [-2.3, 0.5, 0.5, 0.8], modern: true },
    Technology { product: "google_cloud", vendor: "Google", category: "cloud_platform", versions: NONE, presence: [-3.2, 0.4, 0.5, 0.7], modern: true },
    Technology { product: "zoom", vendor: "Zoom", category: "voice", versions: NONE, presence: [-1.0, 0.3, 0.4, 0.3], modern: true },
    Technology { product: "slack", vendor: "Salesforce", category: "productivity", versions: NONE, presence: [-2.0, 0.3, 0.8, 0.4], modern: true },
    Technology { product: "quickbooks", vendor: "Intuit", category: "erp", versions: NONE, presence: [-0.8, -0.5, 0.1, 0.1], modern: false },
    Technology { product: "sap", vendor: "SAP", category: "erp", versions: &[("ECC 6.0", true), ("S/4HANA", false)], presence: [-4.2, 1.2, 0.0, 0.0], modern: false },
    Technology { product: "oracle", vendor: "Oracle", category: "database", versions: &[("11g", true), ("12c", true), ("19c", false)], presence: [-3.6, 1.0, 0.1, 0.0], modern: false },
    Technology { product: "outsystems", vendor: "OutSystems", category: "low_code", versions: NONE, presence: [-4.2, 0.8, 0.7, 0.3], modern: true },
    Technology { product: "quickbase", vendor: "Quickbase", category: "low_code", versions: NONE, presence: [-3.6, 0.5, 0.6, 0.3], modern: true },
    Technology { product: "salesforce_lightning", vendor: "Salesforce", category: "low_code", versions: NONE, presence: [-3.5, 0.7, 0.6, 0.2], modern: true },
    Technology { product: "crowdstrike", vendor: "CrowdStrike", category: "endpoint_security", versions: NONE, presence: [-3.0, 0.7, 0.7, 0.2], modern: true },
    Technology { product: "sophos", vendor: "Sophos", category: "endpoint_security", versions: NONE, presence: [-2.2, 0.3, 0.1, 0.0], modern: false },
    Technology { product: "okta", vendor: "Okta", category: "identity", versions: NONE, presence: [-3.4, 0.6, 0.7, 0.4], modern: true },
    Technology { product: "vmware", vendor: "Broadcom", category: "virtualisation", versions: &[("6.5", true), ("7.0", true), ("8.0", false)], presence: [-2.6, 1.0, 0.1, -0.3], modern: false },
    Technology { product: "citrix", vendor: "Citrix", category: "virtualisation", versions: NONE, presence: [-3.2, 0.8, 0.0, -0.1], modern: false },
    Technology { product: "postgresql", vendor: "PostgreSQL", category: "database", versions: &[("11", true), ("13", false), ("16", false)], presence: [-2.8, 0.4, 0.7, 0.4], modern: true },
    Technology { product: "mysql", vendor: "Oracle", category: "database", versions: &[("5.7", true), ("8.0", false)], presence: [-2.0, 0.2, 0.4, 0.2], modern: false },
    Technology { product: "windows_server", vendor: "Microsoft", category: "server", versions: &[("2008", true), ("2012", true), ("2016", false), ("2019", false), ("2022", false)], presence: [-0.9, 0.9, 0.0, -0.4], modern: false },
    Technology { product: "sql_server", vendor: "Microsoft", category: "database", versions: &[("2012", true), ("2014", true), ("2017", false), ("2019", false)], presence: [-1.8, 0.8, 0.1, -0.3], modern: false },
    Technology { product: "office", vendor: "Microsoft", category: "productivity_on_premises", versions: &[("2010", true), ("2013", true), ("2016", false), ("2019", false), ("2021", false)], presence: [-0.2, 0.1, -0.3, -0.4], modern: false },
    Technology { product: "windows", vendor: "Microsoft", category: "client", versions: &[("7", true), ("8.1", true), ("10", false), ("11", false)], presence: [0.9, 0.2, 0.0, 0.0], modern: false },
    Technology { product: "dynamics_nav", vendor: "Microsoft", category: "erp", versions: &[("2009", true), ("2013", true), ("2018", false)], presence: [-3.1, 0.6, 0.0, -0.2], modern: false },
    Technology { product: "wordpress", vendor: "WordPress", category: "web", versions: NONE, presence: [0.0, -0.1, 0.2, 0.1], modern: false },
    Technology { product: "shopify", vendor: "Shopify", category: "web", versions: NONE, presence: [-2.3, -0.1, 0.4, 0.3], modern: true },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let technologies: std::collections::BTreeSet<_> = TECHNOLOGIES.iter().map(|t| t.product).collect();
        assert_eq!(technologies.len(), TECHNOLOGIES.len());
        let codes: std::collections::BTreeSet<_> = INDUSTRIES.iter().map(|i| i.code).collect();
        assert_eq!(codes.len(), INDUSTRIES.len());
        let shares: f64 = BEHAVIOURS.iter().map(|b| b.1).sum();
        assert!((shares - 1.0).abs() < 1e-12);
    }
}
