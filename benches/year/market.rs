//! The world of the year: a market that turns in July, and two deliveries of signals in September that are broken.

use std::error::Error;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use propensity::parallelism::Parallelism;
use propensity::quantity::AsOf;
use propensity::seed::Seed;
use propensity::tables::write::TableFormat;
use propensity::world::{Existing, MonthStart, Months, WorldParams, generate};

/// The first day of the turned market.
pub(crate) const TURN: &str = "2025-07-01";
/// The release on which the feed of signals is broken.
pub(crate) const BROKEN: &str = "2025-09-25";
/// The products that change places.
pub(crate) const SWAPPED: [&str; 2] = ["azure", "m365"];
/// Rows by which the keys of a delivery slip.
const SLIP: usize = 1009;

/// Generates the world of `accounts`, with its seasons, and turns the market.
pub(crate) fn market(folder: &Path, accounts: u64, parallelism: &Parallelism) -> Result<(), Box<dyn Error>> {
    let accounts = NonZeroU64::new(accounts).ok_or("a world has accounts")?;
    let mut params = WorldParams::new(accounts, Months::try_from(42)?, Seed::new(17));
    params.start = MonthStart::try_from("2023-01-01".parse::<AsOf>()?)?;
    params.format = TableFormat::Csv;
    generate(&params, folder, Existing::Keep, parallelism)?;
    turn(folder)
}

/// From the turn on, whoever would have bought one of two products buys the other, and the whole market looks around twice as
/// much: each of its signals comes twice.
fn turn(folder: &Path) -> Result<(), Box<dyn Error>> {
    for (table, date) in
        [("transactions", "date"), ("opportunities", "created_at"), ("subscriptions", "month")]
    {
        edit(&folder.join(format!("{table}.csv")), |header, mut rows| {
            let [product, date] = places(header, ["product", date])?;
            for cells in rows.iter_mut().filter(|cells| cells[date].as_str() >= TURN) {
                if let Some(at) = SWAPPED.iter().position(|name| *name == cells[product]) {
                    SWAPPED[1 - at].clone_into(&mut cells[product]);
                }
            }
            Ok(rows)
        })?;
    }
    edit(&folder.join("signals.csv"), |header, rows| {
        let [observed, source] = places(header, ["observed_at", "source"])?;
        let again = |cells: &Vec<String>| {
            let mut cells = cells.clone();
            // Of another source, so that it is no duplicate.
            cells[source].push_str(" again");
            cells
        };
        let mut turned = Vec::with_capacity(2 * rows.len());
        for cells in rows {
            turned.extend((cells[observed].as_str() >= TURN).then(|| again(&cells)));
            turned.push(cells);
        }
        Ok(turned)
    })
}

/// A copy of the world in which the signals of the four weeks before the release never came.
pub(crate) fn dry_delivery(world: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    copy(world, folder)?;
    let from = BROKEN.parse::<AsOf>()?.plus_days(-28).to_string();
    edit(&folder.join("signals.csv"), |header, rows| {
        let [known] = places(header, ["known_at"])?;
        let came = |cells: &Vec<String>| cells[known] < from || cells[known].as_str() >= BROKEN;
        Ok(rows.into_iter().filter(came).collect())
    })
}

/// A copy of the world in which the signals came once more, whole, but with keys that have slipped against their rows.
pub(crate) fn slipped_delivery(world: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    copy(world, folder)?;
    edit(&folder.join("signals.csv"), |header, mut rows| {
        let [account, domain] = places(header, ["account_id", "domain"])?;
        let mut keys: Vec<[String; 2]> =
            rows.iter().map(|cells| [cells[account].clone(), cells[domain].clone()]).collect();
        let slip = SLIP.min(keys.len());
        keys.rotate_left(slip);
        for (cells, [of_account, of_domain]) in rows.iter_mut().zip(keys) {
            cells[account] = of_account;
            cells[domain] = of_domain;
        }
        Ok(rows)
    })
}

fn copy(world: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir(folder)?;
    for entry in fs::read_dir(world)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The rows of a table, as cells of text.
type Rows = Vec<Vec<String>>;

/// Where the columns of these names are.
fn places<const N: usize>(
    header: &csv::StringRecord,
    names: [&str; N],
) -> Result<[usize; N], Box<dyn Error>> {
    let mut found = [0; N];
    for (place, name) in found.iter_mut().zip(names) {
        *place =
            header.iter().position(|column| column == name).ok_or_else(|| format!("no column {name}"))?;
    }
    Ok(found)
}

/// Puts the rows that `change` makes of those of a CSV file in their place.
fn edit(
    path: &PathBuf,
    change: impl FnOnce(&csv::StringRecord, Rows) -> Result<Rows, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let header = reader.headers()?.clone();
    let rows: Rows = reader.deserialize().collect::<Result<_, _>>()?;
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(&header)?;
    for cells in change(&header, rows)? {
        writer.write_record(cells)?;
    }
    Ok(writer.flush()?)
}
