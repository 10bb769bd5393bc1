//! `propensity registry`: which versions there are, which of them scores, and what happened.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Write as _;

use clap::Subcommand;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use propensity::quantity::AsOf;
use propensity::registry::{
    Head, METRICS_FILE, ModelState, Record, Registry, RegistryError, RegistryPlace, State, VersionName,
};
use serde_json::json;

use super::clock;
use super::{Failure, Shared, UsageError};

/// Where the registry is; every verb that uses one has this flag.
#[derive(Debug, clap::Args)]
pub(crate) struct RegistryArg {
    /// Folder of the registry, or its address: `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.
    #[arg(long, env = "PROPENSITY_REGISTRY", hide_env_values = true, value_name = "PLACE", value_parser = PlaceParser)]
    registry: RegistryPlace,
}

impl RegistryArg {
    /// Opens the registry.
    pub(crate) fn open(&self) -> Result<Registry, RegistryError> {
        self.registry.open()
    }
}

/// Reads where a registry is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaceParser;

impl TypedValueParser for PlaceParser {
    type Value = RegistryPlace;

    fn parse_ref(
        &self,
        command: &clap::Command,
        _argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<RegistryPlace, clap::Error> {
        // Not clap's own message: it repeats the value, which may hold a password by mistake.
        RegistryPlace::parse(value).map_err(|error| {
            clap::Error::raw(ErrorKind::ValueValidation, format!("--registry: {error}\n")).with_cmd(command)
        })
    }
}

/// Who writes; every verb that writes to a registry has this flag.
#[derive(Debug, clap::Args)]
pub(crate) struct ByArg {
    /// Who is named in the ledger; the user of this session when not given.
    #[arg(long, env = "PROPENSITY_BY", value_name = "NAME")]
    by: Option<String>,
}

impl ByArg {
    /// What an event is recorded with that counts on `date`; today where that is `None`.
    pub(crate) fn record(&self, date: Option<AsOf>) -> Record {
        let recorded_at = clock::wall();
        let today = || AsOf::new(recorded_at.to_zoned(jiff::tz::TimeZone::UTC).date());
        let user = || std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
        let by = self.by.clone().unwrap_or_else(user);
        Record { date: date.unwrap_or_else(today), recorded_at, by }
    }
}

/// Flags of `registry`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// Why a person moves the champion.
#[derive(Debug, clap::Args)]
struct Decision {
    /// The model; not needed where there is only one.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Why; kept in the ledger.
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    reason: String,
    /// The day from which it counts; today when not given.
    #[arg(long, value_name = "DATE")]
    on: Option<AsOf>,
    #[command(flatten)]
    by: ByArg,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// All versions of all models, with their roles.
    List {
        #[command(flatten)]
        registry: RegistryArg,
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// A version: where it comes from, its files and its measures, as one JSON document.
    Show {
        #[command(flatten)]
        registry: RegistryArg,
        /// champion, challenger, previous, a version, or how one begins.
        #[arg(default_value = "champion")]
        version: String,
        /// The model; not needed where there is only one.
        #[arg(long, value_name = "NAME")]
        model: Option<String>,
    },
    /// Everything that happened, oldest first.
    Log {
        #[command(flatten)]
        registry: RegistryArg,
        /// One JSON object an event.
        #[arg(long)]
        json: bool,
    },
    /// Read the whole chain and hash every file; exit code 1 when anything is not as recorded.
    Verify {
        #[command(flatten)]
        registry: RegistryArg,
        /// A head that was noted before, as EVENTS:HASH: the ledger must hold it.
        #[arg(long, value_name = "HEAD", value_parser = parse_head)]
        head: Option<Head>,
    },
    /// Make a version champion.
    Promote {
        #[command(flatten)]
        registry: RegistryArg,
        /// challenger, previous, a version, or how one begins.
        version: String,
        #[command(flatten)]
        decision: Decision,
    },
    /// Withdraw the champion; the one before it is champion again.
    Rollback {
        #[command(flatten)]
        registry: RegistryArg,
        #[command(flatten)]
        decision: Decision,
    },
    /// Which version was champion on a day.
    At {
        #[command(flatten)]
        registry: RegistryArg,
        /// The day.
        date: AsOf,
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
}

fn parse_head(text: &str) -> Result<Head, String> {
    let parts = text.split_once(':').and_then(|(events, hash)| Some((events.parse().ok()?, hash)));
    let (events, hash) = parts.ok_or("expected EVENTS:HASH, as `registry verify` prints it")?;
    Ok(Head { events, hash: hash.to_owned() })
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let text = match &args.verb {
        Verb::List { registry, json } => {
            let state = registry.open()?.state()?;
            if *json { document(&state)? } else { list(&state) }
        }
        Verb::Show { registry, version, model } => {
            let registry = registry.open()?;
            let name = registry.resolve(&registry.state()?, model.as_deref(), version)?;
            show(&registry, &name)?
        }
        Verb::Log { registry, json } => log(&registry.open()?, *json)?,
        Verb::Verify { registry, head } => {
            let verified = registry.open()?.verify(head.as_ref())?;
            let Head { events, hash } = verified.head;
            format!("{events} events and {} files are as recorded; head {events}:{hash}\n", verified.files)
        }
        Verb::Promote { registry, version, decision } => {
            let registry = registry.open()?;
            let seen = registry.ledger()?;
            let name = registry.resolve(&State::of(&seen), decision.model.as_deref(), version)?;
            let record = decision.by.record(decision.on);
            registry.promote(&seen, &record, &name, &decision.reason)?;
            format!("{name} is champion\n")
        }
        Verb::Rollback { registry, decision } => {
            let registry = registry.open()?;
            let seen = registry.ledger()?;
            let state = State::of(&seen);
            let (model, found) = registry.model(&state, decision.model.as_deref())?;
            registry.rollback(&seen, &decision.by.record(decision.on), model, &decision.reason)?;
            let previous = found.previous().unwrap_or_default();
            format!("{model}/{previous} is champion again\n")
        }
        Verb::At { registry, date, json } => {
            let state = State::at(&registry.open()?.ledger()?, *date);
            at(&state, *date, *json)?
        }
    };
    let asked_for = !matches!(args.verb, Verb::Promote { .. } | Verb::Rollback { .. } | Verb::Verify { .. });
    if asked_for || shared.talks {
        // A reader that has gone away, such as `head`, is no failure.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
    Ok(())
}

/// Any value as a JSON document.
fn document(value: &impl serde::Serialize) -> Result<String, UsageError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| UsageError(error.to_string()))?;
    Ok(format!("{text}\n"))
}

fn list(state: &State) -> String {
    let mut text = String::new();
    for (model, found) in &state.models {
        let _ = writeln!(text, "{model}");
        for entry in found.versions.iter().rev() {
            let role = role(found, &entry.version);
            let _ = writeln!(
                text,
                "  {:<14} {:<12} as of {}  fitted {}  {}",
                entry.version, role, entry.as_of, entry.fitted, entry.reason
            );
        }
    }
    if text.is_empty() { "the registry is empty\n".to_owned() } else { text }
}

fn role(found: &ModelState, version: &str) -> &'static str {
    if found.champion() == Some(version) {
        "champion"
    } else if found.withdrawn.contains(version) {
        "withdrawn"
    } else if found.challenger.as_deref() == Some(version) {
        "challenger"
    } else if found.previous() == Some(version) {
        "previous"
    } else {
        ""
    }
}

fn show(registry: &Registry, name: &VersionName) -> Result<String, Failure> {
    let manifest = registry.manifest(name)?;
    let metrics: serde_json::Value = if manifest.files.contains_key(METRICS_FILE) {
        let bytes = registry.version_file(name, METRICS_FILE)?;
        serde_json::from_slice(&bytes).map_err(|error| RegistryError::Damaged {
            place: registry.place(),
            key: METRICS_FILE.to_owned(),
            fault: error.to_string(),
        })?
    } else {
        serde_json::Value::Null
    };
    Ok(document(&json!({ "manifest": manifest, "metrics": metrics }))?)
}

fn log(registry: &Registry, json: bool) -> Result<String, Failure> {
    let ledger = registry.ledger()?;
    let mut text = String::new();
    for entry in ledger.entries() {
        if json {
            let line = serde_json::to_string(entry).map_err(|error| UsageError(error.to_string()))?;
            let _ = writeln!(text, "{line}");
        } else {
            let _ = writeln!(text, "{:>5}  {}  {}  ({})", entry.sequence, entry.date, entry.event, entry.by);
        }
    }
    Ok(text)
}

fn at(state: &State, date: AsOf, json: bool) -> Result<String, Failure> {
    let live: std::collections::BTreeMap<&str, Option<&str>> =
        state.models.iter().map(|(model, found)| (model.as_str(), found.champion())).collect();
    if json {
        return Ok(document(&json!({ "date": date, "champions": live }))?);
    }
    let mut text = String::new();
    for (model, champion) in &live {
        let _ = writeln!(text, "{date}  {model}  {}", champion.unwrap_or("no champion yet"));
    }
    Ok(if text.is_empty() { format!("{date}  no model was there yet\n") } else { text })
}
