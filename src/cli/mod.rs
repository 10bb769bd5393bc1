//! The `propensity` command: one file per verb; each parses its flags and calls the library.

mod clock;
mod drift;
mod evaluate;
mod explain;
mod failure;
mod features;
mod feedback;
mod generate;
mod handing_out;
mod inputs;
mod match_lists;
mod outcomes;
mod page;
mod registry;
mod report;
mod retrain;
mod run;
mod shared;
mod table;
mod tune;
mod validate;
mod vouched;
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
    /// Write a run as one HTML page that needs nothing else.
    Page(page::Args),
    /// Make reports from the output of a run.
    Report(report::Args),
    /// Say why the scores of an account changed between two runs, as an exact sum of causes.
    Explain(explain::Args),
    /// Whom each owner works next: filtered, ranked, within capacity, with a share for exploration.
    Worklist(worklist::Args),
    /// Measure a model where outcomes are known: with intervals, by tier and cluster, in pictures.
    Evaluate(evaluate::Args),
    /// Say which account of one list is which company of another, or is twice in one list.
    Match(match_lists::Args),
    /// Tell how far accounts and scores have moved from what a model was trained on.
    Drift(drift::Args),
    /// Take in what came of the deals: an export of opportunities.
    Feedback(feedback::Args),
    /// Hold a scored list against what came of the deals, by product and cluster.
    Outcomes(outcomes::Args),
    /// Train what is due, hold it against the champions, promote or refuse it.
    Retrain(retrain::Args),
    /// Search for the settings of training that predict best, and write the spec with them.
    Tune(tune::Args),
    /// Versions of models: list, show, log, verify, promote, roll back, and which was live on a day.
    Registry(registry::Args),
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
        Verb::Page(args) => page::run(args, &shared),
        Verb::Report(args) => report::run(args, &shared),
        Verb::Explain(args) => explain::run(args, &shared),
        Verb::Worklist(args) => worklist::run(args, &shared),
        Verb::Evaluate(args) => evaluate::run(args, &shared),
        Verb::Match(args) => match_lists::run(args, &shared),
        Verb::Drift(args) => drift::run(args, &shared),
        Verb::Feedback(args) => feedback::run(args, &shared),
        Verb::Outcomes(args) => outcomes::run(args, &shared),
        Verb::Retrain(args) => retrain::run(args, &shared),
        Verb::Tune(args) => tune::run(args, &shared),
        Verb::Registry(args) => registry::run(args, &shared),
        Verb::Table(args) => table::run(args, &shared),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(cli.shared.log_format),
    }
}
