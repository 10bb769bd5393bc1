//! The loop: due, trained, judged, promoted or refused.

use super::RetrainError;
use super::candidate::Candidate;
use super::cases::JudgingGround;
use super::churn::churn;
use super::compare::{Comparison, Field};
use super::deals::known_deals;
use super::due::{Due, Scope};
use super::feeds::feeds;
use super::hook::{BeforeFit, OutcomeCounts, RetrainHook, Verdict};
use super::ledger::{Progressing, load};
use super::replay::{Replay, Saying};
use super::reserve::Slice;
use super::worth::{cluster_rates, worth};
use crate::artifact::{ArtifactError, sha256_hex};
use crate::features::KnownDeals;
use crate::feedback::{Label, LabelRules, Referrals, cases, referrals_until};
use crate::pipeline::Pipeline;
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::registry::{Event, Record, Registry, State, VersionName};
use crate::scoring::Chunking;
use crate::seed::Seed;
use crate::spec::Spec;
use crate::tables::Dataset;
use crate::training::AdditiveParams;

/// Champions that a challenger is held against, latest first; older ones have been beaten by these.
const MOST_CHAMPIONS: usize = 6;

/// What a retraining is told.
pub struct Retrainer<'a> {
    /// The policy to train under; its name is that of the model in the registry.
    pub spec: &'a Spec,
    /// Settings of the training.
    pub params: AdditiveParams,
    /// Only what was known before this date is seen.
    pub as_of: AsOf,
    /// Train this, whether it is due or not.
    pub force: Option<Scope>,
    /// Seed of everything random.
    pub seed: Seed,
    /// How accounts are cut up and worked on.
    pub chunking: Chunking,
    /// Who asks, and when.
    pub record: Record,
    /// Who decides.
    pub hook: &'a dyn RetrainHook,
}

impl std::fmt::Debug for Retrainer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hook = self.hook.name();
        f.debug_struct("Retrainer").field("as_of", &self.as_of).field("hook", &hook).finish_non_exhaustive()
    }
}

/// What came of a retraining.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Retrained {
    /// Nothing is due.
    NotDue(Due),
    /// The hook stopped it before anything was trained; it is on record.
    Stopped {
        /// Why.
        reasons: Vec<String>,
    },
    /// What was trained is the champion, bit by bit.
    Same {
        /// The champion.
        name: VersionName,
    },
    /// The new version is champion.
    Promoted {
        /// The version.
        name: VersionName,
        /// How it was held against the champions; `None` for the first one.
        comparison: Option<Box<Comparison>>,
    },
    /// The new version is stored, and the champion stays.
    Refused {
        /// The version.
        name: VersionName,
        /// Why.
        reasons: Vec<String>,
        /// How it was held against the champions.
        comparison: Box<Comparison>,
    },
}

impl Retrainer<'_> {
    /// Trains what is due, compares, judges and promotes; every step is in the ledger.
    ///
    /// An empty registry gets its first champion. Nothing is written when nothing is due.
    ///
    /// # Errors
    /// [`RetrainError::BeforeChampion`] and [`RetrainError::OtherQuestion`] before anything is done,
    /// [`RetrainError::Registry`] with `E_REGISTRY_MOVED` when another writer moved the same model meanwhile, and as
    /// training, scoring and the hook say.
    pub fn run(
        &self,
        registry: &Registry,
        dataset: &Dataset,
        progress: &dyn Progress,
    ) -> Result<Retrained, RetrainError> {
        let mut ledger = Progressing { registry, model: &self.spec.name, seen: registry.ledger()? };
        let state = State::of(&ledger.seen);
        let found = state.models.get(&self.spec.name);
        let champion = match found.and_then(|found| found.champion()) {
            Some(version) => Some((version.to_owned(), load(registry, &self.named(version))?.1)),
            None => None,
        };
        if let Some((_, champion)) = &champion {
            self.check_question(champion)?;
        }
        let referrals = referrals_until(registry, &ledger.seen, self.as_of)?;
        let deals = known_deals(&referrals, self.as_of, &LabelRules::default());
        let outcomes = self.outcomes(&referrals, champion.as_ref().map(|(_, champion)| champion));
        let due = champion.as_ref().map(|(_, champion)| {
            let due = Due::of(&self.spec.cadence, champion, self.as_of, outcomes.since_champion);
            self.force.map_or(due.clone(), |scope| due.forced(scope))
        });
        if let Some(due) = due.clone().filter(|due| due.scope.is_none()) {
            return Ok(Retrained::NotDue(due));
        }
        let before = BeforeFit {
            model: self.spec.name.clone(),
            as_of: self.as_of,
            champion: champion.as_ref().map(|(version, _)| version.clone()),
            due: due.clone(),
            feeds: feeds(dataset, self.as_of),
        };
        let verdict = match self.hook.on_outcomes(&outcomes).map_err(|fault| self.hook_error(fault))? {
            Verdict::Go => self.hook.before_fit(&before).map_err(|fault| self.hook_error(fault))?,
            stop @ Verdict::Stop(_) => stop,
        };
        if let Verdict::Stop(reasons) = verdict {
            let event = Event::Stop { model: self.spec.name.clone(), reasons: reasons.clone() };
            ledger.write(|registry, seen| registry.append(seen, &self.record, event.clone()))?;
            return Ok(Retrained::Stopped { reasons });
        }

        let scope = due.as_ref().and_then(|due| due.scope).unwrap_or(Scope::Whole);
        let of_champion = champion.as_ref().map(|(_, champion)| champion);
        let candidate = Candidate::train(self, dataset, of_champion, scope, &deals, progress)?;
        if champion.as_ref().is_some_and(|(version, _)| *version == candidate.name.version) {
            return Ok(Retrained::Same { name: candidate.name });
        }
        let ground = self.ground(dataset, Slice::Judging, &deals)?;
        let reason = due.map_or_else(|| "the first".to_owned(), |due| due.reason);
        let version = candidate.version(self, dataset, &reason, &ground)?;
        ledger.write(|registry, seen| registry.add(seen, &self.record, &version))?;

        let Some(champion) = champion else {
            return self.promote(&mut ledger, &self.ground(dataset, Slice::Sealed, &deals)?, candidate, None);
        };
        progress.stage("comparing", 1);
        let valid: Vec<String> = state
            .models
            .get(&self.spec.name)
            .map(|found| found.still_valid().into_iter().take(MOST_CHAMPIONS).map(str::to_owned).collect())
            .unwrap_or_default();
        let comparison = self.compare(&ledger, &ground, &champion, &valid, &candidate)?;
        progress.advance(1);
        let report = serde_json::to_vec_pretty(&comparison)
            .map_err(|source| ArtifactError::Payload { path: "comparison".into(), source })?;
        let file = registry.store(&format!("comparisons/{}.json", sha256_hex(&report)), &report)?;
        let name = candidate.name.clone();
        let event = Event::Comparison {
            name: name.clone(),
            against: comparison.against.clone(),
            report: file,
            churn: comparison.churn.counts(),
        };
        ledger.write(|registry, seen| registry.append(seen, &self.record, event.clone()))?;
        let mut verdict = self.hook.judge(&comparison).map_err(|fault| self.hook_error(fault))?;
        if verdict == Verdict::Go
            && let Some(spent) = self.sealed_spent(&ledger)
        {
            verdict = Verdict::Stop(vec![spent]);
        }
        match verdict {
            Verdict::Go => self.promote(
                &mut ledger,
                &self.ground(dataset, Slice::Sealed, &deals)?,
                candidate,
                Some(Box::new(comparison)),
            ),
            Verdict::Stop(reasons) => {
                let event = Event::Refusal { name: name.clone(), reasons: reasons.clone() };
                ledger.write(|registry, seen| registry.append(seen, &self.record, event.clone()))?;
                Ok(Retrained::Refused { name, reasons, comparison: Box::new(comparison) })
            }
        }
    }

    pub(super) fn named(&self, version: &str) -> VersionName {
        VersionName { model: self.spec.name.clone(), version: version.to_owned() }
    }

    fn hook_error(&self, fault: String) -> RetrainError {
        RetrainError::Hook { hook: self.hook.name(), fault }
    }

    /// Refuses a spec whose answers cannot be compared with the champion's, and a date before it.
    fn check_question(&self, champion: &Pipeline) -> Result<(), RetrainError> {
        if self.as_of < champion.as_of() {
            let (as_of, champion) = (self.as_of.to_string(), champion.as_of().to_string());
            return Err(RetrainError::BeforeChampion { as_of, champion });
        }
        let (asks, answered) = (self.spec, champion.spec());
        let products =
            |spec: &Spec| spec.products.iter().map(|product| product.name.clone()).collect::<Vec<_>>();
        let differs = [
            ("products", products(asks) != products(answered)),
            ("intent.horizon_months", asks.intent.horizon_months != answered.intent.horizon_months),
            ("intent.label", asks.intent.label != answered.intent.label),
            ("fit.seed_share", asks.fit.seed_share != answered.fit.seed_share),
            ("fit.trailing_months", asks.fit.trailing_months != answered.fit.trailing_months),
        ];
        match differs.iter().find(|(_, differs)| *differs) {
            Some((what, _)) => {
                Err(RetrainError::OtherQuestion { model: asks.name.clone(), what: (*what).to_owned() })
            }
            None => Ok(()),
        }
    }

    /// The cases of a slice, labelled by the tables and by the deals of the registry.
    fn ground(
        &self,
        dataset: &Dataset,
        slice: Slice,
        deals: &KnownDeals,
    ) -> Result<JudgingGround, RetrainError> {
        JudgingGround::new(dataset, self.spec, slice, self.as_of, &self.chunking, deals)
    }

    fn outcomes(&self, referrals: &Referrals, champion: Option<&Pipeline>) -> OutcomeCounts {
        let mut counts = OutcomeCounts::default();
        for case in cases(referrals, self.as_of, &LabelRules::default()) {
            match case.label {
                Label::Won => counts.won += 1,
                Label::Lost { .. } => counts.lost += 1,
                Label::Open => counts.open += 1,
                Label::Dropped(_) => counts.without_label += 1,
            }
            let since = champion.map_or(i64::MIN, |champion| champion.as_of().micros());
            let decided = matches!(case.label, Label::Won | Label::Lost { .. });
            if decided && case.closed_at.is_some_and(|closed| closed.micros() >= since) {
                counts.since_champion += 1;
            }
        }
        counts
    }

    fn compare(
        &self,
        ledger: &Progressing<'_>,
        ground: &JudgingGround,
        (champion_version, champion): &(String, Pipeline),
        valid: &[String],
        candidate: &Candidate,
    ) -> Result<Comparison, RetrainError> {
        let (challenger, name) = (&candidate.line.pipeline, &candidate.name);
        let mut champions = vec![(champion_version.clone(), ground.cases(champion)?)];
        for version in valid.iter().filter(|version| *version != champion_version) {
            let (_, line) = load(ledger.registry, &self.named(version))?;
            champions.push((version.clone(), ground.cases(&line)?));
        }
        let cases = ground.cases(challenger)?;
        let mut said =
            champions.first().map_or_else(Vec::new, |(version, cases)| Saying::of(version, &cases.intent));
        said.extend(Saying::of(&name.version, &cases.intent));
        let field = Field {
            champions: &champions,
            challenger: &cases,
            seed: self.seed.named("comparison"),
            parallelism: &self.chunking.parallelism,
        };
        Ok(Comparison {
            model: name.model.clone(),
            challenger: name.version.clone(),
            champion: champion_version.clone(),
            against: champions.iter().map(|(version, _)| version.clone()).collect(),
            as_of: self.as_of,
            dates: ground.dates().to_vec(),
            fit: field.fit(),
            intent: field.intent(),
            clusters: cluster_rates(&cases.intent),
            churn: churn(ground, champion, challenger)?,
            replays: self.replays(ledger, &said)?,
            said,
        })
    }

    /// Holds what the champion says of past dates against what it said in the latest comparison that judged one of them. A
    /// comparison that met a rewritten history itself is no witness.
    fn replays(&self, ledger: &Progressing<'_>, said: &[Saying]) -> Result<Vec<Replay>, RetrainError> {
        let of_model = |event: &Event| match event {
            Event::Comparison { name, report, .. } if name.model == self.spec.name => Some(report.clone()),
            _ => None,
        };
        let reports = ledger.seen.entries().iter().rev().filter_map(|entry| of_model(&entry.event));
        for report in reports.take(MOST_CHAMPIONS) {
            let bytes = ledger.registry.stored(&report)?;
            let before: Comparison = serde_json::from_slice(&bytes)
                .map_err(|source| ArtifactError::Payload { path: report.key.into(), source })?;
            if !before.replays.iter().all(Replay::holds) {
                continue;
            }
            let replays: Vec<Replay> = said
                .iter()
                .flat_map(|now| before.said.iter().filter_map(|before| now.against(before)))
                .collect();
            if !replays.is_empty() {
                return Ok(replays);
            }
        }
        Ok(Vec::new())
    }

    fn sealed_slice(&self) -> String {
        format!("the sealed accounts as of {}", self.as_of)
    }

    /// Why the sealed slice of the date cannot be scored any more.
    fn sealed_spent(&self, ledger: &Progressing<'_>) -> Option<String> {
        let slice = self.sealed_slice();
        ledger.seen.entries().iter().find_map(|entry| match &entry.event {
            Event::SealedSlice { name, slice: spent, .. } if *spent == slice && name.model == self.spec.name => {
                Some(format!("{slice} were scored before, by {}; a sealed slice is scored once: retrain on a later date", name.version))
            }
            _ => None,
        })
    }

    /// Scores the sealed slice, once, and makes the version champion.
    fn promote(
        &self,
        ledger: &mut Progressing<'_>,
        sealed: &JudgingGround,
        candidate: Candidate,
        comparison: Option<Box<Comparison>>,
    ) -> Result<Retrained, RetrainError> {
        let (sealed, name) = (sealed.cases(&candidate.line.pipeline)?, candidate.name);
        let words =
            |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.4}"));
        let (fit, intent) = (worth(&sealed.fit), worth(&sealed.intent));
        let found = format!(
            "log loss of fit {} and of intent {}, AUC {} and {}",
            words(fit.log_loss),
            words(intent.log_loss),
            words(fit.auc),
            words(intent.auc)
        );
        let event = Event::SealedSlice { name: name.clone(), slice: self.sealed_slice(), found };
        ledger.write(|registry, seen| registry.append(seen, &self.record, event.clone()))?;
        let reason = match &comparison {
            None => "the first".to_owned(),
            Some(comparison) => {
                format!("{} lets it pass against {}", self.hook.name(), comparison.against.join(", "))
            }
        };
        ledger.write(|registry, seen| registry.promote(seen, &self.record, &name, &reason))?;
        self.hook.after_promotion(&name).map_err(|fault| self.hook_error(fault))?;
        Ok(Retrained::Promoted { name, comparison })
    }
}
