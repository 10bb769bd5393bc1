//! Outcomes that came in by `feedback` teach `retrain`: by their labels, and each sale once.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use propensity::features::{DealEnd, FeatureBuilder, KnownDeal, KnownDeals, Purchases, account_row};
use propensity::quantity::AsOf;
use propensity::registry::Registry;
use propensity::retraining::{Slice, champion};
use propensity::spec::Spec;
use propensity::tables::{Dataset, ReadOptions};

use crate::small_world::{copy, small_world, succeeds};

const AS_OF: &str = "2025-12-25";
const COLUMNS: [&str; 9] = [
    "opportunity_id",
    "engagement_id",
    "account_id",
    "product",
    "created_at",
    "closed_at",
    "status",
    "substatus",
    "reason",
];

/// Cases and successes the intent model of the first product learned from.
fn samples(path: &Path, source: &str, registry: &str) -> (u64, u64) {
    let args = ["retrain", source, "--as-of", AS_OF, "--registry", registry, "--spec", "spec.toml", "-q"];
    succeeds(path, &args);
    let (_, line) = champion(&Registry::open(&path.join(registry)), None).unwrap();
    let sample = &line.manifest().samples[0];
    assert_eq!(sample.product, "azure");
    (sample.intent_cases, sample.intent_positives)
}

/// Accounts for training that never bought the product and were known all the time.
fn prospects(spec: &Spec, dataset: &Dataset, first: AsOf) -> Vec<String> {
    let builder = FeatureBuilder::try_new(&spec.features, dataset).unwrap();
    let all = 0..dataset.accounts().len();
    let purchases = Purchases::collect(&builder, dataset, all.clone(), AS_OF.parse().unwrap()).unwrap();
    let is_prospect = |place: &usize| {
        let id = &dataset.accounts()[*place];
        Slice::of(id) == Slice::Training
            && purchases.first(*place, 0).is_none()
            && account_row(dataset, *place, first).unwrap().is_some()
    };
    all.filter(is_prospect).map(|place| dataset.accounts()[place].clone()).collect()
}

#[test]
fn outcomes_of_the_registry_are_labels_and_a_sale_counts_once() {
    let folder = small_world("400", "21");
    let path = folder.path();
    let text = fs::read_to_string(path.join("spec.toml")).unwrap().replace("snapshots = 9", "snapshots = 2");
    fs::write(path.join("spec.toml"), text).unwrap();
    let spec = Spec::load(&path.join("spec.toml")).unwrap();
    let dataset = Dataset::read(path.join("world"), None, &ReadOptions::default()).unwrap();
    let horizon = i32::from(spec.intent.horizon_months.get());
    let first = AS_OF.parse::<AsOf>().unwrap().plus_months(-horizon - 1);
    let prospects = prospects(&spec, &dataset, first);

    // Closed in the last month, so that one snapshot of the two has each of them within its horizon.
    let deal = |number: usize, account: usize, end: &str| {
        format!("D{number},E{account},{},azure,2025-12-01,2025-12-10,Closed,{end}", prospects[account])
    };
    let mut deals: Vec<String> = (0..3).map(|account| deal(account, account, "Won,")).collect();
    // The same engagements once more: told twice, and one end that is not the sale.
    deals.extend([deal(10, 0, "Won,"), deal(11, 1, "Lost,3")]);
    deals.extend((3..5).map(|account| deal(account, account, "Declined,8")));
    deals.extend((5..7).map(|account| deal(account, account, "Lost,5")));
    deals.extend((7..9).map(|account| deal(account, account, "Lost,2")));
    fs::write(path.join("deals.csv"), format!("{}\n{}\n", COLUMNS.join(","), deals.join("\n"))).unwrap();
    let feedback = |registry: &str, date: &str| {
        succeeds(path, &["feedback", "deals.csv", "--as-of", date, "--registry", registry, "-q"]);
    };

    let (cases, wins) = samples(path, "world", "without");
    feedback("with", "2025-12-24");
    // Three more accounts bought; four say nothing of the customer; what was lost was no purchase before either.
    assert_eq!(samples(path, "world", "with"), (cases - 4, wins + 3));
    // What came in after the date is not known on it.
    feedback("later", "2026-01-10");
    assert_eq!(samples(path, "world", "later"), (cases, wins));

    // The same deals in the table of opportunities: with the registry each counts once, as the registry says.
    copy(&path.join("world"), &path.join("both"));
    let table = path.join("both/opportunities.csv");
    let mut text = fs::read_to_string(&table).unwrap();
    let header: Vec<String> = text.lines().next().unwrap().split(',').map(str::to_owned).collect();
    for deal in &deals {
        let cells: Vec<&str> = deal.split(',').collect();
        let cell = |column: &String| match column.as_str() {
            "known_at" => "2025-12-11",
            name => COLUMNS.iter().position(|known| *known == name).map_or("", |place| cells[place]),
        };
        writeln!(text, "{}", header.iter().map(cell).collect::<Vec<_>>().join(",")).unwrap();
    }
    fs::write(table, text).unwrap();
    assert_eq!(samples(path, "both", "table"), (cases, wins + 3));
    feedback("both-ways", "2025-12-24");
    assert_eq!(samples(path, "both", "both-ways"), (cases - 4, wins + 3));
}

#[test]
fn the_money_of_an_engagement_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let account = "account_id,name,domain,country,employees,valid_from,known_at\na,A,a.com,US,10,2024-01-01,2024-01-01\n";
    fs::write(path.join("accounts.csv"), account).unwrap();
    let deals = "opportunity_id,engagement_id,account_id,product,created_at,closed_at,status,substatus,deal_value,currency\n\
                 d1,e1,a,azure,2025-01-01,2025-02-01,Closed,Won,100,USD\n\
                 d2,e1,a,azure,2025-01-01,2025-02-01,Closed,Won,100,USD\n\
                 d3,e3,a,azure,2025-01-01,2025-02-01,Closed,Won,7,USD\n\
                 d4,e4,a,azure,2025-01-01,2025-02-01,Closed,Won,20,USD\n";
    fs::write(path.join("opportunities.csv"), deals).unwrap();
    let dataset = Dataset::read(path, None, &ReadOptions::default()).unwrap();
    let spec = Spec::cloudascent().unwrap();
    let builder = FeatureBuilder::try_new(&spec.features, &dataset).unwrap();
    let (from, to): (AsOf, AsOf) = ("2025-01-01".parse().unwrap(), "2025-03-01".parse().unwrap());
    let deal = |end: DealEnd| KnownDeal {
        account_id: "a".into(),
        product: "azure".into(),
        closed_at: "2025-02-03".parse::<AsOf>().unwrap().micros(),
        end,
    };
    // The registry has one deal of the first engagement, and knows that the last one was lost.
    let known = KnownDeals::new(
        [deal(DealEnd::Won(Some((100.0, "USD".into())))), deal(DealEnd::Lost(0.5)), deal(DealEnd::Unknown)],
        ["d1", "d4"].map(str::to_owned).into(),
        [("e1".to_owned(), "azure".to_owned())].into(),
    );
    let place = spec.products.iter().position(|product| product.name == "azure").unwrap();
    let value = |known: &KnownDeals| {
        let purchases = Purchases::collect_beside(known, &builder, &dataset, 0..1, to).unwrap();
        purchases.value_within(0, place, from, to)
    };
    assert_eq!((value(&KnownDeals::default()), value(&known)), (227.0, 107.0));
    let purchases = Purchases::collect_beside(&known, &builder, &dataset, 0..1, to).unwrap();
    assert_eq!(purchases.weight_within(0, place, from, to), Some(0.5));
    assert_eq!(purchases.weight_within(0, place, to, to.plus_months(1)), Some(1.0));
    let only = KnownDeals::new([deal(DealEnd::Unknown)], ["d9".to_owned()].into(), [].into());
    let purchases = Purchases::collect_beside(&only, &builder, &dataset, 0..1, to).unwrap();
    assert_eq!(purchases.weight_within(0, place, from, to), None);
}
