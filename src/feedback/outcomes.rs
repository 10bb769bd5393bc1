//! Outcomes in a registry: append-only files, one for each export that said something new.
//!
//! ```text
//! {"as_of":"2026-03-25","export":"<sha256>"}                        the export
//! {"seen":{"opportunity_id":..,"state":"won",..}}                   a deal that is new or has changed
//! {"dropped":{"opportunity_id":..,"reason":{"state":"frozen"}}}     a row that was dropped, and why
//! ```
//!
//! The file is named by its hash and the ledger vouches for it. The deals of a registry are what its files say, in the order
//! of the ledger; nothing else is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FeedbackError;
use super::export::Export;
use super::referral::{Dropped, News, Observation, Referrals};
use crate::artifact::sha256_hex;
use crate::quantity::AsOf;
use crate::registry::{Event, Ledger, Record, Registry, RegistryError};

/// How often an export is walked again because another writer was first.
const TRIES: u32 = 100;

/// A line of a file of outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// A deal that is new or has changed.
    Seen(Box<Observation>),
    /// A row that was dropped.
    Dropped(DroppedRow),
}

/// The first line of a file of outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    as_of: AsOf,
    export: String,
}

/// A row of an export that was dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroppedRow {
    /// The deal.
    pub opportunity_id: String,
    /// Why.
    pub reason: Dropped,
}

/// What came of an export.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ingested {
    /// Whether the very same export had been taken in before; then nothing was done.
    pub known_already: bool,
    /// Deals that were not known.
    pub added: u64,
    /// Deals that have changed.
    pub changed: u64,
    /// Rows that said nothing new.
    pub unchanged: u64,
    /// Rows that were dropped, in the order of their ids.
    pub dropped: Vec<DroppedRow>,
}

impl Ingested {
    /// Rows by what became of them, as the ledger counts them.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts: BTreeMap<String, u64> = [
            ("added".to_owned(), self.added),
            ("changed".to_owned(), self.changed),
            ("unchanged".to_owned(), self.unchanged),
        ]
        .into();
        for row in &self.dropped {
            *counts.entry(format!("dropped_{}", row.reason.name())).or_default() += 1;
        }
        counts
    }
}

/// The deals that a registry knows of, after all events of a ledger.
///
/// # Errors
/// [`FeedbackError::Registry`] when a file is missing or was edited, [`FeedbackError::Stored`] when one is not of the form
/// that this release writes.
pub fn referrals(registry: &Registry, ledger: &Ledger) -> Result<Referrals, FeedbackError> {
    referrals_within(registry, ledger, |_| true)
}

/// [`referrals`], of the exports that were made on `date` or before it.
///
/// # Errors
/// As [`referrals`].
pub fn referrals_until(registry: &Registry, ledger: &Ledger, date: AsOf) -> Result<Referrals, FeedbackError> {
    referrals_within(registry, ledger, |export| export <= date)
}

fn referrals_within(
    registry: &Registry,
    ledger: &Ledger,
    counts: impl Fn(AsOf) -> bool,
) -> Result<Referrals, FeedbackError> {
    let mut deals = Referrals::default();
    for entry in ledger.entries() {
        let Event::Feedback { outcomes: Some(file), .. } = &entry.event else { continue };
        let bytes = registry.stored(file)?;
        let mut lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let wrong = |line: usize| {
            let key = file.key.clone();
            move |source| FeedbackError::Stored { key, line: line + 1, source }
        };
        let first = lines.next().map_or(&[][..], |(_, line)| line);
        let header: Header = serde_json::from_slice(first).map_err(wrong(0))?;
        if !counts(header.as_of) {
            continue;
        }
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            if let Line::Seen(observation) = serde_json::from_slice(line).map_err(wrong(number))? {
                // It was accepted when it was stored, after the same events as now.
                let _ = deals.observe(*observation, header.as_of);
            }
        }
    }
    Ok(deals)
}

/// Takes an export in: walks every deal, stores what is new together with what was dropped, and records it.
///
/// The same export again changes nothing at all. When another writer is first, the export is walked again after it, so no
/// outcome is lost.
///
/// # Errors
/// As [`referrals`]; [`FeedbackError::Registry`] when the registry cannot be written. Nothing is recorded then.
pub fn ingest(registry: &Registry, record: &Record, export: &Export) -> Result<Ingested, FeedbackError> {
    let mut tries = 0;
    loop {
        let ledger = registry.ledger()?;
        let same = |event: &Event| matches!(event, Event::Feedback { export_sha256, .. } if export_sha256 == export.sha256());
        if ledger.entries().iter().any(|entry| same(&entry.event)) {
            let unchanged = export.rows().len() as u64;
            return Ok(Ingested { known_already: true, unchanged, ..Ingested::default() });
        }
        let mut deals = referrals(registry, &ledger)?;
        let (ingested, lines) = walk(&mut deals, export);
        let outcomes = if lines.is_empty() {
            None
        } else {
            let bytes = file(export, &lines).map_err(|source| FeedbackError::Unwritable { source })?;
            Some(registry.store(&format!("outcomes/{}.jsonl", sha256_hex(&bytes)), &bytes)?)
        };
        let export_sha256 = export.sha256().to_owned();
        let event = Event::Feedback { export_sha256, outcomes, counts: ingested.counts() };
        match registry.append(&ledger, record, event) {
            Ok(_) => return Ok(ingested),
            Err(RegistryError::Moved { .. }) if tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn walk(deals: &mut Referrals, export: &Export) -> (Ingested, Vec<Line>) {
    let (mut ingested, mut lines) = (Ingested::default(), Vec::new());
    for row in export.rows() {
        let outcome = match row {
            Ok(observation) => deals
                .observe(observation.clone(), export.as_of)
                .map(|news| (news, observation))
                .map_err(|reason| (observation.opportunity_id.clone(), reason)),
            Err(dropped) => Err(dropped.clone()),
        };
        match outcome {
            Ok((News::None, _)) => ingested.unchanged += 1,
            Ok((news, observation)) => {
                *(if news == News::Added { &mut ingested.added } else { &mut ingested.changed }) += 1;
                lines.push(Line::Seen(Box::new(observation.clone())));
            }
            Err((opportunity_id, reason)) => {
                let row = DroppedRow { opportunity_id, reason };
                lines.push(Line::Dropped(row.clone()));
                ingested.dropped.push(row);
            }
        }
    }
    (ingested, lines)
}

fn file(export: &Export, lines: &[Line]) -> Result<Vec<u8>, serde_json::Error> {
    let header = Header { as_of: export.as_of, export: export.sha256().to_owned() };
    let mut text = serde_json::to_string(&header)?;
    for line in lines {
        text.push('\n');
        text.push_str(&serde_json::to_string(line)?);
    }
    text.push('\n');
    Ok(text.into_bytes())
}
