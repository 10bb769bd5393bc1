//! `propensity retrain`: what is due is trained, compared, and promoted or refused.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use propensity::error::{Coded, ErrorKind};
use propensity::quantity::AsOf;
use propensity::retraining::{
    CommandHook, Comparison, Contest, Policy, RetrainHook, Retrained, Retrainer, Scope,
};
use propensity::scoring::Chunking;
use propensity::training::AdditiveParams;

use super::clock::Watch;
use super::inputs::{Inputs, read_spec};
use super::registry::{ByArg, RegistryArg};
use super::vouched::Vouched;
use super::{Failure, Shared};

/// What is trained, due or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Forced {
    /// Fit and intent.
    Whole,
    /// Intent alone.
    Intent,
    /// Intent alone, its tables updated by the outcomes since.
    Update,
}

/// Flags of `retrain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Train by what was known before this day began, in UTC.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATE")]
    as_of: AsOf,
    /// Policy file; the one that ships with propensity when not given. Its name is that of the model in the registry.
    #[arg(long, env = "PROPENSITY_SPEC", value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Train although nothing is due.
    #[arg(long, value_enum, value_name = "WHAT", num_args = 0..=1, default_missing_value = "whole")]
    force: Option<Forced>,
    /// A program that is asked too: JSON on standard input, exit code 0 to go on, 1 to stop.
    #[arg(long, env = "PROPENSITY_HOOK", value_name = "PROGRAM")]
    hook: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArg,
    #[command(flatten)]
    by: ByArg,
    #[command(flatten)]
    vouched: Vouched,
}

/// A gate said no; it is on record.
#[derive(Debug, thiserror::Error)]
#[error("{what}; the champion stays:\n  {}", .reasons.join("\n  "))]
struct Refusal {
    what: String,
    reasons: Vec<String>,
}

impl Coded for Refusal {
    fn code(&self) -> &'static str {
        "E_PROMOTION_REFUSED"
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Refused
    }
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let spec = read_spec(args.spec.as_deref())?;
    let spec = args.vouched.told(spec)?;
    let registry = args.registry.open()?;
    let watch = Watch::new(shared.interactive);
    let dataset = args.inputs.read(shared)?;
    spec.check_seeds(dataset.accounts())?;
    let command = args.hook.clone().map(|program| CommandHook { policy: Policy::default(), program });
    let policy = Policy::default();
    let hook: &dyn RetrainHook = match &command {
        Some(command) => command,
        None => &policy,
    };
    let retrainer = Retrainer {
        spec: &spec,
        params: AdditiveParams::default(),
        as_of: args.as_of,
        force: args.force.map(|forced| match forced {
            Forced::Whole => Scope::Whole,
            Forced::Intent => Scope::Intent,
            Forced::Update => Scope::Update,
        }),
        seed: shared.seed,
        chunking: Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() },
        record: args.by.record(Some(args.as_of)),
        hook,
    };
    let retrained = retrainer.run(&registry, &dataset, &watch);
    watch.finish();
    let (text, refusal) = told(retrained?);
    if shared.talks {
        // A reader that has gone away is no failure: the registry is written.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
    refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}

fn told(retrained: Retrained) -> (String, Option<Refusal>) {
    match retrained {
        Retrained::NotDue(due) => (format!("nothing is due before {}: {}\n", due.next, due.reason), None),
        Retrained::Stopped { reasons } => {
            let what = "nothing was trained".to_owned();
            (String::new(), Some(Refusal { what, reasons }))
        }
        Retrained::Same { name } => (format!("{name} is what was trained again; it stays champion\n"), None),
        Retrained::Promoted { name, comparison: None } => (format!("{name} is the first champion\n"), None),
        Retrained::Promoted { name, comparison: Some(comparison) } => {
            (format!("{}{name} is champion\n", compared(&comparison)), None)
        }
        Retrained::Refused { name, reasons, comparison } => {
            let what = format!("{name} was not promoted");
            (compared(&comparison), Some(Refusal { what, reasons }))
        }
        other => (format!("{other:?}\n"), None),
    }
}

fn compared(comparison: &Comparison) -> String {
    let mut text = String::new();
    for (what, contest) in [("intent", &comparison.intent), ("fit", &comparison.fit)] {
        let Contest { cases, outcomes, opponent, champion, challenger, loss_change, .. } = contest;
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let _ = writeln!(
            text,
            "{what:<8} {cases} cases, {outcomes} outcomes; log loss {} against {} of {opponent}; AUC {} against {}",
            number(challenger.log_loss),
            number(champion.log_loss),
            number(challenger.auc),
            number(champion.auc)
        );
        if let Some(change) = loss_change {
            let _ = writeln!(
                text,
                "         log loss {:+.2} %, {:+.2} to {:+.2}",
                100.0 * change.value,
                100.0 * change.low,
                100.0 * change.high
            );
        }
    }
    for cluster in &comparison.clusters {
        if let Some(rate) = cluster.rate {
            let _ = writeln!(
                text,
                "{:<10} {:>7} cases, {:>5} outcomes, {:>6.2} %, {:.2} to {:.2}",
                cluster.cluster.name(),
                cluster.cases,
                cluster.outcomes,
                100.0 * rate.value,
                100.0 * rate.low,
                100.0 * rate.high
            );
        }
    }
    let churn = &comparison.churn;
    let _ = writeln!(
        text,
        "bands    {} of {} change, {:.1} %: {} by new data, {} by the model, {} by calibration",
        churn.all.band,
        churn.rows,
        100.0 * churn.share(churn.all.band),
        churn.new_data.band,
        churn.model.band,
        churn.calibration.band
    );
    text
}
