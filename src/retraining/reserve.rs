//! Accounts that are kept from training, so that lines of any date can be held against each other.

use crate::seed::Seed;

/// Share of the accounts on which champions and challengers are compared.
const JUDGING: f64 = 0.2;
/// Share of the accounts that are scored once, by a version that has won.
const SEALED: f64 = 0.1;

/// What an account is for. Decided by a hash of its id alone, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slice {
    /// Models learn from it.
    Training,
    /// Champions and challengers are compared on it; no model ever learns from it.
    Judging,
    /// A version that has won is measured on it, once; no model ever learns from it.
    Sealed,
}

impl Slice {
    /// The slice of an account.
    ///
    /// The shares are no setting: a model that has learned from an account could never be judged on it again.
    pub fn of(account_id: &str) -> Self {
        // Not a seed that anybody chooses: all registries cut alike.
        let place = Seed::new(0).named("reserve").uniform(account_id.as_bytes());
        if place < JUDGING {
            Self::Judging
        } else if place < JUDGING + SEALED {
            Self::Sealed
        } else {
            Self::Training
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_as_said_and_an_account_stays_where_it_is() {
        let slices: Vec<Slice> =
            (0..20_000).map(|account| Slice::of(&format!("account-{account}"))).collect();
        let share =
            |slice| slices.iter().filter(|found| **found == slice).count() as f64 / slices.len() as f64;
        assert!((share(Slice::Judging) - 0.2).abs() < 0.01);
        assert!((share(Slice::Sealed) - 0.1).abs() < 0.01);
        // Models that are stored were trained without these; the cut may never change.
        let first: Vec<Slice> = ["acme", "bolt", "corvus", "delta"].map(Slice::of).into();
        assert_eq!(first, ["acme", "bolt", "corvus", "delta"].map(Slice::of));
    }
}
