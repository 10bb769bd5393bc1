//! Finds the accounts of rows that name only a domain, range by range of domains.

use super::super::account_key::AccountKey;
use super::super::holders::{Holders, LeftOut};
use super::mix_table;
use super::record::Records;
use super::spill::Spill;
use super::table_spill::{Counts, Ranges, Route, TableSpill};
use crate::output::OutputError;
use crate::parallelism::Parallelism;

/// Bytes of a holder: the key of the domain, the key of the account, and from when on it was known to have it.
const HOLDER_BYTES: usize = 2 * AccountKey::BYTES + 8;

/// Moves the pending rows of `events` to the accounts that hold their domains.
///
/// What is known of a row is known from the day on that the account of the domain is.
pub(super) fn settle(
    events: &TableSpill,
    accounts: &TableSpill,
    route: &Route,
    parallelism: &Parallelism,
) -> Result<(), OutputError> {
    let Some(holders) = accounts.holders.as_ref().filter(|_| !events.pending.is_empty()) else {
        return Ok(());
    };
    let ranges: Vec<usize> = (0..1 << route.bits).collect();
    let settled = parallelism.map(&ranges, |_, range| settle_range(events, *range, route, holders));
    settled.into_iter().collect()
}

/// Settles the pending rows of one range of domains.
fn settle_range(
    events: &TableSpill,
    range: usize,
    route: &Route,
    holders: &Spill,
) -> Result<(), OutputError> {
    let holders = read_holders(&holders.read(range)?);
    let bytes = events.pending.read(range)?;
    let mut counts = Counts::default();
    let mut by_range = Ranges::new(route.bits, 0);
    for record in Records::new(&bytes) {
        let found = match holders.binary_search_by(|(domain, _)| domain.cmp(&record.key)) {
            Ok(place) => holders[place].1.at(record.known_at),
            Err(_) => Err(LeftOut::Unknown),
        };
        let (account, from) = match found {
            Ok(found) => found,
            Err(reason) => {
                *counts.left_out.entry(reason).or_default() += 1;
                continue;
            }
        };
        counts.joined_by_domain += 1;
        let known_at = from.max(record.known_at);
        let Some(to) = route.range(account) else { continue };
        if let Some(hash) = record.settle(account, known_at, by_range.of(to)) {
            let hash = mix_table(events.contract.table, account, known_at, hash);
            counts.add_to_digest(route, known_at, hash);
        }
    }
    events.count(&counts);
    by_range.write(&events.rows)
}

/// The holders of every domain, in the order of the domains.
fn read_holders(bytes: &[u8]) -> Vec<(AccountKey, Holders<AccountKey>)> {
    let holder = |bytes: &[u8]| {
        let (domain, rest) = bytes.split_at(AccountKey::BYTES);
        let (account, time) = rest.split_at(AccountKey::BYTES);
        let time = time.first_chunk::<8>()?;
        Some((AccountKey::read(domain)?, (i64::from_le_bytes(*time), AccountKey::read(account)?)))
    };
    let mut rows: Vec<_> = bytes.chunks_exact(HOLDER_BYTES).filter_map(holder).collect();
    rows.sort_unstable();
    let mut holders: Vec<(AccountKey, Holders<AccountKey>)> = Vec::new();
    for (domain, holder) in rows {
        match holders.last_mut() {
            Some((last, holders)) if *last == domain => holders.add(holder),
            _ => holders.push((domain, Holders::one(holder))),
        }
    }
    holders
}
