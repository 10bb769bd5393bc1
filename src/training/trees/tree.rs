//! One small tree: at most three columns on the way to a leaf.

use std::borrow::Cow;

use super::sets::{ColumnSet, Credit};
use super::split::{PlaceMask, Split, best_split, order};
use super::sums::{PlaceSums, Sum, by_place, without};
use crate::models::MAX_JOINT;
use crate::quantity::LogOdds;
use crate::training::places::Axis;
use crate::training::step::StepLimits;

/// A tree over places of columns; the leaf of a row is its step.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    leaves: Vec<Leaf>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Split { column: usize, left: PlaceMask, children: [usize; 2] },
    Leaf(usize),
}

/// A leaf: its step, and the places of the columns on the way that lead to it.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) step: i32,
    pub(super) columns: ColumnSet,
    /// The columns of the way with the places that lead here, a column once.
    pub(super) region: Vec<(usize, PlaceMask)>,
}

impl Tree {
    pub(super) fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The step of a row with the given place in every column.
    pub(super) fn step(&self, place: impl Fn(usize) -> u8) -> i32 {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                Node::Leaf(leaf) => return self.leaves[leaf].step,
                Node::Split { column, left, children } => {
                    at = children[usize::from(left >> place(column) & 1 == 0)];
                }
            }
        }
    }
}

/// What trees are grown on and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth<'a> {
    pub(super) axes: &'a [Axis],
    /// The order of the known places of every column; found at every split when absent.
    pub(super) orders: Option<&'a [Vec<u8>]>,
    /// The sets whose columns may stand on one way; any set of up to three columns when absent.
    pub(super) allowed: Option<&'a [ColumnSet]>,
    pub(super) limits: &'a StepLimits,
    /// Most leaves of a tree.
    pub(super) leaves: usize,
    /// One unit of a sum, in rows of weight 1.
    pub(super) unit: f64,
    pub(super) learning_rate: f64,
}

/// A grown tree.
#[derive(Clone, Debug)]
pub(super) struct Grown {
    pub(super) tree: Tree,
    /// Fall of twice the log loss, were the steps taken whole.
    pub(super) gain: f64,
    pub(super) credit: Credit,
    /// The rows of every leaf.
    pub(super) rows: Vec<Vec<u32>>,
}

/// Rows that are not split yet, and the best way to.
struct Open {
    node: usize,
    rows: Vec<u32>,
    sums: Vec<PlaceSums>,
    best: Option<(usize, Split)>,
    columns: ColumnSet,
    region: Vec<(usize, PlaceMask)>,
    depth: usize,
}

impl Open {
    fn gain(&self) -> f64 {
        self.best.map_or(0.0, |(_, split)| split.gain)
    }
}

impl Growth<'_> {
    /// Grows a tree on the rows whose sums by place are `sums`: the split that gains most comes first, as far as splits gain and
    /// there may be more leaves.
    pub(super) fn grow(
        &self,
        places: &[Vec<u8>],
        gradients: &[i64],
        rows: Vec<u32>,
        sums: Vec<PlaceSums>,
    ) -> Grown {
        let tree = Tree { nodes: vec![Node::Leaf(0)], leaves: Vec::new() };
        let mut grown = Grown { tree, gain: 0.0, credit: Credit::default(), rows: Vec::new() };
        let (columns, region) = (ColumnSet::default(), Vec::new());
        let root = Open { node: 0, rows, sums, best: None, columns, region, depth: 0 };
        let mut open = vec![Open { best: self.best(&root), ..root }];
        while open.len() < self.leaves {
            let next = open.iter().enumerate().max_by(|a, b| a.1.gain().total_cmp(&b.1.gain()));
            let Some((at, (column, split))) = next.and_then(|(at, part)| part.best.map(|best| (at, best)))
            else {
                break;
            };
            let part = open.remove(at);
            let columns = part.columns.with(column);
            grown.gain += split.gain;
            grown.credit.add(columns, split.gain);
            let of_column = &places[column];
            let on_left = |row: &u32| split.left >> of_column[*row as usize] & 1 == 1;
            let (left, right): (Vec<u32>, Vec<u32>) = part.rows.iter().partition(|row| on_left(row));
            let depth = part.depth + 1;
            let of_sides = if depth < MAX_JOINT && open.len() + 2 < self.leaves {
                let smaller = if left.len() < right.len() { &left } else { &right };
                let less = by_place(places, smaller, gradients);
                let more = without(&part.sums, &less);
                if left.len() < right.len() { [less, more] } else { [more, less] }
            } else {
                [Vec::new(), Vec::new()]
            };
            let children = [grown.tree.nodes.len(), grown.tree.nodes.len() + 1];
            grown.tree.nodes[part.node] = Node::Split { column, left: split.left, children };
            grown.tree.nodes.extend([Node::Leaf(0); 2]);
            let masks = [split.left, !split.left];
            for (((node, rows), sums), mask) in
                children.into_iter().zip([left, right]).zip(of_sides).zip(masks)
            {
                let mut region = part.region.clone();
                match region.iter_mut().find(|(held, _)| *held == column) {
                    Some((_, held)) => *held &= mask,
                    None => region.push((column, mask)),
                }
                let child = Open { node, rows, sums, best: None, columns, region, depth };
                open.push(Open { best: self.best(&child), ..child });
            }
        }
        for part in open {
            self.close(part, gradients, &mut grown);
        }
        grown
    }

    /// The best split of rows whose sums are known.
    fn best(&self, part: &Open) -> Option<(usize, Split)> {
        let mut best: Option<(usize, Split)> = None;
        for (column, (axis, sums)) in self.axes.iter().zip(&part.sums).enumerate() {
            let set = part.columns.with(column);
            if self.allowed.is_some_and(|sets| !sets.iter().any(|allowed| set.is_within(*allowed))) {
                continue;
            }
            let order = match self.orders {
                Some(orders) => Cow::Borrowed(&orders[column]),
                None => Cow::Owned(order(*axis, sums, self.unit, self.limits)),
            };
            if let Some(split) = best_split(&order, sums, self.unit, self.limits)
                && best.is_none_or(|(_, held)| split.gain > held.gain)
            {
                best = Some((column, split));
            }
        }
        best
    }

    fn close(&self, part: Open, gradients: &[i64], grown: &mut Grown) {
        let sum = Sum::of(part.rows.iter().map(|row| gradients[*row as usize]));
        let (g, h) = (sum.first as f64 * self.unit, sum.second as f64 * self.unit);
        let newton = if h > 0.0 { -g / (h + self.limits.l2) } else { 0.0 };
        let step = (newton.clamp(-8.0, 8.0) * self.learning_rate * LogOdds::STEPS as f64).round() as i32;
        grown.tree.nodes[part.node] = Node::Leaf(grown.tree.leaves.len());
        grown.tree.leaves.push(Leaf { step, columns: part.columns, region: part.region });
        grown.rows.push(part.rows);
    }
}
