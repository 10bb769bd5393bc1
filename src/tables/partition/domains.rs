//! Finds the accounts of rows that name only a domain, range by range of domains.

use super::super::account_key::AccountKey;
use super::super::holders::{Holders, LeftOut};
use super::block_reader::Rows;
use super::by_range::ByRange;
use super::mix_table;
use super::spill::Spill;
use super::table_spill::{Counts, Route, TableSpill};
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
    let Rows { keys: domains, mut known_at, origins, columns } =
        events.read(&events.pending, range, |_| true)?;
    let mut counts = Counts::default();
    let mut found = Vec::with_capacity(domains.len());
    for (domain, known_at) in domains.iter().zip(&mut known_at) {
        let holder = match holders.binary_search_by(|(candidate, _)| candidate.cmp(domain)) {
            Ok(place) => holders[place].1.at(*known_at),
            Err(_) => Err(LeftOut::Unknown),
        };
        found.push(match holder {
            Ok((account, from)) => {
                counts.joined_by_domain += 1;
                *known_at = from.max(*known_at);
                Some(account)
            }
            Err(reason) => {
                *counts.left_out.entry(reason).or_default() += 1;
                None
            }
        });
    }
    let blocks = events.blocks(columns.iter().map(Some), &known_at, &origins, route);
    let mut hashes = Vec::new();
    blocks.hashes(0..known_at.len(), &mut hashes);
    let mut by_range = ByRange::new(route.bits, found.len());
    for (row, account) in found.iter().enumerate() {
        if let Some(account) = *account
            && let Some(to) = route.range(account)
        {
            by_range.send(row, to);
            let hash = mix_table(events.contract.table, account, known_at[row], hashes[row]);
            counts.add_to_digest(route, known_at[row], hash);
        }
    }
    events.count(&counts);
    by_range.write(&events.rows, |rows, out| blocks.write(rows, |row| found[row], out))
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
