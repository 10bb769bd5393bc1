//! The contracts of the seven input tables: which columns, of which kind, and what stands in for `known_at`.
//!
//! A contract is data. Reading, validation, mapping, generation and the documentation all take the columns from here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the seven input tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableName {
    /// Companies: firmographics, one row per account and validity.
    Accounts,
    /// Installed technology.
    Installs,
    /// Buying signals.
    Signals,
    /// Subscriptions, one row per account, product, sku and month.
    Subscriptions,
    /// Purchases and cancellations.
    Transactions,
    /// Agreements with an end date.
    Agreements,
    /// Deals with their state.
    Opportunities,
}

impl TableName {
    /// All tables, in the order in which they are read and reported.
    pub const ALL: [Self; 7] = [
        Self::Accounts,
        Self::Installs,
        Self::Signals,
        Self::Subscriptions,
        Self::Transactions,
        Self::Agreements,
        Self::Opportunities,
    ];

    /// The name used in files, folders and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Installs => "installs",
            Self::Signals => "signals",
            Self::Subscriptions => "subscriptions",
            Self::Transactions => "transactions",
            Self::Agreements => "agreements",
            Self::Opportunities => "opportunities",
        }
    }

    /// The contract of this table.
    pub const fn contract(self) -> &'static TableContract {
        match self {
            Self::Accounts => &ACCOUNTS,
            Self::Installs => &INSTALLS,
            Self::Signals => &SIGNALS,
            Self::Subscriptions => &SUBSCRIPTIONS,
            Self::Transactions => &TRANSACTIONS,
            Self::Agreements => &AGREEMENTS,
            Self::Opportunities => &OPPORTUNITIES,
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the cells of a column hold, and how they are kept in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ColumnKind {
    /// Text; kept as text, leading zeros stay.
    Text,
    /// A whole number within the bounds.
    Integer {
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// A finite number within the bounds.
    Number {
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// Yes or no.
    Flag,
    /// A moment in UTC or a date (its first moment); kept as microseconds from 1970-01-01.
    Time,
    /// An ISO 4217 currency code of three capital letters.
    Currency,
    /// A two-letter ISO 3166 country code.
    Country,
}

/// One column of a contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnContract {
    /// Its name.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// Whether the column must be there and every cell filled.
    pub required: bool,
    /// What it means, in one line.
    pub meaning: &'static str,
}

impl ColumnContract {
    /// Whether its texts are names: nearly every row has another.
    pub(super) fn is_name(&self) -> bool {
        const NAMES: [&str; 8] = [
            "account_id",
            "name",
            "domain",
            "duns",
            "agreement_id",
            "opportunity_id",
            "engagement_id",
            "parent_account_id",
        ];
        NAMES.contains(&self.name)
    }
}

/// What a table must look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableContract {
    /// Which table.
    pub table: TableName,
    /// Its columns, in the order they are kept. `known_at` is always the last one.
    pub columns: &'static [ColumnContract],
    /// Columns that together name a row; no two rows may agree on all of them. Empty: rows may repeat.
    pub key: &'static [&'static str],
    /// The column that stands in for `known_at` where a source has none.
    pub known_at_fallback: &'static str,
}

impl TableContract {
    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&'static ColumnContract> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Largest believable amount of money, in any currency: more than any company's yearly revenue.
const MONEY: ColumnKind = ColumnKind::Number { min: -1e13, max: 1e13 };
/// Largest believable count of seats, licences or devices.
const COUNT: ColumnKind = ColumnKind::Integer { min: 0, max: 1_000_000_000 };
/// Largest believable headcount: above the largest employer on record.
const HEADCOUNT: ColumnKind = ColumnKind::Integer { min: 0, max: 10_000_000 };
const YEAR: ColumnKind = ColumnKind::Integer { min: 500, max: 2200 };
const STRENGTH: ColumnKind = ColumnKind::Number { min: 0.0, max: 1e9 };

const fn required(name: &'static str, kind: ColumnKind, meaning: &'static str) -> ColumnContract {
    ColumnContract { name, kind, required: true, meaning }
}

const fn optional(name: &'static str, kind: ColumnKind, meaning: &'static str) -> ColumnContract {
    ColumnContract { name, kind, required: false, meaning }
}

const ACCOUNT: ColumnContract = required("account_id", ColumnKind::Text, "company, as named in `accounts`");
const KNOWN_AT: ColumnContract = optional("known_at", ColumnKind::Time, "when the row became known to you");

/// Contract of `accounts`.
pub static ACCOUNTS: TableContract = TableContract {
    table: TableName::Accounts,
    columns: &[
        required("account_id", ColumnKind::Text, "name of the company in all tables"),
        optional("name", ColumnKind::Text, "company name"),
        optional("domain", ColumnKind::Text, "internet domain; a host, URL or e-mail address will do"),
        optional("country", ColumnKind::Country, "country of the headquarters"),
        optional("state", ColumnKind::Text, "state or province"),
        optional("city", ColumnKind::Text, "city"),
        optional("postal_code", ColumnKind::Text, "postal code, leading zeros kept"),
        optional("street_address", ColumnKind::Text, "street and number; used to match lists"),
        optional("phone", ColumnKind::Text, "number of the company, of no person; used to match lists"),
        optional("industry_code", ColumnKind::Text, "code in the scheme, leading zeros kept"),
        optional("industry_scheme", ColumnKind::Text, "NAICS, SIC, NACE ..."),
        optional("vertical", ColumnKind::Text, "industry in words"),
        optional("employees", HEADCOUNT, "people employed; 0 means unknown"),
        optional("annual_revenue", MONEY, "revenue of the last full year"),
        optional("currency", ColumnKind::Currency, "currency of `annual_revenue`"),
        optional("founded_year", YEAR, "calendar year of foundation"),
        optional("parent_account_id", ColumnKind::Text, "company that owns this one"),
        optional("duns", ColumnKind::Text, "D-U-N-S number, leading zeros kept"),
        optional("is_nonprofit", ColumnKind::Flag, "whether it is a non-profit"),
        optional(
            "acr_monthly",
            MONEY,
            "Azure consumed revenue, USD per month, mean of the last three full months",
        ),
        optional("valid_from", ColumnKind::Time, "when these attributes began to hold"),
        KNOWN_AT,
    ],
    key: &["account_id", "valid_from"],
    known_at_fallback: "valid_from",
};

/// Contract of `installs`.
pub static INSTALLS: TableContract = TableContract {
    table: TableName::Installs,
    columns: &[
        ACCOUNT,
        required("product", ColumnKind::Text, "technology found"),
        optional("vendor", ColumnKind::Text, "its vendor"),
        optional("category", ColumnKind::Text, "what it is for: crm, erp, database ..."),
        optional("version", ColumnKind::Text, "version found"),
        required("first_seen", ColumnKind::Time, "first sighting"),
        optional("last_seen", ColumnKind::Time, "last sighting"),
        optional("intensity", STRENGTH, "strength of use, 0 upwards"),
        KNOWN_AT,
    ],
    key: &[],
    known_at_fallback: "first_seen",
};

/// Contract of `signals`.
pub static SIGNALS: TableContract = TableContract {
    table: TableName::Signals,
    columns: &[
        optional("account_id", ColumnKind::Text, "company; may be empty where `domain` is given"),
        optional("domain", ColumnKind::Text, "the same of the visitor, where the company is not known"),
        required("kind", ColumnKind::Text, "web_visit, hiring, funding, technology_renewal ..."),
        optional("topic", ColumnKind::Text, "what it is about: cloud_platform, crm ..."),
        required("observed_at", ColumnKind::Time, "when it was observed"),
        optional("event_at", ColumnKind::Time, "when it happens; may lie ahead"),
        optional("intensity", STRENGTH, "strength, 0 upwards; 1 where it is not given"),
        optional("source", ColumnKind::Text, "who observed it"),
        KNOWN_AT,
    ],
    key: &[],
    known_at_fallback: "observed_at",
};

/// Contract of `subscriptions`.
pub static SUBSCRIPTIONS: TableContract = TableContract {
    table: TableName::Subscriptions,
    columns: &[
        ACCOUNT,
        optional("partner_id", ColumnKind::Text, "partner of record"),
        required("product", ColumnKind::Text, "product"),
        optional("sku", ColumnKind::Text, "plan"),
        required("month", ColumnKind::Time, "first day of the month described"),
        optional("seats_sold", COUNT, "seats sold"),
        optional("seats_entitled", COUNT, "seats that may be used now"),
        optional("seats_assigned", COUNT, "seats assigned to a person"),
        optional("seats_active_28d", COUNT, "seats used in 28 days; may exceed those entitled"),
        optional("state", ColumnKind::Text, "active, trial, grace, cancelled"),
        KNOWN_AT,
    ],
    key: &["account_id", "partner_id", "product", "sku", "month"],
    known_at_fallback: "month",
};

/// Contract of `transactions`.
pub static TRANSACTIONS: TableContract = TableContract {
    table: TableName::Transactions,
    columns: &[
        ACCOUNT,
        optional("partner_id", ColumnKind::Text, "partner of record"),
        required("product", ColumnKind::Text, "product"),
        optional("sku", ColumnKind::Text, "plan or article"),
        required("date", ColumnKind::Time, "day of the purchase"),
        optional(
            "quantity",
            ColumnKind::Number { min: -1e9, max: 1e9 },
            "units; negative for a cancellation",
        ),
        required("amount", MONEY, "money; negative for a cancellation"),
        required("currency", ColumnKind::Currency, "currency of `amount`"),
        KNOWN_AT,
    ],
    key: &[],
    known_at_fallback: "date",
};

/// Contract of `agreements`.
pub static AGREEMENTS: TableContract = TableContract {
    table: TableName::Agreements,
    columns: &[
        required("agreement_id", ColumnKind::Text, "name of the agreement"),
        ACCOUNT,
        optional("program", ColumnKind::Text, "licence program"),
        optional("product_division", ColumnKind::Text, "what is up for renewal"),
        required("end_date", ColumnKind::Time, "day it ends"),
        optional("expiration_type", ColumnKind::Text, "how it ends"),
        optional("expiring_revenue", MONEY, "money that ends with it"),
        optional("currency", ColumnKind::Currency, "currency of `expiring_revenue`"),
        optional("state", ColumnKind::Text, "active, renewed, lapsed"),
        optional("started_at", ColumnKind::Time, "day it began"),
        KNOWN_AT,
    ],
    key: &["agreement_id"],
    known_at_fallback: "started_at",
};

/// Contract of `opportunities`.
pub static OPPORTUNITIES: TableContract = TableContract {
    table: TableName::Opportunities,
    columns: &[
        required("opportunity_id", ColumnKind::Text, "name of the deal"),
        optional("engagement_id", ColumnKind::Text, "deals that belong together"),
        ACCOUNT,
        required("product", ColumnKind::Text, "product"),
        required("created_at", ColumnKind::Time, "when it was opened"),
        optional("closed_at", ColumnKind::Time, "when it was closed"),
        required("status", ColumnKind::Text, "New, Active or Closed"),
        optional(
            "substatus",
            ColumnKind::Text,
            "Pending, Received, Accepted, Won, Lost, Declined, Expired or Error",
        ),
        optional("reason", ColumnKind::Integer { min: 1, max: 9 }, "reason code of a loss, decline or error"),
        optional("stage", ColumnKind::Number { min: 0.0, max: 100.0 }, "stage, percent"),
        optional("deal_value", MONEY, "money"),
        optional("currency", ColumnKind::Currency, "currency of `deal_value`"),
        KNOWN_AT,
    ],
    key: &["opportunity_id"],
    known_at_fallback: "created_at",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_is_consistent() {
        for table in TableName::ALL {
            let contract = table.contract();
            assert_eq!(contract.table, table);
            assert_eq!(contract.columns.last().map(|column| column.name), Some("known_at"));
            let fallback = contract.column(contract.known_at_fallback).unwrap();
            assert_eq!(fallback.kind, ColumnKind::Time, "{table}");
            for name in contract.key {
                assert!(contract.column(name).is_some(), "{table}.{name}");
            }
        }
    }
}
