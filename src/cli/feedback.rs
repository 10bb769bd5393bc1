//! `propensity feedback`: what came of the deals, into the registry.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use propensity::feedback::{Export, Ingested, Label, LabelRules, cases, ingest, referrals};
use propensity::quantity::AsOf;
use propensity::tables::Dataset;
use propensity::tables::contract::TableName;
use propensity::tables::mapping::Mapping;

use super::registry::{ByArg, RegistryArg};
use super::{Failure, Shared};

/// Flags of `feedback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Export of the opportunities: a file, or a folder that holds them.
    export: PathBuf,
    /// Mapping file that renames the columns of the export.
    #[arg(long, env = "PROPENSITY_MAPPING", value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The day on which the export was made.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATE")]
    as_of: AsOf,
    /// Days in which a new deal must be answered before it counts as expired; 0 for a source without such a limit.
    #[arg(long, env = "PROPENSITY_EXPIRES_AFTER", value_name = "DAYS", default_value_t = 14)]
    expires_after: u16,
    #[command(flatten)]
    registry: RegistryArg,
    #[command(flatten)]
    by: ByArg,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let mapping = args.mapping.as_deref().map(Mapping::read).transpose()?;
    let options = shared.read_options();
    let dataset = Dataset::read_table(&args.export, TableName::Opportunities, mapping.as_ref(), &options)?;
    for note in dataset.notes() {
        tracing::info!(code = note.code, count = note.count, "{}", note.text);
    }
    let export = Export::read(&dataset, args.as_of)?;
    let registry = args.registry.open()?;
    let ingested = ingest(&registry, &args.by.record(Some(args.as_of)), &export)?;
    for row in &ingested.dropped {
        tracing::warn!(
            opportunity = row.opportunity_id,
            reason = row.reason.name(),
            "dropped: {}",
            row.reason
        );
    }
    if shared.talks {
        let rules = LabelRules {
            expires_after_days: Some(args.expires_after).filter(|days| *days > 0),
            ..LabelRules::default()
        };
        let deals = referrals(&registry, &registry.ledger()?)?;
        let text = told(&ingested, cases(&deals, args.as_of, &rules).iter().map(|case| case.label));
        // A reader that has gone away is no failure: the outcomes are stored.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
    Ok(())
}

fn told(ingested: &Ingested, labels: impl Iterator<Item = Label>) -> String {
    let mut text = String::new();
    let Ingested { added, changed, unchanged, dropped, known_already } = ingested;
    if *known_already {
        let _ = writeln!(text, "rows      {unchanged}: this export was taken in before; nothing has changed");
    } else {
        let _ = writeln!(
            text,
            "rows      {added} new, {changed} changed, {unchanged} unchanged, {} dropped",
            dropped.len()
        );
    }
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for row in dropped {
        *reasons.entry(row.reason.to_string()).or_default() += 1;
    }
    for (reason, count) in reasons {
        let _ = writeln!(text, "dropped   {count}: {reason}");
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut unlabelled: BTreeMap<&str, u64> = BTreeMap::new();
    for label in labels {
        *counts.entry(label.name()).or_default() += 1;
        if let Label::Dropped(why) = label {
            *unlabelled.entry(why.name()).or_default() += 1;
        }
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let _ = writeln!(
        text,
        "cases     {} won, {} lost, {} open, {} without a label",
        count("won"),
        count("lost"),
        count("open"),
        count("dropped")
    );
    for (why, count) in unlabelled {
        let _ = writeln!(text, "no label  {count}: {}", why.replace('_', " "));
    }
    text
}
