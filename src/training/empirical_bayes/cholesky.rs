//! Systems of linear equations with a symmetric, positive definite matrix.
//!
//! Sums are made in one order, with no instruction that only some machines have, so a solution is the same on all of them.

/// Rows that are worked on together, so that those before them are read once for all.
const TOGETHER: usize = 32;
/// Sums that a product of two rows is made of.
const LANES: usize = 8;

/// The factor `L` of a matrix `A = L L'`, as rows up to the diagonal.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    rows: Vec<Vec<f64>>,
}

impl Cholesky {
    /// Factors a matrix, given as its rows up to the diagonal; none where it is not positive definite.
    ///
    /// Cost: `n^3 / 6` multiplications for `n` rows.
    pub(super) fn new(mut rows: Vec<Vec<f64>>) -> Option<Self> {
        for start in (0..rows.len()).step_by(TOGETHER) {
            let (done, left) = rows.split_at_mut(start);
            let together = left.len().min(TOGETHER);
            let block = &mut left[..together];
            for (column, before) in done.iter().enumerate() {
                for row in &mut *block {
                    let known = dot(&row[..column], &before[..column]);
                    row[column] = (row[column] - known) / before[column];
                }
            }
            for at in 0..together {
                let (before, rest) = block.split_at_mut(at);
                let row = &mut rest[0];
                for (column, before) in (start..).zip(&*before) {
                    let known = dot(&row[..column], &before[..column]);
                    row[column] = (row[column] - known) / before[column];
                }
                let diagonal = row[start + at] - dot(&row[..start + at], &row[..start + at]);
                if diagonal.is_nan() || diagonal <= 0.0 {
                    return None;
                }
                row[start + at] = diagonal.sqrt();
            }
        }
        Some(Self { rows })
    }

    /// The solution `x` of `A x = b`.
    pub(super) fn solve(&self, mut b: Vec<f64>) -> Vec<f64> {
        for (at, row) in self.rows.iter().enumerate() {
            b[at] = (b[at] - dot(&row[..at], &b[..at])) / row[at];
        }
        for (at, row) in self.rows.iter().enumerate().rev() {
            b[at] /= row[at];
            let known = b[at];
            b[..at].iter_mut().zip(row).for_each(|(value, of_row)| *value -= known * of_row);
        }
        b
    }

    /// The diagonal of the inverse of `A`: sums of squares of the columns of the inverse of `L`.
    ///
    /// Cost: `n^3 / 6` multiplications.
    pub(super) fn inverse_diagonal(&self) -> Vec<f64> {
        let n = self.rows.len();
        let mut diagonal = vec![0.0; n];
        for start in (0..n).step_by(TOGETHER) {
            let end = (start + TOGETHER).min(n);
            let mut columns: Vec<Vec<f64>> = vec![vec![0.0; n - start]; end - start];
            for at in start..n {
                let row = &self.rows[at];
                for (column, entries) in (start..=at.min(end - 1)).zip(&mut columns) {
                    let unit = if at == column { 1.0 } else { 0.0 };
                    let known = dot(&row[column..at], &entries[column - start..at - start]);
                    entries[at - start] = (unit - known) / row[at];
                }
            }
            for (diagonal, entries) in diagonal[start..end].iter_mut().zip(&columns) {
                *diagonal = dot(entries, entries);
            }
        }
        diagonal
    }
}

/// The sum of products, in a fixed order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    /// `B B' + 1` of a matrix of noise, by rows up to the diagonal.
    fn matrix(n: usize) -> Vec<Vec<f64>> {
        let noise = |row: usize, column: usize| {
            Seed::new(1).numbered(row as u64).uniform(&column.to_le_bytes()) - 0.5
        };
        let b: Vec<Vec<f64>> = (0..n).map(|row| (0..n).map(|column| noise(row, column)).collect()).collect();
        (0..n)
            .map(|i| (0..=i).map(|j| dot(&b[i], &b[j]) + if i == j { 1.0 } else { 0.0 }).collect())
            .collect()
    }

    #[test]
    fn a_solution_solves_and_the_inverse_has_its_diagonal() {
        for n in [1, 7, 32, 33, 101] {
            let a = matrix(n);
            let at = |i: usize, j: usize| a[i.max(j)][i.min(j)];
            let factor = Cholesky::new(a.clone()).unwrap();
            let b: Vec<f64> = (0..n).map(|at| at as f64 - 3.0).collect();
            let x = factor.solve(b.clone());
            for (i, expected) in b.iter().enumerate() {
                let sum: f64 = (0..n).map(|j| at(i, j) * x[j]).sum();
                assert!((sum - expected).abs() < 1e-9, "{n} {i}: {sum} for {expected}");
            }
            let diagonal = factor.inverse_diagonal();
            for i in (0..n).step_by(9) {
                let mut unit = vec![0.0; n];
                unit[i] = 1.0;
                let of_inverse = factor.solve(unit)[i];
                assert!((diagonal[i] - of_inverse).abs() < 1e-9, "{n} {i}: {} for {of_inverse}", diagonal[i]);
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_not_factored() {
        assert!(Cholesky::new(vec![vec![1.0], vec![2.0, 1.0]]).is_none());
        assert!(Cholesky::new(vec![vec![f64::NAN]]).is_none());
        assert!(Cholesky::new(Vec::new()).is_some());
    }
}
