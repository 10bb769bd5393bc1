//! `propensity outcomes`: what came of a scored list.

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroU8;
use std::path::PathBuf;

use propensity::feedback::{LabelRules, Rate, Reality, ScoredList, cases, referrals};
use propensity::output::{OutputError, write_whole};
use propensity::quantity::AsOf;

use super::registry::RegistryArg;
use super::{Failure, Shared, UsageError};

/// Flags of `outcomes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The list: a scores file of a run, or a CSV with its columns.
    list: PathBuf,
    /// The day on which to look at what came of it.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATE")]
    as_of: AsOf,
    /// Months from the date of the list within which a deal must have been opened to count.
    #[arg(long, value_name = "MONTHS", default_value = "3")]
    within: NonZeroU8,
    /// Days in which a new deal must be answered before it counts as expired; 0 for a source without such a limit.
    #[arg(long, env = "PROPENSITY_EXPIRES_AFTER", value_name = "DAYS", default_value_t = 14)]
    expires_after: u16,
    /// JSON file with everything.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArg,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    if let Some(path) = args.out.as_ref().filter(|path| path.exists() && !shared.overwrite) {
        return Err(OutputError::Exists { path: path.clone() }.into());
    }
    let list = ScoredList::read(&args.list)?;
    let registry = args.registry.open()?;
    let deals = referrals(&registry, &registry.ledger()?)?;
    let rules = LabelRules {
        expires_after_days: Some(args.expires_after).filter(|days| *days > 0),
        ..LabelRules::default()
    };
    let end = list.as_of.plus_months(i32::from(args.within.get())).min(args.as_of);
    let reality = Reality::of(&list, &cases(&deals, args.as_of, &rules), end);
    if let Some(path) = &args.out {
        let text = serde_json::to_string_pretty(&reality).map_err(|error| UsageError(error.to_string()))?;
        write_whole(path, format!("{text}\n").as_bytes())?;
    }
    if shared.talks {
        // A reader that has gone away is no failure.
        let _ = std::io::stdout().lock().write_all(told(&reality).as_bytes());
    }
    Ok(())
}

fn percent(rate: Option<Rate>) -> String {
    rate.map_or_else(
        || "-".to_owned(),
        |rate| format!("{:.1} % ({:.1}-{:.1})", 100.0 * rate.value, 100.0 * rate.low, 100.0 * rate.high),
    )
}

fn told(reality: &Reality) -> String {
    let mut text = String::new();
    let Reality { list_as_of, model_version, opened_before, products } = reality;
    let _ = writeln!(text, "list of {list_as_of} by {model_version}; deals opened before {opened_before}");
    for (product, found) in products {
        let _ = writeln!(
            text,
            "\n{product}: {} won of those decided, {} corrected for selection; {} cases of accounts not listed",
            percent(found.win_rate),
            percent(found.corrected_win_rate),
            found.unlisted
        );
        let _ = writeln!(
            text,
            "  {:<10} {:>8} {:>7} {:>6} {:>6} {:>6}  {:<20} {:<20} {:>8} {:>6}  revenue won",
            "cluster",
            "accounts",
            "acted",
            "won",
            "lost",
            "open",
            "win rate",
            "corrected",
            "coverage",
            "lift"
        );
        for (cluster, row) in &found.clusters {
            let number =
                |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
            let money: Vec<String> =
                row.revenue_won.iter().map(|(currency, value)| format!("{value:.0} {currency}")).collect();
            let _ = writeln!(
                text,
                "  {:<10} {:>8} {:>7} {:>6} {:>6} {:>6}  {:<20} {:<20} {:>8} {:>6}  {}",
                cluster.name(),
                row.accounts,
                row.acted,
                row.won,
                row.lost,
                row.open,
                percent(row.win_rate),
                percent(row.corrected_win_rate),
                number(row.coverage),
                number(row.lift),
                money.join(", ")
            );
        }
        for reversal in &found.reversals {
            let how = if reversal.beyond_chance { "beyond chance" } else { "within chance" };
            let _ =
                writeln!(text, "  {} has a lower win rate than {}, {how}", reversal.earlier, reversal.later);
        }
    }
    text
}
