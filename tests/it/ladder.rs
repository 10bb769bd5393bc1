//! The small-data ladder: few outcomes are never made worse by a model, and its rung is said.

use std::collections::BTreeMap;
use std::path::Path;

use propensity::matrix::{Column, FeatureMatrix};
use propensity::metrics;
use propensity::models::{
    BinnedMatrix, Binning, BinningParams, FIRST_BIN, FittedModel, Rung, Scorer, Signal,
};
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::tables::raw::{Cell, CsvFormat, RawTable};
use propensity::training::{AdditiveParams, Trained, TrainingRows, TrainingSet, Trend};

use crate::wide_tables::public_data;

/// A table in memory: texts by column, and outcomes.
struct Deals {
    columns: BTreeMap<String, Vec<String>>,
    won: Vec<bool>,
    groups: Vec<u64>,
}

impl Deals {
    /// All rows of a public table without the columns whose name holds one of `leaks`.
    fn read(path: &Path, target: (&str, &str), group: Option<&str>, leaks: &[&str]) -> Self {
        let mut table = RawTable::open(path, &CsvFormat::default()).unwrap();
        let header = table.header().to_vec();
        let mut cells: Vec<Vec<String>> = vec![Vec::new(); header.len()];
        while let Some(batch) = table.next_batch().unwrap() {
            for (column, cells) in cells.iter_mut().enumerate() {
                cells.extend((0..batch.n_rows()).map(|row| match batch.cell(row, column) {
                    Cell::Text(text) => text.to_owned(),
                    _ => String::new(),
                }));
            }
        }
        let place = |name: &str| header.iter().position(|column| column == name).unwrap();
        let won: Vec<bool> = cells[place(target.0)].iter().map(|cell| cell == target.1).collect();
        let groups = match group {
            Some(group) => cells[place(group)].iter().map(|cell| cell.parse().unwrap()).collect(),
            None => (0..won.len() as u64).collect(),
        };
        let left_out = |name: &String| {
            name == target.0 || Some(name.as_str()) == group || leaks.iter().any(|leak| name.contains(leak))
        };
        let columns = header.into_iter().zip(cells).filter(|(name, _)| !left_out(name)).collect();
        Self { columns, won, groups }
    }

    /// Some rows as features: a column is one of numbers where every cell of the table is.
    fn matrix(&self, rows: &[usize]) -> FeatureMatrix {
        let ids = rows.iter().map(ToString::to_string).collect();
        let columns = self.columns.iter().map(|(name, cells)| {
            let numbers = cells.iter().all(|cell| cell.parse::<f32>().is_ok());
            let column = if numbers {
                Column::numbers(rows.iter().map(|row| cells[*row].parse().ok()))
            } else {
                Column::levels(&rows.iter().map(|row| Some(cells[*row].as_str())).collect::<Vec<_>>())
            };
            (name.clone(), column)
        });
        FeatureMatrix::try_new(ids, columns.collect()).unwrap()
    }

    /// `n` rows to learn from and `others` to judge on, drawn without repeats.
    fn draw(&self, seed: Seed, n: usize, others: usize) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<(u64, usize)> =
            (0..self.won.len()).map(|row| ((seed.uniform(&row.to_le_bytes()) * 1e15) as u64, row)).collect();
        order.sort_unstable();
        let mut rows = order.into_iter().map(|(_, row)| row);
        (rows.by_ref().take(n).collect(), rows.take(others).collect())
    }
}

/// A model learned from some rows, with their outcomes.
fn learn(
    deals: &Deals,
    rows: &[usize],
    labels: &[bool],
    params: &AdditiveParams,
    seed: Seed,
) -> Option<(Binning, BinnedMatrix, Trained)> {
    learn_with(deals, rows, labels, params, seed, &Parallelism::threads(2.try_into().unwrap()).unwrap())
}

fn learn_with(
    deals: &Deals,
    rows: &[usize],
    labels: &[bool],
    params: &AdditiveParams,
    seed: Seed,
    parallelism: &Parallelism,
) -> Option<(Binning, BinnedMatrix, Trained)> {
    let matrix = deals.matrix(rows);
    let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
    let binned = binning.apply(&matrix).unwrap();
    let groups: Vec<u64> = rows.iter().map(|row| deals.groups[*row]).collect();
    let rows = TrainingRows::new(&binning, &binned, labels, &groups);
    let set = TrainingSet::try_new(rows).ok()?;
    let trained = params.fit(&set, seed, parallelism).unwrap();
    Some((binning, binned, trained))
}

/// How a model does on rows it was not learned from.
struct Judged {
    /// Its Brier score.
    ours: f64,
    /// The Brier score of the rate of the rows it was learned from.
    rate: f64,
    rung: Rung,
    signal: Signal,
}

fn judge(deals: &Deals, params: &AdditiveParams, seed: Seed, n: usize) -> Option<Judged> {
    let (rows, others) = deals.draw(seed, n, 3000);
    let labels: Vec<bool> = rows.iter().map(|row| deals.won[*row]).collect();
    let (binning, _, trained) = learn(deals, &rows, &labels, params, seed)?;
    let later = binning.apply(&deals.matrix(&others)).unwrap();
    let scored = trained.model.score_rows(&later).unwrap();
    let probabilities: Vec<f64> = scored.iter().map(|scored| scored.probability.value()).collect();
    let won: Vec<bool> = others.iter().map(|row| deals.won[*row]).collect();
    let rate = labels.iter().filter(|label| **label).count() as f64 / labels.len() as f64;
    Some(Judged {
        ours: metrics::brier(&won, &probabilities).unwrap(),
        rate: metrics::brier(&won, &vec![rate; won.len()]).unwrap(),
        rung: trained.model.rung().unwrap().rung,
        signal: trained.model.evidence().signal(),
    })
}

const DAYS: [&str; 2] = ["Days", "Sales Stage Change Count"];

fn won_and_lost_deals() -> Option<Deals> {
    let path = public_data("ibm_sales_win_loss/WA_Fn-UseC_-Sales-Win-Loss.csv")?;
    Some(Deals::read(&path, ("Opportunity Result", "Won"), Some("Opportunity Number"), &DAYS))
}

#[test]
fn few_won_and_lost_deals_are_never_predicted_worse_than_by_their_rate() {
    let Some(deals) = won_and_lost_deals() else { return };
    assert_eq!((deals.columns.len(), deals.won.len()), (10, 78_025));
    let params = AdditiveParams::default();
    for (n, rung) in [(20, Rung::Prior), (60, Rung::Prior), (200, Rung::Logistic), (2000, Rung::Boosting)] {
        let (mut ours, mut rate, mut found, mut drawn) = (0.0, 0.0, 0, 0);
        for draw in 0..20 {
            // A draw without a single win has no model; its rate is all there is.
            let Some(judged) = judge(&deals, &params, Seed::new(draw), n) else { continue };
            (ours, rate, drawn) = (ours + judged.ours, rate + judged.rate, drawn + 1);
            found += u32::from(judged.signal == Signal::Found);
            // A draw of 200 deals holds 45 wins, give or take 6.
            assert!(judged.rung == rung || n == 200 && judged.rung == Rung::Prior, "{n}: {:?}", judged.rung);
        }
        let (ours, rate) = (ours / f64::from(drawn), rate / f64::from(drawn));
        println!(
            "{n} deals, {drawn} draws: mean Brier {ours:.5}, of their rate {rate:.5}; signal in {found}"
        );
        assert!(drawn >= 19 && ours <= rate, "{n} deals: {ours} against {rate}");
        assert!(n < 2000 || found == drawn && ours < 0.9 * rate, "{n} deals: {ours} against {rate}");
    }
}

#[test]
fn deals_with_shuffled_outcomes_have_no_signal_and_scores_that_stay_together() {
    let Some(deals) = won_and_lost_deals() else { return };
    for n in [60, 200, 2000] {
        for draw in 0..4 {
            let seed = Seed::new(draw).named("shuffled");
            let (rows, others) = deals.draw(seed, n, n);
            // The outcomes of other rows: all that could be learned from them is chance.
            let labels: Vec<bool> = others.iter().map(|row| deals.won[*row]).collect();
            let (_, binned, trained) =
                learn(&deals, &rows, &labels, &AdditiveParams::default(), seed).unwrap();
            let sentence = trained.model.sentence();
            assert!(sentence.starts_with("no signal: "), "{n} deals, draw {draw}: {sentence}");
            let scored = trained.model.score_rows(&binned).unwrap();
            assert!(scored.windows(2).all(|pair| pair[0] == pair[1]), "{n} deals, draw {draw}");
        }
    }
}

/// `n` accounts, a third of which buy; `told` says how much their seats tell of it. An account has `copies` rows.
fn accounts(n: usize, told: f64, copies: usize) -> Deals {
    let seed = Seed::new(5).named("accounts");
    let uniform = |what: &str, account: usize| seed.named(what).uniform(&account.to_le_bytes());
    let account = |row: usize| row / copies;
    let rows = 0..n * copies;
    let seats = |account: usize| (100.0 * uniform("seats", account)).floor();
    let bought =
        |account: usize| uniform("bought", account) < 1.0 / 3.0 + told * (seats(account) / 100.0 - 0.5);
    let text = |of: &dyn Fn(usize) -> f64| rows.clone().map(|row| of(account(row)).to_string()).collect();
    let columns = [
        ("noise".to_owned(), text(&|account| (50.0 * uniform("noise", account)).floor())),
        ("seats".to_owned(), text(&seats)),
    ];
    Deals {
        columns: columns.into_iter().collect(),
        won: rows.clone().map(|row| bought(account(row))).collect(),
        groups: rows.clone().map(|row| account(row) as u64).collect(),
    }
}

#[test]
fn the_rung_goes_by_accounts_and_is_said() {
    for (n, copies, rung, words) in [
        (90, 1, Rung::Prior, "; learned by prior and shrinkage, because "),
        (90, 9, Rung::Prior, " are fewer than 40 of either"),
        (200, 1, Rung::Logistic, "; learned by logistic regression on the bins, because "),
        (600, 1, Rung::Boosting, "; learned by boosting, because "),
    ] {
        let deals = accounts(n, 0.6, copies);
        let rows: Vec<usize> = (0..deals.won.len()).collect();
        let (_, _, trained) =
            learn(&deals, &rows, &deals.won, &AdditiveParams::default(), Seed::new(1)).unwrap();
        let choice = trained.model.rung().unwrap();
        assert_eq!((choice.rung, choice.with_outcome + choice.without_outcome), (rung, n as u64));
        let sentence = trained.model.sentence();
        assert!(sentence.contains(words), "{sentence}");
        let text = serde_json::to_string(&trained.model).unwrap();
        assert_eq!(serde_json::from_str::<FittedModel>(&text).unwrap(), trained.model);
    }
}

#[test]
fn a_few_accounts_with_a_clear_law_are_told_apart_on_every_rung() {
    for n in [90, 200] {
        let deals = accounts(n, 2.0, 1);
        let rows: Vec<usize> = (0..n).collect();
        let (binning, binned, trained) =
            learn(&deals, &rows, &deals.won, &AdditiveParams::default(), Seed::new(1)).unwrap();
        let model = trained.model;
        assert_eq!(model.evidence().signal(), Signal::Found, "{}", model.sentence());
        let at = |seats: &str| {
            let one = Deals {
                columns: [
                    ("noise".to_owned(), vec!["20".to_owned()]),
                    ("seats".to_owned(), vec![seats.to_owned()]),
                ]
                .into_iter()
                .collect(),
                won: vec![false],
                groups: vec![0],
            };
            let binned = binning.apply(&one.matrix(&[0])).unwrap();
            model.score_rows(&binned).unwrap()[0].probability.value()
        };
        assert!(at("95") > 1.5 * at("5"), "{n}: {} and {}", at("95"), at("5"));
        for row in binned.rows() {
            let sum = model.contributions(row).into_iter().fold(model.base(), |sum, part| sum + part);
            assert_eq!(sum, model.margin(row));
        }
    }
}

#[test]
fn the_lower_rungs_do_not_depend_on_threads_or_the_order_of_rows() {
    for n in [90, 200] {
        let deals = accounts(n, 0.6, 1);
        let straight: Vec<usize> = (0..n).collect();
        let moved: Vec<usize> = (0..n).map(|row| (row * 7 + 3) % n).collect();
        let fitted = |rows: &[usize], threads: usize| {
            let labels: Vec<bool> = rows.iter().map(|row| deals.won[*row]).collect();
            let parallelism = Parallelism::threads(threads.try_into().unwrap()).unwrap();
            let (_, _, trained) =
                learn_with(&deals, rows, &labels, &AdditiveParams::default(), Seed::new(1), &parallelism)
                    .unwrap();
            serde_json::to_string(&trained.model).unwrap()
        };
        let first = fitted(&straight, 1);
        assert_eq!(fitted(&straight, 3), first);
        assert_eq!(fitted(&moved, 2), first);
    }
}

#[test]
fn a_trend_holds_on_the_lower_rungs() {
    for n in [90, 200] {
        let deals = accounts(n, 0.6, 1);
        let rows: Vec<usize> = (0..n).collect();
        let matrix = deals.matrix(&rows);
        let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
        let binned = binning.apply(&matrix).unwrap();
        let set =
            TrainingSet::try_new(TrainingRows::new(&binning, &binned, &deals.won, &deals.groups)).unwrap();
        // Seats raise the score; held to fall, nothing is left of them.
        for trend in [Trend::Rising, Trend::Falling] {
            let trends = [Trend::Free, trend];
            let set = set.with_trends(&trends).unwrap();
            let model =
                AdditiveParams::default().fit(&set, Seed::new(1), &Parallelism::serial()).unwrap().model;
            let seats = model.additive().tables().iter().find(|table| table.feature() == 1);
            let Some(seats) = seats else { continue };
            let known = &seats.weights()[usize::from(FIRST_BIN)..];
            let keeps =
                |pair: &[i32]| if trend == Trend::Rising { pair[0] <= pair[1] } else { pair[0] >= pair[1] };
            assert!(known.windows(2).all(keeps), "{n}, {trend:?}: {known:?}");
        }
    }
}
