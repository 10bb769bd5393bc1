//! Why a score is what it is and why it moved, in cells.

use super::movement::movements;
use super::render::Value;
use super::{Customer, ReportError, ReportRequest, Viewer};
use crate::features::Unit;
use crate::models::{FittedModel, Scorer, strongest};
use crate::pipeline::{Pipeline, ProductModels};

/// What stands between two reasons.
const BETWEEN: &str = "; ";
/// Contributions of a score, and parts of a movement, that are shown.
const MOST: usize = 5;
/// Parts of a movement that are told.
const TOLD: usize = 3;

/// The sentences of the reasons of a score.
pub(super) fn sentences(reasons: &str) -> impl Iterator<Item = &str> {
    reasons.split(BETWEEN).filter(|sentence| !sentence.is_empty())
}

fn models<'a>(request: &ReportRequest<'a>, product: &str) -> Option<&'a ProductModels> {
    request.run.pipeline().products().iter().find(|models| models.product == product)
}

/// The reasons of both scores. Amounts of money are revenue: those who may not see it are told the other reasons.
pub(super) fn explanation(
    request: &ReportRequest<'_>,
    customer: &Customer,
    product: &str,
) -> Result<Option<Value>, ReportError> {
    let (Some(models), Some(score)) = (models(request, product), customer.score(product)) else {
        return Ok(None);
    };
    let mut parts = Vec::new();
    for (name, model, reasons) in
        [("fit", &models.fit, &score.fit_reasons), ("intent", &models.intent, &score.intent_reasons)]
    {
        let reasons = match request.viewer {
            Viewer::Executive => reasons.clone(),
            Viewer::Report => without_money(request.run.pipeline(), customer, model, reasons)?,
        };
        if !reasons.is_empty() {
            parts.push(format!("{name}: {reasons}"));
        }
    }
    Ok((!parts.is_empty()).then(|| Value::Text(parts.join(" | "))))
}

/// The reasons that name no amount of money.
pub(super) fn without_money(
    pipeline: &Pipeline,
    customer: &Customer,
    model: &FittedModel,
    reasons: &str,
) -> Result<String, ReportError> {
    let features = pipeline.reason_features(model, &customer.bins)?;
    let told: Vec<&str> = sentences(reasons).collect();
    if told.len() != features.len() {
        // A name within a reason holds the separator: nobody can say which reason is which, so none is told.
        return Ok(String::new());
    }
    let kept = told.into_iter().zip(features).filter(|(_, feature)| feature.unit != Unit::Money);
    Ok(kept.map(|(reason, _)| reason).collect::<Vec<_>>().join(BETWEEN))
}

/// The strongest contributions to both scores, as JSON: base, margin and features with what they add, in log-odds.
pub(super) fn contributions(
    request: &ReportRequest<'_>,
    customer: &Customer,
    product: &str,
) -> Result<Option<Value>, ReportError> {
    let Some(models) = models(request, product) else { return Ok(None) };
    let pipeline = request.run.pipeline();
    // Checked once, so that the models may look the bins up.
    pipeline.reason_features(&models.fit, &customer.bins)?;
    let of = |model: &FittedModel| {
        let contributions = model.contributions(&customer.bins);
        let features: Vec<(&str, f64)> = strongest(&contributions, MOST)
            .into_iter()
            .map(|reason| (pipeline.recipes()[reason.feature].name.as_str(), reason.evidence.value()))
            .collect();
        serde_json::json!({
            "base": model.base().value(),
            "margin": model.margin(&customer.bins).value(),
            "features": features,
        })
    };
    let json = serde_json::json!({ "fit": of(&models.fit), "intent": of(&models.intent) });
    Ok(Some(Value::Text(json.to_string())))
}

/// What moved the scores since the previous run; nothing without one.
pub(super) fn moved_by(
    request: &ReportRequest<'_>,
    customer: &Customer,
    product: &str,
) -> Result<Option<Value>, ReportError> {
    let Some(previous) = request.previous else { return Ok(None) };
    let Some(moved) = movements(request.run, previous, customer, product)? else { return Ok(None) };
    let mut told = Vec::new();
    for (name, movement) in ["fit", "intent"].into_iter().zip(&moved) {
        if movement.parts.is_empty() {
            continue;
        }
        let change = movement.after.value() - movement.before.value();
        let mut parts: Vec<String> = movement
            .parts
            .iter()
            .take(TOLD)
            .map(|(group, effect)| format!("{group} {:+.2}", effect.value()))
            .collect();
        if movement.parts.len() > TOLD {
            let rest: f64 = movement.parts.iter().skip(TOLD).map(|(_, effect)| effect.value()).sum();
            parts.push(format!("{} others {rest:+.2}", movement.parts.len() - TOLD));
        }
        told.push(format!("{name} {change:+.2}: {}", parts.join(", ")));
    }
    Ok((!told.is_empty()).then(|| Value::Text(told.join(" | "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_come_apart_into_sentences() {
        let told: Vec<&str> = sentences("3 hires in 28 days (+0.42); no visit (-0.10)").collect();
        assert_eq!(told, ["3 hires in 28 days (+0.42)", "no visit (-0.10)"]);
        assert_eq!(sentences("").count(), 0);
    }
}
