//! The seven products and what makes a company buy each of them.

/// Number of products.
pub(super) const N_PRODUCTS: usize = 7;

/// How a product is sold and what its accounts leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sales {
    /// Seats on yearly terms.
    Seats,
    /// Consumption, billed monthly.
    Consumption,
    /// Devices, bought now and then.
    Devices,
}

/// A product: what it costs and the coefficients of its purchase hazard, all in log-odds.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) sales: Sales,
    /// USD per seat and month, per month of consumption at a small company, or per device.
    pub(super) price: f64,
    /// Plans from small to large.
    pub(super) plans: [&'static str; 3],
    /// Share of the employees that get a seat or device.
    pub(super) share: f64,
    /// Base of the monthly hazard of a first purchase.
    pub(super) base: f64,
    /// Base of the log-odds of owning it before the start.
    pub(super) base_owned: f64,
    /// Slope in size.
    pub(super) size: f64,
    /// Curvature in size: negative where middle sizes buy most.
    pub(super) curve: f64,
    /// Slope in revenue per head.
    pub(super) wealth: f64,
    /// Slope in modern tools found.
    pub(super) modern: f64,
    /// Weights of digital maturity, growth, IT staffing, budget, cloud affinity that nothing observed replaces.
    pub(super) latent: [f64; 5],
    /// Topics that show interest, with weights.
    pub(super) topics: &'static [(usize, f64)],
    /// Competing technologies.
    pub(super) competitors: &'static [&'static str],
    /// Own or old technologies whose ended support makes a purchase likelier.
    pub(super) succeeds: &'static [&'static str],
    /// Industries in which companies from 25 employees on buy more.
    pub(super) threshold: &'static [&'static str],
    /// Products whose ownership makes a purchase likelier.
    pub(super) after: &'static [(usize, f64)],
    /// Month of the year in which most is bought, and by how much.
    pub(super) season: (u8, f64),
}

pub(super) const AZURE: usize = 0;
pub(super) const M365: usize = 1;
pub(super) const D365_BC: usize = 2;
pub(super) const D365_SP: usize = 3;
pub(super) const POWER_APPS: usize = 4;
pub(super) const SURFACE: usize = 5;
pub(super) const SECURITY: usize = 6;

/// All products; the order is that of files and coefficients.
#[rustfmt::skip]
pub(super) static PRODUCTS: [Product; N_PRODUCTS] = [
    Product {
        name: "azure", sales: Sales::Consumption, price: 140.0, plans: ["AZ-PAYG", "AZ-PAYG", "AZ-PLAN"], share: 1.0,
        base: -6.9, base_owned: -2.9, size: 0.55, curve: 0.0, wealth: 0.25, modern: 0.5, latent: [0.5, 0.2, 0.3, 0.2, 0.6],
        topics: &[(0, 1.0), (5, 0.6)], competitors: &["aws", "google_cloud"], succeeds: &["windows_server", "sql_server", "vmware"],
        threshold: &["Software", "Financial Services", "Manufacturing"], after: &[(M365, 0.6)], season: (6, 0.25),
    },
    Product {
        name: "m365", sales: Sales::Seats, price: 12.5, plans: ["M365-BB", "M365-BS", "M365-BP"], share: 0.85,
        base: -6.0, base_owned: -1.5, size: 0.35, curve: -0.1, wealth: 0.3, modern: 0.35, latent: [0.5, 0.3, 0.1, 0.3, 0.4],
        topics: &[(1, 1.0), (6, 0.5)], competitors: &["google_workspace", "slack", "zoom"], succeeds: &["office", "windows"],
        threshold: &["Professional Services", "Education", "Healthcare"], after: &[], season: (6, 0.2),
    },
    Product {
        name: "d365_bc", sales: Sales::Seats, price: 70.0, plans: ["BC-ESS", "BC-ESS", "BC-PREM"], share: 0.2,
        base: -7.3, base_owned: -4.0, size: 0.9, curve: -0.45, wealth: 0.3, modern: 0.1, latent: [0.4, 0.5, 0.2, 0.5, 0.1],
        topics: &[(3, 1.0)], competitors: &["quickbooks", "sap", "oracle"], succeeds: &["dynamics_nav"],
        threshold: &["Manufacturing", "Wholesale", "Construction"], after: &[(M365, 0.5)], season: (12, 0.3),
    },
    Product {
        name: "d365_sp", sales: Sales::Seats, price: 65.0, plans: ["SP-STD", "SP-STD", "SP-STD"], share: 0.15,
        base: -7.1, base_owned: -4.1, size: 0.6, curve: -0.1, wealth: 0.3, modern: 0.4, latent: [0.5, 0.6, 0.0, 0.4, 0.2],
        topics: &[(2, 1.0)], competitors: &["salesforce", "hubspot"], succeeds: &["dynamics_nav"],
        threshold: &["Wholesale", "Financial Services", "Professional Services"], after: &[(M365, 0.7), (D365_BC, 0.4)], season: (3, 0.25),
    },
    Product {
        name: "power_apps", sales: Sales::Seats, price: 20.0, plans: ["PA-PREM", "PA-PREM", "PA-PREM"], share: 0.1,
        base: -7.2, base_owned: -4.2, size: 0.6, curve: 0.0, wealth: 0.15, modern: 0.5, latent: [0.7, 0.2, 0.4, 0.2, 0.2],
        topics: &[(7, 1.0), (5, 0.3)], competitors: &["outsystems", "quickbase", "salesforce_lightning"], succeeds: &[],
        threshold: &["Manufacturing", "Healthcare", "Software"], after: &[(M365, 0.7), (AZURE, 0.3), (D365_BC, 0.5)], season: (9, 0.2),
    },
    Product {
        name: "surface", sales: Sales::Devices, price: 1150.0, plans: ["SF-GO", "SF-LAPTOP", "SF-PRO"], share: 0.15,
        base: -7.0, base_owned: -3.1, size: 0.4, curve: 0.0, wealth: 0.4, modern: 0.25, latent: [0.2, 0.4, 0.1, 0.7, 0.1],
        topics: &[(8, 1.0), (4, 0.3)], competitors: &[], succeeds: &["windows"],
        threshold: &["Education", "Professional Services", "Healthcare"], after: &[(M365, 0.6)], season: (8, 0.4),
    },
    Product {
        name: "security", sales: Sales::Seats, price: 6.0, plans: ["SEC-P1", "SEC-P2", "SEC-E5"], share: 0.85,
        base: -7.4, base_owned: -3.9, size: 0.5, curve: 0.0, wealth: 0.25, modern: 0.35, latent: [0.4, 0.1, 0.6, 0.3, 0.3],
        topics: &[(4, 1.0)], competitors: &["crowdstrike", "sophos", "okta"], succeeds: &["windows_server"],
        threshold: &["Financial Services", "Healthcare", "Software"], after: &[(M365, 1.1), (AZURE, 0.4)], season: (10, 0.2),
    },
];

#[cfg(test)]
mod tests {
    use super::super::catalogue::{INDUSTRIES, N_TOPICS, TECHNOLOGIES};
    use super::*;

    #[test]
    fn every_name_in_a_product_exists() {
        assert_eq!(
            PRODUCTS.each_ref().map(|product| product.name),
            ["azure", "m365", "d365_bc", "d365_sp", "power_apps", "surface", "security"]
        );
        for product in &PRODUCTS {
            for name in product.competitors.iter().chain(product.succeeds) {
                assert!(TECHNOLOGIES.iter().any(|t| t.product == *name), "{} {name}", product.name);
            }
            for name in product.threshold {
                assert!(INDUSTRIES.iter().any(|i| i.vertical == *name), "{} {name}", product.name);
            }
            assert!(product.topics.iter().all(|&(topic, _)| topic < N_TOPICS));
            assert!(product.after.iter().all(|&(other, _)| other < N_PRODUCTS));
        }
    }
}
