//! The leak gate before the models of a line: which findings refuse a feature, and what goes on record.

use super::one_model::{ModelKind, Subject};
use super::{LineError, LineTrainer};
use crate::parallelism::Parallelism;
use crate::pipeline::LeakRecord;
use crate::training::TrainingSet;
use crate::training::leak_gate::{Columns, LeakGate, LeakLimits, LeakReason, LeakRefusal, PassedGate};

/// Share of the outcomes that a value of a built feature must cover to be refused for occurring with them alone.
const MOST_OUTCOMES: f64 = 0.5;
/// The AUC from which a feature of a fit model is refused. Headcount alone ranks the accounts of highest value with .90 on the
/// generated world, and no date is wrong there; at .98 two normal distributions lie 2.9 standard deviations apart.
const ECHO_OF_SEEDS: f64 = 0.98;
/// The same for a feature with two values: what the best cut through those distributions has.
const ECHO_OF_SEEDS_IN_TWO_VALUES: f64 = 0.93;

fn gate_of(kind: ModelKind) -> LeakGate {
    if kind != ModelKind::Fit {
        return LeakGate::default();
    }
    let limits = LeakLimits {
        telling_auc: ECHO_OF_SEEDS,
        telling_auc_of_two_values: ECHO_OF_SEEDS_IN_TWO_VALUES,
        ..LeakLimits::default()
    };
    LeakGate { limits }
}

/// The outcomes of all models; where the leak gate refused some, all that it found, together.
pub(super) fn all_passed<T>(outcomes: Vec<Result<T, LineError>>) -> Result<Vec<T>, LineError> {
    let (mut passed, mut leaks) = (Vec::with_capacity(outcomes.len()), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(outcome) => passed.push(outcome),
            Err(LineError::Leak(refusal)) => leaks.extend(refusal.leaks),
            Err(other) => return Err(other),
        }
    }
    if leaks.is_empty() { Ok(passed) } else { Err(LineError::Leak(LeakRefusal { leaks })) }
}

/// What the gates of all models found, for the manifest.
pub(super) fn record<'a>(gates: impl Iterator<Item = &'a PassedGate>) -> LeakRecord {
    let mut record = LeakRecord::default();
    for gate in gates {
        record.columns += gate.columns;
        record.allowed.extend(gate.allowed.iter().map(ToString::to_string));
        record.questioned.extend(gate.questions.iter().map(ToString::to_string));
    }
    record
}

impl LineTrainer<'_> {
    /// Refuses features that know the outcome, but for those the spec allows.
    ///
    /// A list of seeds may go by one feature alone, and is meant to be found by it: what stands out there is on record, and no
    /// reason to refuse. Seeds by rule are accounts of high value today, and value goes with size: there a feature
    /// must all but repeat the choice.
    pub(super) fn ask(&self, set: &TrainingSet<'_>, subject: Subject<'_>) -> Result<PassedGate, LineError> {
        let Subject { kind, of, listed, .. } = subject;
        let allowed = &self.spec.leaks;
        let seed = self.seed.named("leak gate").named(kind.name()).named(of);
        let mut report = gate_of(kind).inspect(set, Columns::Built, seed, &Parallelism::serial());
        // Of hundreds of features with hundreds of bins, some bin holds a few outcomes and nothing else: that alone is a question.
        let (leaks, rare): (Vec<_>, Vec<_>) = report.leaks.into_iter().partition(|leak| match leak.reason {
            LeakReason::OnlyWhere { with_outcome, .. } => with_outcome >= MOST_OUTCOMES,
            _ => true,
        });
        report.leaks = leaks;
        report.questions.extend(rare);
        for finding in report.leaks.iter_mut().chain(&mut report.questions) {
            finding.model = Some(format!("{of} {}", kind.name()));
        }
        report
            .pass(|leak| match &leak.column {
                Some(column) => listed || allowed.allow.contains(column),
                None => allowed.allow_copies,
            })
            .map_err(LineError::Leak)
    }
}
