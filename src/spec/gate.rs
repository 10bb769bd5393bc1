//! Which accounts get a score for a product.

use serde::{Deserialize, Serialize};

/// The accounts a product is sold to: the others get no score for it, and no model of it learns from them.
///
/// What is not known shuts nobody out: an account without a headcount passes a limit of heads.
///
/// ```
/// use propensity::spec::GateSpec;
/// let gate = GateSpec { max_employees: Some(299), ..GateSpec::default() };
/// assert!(gate.admits("Medium", Some(299), false) && gate.admits("Unknown", None, false));
/// assert_eq!(gate.reason("Medium", Some(300), false), Some("300 employees or more".to_owned()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateSpec {
    /// Tiers that get a score; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// Most employees an account may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_employees: Option<u64>,
    /// Whether only accounts that run a competitor of the product get a score.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub competitor_installed: bool,
}

impl GateSpec {
    /// Whether every account passes.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an account passes.
    pub fn admits(&self, tier: &str, employees: Option<u64>, has_competitor: bool) -> bool {
        self.reason(tier, employees, has_competitor).is_none()
    }

    /// Why an account does not pass; `None` when it does.
    pub fn reason(&self, tier: &str, employees: Option<u64>, has_competitor: bool) -> Option<String> {
        if !self.tiers.is_empty() && !self.tiers.iter().any(|known| known == tier) {
            return Some(format!("tier is {tier}, not {}", self.tiers.join(" or ")));
        }
        match (self.max_employees, employees) {
            (Some(most), Some(heads)) if heads > most => {
                return Some(format!("{} employees or more", most + 1));
            }
            _ => {}
        }
        (self.competitor_installed && !has_competitor).then(|| "runs no competitor".to_owned())
    }
}

/// What the leak gate lets through before the models of a line are trained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeakSpec {
    /// Features somebody vouches for: they were known before the outcome, whatever they look like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Whether copies of rows in other accounts are let through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_copies: bool,
}

impl LeakSpec {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
