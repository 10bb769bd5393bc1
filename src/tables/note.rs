//! What a run should remember about its tables although nothing is wrong with them.

use serde::Serialize;

use super::contract::TableName;

/// A remark about a table: something was left out, stood in for, or counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// The table.
    pub table: TableName,
    /// The kind of remark, as a stable code such as `N_COLUMN_IGNORED`.
    pub code: &'static str,
    /// The remark in words.
    pub text: String,
    /// How many rows or columns it is about.
    pub count: u64,
}

/// Codes of notes; they never change their meaning.
pub(super) mod code {
    pub(in crate::tables) const TABLE_ABSENT: &str = "N_TABLE_ABSENT";
    pub(in crate::tables) const COLUMN_IGNORED: &str = "N_COLUMN_IGNORED";
    pub(in crate::tables) const KNOWN_AT_STAND_IN: &str = "N_KNOWN_AT_STAND_IN";
    pub(in crate::tables) const ALWAYS_KNOWN: &str = "N_ALWAYS_KNOWN";
    pub(in crate::tables) const TEXT_FROM_NUMBER: &str = "N_TEXT_FROM_NUMBER";
    pub(in crate::tables) const ROWS_SKIPPED: &str = "N_ROWS_SKIPPED";
    pub(in crate::tables) const DUPLICATES_DROPPED: &str = "N_DUPLICATES_DROPPED";
    pub(in crate::tables) const ROWS_MERGED: &str = "N_ROWS_MERGED";
    pub(in crate::tables) const ROWS_DISAGREE: &str = "N_ROWS_DISAGREE";
    pub(in crate::tables) const QUARANTINED: &str = "N_QUARANTINED";
    pub(in crate::tables) const UNKNOWN_ACCOUNT: &str = "N_UNKNOWN_ACCOUNT";
    pub(in crate::tables) const UNKNOWN_DOMAIN: &str = "N_UNKNOWN_DOMAIN";
    pub(in crate::tables) const PERSONAL_DOMAIN: &str = "N_PERSONAL_DOMAIN";
    pub(in crate::tables) const NOT_A_DOMAIN: &str = "N_NOT_A_DOMAIN";
    pub(in crate::tables) const AMBIGUOUS_DOMAIN: &str = "N_AMBIGUOUS_DOMAIN";
    pub(in crate::tables) const JOINED_BY_DOMAIN: &str = "N_JOINED_BY_DOMAIN";
}

/// The note for a table that was not given.
pub(super) fn absent(table: TableName) -> Note {
    let text = format!("not given; {} will be missing", what_it_feeds(table));
    Note { table, code: code::TABLE_ABSENT, text, count: 1 }
}

fn what_it_feeds(table: TableName) -> &'static str {
    match table {
        TableName::Accounts => "firmographics",
        TableName::Installs => "technographics",
        TableName::Signals => "intent",
        TableName::Subscriptions => "licence metrics",
        TableName::Transactions => "recency, frequency and value of purchases",
        TableName::Agreements => "renewals",
        TableName::Opportunities => "history of deals and their outcomes",
    }
}
