//! An account list, as far as it says which company an account is.

use std::collections::BTreeMap;

use crate::tables::contract::TableName;
use crate::tables::{Dataset, TablesError};

/// What a list says about the company behind an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Company<'d> {
    /// The account.
    pub id: &'d str,
    /// Its name.
    pub name: Option<&'d str>,
    /// A domain, host, URL or e-mail address.
    pub domain: Option<&'d str>,
    /// D-U-N-S number.
    pub duns: Option<&'d str>,
    /// The account that owns it, in the same list.
    pub parent: Option<&'d str>,
    /// Country of two letters.
    pub country: Option<&'d str>,
    /// State or province.
    pub state: Option<&'d str>,
    /// City.
    pub city: Option<&'d str>,
    /// Postal code.
    pub postal_code: Option<&'d str>,
    /// Street and number.
    pub street_address: Option<&'d str>,
    /// Telephone number of the company.
    pub phone: Option<&'d str>,
}

impl<'d> Company<'d> {
    /// The companies of a data set, by id; of each the row that became known last.
    ///
    /// # Errors
    /// [`TablesError::Column`] never, as long as the contract of `accounts` has the columns named here.
    pub fn list(dataset: &'d Dataset) -> Result<Vec<Self>, TablesError> {
        let Some(table) = dataset.table(TableName::Accounts) else { return Ok(Vec::new()) };
        let (name, domain) = (table.text("name")?, table.text("domain")?);
        let (duns, parent) = (table.text("duns")?, table.text("parent_account_id")?);
        let (country, state, city) = (table.text("country")?, table.text("state")?, table.text("city")?);
        let postal_code = table.text("postal_code")?;
        let (street_address, phone) = (table.text("street_address")?, table.text("phone")?);
        let accounts = dataset.accounts().iter().enumerate();
        let company = |(account, id): (usize, &'d String)| {
            let row = table.rows_of(account).last()?;
            Some(Self {
                id,
                name: name.get(row),
                domain: domain.get(row),
                duns: duns.get(row),
                parent: parent.get(row).filter(|parent| parent != id),
                country: country.get(row),
                state: state.get(row),
                city: city.get(row),
                postal_code: postal_code.get(row),
                street_address: street_address.get(row),
                phone: phone.get(row),
            })
        };
        Ok(accounts.filter_map(company).collect())
    }

    /// What people call it: its name, or its id where it has none.
    pub fn called(&self) -> &'d str {
        self.name.unwrap_or(self.id)
    }
}

/// Who owns whom in one list.
#[derive(Debug)]
pub(super) struct Owners {
    /// The place of the owner of each company.
    parents: Vec<Option<u32>>,
}

/// Generations that are followed; a longer chain is a circle.
const MOST_GENERATIONS: usize = 16;

impl Owners {
    pub(super) fn of(companies: &[Company<'_>]) -> Self {
        let places: BTreeMap<&str, u32> =
            companies.iter().enumerate().map(|(place, company)| (company.id, place as u32)).collect();
        let parent = |company: &Company<'_>| places.get(company.parent?).copied();
        Self { parents: companies.iter().map(parent).collect() }
    }

    /// The owners of a company, nearest first.
    pub(super) fn above(&self, company: u32) -> impl Iterator<Item = u32> {
        let parent = |company: &u32| self.parents.get(*company as usize).copied().flatten();
        std::iter::successors(parent(&company), parent).take(MOST_GENERATIONS)
    }

    /// Whether `owner` is `company` or stands above it.
    pub(super) fn is_above(&self, owner: u32, company: u32) -> bool {
        owner == company || self.above(company).any(|above| above == owner)
    }
}
