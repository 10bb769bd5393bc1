//! The rows of the seven tables and of the truth, and how they become columns.
//!
//! Each table is one list of named columns; the schema is the same list over no rows, so the two cannot differ.

use crate::tables::write::{Cells, Schema};

/// Named columns of a table, in order.
pub(super) type Columns = Vec<(&'static str, Cells)>;

/// The schema of columns.
pub(super) fn schema(columns: &Columns) -> Schema {
    Schema::new(columns.iter().map(|(name, cells)| (*name, cells.column_type())))
}

macro_rules! column {
    ($function:ident, $variant:ident, $cell:ty) => {
        fn $function<R>(
            name: &'static str,
            rows: &[R],
            cell: impl Fn(&R) -> Option<$cell>,
        ) -> (&'static str, Cells) {
            (name, Cells::$variant(rows.iter().map(cell).collect()))
        }
    };
}

column!(text, Text, String);
column!(integer, Integer, i64);
column!(number, Number, f64);
column!(number32, Number32, f32);
column!(flag, Flag, bool);
column!(time, Time, i64);
column!(date, Date, i32);

#[expect(clippy::unnecessary_wraps, reason = "cells of a column are optional, even where none is missing")]
fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A row of `accounts`.
#[derive(Clone, Debug)]
pub(super) struct AccountRow {
    pub(super) account_id: String,
    pub(super) name: String,
    pub(super) domain: Option<String>,
    pub(super) country: &'static str,
    pub(super) state: &'static str,
    pub(super) city: &'static str,
    pub(super) postal_code: String,
    pub(super) industry: (&'static str, &'static str, &'static str),
    pub(super) employees: Option<i64>,
    pub(super) annual_revenue: Option<f64>,
    pub(super) founded_year: i64,
    pub(super) parent: Option<String>,
    pub(super) duns: Option<String>,
    pub(super) is_nonprofit: bool,
    pub(super) acr_monthly: Option<f64>,
    pub(super) valid_from: i32,
    pub(super) known_at: i64,
    pub(super) customer_since: Option<i32>,
}

/// The columns of `accounts`; with `post_outcome`, one more that only the outcome fills.
pub(super) fn accounts(rows: &[AccountRow], post_outcome: bool) -> Columns {
    let mut columns = vec![
        text("account_id", rows, |row| owned(&row.account_id)),
        text("name", rows, |row| owned(&row.name)),
        text("domain", rows, |row| row.domain.clone()),
        text("country", rows, |row| owned(row.country)),
        text("state", rows, |row| owned(row.state)),
        text("city", rows, |row| owned(row.city)),
        text("postal_code", rows, |row| owned(&row.postal_code)),
        text("industry_code", rows, |row| owned(row.industry.1)),
        text("industry_scheme", rows, |row| owned(row.industry.0)),
        text("vertical", rows, |row| owned(row.industry.2)),
        integer("employees", rows, |row| row.employees),
        number("annual_revenue", rows, |row| row.annual_revenue),
        text("currency", rows, |row| row.annual_revenue.and_then(|_| owned("USD"))),
        integer("founded_year", rows, |row| Some(row.founded_year)),
        text("parent_account_id", rows, |row| row.parent.clone()),
        text("duns", rows, |row| row.duns.clone()),
        flag("is_nonprofit", rows, |row| Some(row.is_nonprofit)),
        number("acr_monthly", rows, |row| row.acr_monthly),
        date("valid_from", rows, |row| Some(row.valid_from)),
        time("known_at", rows, |row| Some(row.known_at)),
    ];
    if post_outcome {
        columns.push(date("customer_since", rows, |row| row.customer_since));
    }
    columns
}

/// A row of `installs`.
#[derive(Clone, Debug)]
pub(super) struct InstallRow {
    pub(super) account_id: String,
    pub(super) product: &'static str,
    pub(super) vendor: &'static str,
    pub(super) category: &'static str,
    pub(super) version: Option<&'static str>,
    pub(super) first_seen: i32,
    pub(super) last_seen: i32,
    pub(super) intensity: f64,
    pub(super) known_at: i64,
}

/// The columns of `installs`.
pub(super) fn installs(rows: &[InstallRow]) -> Columns {
    vec![
        text("account_id", rows, |row| owned(&row.account_id)),
        text("product", rows, |row| owned(row.product)),
        text("vendor", rows, |row| owned(row.vendor)),
        text("category", rows, |row| owned(row.category)),
        text("version", rows, |row| row.version.and_then(owned)),
        date("first_seen", rows, |row| Some(row.first_seen)),
        date("last_seen", rows, |row| Some(row.last_seen)),
        number("intensity", rows, |row| Some(row.intensity)),
        time("known_at", rows, |row| Some(row.known_at)),
    ]
}

/// A row of `signals`.
#[derive(Clone, Debug)]
pub(super) struct SignalRow {
    pub(super) account_id: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) kind: &'static str,
    pub(super) topic: Option<&'static str>,
    pub(super) observed_at: i64,
    pub(super) event_at: Option<i64>,
    pub(super) intensity: Option<f64>,
    pub(super) source: &'static str,
    pub(super) known_at: i64,
}

/// The columns of `signals`.
pub(super) fn signals(rows: &[SignalRow]) -> Columns {
    vec![
        text("account_id", rows, |row| row.account_id.clone()),
        text("domain", rows, |row| row.domain.clone()),
        text("kind", rows, |row| owned(row.kind)),
        text("topic", rows, |row| row.topic.and_then(owned)),
        time("observed_at", rows, |row| Some(row.observed_at)),
        time("event_at", rows, |row| row.event_at),
        number("intensity", rows, |row| row.intensity),
        text("source", rows, |row| owned(row.source)),
        time("known_at", rows, |row| Some(row.known_at)),
    ]
}

/// A row of `subscriptions`.
#[derive(Clone, Debug)]
pub(super) struct SubscriptionRow {
    pub(super) account_id: String,
    pub(super) partner_id: String,
    pub(super) product: &'static str,
    pub(super) sku: &'static str,
    pub(super) month: i32,
    pub(super) sold: i64,
    pub(super) entitled: i64,
    pub(super) assigned: i64,
    pub(super) active: i64,
    pub(super) state: &'static str,
    pub(super) known_at: i64,
}

/// The columns of `subscriptions`.
pub(super) fn subscriptions(rows: &[SubscriptionRow]) -> Columns {
    vec![
        text("account_id", rows, |row| owned(&row.account_id)),
        text("partner_id", rows, |row| owned(&row.partner_id)),
        text("product", rows, |row| owned(row.product)),
        text("sku", rows, |row| owned(row.sku)),
        date("month", rows, |row| Some(row.month)),
        integer("seats_sold", rows, |row| Some(row.sold)),
        integer("seats_entitled", rows, |row| Some(row.entitled)),
        integer("seats_assigned", rows, |row| Some(row.assigned)),
        integer("seats_active_28d", rows, |row| Some(row.active)),
        text("state", rows, |row| owned(row.state)),
        time("known_at", rows, |row| Some(row.known_at)),
    ]
}

/// A row of `transactions`.
#[derive(Clone, Debug)]
pub(super) struct TransactionRow {
    pub(super) account_id: String,
    pub(super) partner_id: String,
    pub(super) product: &'static str,
    pub(super) sku: &'static str,
    pub(super) date: i32,
    pub(super) quantity: f64,
    pub(super) amount: f64,
    pub(super) known_at: i64,
}

/// The columns of `transactions`.
pub(super) fn transactions(rows: &[TransactionRow]) -> Columns {
    vec![
        text("account_id", rows, |row| owned(&row.account_id)),
        text("partner_id", rows, |row| owned(&row.partner_id)),
        text("product", rows, |row| owned(row.product)),
        text("sku", rows, |row| owned(row.sku)),
        date("date", rows, |row| Some(row.date)),
        number("quantity", rows, |row| Some(row.quantity)),
        number("amount", rows, |row| Some(row.amount)),
        text("currency", rows, |_| owned("USD")),
        time("known_at", rows, |row| Some(row.known_at)),
    ]
}

/// A row of `agreements`.
#[derive(Clone, Debug)]
pub(super) struct AgreementRow {
    pub(super) agreement_id: String,
    pub(super) account_id: String,
    pub(super) program: &'static str,
    pub(super) division: String,
    pub(super) end_date: i32,
    pub(super) expiration_type: &'static str,
    pub(super) revenue: f64,
    pub(super) started_at: i32,
    pub(super) known_at: i64,
}

/// The columns of `agreements`. The state is the one written when the agreement began: always active.
pub(super) fn agreements(rows: &[AgreementRow]) -> Columns {
    vec![
        text("agreement_id", rows, |row| owned(&row.agreement_id)),
        text("account_id", rows, |row| owned(&row.account_id)),
        text("program", rows, |row| owned(row.program)),
        text("product_division", rows, |row| owned(&row.division)),
        date("end_date", rows, |row| Some(row.end_date)),
        text("expiration_type", rows, |row| owned(row.expiration_type)),
        number("expiring_revenue", rows, |row| Some(row.revenue)),
        text("currency", rows, |_| owned("USD")),
        text("state", rows, |_| owned("active")),
        date("started_at", rows, |row| Some(row.started_at)),
        time("known_at", rows, |row| Some(row.known_at)),
    ]
}

/// A row of `opportunities`.
#[derive(Clone, Debug)]
pub(super) struct OpportunityRow {
    pub(super) opportunity_id: String,
    pub(super) engagement_id: String,
    pub(super) account_id: String,
    pub(super) product: &'static str,
    pub(super) created_at: i64,
    pub(super) closed_at: Option<i64>,
    pub(super) status: &'static str,
    pub(super) substatus: &'static str,
    pub(super) reason: Option<i64>,
    pub(super) stage: f64,
    pub(super) deal_value: f64,
    pub(super) known_at: i64,
}

/// The columns of `opportunities`; with `post_outcome`, one more that only the outcome fills.
pub(super) fn opportunities(rows: &[OpportunityRow], post_outcome: bool) -> Columns {
    let mut columns = vec![
        text("opportunity_id", rows, |row| owned(&row.opportunity_id)),
        text("engagement_id", rows, |row| owned(&row.engagement_id)),
        text("account_id", rows, |row| owned(&row.account_id)),
        text("product", rows, |row| owned(row.product)),
        time("created_at", rows, |row| Some(row.created_at)),
        time("closed_at", rows, |row| row.closed_at),
        text("status", rows, |row| owned(row.status)),
        text("substatus", rows, |row| owned(row.substatus)),
        integer("reason", rows, |row| row.reason),
        number("stage", rows, |row| Some(row.stage)),
        number("deal_value", rows, |row| Some(row.deal_value)),
        text("currency", rows, |_| owned("USD")),
        time("known_at", rows, |row| Some(row.known_at)),
    ];
    if post_outcome {
        let days = |row: &OpportunityRow| {
            row.closed_at.map(|closed| (closed - row.created_at) / crate::quantity::MICROS_PER_DAY)
        };
        columns.push(integer("days_to_close", rows, days));
    }
    columns
}

/// A row of the true probabilities.
#[derive(Clone, Debug)]
pub(super) struct TruthRow {
    pub(super) account_id: String,
    pub(super) product: &'static str,
    pub(super) month: i32,
    pub(super) probability: Option<f32>,
}

/// The columns of the true probabilities; an owned product has no probability of a first purchase.
pub(super) fn probabilities(rows: &[TruthRow]) -> Columns {
    vec![
        text("account_id", rows, |row| owned(&row.account_id)),
        text("product", rows, |row| owned(row.product)),
        date("month", rows, |row| Some(row.month)),
        number32("probability", rows, |row| row.probability),
        flag("owned", rows, |row| Some(row.probability.is_none())),
    ]
}

/// A row of the latent traits.
#[derive(Clone, Debug)]
pub(super) struct TraitRow {
    pub(super) account_id: String,
    pub(super) product: &'static str,
    pub(super) fit: f64,
    pub(super) latent_fit: f64,
    pub(super) latent: [f64; 5],
    pub(super) loudness: f64,
    pub(super) owned_at_start: bool,
}

/// The columns of the latent traits.
pub(super) fn traits(rows: &[TraitRow]) -> Columns {
    vec![
        text("account_id", rows, |row| owned(&row.account_id)),
        text("product", rows, |row| owned(row.product)),
        number32("fit", rows, |row| Some(row.fit as f32)),
        number32("latent_fit", rows, |row| Some(row.latent_fit as f32)),
        number32("digital_maturity", rows, |row| Some(row.latent[0] as f32)),
        number32("growth", rows, |row| Some(row.latent[1] as f32)),
        number32("it_staffing", rows, |row| Some(row.latent[2] as f32)),
        number32("budget", rows, |row| Some(row.latent[3] as f32)),
        number32("cloud_affinity", rows, |row| Some(row.latent[4] as f32)),
        number32("loudness", rows, |row| Some(row.loudness as f32)),
        flag("owned_at_start", rows, |row| Some(row.owned_at_start)),
    ]
}
