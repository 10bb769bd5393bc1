//! Licence metrics: how much of what was sold is deployed and used.
//!
//! Deployment is `assigned / sold`, usage `active / base`, both in percent. Usage may pass 100 for sound reasons: a
//! licence handed on counts twice, trials and seats in grace are active but not entitled. So the raw ratio is kept, and
//! a capped one and a flag stand beside it. A denominator of zero has no ratio.

use serde::{Deserialize, Serialize};

/// What active seats are a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageBase {
    /// Seats that may be used now.
    #[default]
    Entitled,
    /// Seats sold.
    Sold,
    /// Seats assigned to a person.
    Assigned,
}

/// Seats of a product in one month; `None` where a number was not given.
///
/// ```
/// use propensity::features::{LicenceMetrics, UsageBase};
/// let seats = LicenceMetrics { sold: Some(10), entitled: Some(10), assigned: Some(10), active_28d: Some(12) };
/// assert_eq!(seats.deployment_percent(), Some(100.0));
/// assert_eq!(seats.usage_percent(UsageBase::Entitled), Some(120.0));
/// assert_eq!(seats.usage_percent_capped(UsageBase::Entitled), Some(100.0));
/// assert_eq!(seats.over_use(UsageBase::Entitled), Some(true));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceMetrics {
    /// Seats sold.
    pub sold: Option<u64>,
    /// Seats that may be used now.
    pub entitled: Option<u64>,
    /// Seats assigned to a person.
    pub assigned: Option<u64>,
    /// Seats used in the last 28 days.
    pub active_28d: Option<u64>,
}

impl LicenceMetrics {
    /// `100 * assigned / sold`, not clamped.
    pub fn deployment_percent(&self) -> Option<f64> {
        percent(self.assigned?, self.sold?)
    }

    /// `100 * active / base`, not clamped.
    pub fn usage_percent(&self, base: UsageBase) -> Option<f64> {
        let base = match base {
            UsageBase::Entitled => self.entitled,
            UsageBase::Sold => self.sold,
            UsageBase::Assigned => self.assigned,
        };
        percent(self.active_28d?, base?)
    }

    /// `min(usage, 100)`.
    pub fn usage_percent_capped(&self, base: UsageBase) -> Option<f64> {
        self.usage_percent(base).map(|usage| usage.min(100.0))
    }

    /// Whether more seats are active than the base holds.
    pub fn over_use(&self, base: UsageBase) -> Option<bool> {
        self.usage_percent(base).map(|usage| usage > 100.0)
    }

    /// Adds the seats of another plan or partner; a number given on one side only stands alone.
    pub fn add(&mut self, other: Self) {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self.sold = sum(self.sold, other.sold);
        self.entitled = sum(self.entitled, other.entitled);
        self.assigned = sum(self.assigned, other.assigned);
        self.active_28d = sum(self.active_28d, other.active_28d);
    }
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}
