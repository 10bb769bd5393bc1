//! A hook that asks another program.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Serialize;

use super::compare::Comparison;
use super::hook::{BeforeFit, OutcomeCounts, RetrainHook, Verdict};
use super::policy::Policy;
use crate::registry::VersionName;

/// Asks the policy first, and then a program.
///
/// The program is started once for each moment with one JSON object on standard input: `{"moment": "judge", "model": ..}`, the
/// moment being `on_outcomes`, `before_fit`, `judge` or `after_promotion` and the other fields those of [`OutcomeCounts`],
/// [`BeforeFit`], [`Comparison`] or [`VersionName`]. Exit code 0 goes on, 1 stops with the lines on standard output as reasons;
/// anything else is an error, and nothing is promoted.
#[derive(Clone, Debug)]
pub struct CommandHook {
    /// The policy that is asked first; what it stops, no program can let through.
    pub policy: Policy,
    /// The program.
    pub program: PathBuf,
}

/// What the program reads.
#[derive(Serialize)]
struct Message<'a, T> {
    moment: &'static str,
    #[serde(flatten)]
    content: &'a T,
}

impl CommandHook {
    fn ask(&self, moment: &'static str, content: &impl Serialize) -> Result<Verdict, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", self.program.display());
        let message = serde_json::to_vec(&Message { moment, content }).map_err(|error| failed(&error))?;
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not want to know may close its input.
            let _ = stdin.write_all(&message);
        }
        let output = child.wait_with_output().map_err(|error| failed(&error))?;
        match output.status.code() {
            Some(0) => Ok(Verdict::Go),
            Some(1) => {
                let said = String::from_utf8_lossy(&output.stdout);
                let mut reasons: Vec<String> = said.lines().map(str::to_owned).collect();
                if reasons.is_empty() {
                    reasons.push(format!("{} says no at {moment}", self.program.display()));
                }
                Ok(Verdict::Stop(reasons))
            }
            _ => Err(failed(&format!("{} at {moment}; expected exit code 0 or 1", output.status))),
        }
    }

    fn after(
        &self,
        policy: Verdict,
        moment: &'static str,
        content: &impl Serialize,
    ) -> Result<Verdict, String> {
        if policy == Verdict::Go { self.ask(moment, content) } else { Ok(policy) }
    }
}

impl RetrainHook for CommandHook {
    fn name(&self) -> String {
        format!("policy and {}", self.program.display())
    }

    fn on_outcomes(&self, outcomes: &OutcomeCounts) -> Result<Verdict, String> {
        self.after(self.policy.on_outcomes(outcomes)?, "on_outcomes", outcomes)
    }

    fn before_fit(&self, before: &BeforeFit) -> Result<Verdict, String> {
        self.after(self.policy.before_fit(before)?, "before_fit", before)
    }

    fn judge(&self, comparison: &Comparison) -> Result<Verdict, String> {
        self.after(self.policy.judge(comparison)?, "judge", comparison)
    }

    fn after_promotion(&self, promoted: &VersionName) -> Result<(), String> {
        self.policy.after_promotion(promoted)?;
        match self.ask("after_promotion", promoted)? {
            Verdict::Go => Ok(()),
            Verdict::Stop(reasons) => Err(reasons.join("; ")),
        }
    }
}
