//! What the models of a run are worth, as its model card says.

use serde::Deserialize;

use super::content::Worth;
use crate::report::{ReportError, RunOutput};

/// The part of a model card that a page shows; all else is left alone.
#[derive(Deserialize)]
struct Card {
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Section {
    name: String,
    quality: Option<Quality>,
}

#[derive(Deserialize)]
struct Quality {
    auc: Measure,
    deciles: Vec<Decile>,
    reliability: Vec<Reliability>,
}

#[derive(Clone, Copy, Deserialize)]
struct Measure {
    value: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Decile {
    depth: f64,
    gain: Measure,
}

#[derive(Deserialize)]
struct Reliability {
    rows: f64,
    mean_probability: f64,
    rate: f64,
}

/// Fit and intent of every product, in the order of the spec; `None` where nothing was measured. A run that scored by a
/// loaded model measures nothing, and one without a card has nothing to show.
pub(super) fn read(run: &RunOutput) -> Result<Vec<[Option<Worth>; 2]>, ReportError> {
    let path = run.folder().join("model_card.json");
    let products = run.pipeline().products();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(vec![[None, None]; products.len()]);
        }
        Err(error) => {
            return Err(ReportError::NotARun { path, reason: format!("it cannot be read ({error})") });
        }
    };
    let card: Card = serde_json::from_str(&text).map_err(|error| ReportError::NotARun {
        path,
        reason: format!("it is not a model card of the expected shape ({error})"),
    })?;
    let worth = |name: String| {
        let section = card.sections.iter().find(|section| section.name == name)?;
        section.quality.as_ref().map(Worth::from)
    };
    Ok(products
        .iter()
        .map(|models| ["fit", "intent"].map(|what| worth(format!("{} {what}", models.product))))
        .collect())
}

impl From<&Quality> for Worth {
    fn from(quality: &Quality) -> Self {
        let rounded = |value: f64| (value * 1e5).round() / 1e5;
        let Measure { value, low, high } = quality.auc;
        Self {
            auc: [value, low, high].map(rounded),
            gains: quality
                .deciles
                .iter()
                .map(|decile| {
                    [decile.depth, decile.gain.value, decile.gain.low, decile.gain.high].map(rounded)
                })
                .collect(),
            reliability: quality
                .reliability
                .iter()
                .map(|bin| [bin.rows, bin.mean_probability, bin.rate].map(rounded))
                .collect(),
        }
    }
}
