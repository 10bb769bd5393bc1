//! The registry: what is recorded is found again, whatever is edited is found out, and no moment to die is a bad one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use propensity::error::Coded;
use propensity::registry::{
    Aliases, Event, Exchange, Folder, Head, NewVersion, Record, Registry, RegistryError, Storage, VersionName,
};
use propensity::seed::Seed;

use crate::small_world::copy;

fn record(date: &str) -> Record {
    Record {
        date: date.parse().unwrap(),
        recorded_at: "2026-03-01T06:00:00Z".parse().unwrap(),
        by: "test".to_owned(),
    }
}

fn name(version: &str) -> VersionName {
    VersionName { model: "smb".to_owned(), version: version.to_owned() }
}

fn version(version: &str) -> NewVersion {
    let file =
        |file: &str| (file.to_owned(), format!("{{\"file\": \"{file} of {version}\"}}\n").into_bytes());
    NewVersion {
        name: name(version),
        as_of: "2026-01-01".parse().unwrap(),
        reason: "a test".to_owned(),
        files: ["model.json", "metrics.json", "model_card.md"].map(file).into(),
        origin: serde_json::json!({ "seed": 0 }),
    }
}

/// A registry with versions a1, b2 and c3, of which a1 was champion and b2 is.
fn two_champions(folder: &Path) -> Registry {
    let registry = Registry::open(folder);
    let mut ledger = registry.ledger().unwrap();
    for (version_name, date) in [("a1", "2026-01-25"), ("b2", "2026-02-25")] {
        ledger = registry.add(&ledger, &record(date), &version(version_name)).unwrap();
        ledger = registry.promote(&ledger, &record(date), &name(version_name), "better").unwrap();
    }
    registry.add(&ledger, &record("2026-03-25"), &version("c3")).unwrap();
    registry
}

fn champion(registry: &Registry) -> String {
    registry.state().unwrap().models["smb"].champion().unwrap().to_owned()
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_propensity"));
    command.arg("registry").args(args).arg("--registry").arg(folder);
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn shown(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, args: &[&str], exit: i32) -> String {
    let output = run(folder, args);
    assert_eq!(output.status.code(), Some(exit), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_command_tells_what_is_there_and_moves_the_champion() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    two_champions(path);
    let list = shown(path, &["list"]);
    let roles: Vec<Vec<&str>> =
        list.lines().skip(1).map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(roles, [["c3", "challenger"], ["b2", "champion"], ["a1", "previous"]]);
    for (date, live) in [
        ("2026-01-24", "no model was there yet"),
        ("2026-01-25", "smb  a1"),
        ("2026-02-24", "smb  a1"),
        ("2026-02-25", "smb  b2"),
        ("2027-01-01", "smb  b2"),
    ] {
        assert_eq!(shown(path, &["at", date]), format!("{date}  {live}\n"));
    }
    let shown_model: serde_json::Value = serde_json::from_str(&shown(path, &["show", "challenger"])).unwrap();
    assert_eq!(shown_model["manifest"]["name"]["version"], "c3");
    assert_eq!(shown_model["metrics"]["file"], "metrics.json of c3");

    shown(path, &["promote", "c", "--on", "2026-04-01", "--by", "ann", "--reason", "calibration"]);
    assert_eq!(shown(path, &["at", "2026-04-01"]), "2026-04-01  smb  c3\n");
    shown(path, &["rollback", "--on", "2026-04-09", "--by", "bob"]);
    assert_eq!(shown(path, &["at", "2026-04-08"]), "2026-04-08  smb  c3\n");
    assert_eq!(shown(path, &["at", "2026-04-09"]), "2026-04-09  smb  b2\n");
    shown(path, &["rollback", "--on", "2026-04-10"]);
    assert_eq!(shown(path, &["at", "2026-04-10"]), "2026-04-10  smb  a1\n");
    let aliases = fs::read_to_string(path.join("models/smb/aliases.json")).unwrap();
    let aliases: serde_json::Value = serde_json::from_str(&aliases).unwrap();
    assert_eq!((&aliases["champion"], &aliases["previous"]), (&"a1".into(), &serde_json::Value::Null));

    let log = shown(path, &["log"]);
    let events: Vec<&str> = log.lines().map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    let expected = ["fit", "promotion", "fit", "promotion", "fit", "promotion", "rollback", "rollback"];
    assert_eq!(events, expected);
    assert!(log.contains("promotion   smb/c3 after b2: calibration  (ann)"), "{log}");
    let said = shown(path, &["verify"]);
    let head = said.trim().rsplit_once(' ').unwrap().1;
    assert!(said.starts_with("8 events and 12 files are as recorded"), "{said}");
    shown(path, &["verify", "--head", head]);
}

#[test]
fn addresses_in_object_stores_are_taken_by_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("deals.csv"), "opportunity_id\n").unwrap();
    let day = ["--as-of", "2026-01-01"];
    let verbs = [
        vec!["registry", "verify"],
        vec!["retrain", "."],
        vec!["feedback", "deals.csv"],
        vec!["outcomes", "list.csv"],
        vec!["run", ".", "--out", "out"],
        vec!["drift", "."],
    ];
    let asked = |verb: &[&str], place: &str| {
        let day: &[&str] = if verb[0] == "registry" { &[] } else { &day };
        let mut command = Command::new(env!("CARGO_BIN_EXE_propensity"));
        command.current_dir(folder.path()).args(verb).args(day).args(["--registry", place]);
        // A port of this machine on which nobody listens.
        command.env("AWS_ENDPOINT", "http://127.0.0.1:9").env("AWS_ALLOW_HTTP", "true");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "not-so-secret");
        command.env("NO_PROXY", "127.0.0.1");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{verb:?} {place}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("secret"), "{said}");
        said
    };
    for verb in &verbs {
        for place in
            ["gs://models/smb", "s4://models", "s3://key:secret@models/smb", "az://models/smb?sig=secret"]
        {
            let said = asked(verb, place);
            assert!(
                said.contains("expected a folder, s3://BUCKET/PREFIX or az://CONTAINER/PREFIX"),
                "{said}"
            );
        }
    }
    for verb in [&verbs[0], &verbs[4], &verbs[5]] {
        let said = asked(verb, "s3://models/smb");
        let found = "error[E_REGISTRY_STORAGE]: registry s3://models/smb: cannot use ";
        assert!(said.contains(found) && said.contains("http://127.0.0.1:9/models/smb/"), "{said}");
        assert!(said.contains("check AWS_REGION"), "{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written");
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry");
    assert_eq!(shown(&path, &["list"]), "the registry is empty\n");
    assert!(refused(&path, &["rollback"], 2).contains("error[E_REGISTRY_MODEL]"));
    assert!(!path.exists(), "reading makes no folder");
    two_champions(&path);
    let ledger = fs::read(path.join("ledger.jsonl")).unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["promote", "b2"], "error[E_REGISTRY_CHAMPION]"),
        (&["promote", "zz"], "error[E_REGISTRY_VERSION]: model smb has no version"),
        (&["promote", ""], "error[E_REGISTRY_VERSION]: model smb has more than one version"),
        (&["promote", "a1", "--model", "corporate"], "error[E_REGISTRY_MODEL]"),
        (&["show", "nothing"], "error[E_REGISTRY_VERSION]"),
    ];
    for (args, code) in cases {
        let log = refused(&path, args, 2);
        assert!(log.contains(code), "{args:?}: {log}");
    }
    shown(&path, &["rollback"]);
    assert!(refused(&path, &["rollback"], 2).contains("error[E_REGISTRY_NO_PREVIOUS]"));
    assert!(fs::read(path.join("ledger.jsonl")).unwrap().starts_with(&ledger));
    let outside = NewVersion { name: name("../x"), ..version("x") };
    let registry = Registry::open(&path);
    let error = registry.add(&registry.ledger().unwrap(), &record("2026-03-01"), &outside).unwrap_err();
    assert_eq!(error.code(), "E_REGISTRY_NAME");
}

#[test]
fn every_file_that_was_touched_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let registry = two_champions(path);
    let noted = registry.verify(None).unwrap().head;
    let version = ["model.json", "metrics.json", "model_card.md", "manifest.json"];
    let files = version.map(|file| format!("models/smb/a1/{file}"));
    let views = ["head.json", "models/smb/aliases.json", "ledger.jsonl"].map(str::to_owned);
    for file in files.iter().chain(&views) {
        let key = path.join(file);
        let whole = fs::read(&key).unwrap();
        for place in [0, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut edited = whole.clone();
            edited[place] ^= 1;
            fs::write(&key, edited).unwrap();
            let log = refused(path, &["verify"], 1);
            assert!(log.contains("error[E_REGISTRY_NOT_AS_RECORDED]") && log.contains(file), "{file}: {log}");
        }
        fs::remove_file(&key).unwrap();
        let log = refused(path, &["verify"], 1);
        assert!(log.contains(file), "{file} removed: {log}");
        fs::write(&key, whole).unwrap();
    }
    // A tail that was cut off together with the head beside it: the head that was noted elsewhere tells.
    let text = fs::read_to_string(path.join("ledger.jsonl")).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(path.join("ledger.jsonl"), lines[..lines.len() - 1].concat()).unwrap();
    assert!(refused(path, &["list"], 2).contains("error[E_REGISTRY_LEDGER]"));
    let cut = Registry::open(path);
    fs::remove_file(path.join("head.json")).unwrap();
    let ledger = cut.ledger().unwrap();
    fs::write(path.join("head.json"), serde_json::to_vec(&ledger.head()).unwrap()).unwrap();
    let error = cut.verify(Some(&noted)).unwrap_err();
    assert!(error.to_string().contains("the head that was noted"), "{error}");
}

#[test]
fn of_two_writers_that_saw_the_same_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let registry = two_champions(folder.path());
    let seen = registry.ledger().unwrap();
    let outcomes: Vec<Result<_, RegistryError>> = std::thread::scope(|scope| {
        let writers = ["a1", "c3", "a1", "c3"].map(|version| {
            let (seen, path) = (&seen, folder.path());
            scope.spawn(move || {
                Registry::open(path).promote(seen, &record("2026-04-01"), &name(version), "race")
            })
        });
        writers.map(|writer| writer.join().unwrap()).into()
    });
    let (won, told): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), told.len()), (1, 3));
    assert!(told.iter().all(|told| told.as_ref().unwrap_err().code() == "E_REGISTRY_MOVED"));
    assert_eq!(registry.verify(None).unwrap().head.events, seen.head().events + 1);
}

/// A folder that dies at one of its operations: before it, or right after it.
#[derive(Debug)]
struct Dying {
    folder: Folder,
    /// Operations left; the last one is done when `after`.
    left: AtomicU32,
    after: bool,
}

impl Dying {
    fn step<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match left {
            Err(_) => Err(io::Error::other("dead")),
            Ok(1) if self.after => operation().and(Err(io::Error::other("died after it"))),
            Ok(1) => Err(io::Error::other("died before it")),
            Ok(_) => operation(),
        }
    }
}

impl Storage for Dying {
    fn place(&self) -> String {
        self.folder.place()
    }

    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        self.step(|| self.folder.read(key))
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        self.step(|| self.folder.write(key, bytes))
    }

    fn exchange(&self, key: &str, expected: Option<&[u8]>, bytes: &[u8]) -> io::Result<Exchange> {
        self.step(|| self.folder.exchange(key, expected, bytes))
    }
}

/// Stores a fourth version and makes it champion.
fn fit_and_promote(registry: &Registry) -> Result<(), RegistryError> {
    let seen = registry.ledger()?;
    let seen = registry.add(&seen, &record("2026-04-25"), &version("d4"))?;
    registry.promote(&seen, &record("2026-04-25"), &name("d4"), "better")?;
    Ok(())
}

#[test]
fn a_process_may_die_before_and_after_every_operation() {
    let prepared = tempfile::tempdir().unwrap();
    two_champions(prepared.path());
    let mut finished = 0;
    for steps in 1..200 {
        for after in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            copy(prepared.path(), folder.path());
            let storage = Dying { folder: Folder::new(folder.path()), left: AtomicU32::new(steps), after };
            let died = fit_and_promote(&Registry::on(Box::new(storage))).is_err();
            // Whoever comes next finds a whole registry, with one champion or the other, and can go on.
            let registry = Registry::open(folder.path());
            registry.verify(None).unwrap();
            let found = champion(&registry);
            assert!(found == "d4" || (died && found == "b2"), "{steps} {after}: {found}");
            if found == "b2" {
                fit_and_promote(&registry).unwrap();
            } else {
                registry.rollback(&registry.ledger().unwrap(), &record("2026-05-01"), "smb", "no").unwrap();
                assert_eq!(champion(&registry), "b2");
            }
            registry.verify(None).unwrap();
            finished += u32::from(!died);
        }
        if finished >= 2 {
            return;
        }
    }
    panic!("the work never comes to its end");
}

/// A folder in which another writer is faster: right after the first line of the ledger it writes the next one, with
/// its views.
#[derive(Debug)]
struct Overtaken {
    dying: Dying,
    path: PathBuf,
    done: AtomicBool,
}

impl Storage for Overtaken {
    fn place(&self) -> String {
        self.dying.place()
    }

    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        self.dying.read(key)
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        self.dying.write(key, bytes)
    }

    fn exchange(&self, key: &str, expected: Option<&[u8]>, bytes: &[u8]) -> io::Result<Exchange> {
        let exchanged = self.dying.exchange(key, expected, bytes);
        if key == "ledger.jsonl" && exchanged.is_ok() && !self.done.swap(true, Ordering::SeqCst) {
            let other = Registry::open(&self.path);
            other.promote(&other.ledger().unwrap(), &record("2026-04-02"), &name("a1"), "faster").unwrap();
        }
        exchanged
    }
}

#[test]
fn a_writer_that_was_overtaken_and_dies_leaves_no_old_view() {
    for steps in 1..40 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let seen = two_champions(path).ledger().unwrap();
        let left = AtomicU32::new(steps);
        let dying = Dying { folder: Folder::new(path), left, after: true };
        let storage = Overtaken { dying, path: path.to_owned(), done: AtomicBool::new(false) };
        let slow = Registry::on(Box::new(storage));
        let died = slow.promote(&seen, &record("2026-04-01"), &name("c3"), "slow").is_err();
        let registry = Registry::open(path);
        registry.verify(None).unwrap();
        if registry.ledger().unwrap().head().events == seen.head().events + 1 {
            // It died before anybody overtook it; the views are as before, and behind the ledger.
            continue;
        }
        let aliases: Aliases =
            serde_json::from_slice(&fs::read(path.join("models/smb/aliases.json")).unwrap()).unwrap();
        assert_eq!(aliases, registry.state().unwrap().models["smb"].aliases(), "after {steps} steps");
        if !died {
            assert_eq!((aliases.champion.as_deref(), aliases.event), (Some("a1"), 7));
            return;
        }
    }
    panic!("the work never comes to its end");
}

#[test]
fn a_process_that_is_killed_leaves_one_champion() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let registry = two_champions(path);
    let (mut killed, mut promoted) = (0, 0);
    for round in 0..60_u32 {
        let before = champion(&registry);
        let next = if before == "a1" { "c3" } else { "a1" };
        let mut child = command(path, &["promote", next, "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let delay = Seed::new(11).uniform(&round.to_le_bytes()) * 25_000.0;
        std::thread::sleep(Duration::from_micros(delay as u64));
        // A signal that cannot be caught; the child may have come to its end by itself.
        child.kill().unwrap();
        let finished = child.wait().unwrap().success();
        let after = champion(&registry);
        assert!(after == next || (!finished && after == before), "round {round}: {before} to {after}");
        registry.verify(None).unwrap();
        killed += u32::from(!finished);
        promoted += u32::from(after == next);
    }
    println!("{killed} of 60 were killed, {promoted} had promoted");
    // The lock of a killed process does not stand in the way of the next one.
    let next = if champion(&registry) == "a1" { "c3" } else { "a1" };
    shown(path, &["promote", next]);
    assert_eq!(champion(&registry), next);
    let promotions = registry.ledger().unwrap();
    let promotions =
        promotions.entries().iter().filter(|entry| matches!(entry.event, Event::Promotion { .. })).count();
    assert_eq!(promotions, 2 + promoted as usize + 1);
    assert_ne!(registry.ledger().unwrap().head(), Head::default());
}
