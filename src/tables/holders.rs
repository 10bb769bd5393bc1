//! Which account a domain belonged to when a row became known.

use std::collections::BTreeMap;

use super::column::ColumnData;
use super::identity::Identity;
use super::note::{Note, code};
use super::reading::Draft;

/// Why a row that names a domain joins no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    /// The text names no company.
    NotADomain,
    /// The domain is one of mailboxes for everybody.
    PersonalMail,
    /// No account has the domain.
    Unknown,
    /// Several accounts had the domain by then.
    Ambiguous,
}

impl LeftOut {
    /// The note for rows of `table` that are left out for this reason.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::NotADomain => code::NOT_A_DOMAIN,
            Self::PersonalMail => code::PERSONAL_DOMAIN,
            Self::Unknown => code::UNKNOWN_DOMAIN,
            Self::Ambiguous => code::AMBIGUOUS_DOMAIN,
        }
    }

    /// The same in words.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::NotADomain => "rows whose domain names no company left out",
            Self::PersonalMail => "rows of personal-mail domains left out",
            Self::Unknown => "rows of domains that no account has left out",
            Self::Ambiguous => "rows of domains that several accounts have left out",
        }
    }

    /// Whether such rows hint at a fault in the tables, rather than at people or at companies that share a domain.
    pub(super) const fn is_suspicious(self) -> bool {
        matches!(self, Self::NotADomain | Self::Unknown)
    }
}

/// The two accounts that were known to have a domain first, each with the moment from which that was known; a third
/// would change nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holders<A = u32> {
    first: (i64, A),
    second: Option<(i64, A)>,
}

impl<A: Copy + Ord> Holders<A> {
    /// The holders of a domain that one account is known to have.
    pub(super) const fn one(holder: (i64, A)) -> Self {
        Self { first: holder, second: None }
    }

    pub(super) fn add(&mut self, holder: (i64, A)) {
        let later = [Some(self.first.max(holder)), self.second];
        self.first = self.first.min(holder);
        self.second = later.into_iter().flatten().filter(|(_, account)| *account != self.first.1).min();
    }

    /// The account the domain belonged to when a row became known, and the moment from which that was known: of the
    /// accounts known to have it by then, or else of those that came first, the only one. What becomes known later
    /// cannot change it.
    pub(super) fn at(&self, known_at: i64) -> Result<(A, i64), LeftOut> {
        let (from, account) = self.first;
        match self.second {
            Some((second, _)) if second <= from.max(known_at) => Err(LeftOut::Ambiguous),
            _ => Ok((account, from)),
        }
    }
}

/// The holders of every domain in `accounts`.
#[derive(Debug, Default)]
pub(super) struct DomainHolders {
    by_domain: BTreeMap<String, Holders>,
}

impl DomainHolders {
    /// Reads the domains of `accounts`; `index` gives the place of an account id. Rows whose domain is nobody's hold
    /// none and are counted in the notes.
    pub(super) fn read(accounts: &Draft, index: impl Fn(&str) -> Option<u32>) -> (Self, Vec<Note>) {
        let mut holders = Self::default();
        let (Some(ids), Some(ColumnData::Text { dictionary, codes })) =
            (accounts.column("account_id"), accounts.column("domain"))
        else {
            return (holders, Vec::new());
        };
        let identities: Vec<Identity> = dictionary.iter().map(Identity::of).collect();
        let (mut personal, mut nobody) = (0, 0);
        for (row, code) in codes.iter().enumerate() {
            match identities.get(*code as usize) {
                Some(Identity::Company(domain)) => {
                    if let Some(account) = ids.text(row).and_then(&index) {
                        holders.add(domain, (accounts.known_at[row], account));
                    }
                }
                Some(Identity::PersonalMail) => personal += 1,
                Some(Identity::Nobody) => nobody += 1,
                None => {}
            }
        }
        let note = |(code, text, count): (_, &str, u64)| {
            (count > 0).then(|| Note { table: accounts.table(), code, text: text.to_owned(), count })
        };
        let counts = [
            (code::PERSONAL_DOMAIN, "rows with a personal-mail domain, which is no company's", personal),
            (code::NOT_A_DOMAIN, "rows whose domain names no company", nobody),
        ];
        (holders, counts.into_iter().filter_map(note).collect())
    }

    fn add(&mut self, domain: &str, holder: (i64, u32)) {
        match self.by_domain.get_mut(domain) {
            Some(holders) => holders.add(holder),
            None => {
                self.by_domain.insert(domain.to_owned(), Holders::one(holder));
            }
        }
    }

    /// The holders of the domain that a text names.
    pub(super) fn of(&self, text: &str) -> Result<&Holders, LeftOut> {
        match Identity::of(text) {
            Identity::Company(domain) => self.by_domain.get(&domain).ok_or(LeftOut::Unknown),
            Identity::PersonalMail => Err(LeftOut::PersonalMail),
            Identity::Nobody => Err(LeftOut::NotADomain),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Holders of `acme.com`, as pairs of a moment and an account.
    fn acme(holders: &[(i64, u32)]) -> DomainHolders {
        let mut all = DomainHolders::default();
        for holder in holders {
            all.add("acme.com", *holder);
        }
        all
    }

    #[test]
    fn a_domain_belongs_to_whom_it_was_known_to_belong_to_then() {
        let holders = acme(&[(20, 1), (15, 0), (10, 0)]);
        let at = |known_at| holders.of("www.acme.com").unwrap().at(known_at);
        // Before anybody had it, it is of the first to come; from the second on, it is not clear whose.
        assert_eq!([5, 10, 19].map(at), [Ok((0, 10)); 3]);
        assert_eq!([20, 99].map(at), [Err(LeftOut::Ambiguous); 2]);
    }

    #[test]
    fn every_reason_to_leave_a_row_out_is_told() {
        let holders = acme(&[(10, 0)]);
        let reason = |text: &str| holders.of(text).err();
        assert_eq!(reason("jane@mail.acme.com"), None);
        assert_eq!(reason("beta.io"), Some(LeftOut::Unknown));
        assert_eq!(reason("gmail.com"), Some(LeftOut::PersonalMail));
        assert_eq!(reason("10.0.0.1"), Some(LeftOut::NotADomain));
    }

    proptest! {
        #[test]
        fn two_holders_stand_for_all(rows in prop::collection::vec((0..6_i64, 0..4_u32), 1..12), known_at in -1..7_i64) {
            let first = rows.iter().map(|(from, _)| *from).min().unwrap();
            let by_then = |&&(from, _): &&(i64, u32)| from <= first.max(known_at);
            let mut accounts: Vec<u32> = rows.iter().filter(by_then).map(|(_, account)| *account).collect();
            accounts.sort_unstable();
            accounts.dedup();
            let expected = match accounts[..] {
                [account] => Ok((account, first)),
                _ => Err(LeftOut::Ambiguous),
            };
            prop_assert_eq!(acme(&rows).of("acme.com").unwrap().at(known_at), expected);
        }
    }
}
