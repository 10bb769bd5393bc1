//! A challenger: trained, put on the champion's scale, and ready to be stored.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;

use serde_json::json;

use super::RetrainError;
use super::cases::JudgingGround;
use super::due::Scope;
use super::reserve::Slice;
use super::run::Retrainer;
use super::worth::{cluster_rates, worth};
use crate::artifact::{Header, sha256_hex};
use crate::evaluation::{Bootstrap, CardInput, ModelCard};
use crate::features::{KnownDeals, recipes};
use crate::models::{FittedModel, Signal};
use crate::pipeline::{Pipeline, ProductModels};
use crate::progress::Progress;
use crate::registry::{METRICS_FILE, MODEL_FILE, NewVersion, VersionName};
use crate::tables::Dataset;
use crate::training::UpdateParams;
use crate::training::line::{LineTrainer, TrainedLine};

/// Draws behind the intervals of the model card.
const CARD_DRAWS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

/// A trained line and its file.
pub(super) struct Candidate {
    pub line: TrainedLine,
    pub name: VersionName,
    header: Header,
    bytes: Vec<u8>,
}

impl Candidate {
    /// Trains on the accounts that are for training, and profiles all of them; intent alone keeps the fit models of the
    /// champion, and an update its intent models too, which follow the outcomes since.
    pub(super) fn train(
        retrainer: &Retrainer<'_>,
        whole: &Dataset,
        champion: Option<&Pipeline>,
        scope: Scope,
        deals: &KnownDeals,
        progress: &dyn Progress,
    ) -> Result<Self, RetrainError> {
        let trainer = LineTrainer {
            spec: retrainer.spec,
            params: retrainer.params,
            as_of: retrainer.as_of,
            seed: retrainer.seed,
            chunking: retrainer.chunking.clone(),
            deals: deals.clone(),
        };
        let dataset = &whole.part(|id| Slice::of(id) == Slice::Training);
        // Fit can be kept only where it reads the features that are built now.
        let names: Vec<String> =
            recipes(&retrainer.spec.features).into_iter().map(|recipe| recipe.name).collect();
        let reads_these = |line: &&Pipeline| line.recipes().iter().map(|recipe| &recipe.name).eq(&names);
        let kept = champion.filter(|_| scope != Scope::Whole).filter(reads_these);
        let mut line = match kept {
            Some(kept) if scope == Scope::Update => {
                trainer.update_intent(kept, &UpdateParams::default(), dataset, progress)?
            }
            Some(kept) => trainer.refresh_intent(kept, dataset, progress)?,
            None => trainer.train_judged(dataset, progress)?,
        };
        if let Some(champion) = champion {
            line.pipeline = on_scale_of(&line.pipeline, champion)?;
        }
        let profile = line.pipeline.profile(whole, retrainer.as_of, &retrainer.chunking, progress)?;
        line.pipeline = line.pipeline.with_baseline(profile)?;
        let (header, bytes) = line.pipeline.to_bytes()?;
        let name = retrainer.named(header.model_version());
        Ok(Self { line, name, header, bytes })
    }

    /// The version with its model, card and metrics.
    pub(super) fn version(
        &self,
        retrainer: &Retrainer<'_>,
        dataset: &Dataset,
        reason: &str,
        ground: &JudgingGround,
    ) -> Result<NewVersion, RetrainError> {
        let line = &self.line.pipeline;
        let mut files: BTreeMap<String, Vec<u8>> = [(MODEL_FILE.to_owned(), self.bytes.clone())].into();
        let bootstrap = Bootstrap { draws: CARD_DRAWS, seed: retrainer.seed };
        let inputs = dataset.sources().iter().map(|source| CardInput::new(&source.file, &source.digest));
        let parallelism = &retrainer.chunking.parallelism;
        let card = ModelCard::of_line(
            line,
            &self.header,
            &self.line.held_out,
            inputs.collect(),
            bootstrap,
            parallelism,
        );
        for (path, text) in card.documents(Path::new("model_card"))? {
            files.insert(path.display().to_string(), text.into_bytes());
        }
        let judged = ground.cases(line)?;
        let metrics = json!({
            "judged_on": "accounts that no version was trained on",
            "as_of": retrainer.as_of,
            "intent_dates": ground.dates(),
            "fit": worth(&judged.fit),
            "intent": worth(&judged.intent),
            "clusters": cluster_rates(&judged.intent),
        });
        files.insert(METRICS_FILE.to_owned(), format!("{metrics:#}\n").into_bytes());
        let origin = json!({
            "seed": retrainer.seed.value(),
            "as_of": line.as_of(),
            "fit_as_of": line.fit_as_of(),
            "intent_as_of": line.intent_as_of(),
            "spec_sha256": sha256_hex(json!(line.spec()).to_string().as_bytes()),
            "inputs": dataset.sources().iter().map(|source| json!({
                "table": source.table,
                "sha256": source.digest.sha256,
                "rows": source.digest.rows,
            })).collect::<Vec<_>>(),
        });
        let (name, reason) = (self.name.clone(), reason.to_owned());
        Ok(NewVersion { name, as_of: line.as_of(), reason, files, origin })
    }
}

/// The same line with the scales of the champion, so that a score stays the probability it was. A model whose predecessor
/// had found no signal keeps its own: there was no spread to carry over.
fn on_scale_of(line: &Pipeline, champion: &Pipeline) -> Result<Pipeline, RetrainError> {
    let carried = |own: &FittedModel, old: &FittedModel| match old.evidence().signal() {
        Signal::Found => own.clone().with_scale(old.scale().clone()),
        Signal::None => own.clone(),
    };
    let products = line.products().iter().zip(champion.products()).map(|(own, old)| ProductModels {
        product: own.product.clone(),
        fit: carried(&own.fit, &old.fit),
        intent: carried(&own.intent, &old.intent),
        upsell: own.upsell.as_ref().map(|own| match &old.upsell {
            Some(old) => carried(own, old),
            None => own.clone(),
        }),
        lookalike: own.lookalike.clone(),
    });
    let (spec, binning, manifest) = (line.spec(), line.binning(), line.manifest());
    let carried = Pipeline::try_new(spec.clone(), binning.clone(), products.collect(), manifest.clone())?;
    Ok(carried.with_renewal(line.renewal().cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Scale, ScaleParams};
    use crate::quantity::Probability;

    #[test]
    fn scales_are_carried_over_where_there_was_a_signal() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/reference/cloudascent.json");
        let (_, champion) = Pipeline::load(&path).unwrap();
        let reference: Vec<_> =
            (1..100).map(|i| Probability::try_from(f64::from(i) / 300.0).unwrap()).collect();
        let other = Scale::anchored(&reference, Probability::try_from(0.1).unwrap(), &ScaleParams::default())
            .unwrap();
        let elsewhere = |model: &FittedModel| model.clone().with_scale(other.clone());
        let products = champion.products().iter().map(|models| ProductModels {
            product: models.product.clone(),
            fit: elsewhere(&models.fit),
            intent: elsewhere(&models.intent),
            upsell: None,
            lookalike: None,
        });
        let (spec, binning, manifest) = (champion.spec(), champion.binning(), champion.manifest());
        let line =
            Pipeline::try_new(spec.clone(), binning.clone(), products.collect(), manifest.clone()).unwrap();
        let carried = on_scale_of(&line, &champion).unwrap();
        let mut found = 0;
        for (carried, old) in carried.products().iter().zip(champion.products()) {
            for (carried, old) in [(&carried.fit, &old.fit), (&carried.intent, &old.intent)] {
                let signal = old.evidence().signal() == Signal::Found;
                found += u32::from(signal);
                assert_eq!(carried.scale(), if signal { old.scale() } else { &other });
            }
        }
        assert!(found > 0, "the reference has a signal");
    }
}
