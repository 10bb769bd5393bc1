//! Worklists: order, capacity, caps, exclusions and the draw for exploration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;

use propensity::grid::Cluster;
use propensity::report::{
    Exclusions, Filter, Owners, RankBy, SelectedBy, Viewer, WorkItem, Worklist, WorklistRequest,
};
use propensity::seed::Seed;
use propensity::tables::write::TableFormat;
use propensity::targeting::cohort::Catalogue;

use super::reports::{chunking, sample_run};

struct Asked {
    filter: Filter,
    rank_by: RankBy,
    capacity: usize,
    per_parent: Option<usize>,
    owners: Owners,
    exclusions: Exclusions,
    explore: f64,
    seed: u64,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            rank_by: RankBy::Rank,
            capacity: 20,
            per_parent: None,
            owners: Owners::default(),
            exclusions: Exclusions::default(),
            explore: 0.0,
            seed: 1,
        }
    }
}

impl Asked {
    fn make(&self) -> Worklist {
        self.make_with(1, 1000)
    }

    fn make_with(&self, threads: usize, chunk: usize) -> Worklist {
        let cohorts = Catalogue::clas2025().unwrap();
        let request = WorklistRequest {
            run: sample_run(),
            filter: &self.filter,
            cohorts: &cohorts,
            rank_by: self.rank_by,
            capacity: NonZeroUsize::new(self.capacity).unwrap(),
            per_parent: self.per_parent.and_then(NonZeroUsize::new),
            owners: &self.owners,
            exclusions: &self.exclusions,
            explore: self.explore,
            seed: Seed::new(self.seed),
            partner: None,
            viewer: Viewer::Report,
        };
        request.make(&chunking(threads, chunk)).unwrap()
    }
}

fn ids(items: &[WorkItem]) -> Vec<&str> {
    items.iter().map(|item| item.score.account_id.as_str()).collect()
}

#[test]
fn a_list_holds_the_best_in_the_order_asked_for() {
    let by = |rank_by| Asked { rank_by, ..Asked::default() }.make().items;
    let ranks = by(RankBy::Rank);
    assert_eq!(ranks.len(), 20);
    assert!(ranks.is_sorted_by(|a, b| a.score.list_order(&b.score).is_le()));
    assert!(by(RankBy::Fit).is_sorted_by_key(|item| std::cmp::Reverse(item.score.fit_score)));
    assert!(by(RankBy::Intent).is_sorted_by_key(|item| std::cmp::Reverse(item.score.intent_score)));
    let values: Vec<f64> = by(RankBy::Value).iter().map(|item| item.expected_value.unwrap()).collect();
    assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    for items in [ranks, by(RankBy::Value)] {
        assert!(items.iter().all(|item| !item.score.owns_product && item.selection_probability == 1.0));
        assert_eq!(ids(&items).into_iter().collect::<BTreeSet<_>>().len(), 20, "an account stands once");
    }
}

#[test]
fn filters_let_through_what_they_name() {
    let filter = Filter {
        tiers: vec!["medium".into()],
        industries: vec!["Retail".into(), "Manufacturing".into()],
        products: vec!["azure".into(), "m365".into()],
        clusters: vec![Cluster::ActNow, Cluster::Evaluate],
        ..Filter::default()
    };
    let list = Asked { filter, capacity: 1000, ..Asked::default() }.make();
    assert!(!list.items.is_empty());
    for item in &list.items {
        assert_eq!(item.score.tier, "Medium");
        assert!(["Retail", "Manufacturing"].contains(&item.industry.as_deref().unwrap()));
        assert!(["azure", "m365"].contains(&item.score.product.as_str()));
        assert!(matches!(item.score.cluster, Cluster::ActNow | Cluster::Evaluate));
    }
    let left_out = list.left_out;
    let all = list.items.len() as u64 + left_out.filtered + left_out.corporate;
    assert_eq!((all, left_out.beyond_capacity), (sample_run().record().accounts, 0));
    let cohort = "Threat_Protection_Advanced_XDR";
    let filter = Filter { cohorts: vec![cohort.into()], ..Filter::default() };
    let list = Asked { filter, capacity: 1000, ..Asked::default() }.make();
    let catalogue = Catalogue::clas2025().unwrap();
    for item in list.items.iter().take(10) {
        let customer = sample_run().find(&item.score.account_id).unwrap();
        assert_eq!(catalogue.cohort(cohort).unwrap().holds(&customer.subject()), Some(true));
    }
}

#[test]
fn owners_parents_and_exclusions_bound_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let best = Asked { capacity: 60, ..Asked::default() }.make().items;
    let mut rows = String::from("account_id,owner\n");
    for (at, item) in best.iter().enumerate() {
        let _ = writeln!(rows, "{},{}", item.score.account_id, if at % 2 == 0 { "ann" } else { "ben" });
    }
    let owners = Owners::read(&file("owners.csv", rows)).unwrap();
    let list = Asked { owners, capacity: 5, ..Asked::default() }.make();
    let counts = list.items.iter().fold(BTreeMap::new(), |mut counts: BTreeMap<&str, u32>, item| {
        *counts.entry(&item.owner).or_default() += 1;
        counts
    });
    assert_eq!(counts, BTreeMap::from([("", 5), ("ann", 5), ("ben", 5)]));
    let of_ann: Vec<&str> =
        best.iter().step_by(2).take(5).map(|item| item.score.account_id.as_str()).collect();
    let found: Vec<WorkItem> = list.items.iter().filter(|item| item.owner == "ann").cloned().collect();
    assert_eq!(ids(&found), of_ann);

    // Out for good; out until the day, which is over on it; out until the day after; out for another product.
    let (as_of, [a, b, c, d]) = (sample_run().record().as_of, [0, 1, 2, 3].map(|at| &best[at].score));
    let tomorrow = propensity::quantity::AsOf::new(as_of.date().tomorrow().unwrap());
    let text = format!(
        "account_id,product,until\n{},,\n{},,{as_of}\n{},{},{tomorrow}\n{},nothing,\n",
        a.account_id, b.account_id, c.account_id, c.product, d.account_id
    );
    let exclusions = Exclusions::read(&file("exclusions.csv", text)).unwrap();
    let list = Asked { exclusions, ..Asked::default() }.make();
    let found: BTreeSet<&str> = ids(&list.items).into_iter().collect();
    assert!(!found.contains(a.account_id.as_str()) && found.contains(b.account_id.as_str()));
    assert!(found.contains(d.account_id.as_str()));
    assert!(
        !list
            .items
            .iter()
            .any(|item| item.score.account_id == c.account_id && item.score.product == c.product)
    );
    assert!(list.left_out.excluded >= 1);
    let bad = Exclusions::read(&file("bad.csv", "account_id,product,until\nA,,soon\n".into())).unwrap_err();
    assert!(bad.to_string().contains("until") && bad.to_string().contains("soon"), "{bad}");
    let bad = Owners::read(&file("bad2.csv", "account,owner\nA,x\n".into())).unwrap_err();
    assert!(bad.to_string().contains("account_id"), "{bad}");

    let capped = Asked { per_parent: Some(1), capacity: 500, ..Asked::default() }.make();
    let parents: Vec<&str> = capped.items.iter().map(|item| item.parent.as_str()).collect();
    assert_eq!(parents.iter().collect::<BTreeSet<_>>().len(), parents.len());
}

#[test]
fn exploration_is_drawn_from_outside_the_top_with_the_probability_it_says() {
    let top = Asked { capacity: 16, ..Asked::default() }.make().items;
    let top: BTreeSet<&str> = ids(&top).into_iter().collect();
    let n_left = Asked { capacity: 100_000, ..Asked::default() }.make().items.len() - 16;
    let mut drawn: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..40 {
        let list = Asked { explore: 0.2, seed, ..Asked::default() }.make();
        assert_eq!(list.items.len(), 20);
        for (at, item) in list.items.iter().enumerate() {
            let id = item.score.account_id.as_str();
            assert_eq!(item.selected_by == SelectedBy::Top, at < 16);
            assert_eq!(top.contains(id), at < 16, "seed {seed}, place {at}");
            if at >= 16 {
                assert_eq!(item.selection_probability, 4.0 / n_left as f64);
                *drawn.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
    assert!(drawn.len() > 100, "160 draws met {} accounts", drawn.len());
    let again = Asked { explore: 0.2, seed: 7, ..Asked::default() };
    assert_eq!(again.make(), again.make_with(3, 17));
}

#[test]
fn revenue_is_for_executives() {
    let list = Asked { rank_by: RankBy::Value, ..Asked::default() }.make();
    let folder = tempfile::tempdir().unwrap();
    let text = |viewer| {
        let path = folder.path().join("list.csv");
        list.stage(&path, TableFormat::SheetCsv, viewer).unwrap().commit().unwrap();
        fs::read_to_string(path).unwrap()
    };
    let value = list.items[0].expected_value.unwrap().to_string();
    assert!(text(Viewer::Executive).contains(&value) && !text(Viewer::Report).contains(&value));
}
