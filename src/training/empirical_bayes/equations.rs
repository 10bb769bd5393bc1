//! The normal equations of all parts: what of the curvature of the loss any two of them share.

use super::super::boosting::Booster;
use super::super::columns::Tile;
use super::super::histogram::{Gradient, Histogram, Tables};
use super::term::{Part, Source, Term};
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;

/// A term as rows have it.
struct Laid {
    /// The place of every row.
    places: Vec<u8>,
    /// The place that most rows have, and the rows that have another.
    usual: u8,
    others: Vec<u32>,
    /// Second derivatives by place.
    sums: Vec<i64>,
    /// Pulls by place.
    pulls: Vec<i64>,
}

impl Laid {
    fn new(term: &Term, tiles: &[Tile], at: &Expansion) -> Self {
        let mut places: Vec<u8> = Vec::with_capacity(at.second.len());
        for tile in tiles {
            match term.source {
                Source::Column(column) => {
                    let bins = tile.columns().nth(column).into_iter().flatten();
                    places.extend(bins.map(|bin| term.places[usize::from(*bin)]));
                }
                Source::Grid(grid) => {
                    let cells = tile.joint().nth(grid).into_iter().flatten();
                    places.extend(cells.map(|cell| term.places[usize::from(*cell)]));
                }
            }
        }
        let mut rows = vec![0_u64; term.n_places];
        let (mut sums, mut pulls) = (vec![0; term.n_places], vec![0; term.n_places]);
        for ((place, second), pull) in places.iter().zip(&at.second).zip(&at.pull) {
            rows[usize::from(*place)] += 1;
            sums[usize::from(*place)] += second;
            pulls[usize::from(*place)] += pull;
        }
        // At most 256 places.
        let usual = (0..rows.len()).max_by_key(|place| rows[*place]).unwrap_or(0) as u8;
        // Far fewer than 2^32 rows.
        let others = (0..).zip(&places).filter(|(_, place)| **place != usual).map(|(row, _)| row).collect();
        Self { places, usual, others, sums, pulls }
    }

    /// Second derivatives by the places of two terms, one row after the other of those that are not as usual in the first.
    fn crossed(&self, other: &Self, second: &[i64]) -> Vec<i64> {
        let width = other.sums.len();
        let mut sums = vec![0; self.sums.len() * width];
        for row in &self.others {
            let row = *row as usize;
            sums[usize::from(self.places[row]) * width + usize::from(other.places[row])] += second[row];
        }
        let usual = usize::from(self.usual);
        for (place, all) in other.sums.iter().enumerate() {
            let apart: i64 = (0..self.sums.len()).map(|of_self| sums[of_self * width + place]).sum();
            sums[usual * width + place] = all - apart;
        }
        sums
    }
}

/// The loss of every row near the margins that grown tables give it.
#[derive(Clone, Debug)]
pub(super) struct Expansion {
    /// Second derivatives.
    second: Vec<i64>,
    /// Where the loss is least, seen from the tables that growth begins from, times the second derivative, in whole steps.
    pull: Vec<i64>,
}

impl Expansion {
    pub(super) fn new(
        booster: &Booster<'_>,
        tiles: &[Tile],
        (start, grown): (&Tables, &Tables),
        parallelism: &Parallelism,
    ) -> Self {
        let of_tiles = parallelism.map(tiles, |_, tile| {
            let (mut from, mut to) = (Vec::new(), Vec::new());
            tile.sum(start, &mut from);
            let gradients = booster.gradients(grown, tile, &mut to);
            let pull = |((gradient, to), from): ((&Gradient, &i64), &i64)| {
                // At most some 2^41, so that a million rows and more can be summed.
                gradient.second * (to - from) - gradient.first * LogOdds::STEPS
            };
            let second: Vec<i64> = gradients.iter().map(|gradient| gradient.second).collect();
            (second, gradients.iter().zip(&to).zip(&from).map(pull).collect::<Vec<i64>>())
        });
        let (second, pull): (Vec<Vec<i64>>, Vec<Vec<i64>>) = of_tiles.into_iter().unzip();
        Self { second: second.concat(), pull: pull.concat() }
    }
}

/// What parts share of the second derivative of the loss, in units of rows of weight 1, without what the base takes of it.
#[derive(Clone, Debug)]
pub(super) struct Equations {
    /// By rows up to the diagonal.
    pub(super) shared: Vec<Vec<f64>>,
    /// What each part shares with the base, and the base with itself.
    pub(super) with_base: Vec<f64>,
    pub(super) of_base: f64,
    /// How each part, and the base, is pulled towards where the loss is least.
    pub(super) pulls: Vec<f64>,
    pub(super) pull_of_base: f64,
}

impl Equations {
    /// For terms and the rows of tiles. Whole numbers are summed, so the order of rows does not matter.
    pub(super) fn new(
        booster: &Booster<'_>,
        terms: &[Term],
        tiles: &[Tile],
        at: &Expansion,
        parallelism: &Parallelism,
    ) -> Self {
        let second = &at.second[..];
        let laid = parallelism.map(terms, |_, term| Laid::new(term, tiles, at));
        let unit = booster.unit();
        let by_part = |sums: &dyn Fn(&Laid) -> Vec<i64>, unit: f64| -> Vec<f64> {
            let of_term = |(term, laid): (&Term, &Laid)| of_parts(&term.parts, &sums(laid));
            terms.iter().zip(&laid).flat_map(of_term).map(|sum| sum as f64 * unit).collect()
        };
        let with_base = by_part(&|laid| laid.sums.clone(), unit);
        let unit_of_pull = unit / LogOdds::STEPS as f64;
        let pulls = by_part(&|laid| laid.pulls.clone(), unit_of_pull);
        let pull_of_base = at.pull.iter().sum::<i64>() as f64 * unit_of_pull;
        let of_base = second.iter().sum::<i64>() as f64 * unit;
        let of_terms = parallelism.map(terms, |at, term| {
            let mut rows: Vec<Vec<f64>> = vec![Vec::new(); term.parts.len()];
            for (before, of_before) in terms[..at].iter().zip(&laid) {
                // Rows that are as usual in the one need not be looked at.
                let crossed = if laid[at].others.len() <= of_before.others.len() {
                    laid[at].crossed(of_before, second)
                } else {
                    transposed(&of_before.crossed(&laid[at], second), term.n_places)
                };
                let by_part = (0..before.n_places)
                    .map(|place| {
                        let of_place: Vec<i64> =
                            crossed[place..].iter().step_by(before.n_places).copied().collect();
                        of_parts(&term.parts, &of_place)
                    })
                    .collect::<Vec<Vec<i64>>>();
                for (part, row) in rows.iter_mut().enumerate() {
                    let of_places: Vec<i64> = by_part.iter().map(|of_place| of_place[part]).collect();
                    row.extend(of_parts(&before.parts, &of_places).into_iter().map(|sum| sum as f64 * unit));
                }
            }
            for (part, row) in term.parts.iter().zip(&mut rows) {
                let is_in: Vec<i64> = (0..term.n_places)
                    .map(|place| {
                        if part.places.iter().any(|held| usize::from(*held) == place) {
                            laid[at].sums[place]
                        } else {
                            0
                        }
                    })
                    .collect();
                row.extend(of_parts(&term.parts, &is_in).into_iter().map(|sum| sum as f64 * unit));
            }
            // Of a term's own parts, those up to the diagonal.
            let start: usize = terms[..at].iter().map(|term| term.parts.len()).sum();
            for (part, row) in rows.iter_mut().enumerate() {
                row.truncate(start + part + 1);
            }
            rows
        });
        let mut shared: Vec<Vec<f64>> = of_terms.into_iter().flatten().collect();
        for (row, of_row) in shared.iter_mut().zip(&with_base) {
            for (entry, of_column) in row.iter_mut().zip(&with_base) {
                *entry -= of_row * of_column / of_base.max(f64::MIN_POSITIVE);
            }
        }
        Self { shared, with_base, of_base, pulls, pull_of_base }
    }
}

/// First derivatives of the loss by part, in units of rows of weight 1.
pub(super) fn slopes(booster: &Booster<'_>, terms: &[Term], histogram: &Histogram) -> Vec<f64> {
    let of_term = |term: &Term| {
        let mut sums = vec![0.0; term.n_places];
        let mut add = |(place, sum): (&u8, (f64, f64))| sums[usize::from(*place)] += sum.0;
        match term.source {
            Source::Column(column) => {
                term.places.iter().zip(histogram.column(column, booster.largest_weight())).for_each(&mut add);
            }
            Source::Grid(grid) => {
                term.places.iter().zip(histogram.cells(grid, booster.largest_weight())).for_each(&mut add);
            }
        }
        let of_part = |part: &Part| part.places.iter().map(|place| sums[usize::from(*place)]).sum::<f64>();
        term.parts.iter().map(of_part).collect::<Vec<f64>>()
    };
    terms.iter().flat_map(of_term).collect()
}

/// Sums by part of sums by place.
fn of_parts(parts: &[Part], sums: &[i64]) -> Vec<i64> {
    parts.iter().map(|part| part.places.iter().map(|place| sums[usize::from(*place)]).sum()).collect()
}

/// A table of `width` columns for one of as many rows.
fn transposed(table: &[i64], width: usize) -> Vec<i64> {
    (0..width).flat_map(|column| table[column..].iter().step_by(width)).copied().collect()
}
