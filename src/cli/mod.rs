//! The `propensity` command: one file per verb; each parses its flags and calls the library.

mod clock;
mod evaluate;
mod failure;
mod features;
mod generate;
mod report;
mod run;
mod shared;
mod table;
mod validate;
mod worklist;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use failure::{Failure, UsageError};
pub(crate) use shared::Shared;

/// Fit, intent and the propensity grid: from company tables to the list a sales team calls this week.
#[derive(Debug, Parser)]
#[command(name = "propensity", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    shared: shared::SharedArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Generate a world of companies with known truth.
    Generate(generate::Args),
    /// Read all tables and report every fault.
    Validate(validate::Args),
    /// Build the features of all accounts, as known on one date or on many.
    Features(features::Args),
    /// Train, score and place every account for every product: the main job.
    Run(run::Args),
    /// Make reports from the output of a run.
    Report(report::Args),
    /// Whom each owner works next: filtered, ranked, within capacity, with a share for exploration.
    Worklist(worklist::Args),
    /// Measure a model where outcomes are known: with intervals, by tier and cluster, in pictures.
    Evaluate(evaluate::Args),
    /// Train and score on one wide table: one row per case, one outcome column.
    Table(table::Args),
}

/// Parses the command line, runs the verb and turns the outcome into an exit code.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = Shared::start(&cli.shared).and_then(|shared| match &cli.verb {
        Verb::Generate(args) => generate::run(args, &shared),
        Verb::Validate(args) => validate::run(args, &shared),
        Verb::Features(args) => features::run(args, &shared),
        Verb::Run(args) => run::run(args, &shared),
        Verb::Report(args) => report::run(args, &shared),
        Verb::Worklist(args) => worklist::run(args, &shared),
        Verb::Evaluate(args) => evaluate::run(args, &shared),
        Verb::Table(args) => table::run(args, &shared),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(cli.shared.log_format),
    }
}
