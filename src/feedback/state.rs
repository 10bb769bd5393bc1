//! The states of a referral, and which may follow which.
//!
//! | status | may go to | how it can stand |
//! |---|---|---|
//! | New | New, Active, Closed | Pending, Received |
//! | Active | Active, Closed | Accepted |
//! | Closed | Closed | Won, Lost, Declined, Expired, Error |
//!
//! Won, Lost, Declined and Expired are frozen: nothing follows them. An Error is closed but not frozen, because a deal that
//! was closed by mistake may be given its true end. After the referral states of Partner Center
//! (<https://learn.microsoft.com/partner-center/developer/referrals>).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a referral stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nobody has answered yet.
    New,
    /// Somebody works on it.
    Active,
    /// It has come to its end.
    Closed,
}

impl Status {
    /// Whether a referral may go from this status to another.
    pub const fn may_go_to(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::New, _) | (Self::Active, Self::Active | Self::Closed) | (Self::Closed, Self::Closed)
        )
    }

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Active => "Active",
            Self::Closed => "Closed",
        }
    }
}

/// The state of a referral: its substatus, which names its status too.
///
/// ```
/// use propensity::feedback::{ReferralState, Refused};
/// let new = ReferralState::parse("New", Some("Pending"))?;
/// let won = new.step(ReferralState::Accepted)?.step(ReferralState::Won)?;
/// assert_eq!(won.step(ReferralState::Accepted), Err(Refused::Frozen));
/// assert!(ReferralState::parse("Active", Some("Pending")).is_err());
/// # Ok::<(), Refused>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferralState {
    /// New, not sent to anybody yet.
    Pending,
    /// New, waiting for an answer.
    Received,
    /// Active.
    Accepted,
    /// Closed with a sale.
    Won,
    /// Closed without one.
    Lost,
    /// Closed because the partner did not want it.
    Declined,
    /// Closed because nobody answered in time.
    Expired,
    /// Closed because it should not have been there.
    Error,
}

/// Why a state cannot be, or cannot follow another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refused {
    /// The status is not New, Active or Closed.
    #[error("its status is not New, Active or Closed")]
    UnknownStatus,
    /// The substatus does not go with the status.
    #[error("its substatus does not go with its status")]
    UnknownSubstatus,
    /// The referral has come to an end that nothing follows.
    #[error("it was Won, Lost, Declined or Expired before, which is final")]
    Frozen,
    /// The state lies before the one it has.
    #[error("it stood further on before, and goes back")]
    GoesBack,
}

impl ReferralState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Received,
        Self::Accepted,
        Self::Won,
        Self::Lost,
        Self::Declined,
        Self::Expired,
        Self::Error,
    ];

    /// The state that a status and a substatus name, in any case; New and Active need no substatus.
    ///
    /// # Errors
    /// [`Refused::UnknownStatus`] or [`Refused::UnknownSubstatus`].
    pub fn parse(status: &str, substatus: Option<&str>) -> Result<Self, Refused> {
        let is = |name: &str, text: &str| text.trim().eq_ignore_ascii_case(name);
        let statuses = [Status::New, Status::Active, Status::Closed];
        let status =
            statuses.into_iter().find(|known| is(known.name(), status)).ok_or(Refused::UnknownStatus)?;
        match (status, substatus.filter(|text| !text.trim().is_empty())) {
            (Status::New, None) => Ok(Self::Pending),
            (Status::Active, None) => Ok(Self::Accepted),
            (Status::Closed, None) => Err(Refused::UnknownSubstatus),
            (status, Some(substatus)) => Self::ALL
                .into_iter()
                .find(|state| state.status() == status && is(state.name(), substatus))
                .ok_or(Refused::UnknownSubstatus),
        }
    }

    /// Its status.
    pub const fn status(self) -> Status {
        match self {
            Self::Pending | Self::Received => Status::New,
            Self::Accepted => Status::Active,
            Self::Won | Self::Lost | Self::Declined | Self::Expired | Self::Error => Status::Closed,
        }
    }

    /// Whether nothing may follow it.
    pub const fn is_frozen(self) -> bool {
        matches!(self, Self::Won | Self::Lost | Self::Declined | Self::Expired)
    }

    /// The state after an observation of `next`. To be seen again in the same state is always allowed.
    ///
    /// Exports are snapshots, so states between two of them may have been passed unseen: New may be followed by Won.
    ///
    /// # Errors
    /// [`Refused::Frozen`] after an end that is final, [`Refused::GoesBack`] for a status that may not follow.
    pub fn step(self, next: Self) -> Result<Self, Refused> {
        if self == next {
            Ok(self)
        } else if self.is_frozen() {
            Err(Refused::Frozen)
        } else if self.status().may_go_to(next.status()) {
            Ok(next)
        } else {
            Err(Refused::GoesBack)
        }
    }

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Received => "Received",
            Self::Accepted => "Accepted",
            Self::Won => "Won",
            Self::Lost => "Lost",
            Self::Declined => "Declined",
            Self::Expired => "Expired",
            Self::Error => "Error",
        }
    }
}

impl fmt::Display for ReferralState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.status().name(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReferralState::{Accepted, Declined, Error, Expired, Lost, Pending, Received, Won};

    #[test]
    fn every_pair_of_states_is_legal_or_not() {
        // Rows: from; columns: to, in the order of `ALL`. `=` stays, `y` is legal, `b` goes back, `f` is frozen.
        let table = [
            (Pending, "=yyyyyyy"),
            (Received, "y=yyyyyy"),
            (Accepted, "bb=yyyyy"),
            (Won, "fff=ffff"),
            (Lost, "ffff=fff"),
            (Declined, "fffff=ff"),
            (Expired, "ffffff=f"),
            (Error, "bbbyyyy="),
        ];
        assert_eq!(table.map(|(from, _)| from), ReferralState::ALL);
        for (from, row) in table {
            for (to, expected) in ReferralState::ALL.into_iter().zip(row.chars()) {
                let found = match from.step(to) {
                    Ok(next) => {
                        assert_eq!(next, to);
                        if from == to { '=' } else { 'y' }
                    }
                    Err(Refused::GoesBack) => 'b',
                    Err(_) => 'f',
                };
                assert_eq!(found, expected, "{from} to {to}");
            }
        }
    }

    #[test]
    fn every_substatus_goes_with_one_status() {
        for status in [Status::New, Status::Active, Status::Closed] {
            for state in ReferralState::ALL {
                let parsed = ReferralState::parse(status.name(), Some(state.name()));
                let expected =
                    if state.status() == status { Ok(state) } else { Err(Refused::UnknownSubstatus) };
                assert_eq!(parsed, expected, "{}/{}", status.name(), state.name());
            }
        }
        assert_eq!(ReferralState::parse("new", None), Ok(Pending));
        assert_eq!(ReferralState::parse("ACTIVE", Some(" ")), Ok(Accepted));
        assert_eq!(ReferralState::parse("Closed", None), Err(Refused::UnknownSubstatus));
        assert_eq!(ReferralState::parse("None", Some("Won")), Err(Refused::UnknownStatus));
        assert_eq!(ReferralState::parse("Engaged", None), Err(Refused::UnknownStatus));
    }
}
