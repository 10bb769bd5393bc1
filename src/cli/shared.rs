//! The flags every verb shares, and what they start: logs, threads, the seed.

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::tables::ReadOptions;
use tracing_subscriber::EnvFilter;

use super::Failure;

/// How log lines and errors are written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// When progress bars are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// On a terminal only.
    Auto,
    /// Never.
    Never,
}

/// Flags every verb shares; each is also an environment variable.
#[derive(Debug, Args)]
pub(crate) struct SharedArgs {
    /// Worker threads; all processors when not given. Results are the same for every number.
    #[arg(long, global = true, env = "PROPENSITY_THREADS", value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Accounts worked on at once; bounds memory. Results are the same for every number.
    #[arg(long, global = true, env = "PROPENSITY_CHUNK_ROWS", value_name = "N", default_value = "16384")]
    pub chunk_rows: NonZeroUsize,
    /// Seed of everything random.
    #[arg(long, global = true, env = "PROPENSITY_SEED", value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Set bad rows aside in this folder, with reasons, instead of stopping.
    #[arg(long, global = true, env = "PROPENSITY_QUARANTINE", value_name = "DIR")]
    pub quarantine: Option<PathBuf>,
    /// Replace outputs that exist already.
    #[arg(long, global = true, env = "PROPENSITY_OVERWRITE", value_parser = FalseyValueParser::new())]
    pub overwrite: bool,
    /// Say less: errors only.
    #[arg(short, long, global = true, env = "PROPENSITY_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
    /// Say more; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Form of log lines and errors.
    #[arg(long, global = true, env = "PROPENSITY_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// When to draw progress bars.
    #[arg(long, global = true, env = "PROPENSITY_PROGRESS", value_enum, default_value = "auto")]
    pub progress: Progress,
}

/// What the shared flags have started.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Threads to work with.
    pub parallelism: Parallelism,
    /// Accounts worked on at once.
    pub chunk_rows: NonZeroUsize,
    /// Seed of everything random.
    pub seed: Seed,
    /// Where bad rows go; `None` means that they stop the run.
    pub quarantine: Option<PathBuf>,
    /// Whether outputs that exist may be replaced.
    pub overwrite: bool,
    /// Whether progress bars are wanted.
    pub interactive: bool,
    /// Whether results are also told to people on standard output.
    pub talks: bool,
}

impl Shared {
    /// Starts logging and the worker threads.
    pub(crate) fn start(args: &SharedArgs) -> Result<Self, Failure> {
        start_logging(args);
        let threads =
            args.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        Ok(Self {
            parallelism: Parallelism::threads(threads)?,
            chunk_rows: args.chunk_rows,
            seed: Seed::new(args.seed),
            quarantine: args.quarantine.clone(),
            overwrite: args.overwrite,
            interactive: args.progress == Progress::Auto && !args.quiet && std::io::stderr().is_terminal(),
            talks: !args.quiet,
        })
    }

    /// How every verb reads tables.
    pub(crate) fn read_options(&self) -> ReadOptions {
        ReadOptions {
            quarantine: self.quarantine.clone(),
            parallelism: self.parallelism.clone(),
            ..ReadOptions::default()
        }
    }
}

fn start_logging(args: &SharedArgs) {
    let level = match (args.quiet, args.verbose) {
        (true, _) => "error",
        (false, 0) => "propensity=info",
        (false, 1) => "propensity=debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_from_env("PROPENSITY_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time();
    // A second subscriber in one process is refused; the first one stays.
    let _ = match args.log_format {
        LogFormat::Text => log.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}
