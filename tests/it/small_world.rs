//! The command in a folder, and a small generated world to ask it about.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs the command in a folder.
pub(crate) fn propensity(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_propensity")).current_dir(folder).args(args).output().unwrap()
}

/// Runs the command, which must succeed; what it printed.
pub(crate) fn succeeds(folder: &Path, args: &[&str]) -> String {
    let output = propensity(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with `world`, 24 months as CSV, and `spec.toml`, the shipped spec with its first two products.
pub(crate) fn small_world(accounts: &str, seed: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let size = ["--accounts", accounts, "--months", "24", "--seed", seed];
    succeeds(path, &[&["generate"][..], &size, &["--format", "csv", "--out", "world", "-q"]].concat());
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cloudascent.toml");
    let spec = fs::read_to_string(shipped).unwrap();
    let parts: Vec<&str> = spec.split("[[product]]").take(3).collect();
    fs::write(path.join("spec.toml"), parts.join("[[product]]")).unwrap();
    folder
}

/// Copies a folder and everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
