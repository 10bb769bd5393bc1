//! Whether the trends of models fit the features.

use super::Spec;
use crate::features::{Recipe, recipes};
use crate::matrix::Feature;

impl Spec {
    /// Everything wrong with the trends, in words; the features must be sound.
    pub(super) fn trend_faults(&self) -> Vec<String> {
        let features: Vec<Feature> = recipes(&self.features).iter().map(Recipe::feature).collect();
        let of_models = [("fit", &self.fit.trends), ("intent", &self.intent.trends)];
        let faults = of_models.map(|(model, rules)| {
            let faults = rules.trends(&features).err().map(|error| error.faults).unwrap_or_default();
            faults.into_iter().map(move |fault| format!("{model}.trends: {fault}"))
        });
        faults.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn trends_must_fit_the_features() {
        let trends = "\n[intent.trends]\nrising = [\"intent__topic_*_decayed__28d\"]\nfalling = [\"intent__*_recency__ever\"]\n";
        let with = |trends: &str| {
            let text = Spec::CLOUDASCENT.replace("\n# When models", &format!("{trends}\n# When models"));
            Spec::from_toml(&text, Path::new("x.toml"))
        };
        let spec = with(trends).unwrap();
        assert_eq!(spec.intent.trends.rising[0].as_str(), "intent__topic_*_decayed__28d");
        let error = with(&trends.replace("*_recency", "*_rencecy")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "spec x.toml has 1 faults:\n  intent.trends: no feature is called \"intent__*_rencecy__ever\"; correct the name"
        );
    }
}
