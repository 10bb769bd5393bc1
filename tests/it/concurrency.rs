//! Feedback, retraining and scoring on one registry at the same time, each a process of its own: no outcome is lost,
//! and whoever reads sees a whole state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use propensity::feedback::{ReferralState, referrals};
use propensity::registry::{Event, Ledger, Registry, State};
use propensity::report::RunOutput;
use propensity::retraining::champion;

use crate::small_world::{copy, propensity, small_world, succeeds};

/// Processes that bring outcomes, exports of each, and deals that are new in an export.
const WRITERS: usize = 3;
const EXPORTS: usize = 8;
const DEALS: usize = 4;
/// Most runs that score meanwhile.
const RUNS: usize = 12;

/// The deal of a writer as it stands in its last export: what was new before that is closed.
fn end(export: usize) -> ReferralState {
    if export + 1 < EXPORTS { ReferralState::Won } else { ReferralState::Accepted }
}

/// Writes an export of a writer: all deals so far, those of earlier exports closed.
fn write_export(folder: &Path, writer: usize, export: usize) {
    let mut text = "opportunity_id,account_id,product,created_at,closed_at,status,substatus\n".to_owned();
    for of in 0..=export {
        for deal in 0..DEALS {
            let state = if of < export { "2025-11-20,Closed,Won" } else { ",Active,Accepted" };
            writeln!(text, "w{writer}-e{of}-d{deal},account{deal},azure,2025-11-01,{state}").unwrap();
        }
    }
    fs::write(folder.join(format!("export-{writer}-{export}.csv")), text).unwrap();
}

/// Runs the command as a job does: it succeeds, a gate says no, or it is told one of these codes and nothing else.
fn ends(folder: &Path, args: &[&str], told: &[&str]) {
    let output = propensity(folder, args);
    let log = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap();
    assert!(code < 2 || told.iter().any(|told| log.contains(told)), "{args:?}: {code}, {log}");
}

/// Brings the exports of a writer, and after each one that all writers bring.
fn bring_outcomes(path: &Path, writer: usize) {
    for export in 0..EXPORTS {
        for of in [writer, WRITERS] {
            let file = path.join(format!("export-{of}-{export}.csv"));
            let args = ["--as-of", "2025-12-01", "--registry", "r", "-q"];
            ends(path, &[&["feedback", file.to_str().unwrap()][..], &args].concat(), &[]);
        }
    }
}

/// What a reader holds on to from look to look.
#[derive(Default)]
struct Reader {
    seen: Ledger,
    deals: usize,
    looks: u32,
}

impl Reader {
    /// One look at everything a registry tells. All of it must be whole, and nothing may have gone since the last look.
    fn look(&mut self, registry: &Registry, path: &Path) {
        let ledger = registry.ledger().unwrap();
        assert!(ledger.entries().starts_with(self.seen.entries()), "entries only come on top");
        let deals = referrals(registry, &ledger).unwrap().len();
        assert!(deals >= self.deals, "{deals} deals after {}", self.deals);
        let (header, _) = champion(registry, None).unwrap();
        let state = State::of(&registry.ledger().unwrap());
        let of_model = state.models.values().next().unwrap();
        assert!(of_model.versions.iter().any(|entry| entry.version == header.model_version()));
        let aliases = fs::read(path.join("r/models/cloudascent/aliases.json")).unwrap();
        let aliases: serde_json::Value = serde_json::from_slice(&aliases).unwrap();
        assert!(aliases["champion"].is_string(), "{aliases}");
        let verified = registry.verify(None).unwrap();
        assert!(verified.head.events >= ledger.head().events);
        (self.seen, self.deals, self.looks) = (ledger, deals, self.looks + 1);
    }
}

#[test]
fn outcomes_training_and_scoring_at_once() {
    let world = small_world("300", "5");
    let path = world.path();
    let spec = path.join("spec.toml");
    let text = fs::read_to_string(&spec).unwrap().replace("snapshots = 9", "snapshots = 2");
    fs::write(&spec, text).unwrap();
    let retrain = |day: &'static str, seed: &'static str| {
        let args = ["retrain", "world", "--as-of", day, "--registry", "r", "--spec", "spec.toml", "-q"];
        [&args[..], &["--threads", "1", "--force", "--seed", seed]].concat()
    };
    succeeds(path, &retrain("2025-10-25", "0"));
    ends(path, &retrain("2025-10-26", "1"), &[]);
    for (writer, export) in (0..=WRITERS).flat_map(|of| (0..EXPORTS).map(move |export| (of, export))) {
        write_export(path, writer, export);
    }
    let registry = Registry::open(&path.join("r"));
    let before = registry.ledger().unwrap();
    let state = State::of(&before);
    let second = &state.models["cloudascent"].versions[1].version;
    let (busy, mut reader) = (AtomicBool::new(true), Reader::default());
    let runs = std::thread::scope(|scope| {
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || bring_outcomes(path, writer))).collect();
        let trainer = scope.spawn(move || {
            // Too few outcomes in so small a world: whatever the gates say, it must be said and recorded. Where somebody moves
            // the model meanwhile, the retraining is told.
            ends(path, &retrain("2025-11-25", "2"), &["E_REGISTRY_MOVED"]);
        });
        let by_hand = scope.spawn(move || {
            for turn in 0..8 {
                let to: &[&str] = if turn % 2 == 0 { &["promote", second] } else { &["rollback"] };
                let told = ["E_REGISTRY_MOVED", "E_REGISTRY_CHAMPION", "E_REGISTRY_NO_PREVIOUS"];
                ends(path, &[&["registry"][..], to, &["--registry", "r", "-q"]].concat(), &told);
            }
        });
        let scorer = scope.spawn(|| {
            let mut runs = 0;
            while runs == 0 || (runs < RUNS && busy.load(Ordering::SeqCst)) {
                let out = format!("out{runs}");
                let args =
                    ["run", "world", "--as-of", "2025-12-25", "--registry", "r", "--threads", "1", "-q"];
                succeeds(path, &[&args[..], &["--out", &out]].concat());
                runs += 1;
            }
            runs
        });
        let reading = scope.spawn(|| {
            while busy.load(Ordering::SeqCst) {
                reader.look(&registry, path);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        trainer.join().unwrap();
        by_hand.join().unwrap();
        busy.store(false, Ordering::SeqCst);
        reading.join().unwrap();
        scorer.join().unwrap()
    });
    reader.look(&registry, path);
    println!("{} events, {} looks, {runs} runs", reader.seen.entries().len(), reader.looks);

    // Every outcome is there, as its last export says.
    let deals = referrals(&registry, &reader.seen).unwrap();
    let mut missing = Vec::new();
    for (writer, export, deal) in
        (0..=WRITERS).flat_map(|w| (0..EXPORTS).flat_map(move |e| (0..DEALS).map(move |d| (w, e, d))))
    {
        let id = format!("w{writer}-e{export}-d{deal}");
        if deals.get(&id).is_none_or(|found| found.observation.state != end(export)) {
            missing.push(id);
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    // Every export counts once.
    let mut exports: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &reader.seen.entries()[before.entries().len()..] {
        if let Event::Feedback { export_sha256, .. } = &entry.event {
            *exports.entry(export_sha256).or_default() += 1;
        }
    }
    assert!(exports.values().all(|times| *times == 1), "{exports:?}");
    // Every run is whole and was scored by a version that was champion then.
    let champions: BTreeSet<&str> = reader
        .seen
        .entries()
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Promotion { name, .. } | Event::Rollback { name, .. } => Some(name.version.as_str()),
            _ => None,
        })
        .collect();
    for run in 0..runs {
        let run = RunOutput::open(&path.join(format!("out{run}"))).unwrap();
        assert!(champions.contains(run.record().model.version.as_str()), "{:?}", run.record().model);
    }
    // A copy that was made in the middle of nothing is as whole as the registry itself.
    copy(&path.join("r"), &path.join("copy"));
    let copied = Registry::open(&path.join("copy")).verify(Some(&reader.seen.head())).unwrap();
    assert_eq!(copied.head, reader.seen.head());
}
