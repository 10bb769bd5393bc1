//! Which columns of which tables each family reads.

use super::signal_measures::SignalMeasure;
use super::spec::{Family, FeatureSpec};
use crate::tables::ColumnsRead;
use crate::tables::contract::TableName;

impl Family {
    /// The tables and columns the family reads, beside `account_id` and what says when a row became known.
    const fn reads(self) -> &'static [(TableName, &'static [&'static str])] {
        const AGREEMENTS: &[&str] = &["end_date", "started_at", "program", "expiring_revenue", "currency"];
        match self {
            Self::Firmographic => &[(
                TableName::Accounts,
                &[
                    "employees",
                    "annual_revenue",
                    "currency",
                    "founded_year",
                    "industry_code",
                    "industry_scheme",
                    "vertical",
                    "country",
                    "state",
                    "is_nonprofit",
                    "parent_account_id",
                    "valid_from",
                ],
            )],
            Self::Technographic => &[(
                TableName::Installs,
                &["product", "vendor", "category", "version", "first_seen", "last_seen"],
            )],
            Self::Subscription => &[
                (
                    TableName::Subscriptions,
                    &[
                        "product",
                        "month",
                        "state",
                        "seats_sold",
                        "seats_entitled",
                        "seats_assigned",
                        "seats_active_28d",
                    ],
                ),
                (TableName::Accounts, &["employees", "valid_from"]),
            ],
            Self::Transaction => &[(TableName::Transactions, &["product", "date", "amount", "currency"])],
            Self::Agreement => &[(TableName::Agreements, AGREEMENTS)],
            Self::Opportunity => &[(
                TableName::Opportunities,
                &[
                    "product",
                    "created_at",
                    "closed_at",
                    "substatus",
                    "status",
                    "stage",
                    "deal_value",
                    "currency",
                ],
            )],
            Self::Intent => {
                // Further columns depend on what is measured.
                &[(TableName::Signals, &["topic", "observed_at"])]
            }
        }
    }
}

/// The columns that the features of `spec` are made of; those of other tables and other columns need not be read.
///
/// `known_at` is among those of every table but signals: what is asked of signals adds up in any order, and asks of when
/// they became known only before which date it was.
///
/// ```
/// use propensity::features::columns_read;
/// use propensity::spec::Spec;
/// use propensity::tables::contract::TableName;
/// let columns = columns_read(&Spec::cloudascent()?.features);
/// assert!(columns[&TableName::Signals].contains("observed_at"));
/// assert!(!columns[&TableName::Signals].contains("source"));
/// # Ok::<(), propensity::spec::SpecError>(())
/// ```
pub fn columns_read(spec: &FeatureSpec) -> ColumnsRead {
    let mut columns = ColumnsRead::new();
    // Which attributes held is asked of every account.
    columns.entry(TableName::Accounts).or_default().insert("valid_from");
    for (table, names) in spec.families.iter().flat_map(|family| family.reads()) {
        columns.entry(*table).or_default().extend(names.iter().copied());
    }
    // Whatever is asked of signals adds up in any order, and of when they became known it asks the date alone.
    for (table, names) in &mut columns {
        if *table != TableName::Signals {
            names.insert("known_at");
        }
    }
    if let Some(signals) = columns.get_mut(&TableName::Signals) {
        signals.extend(spec.signal_measures.iter().filter_map(SignalMeasure::reads));
    }
    columns
}
