//! Parallel, chunked work over accounts, with results in the order of the accounts.
//!
//! Accounts are cut into chunks; as many chunks as there are threads are in work at once, and their results are handed
//! on in order. Memory is bounded by `n_threads x chunk_rows` accounts, whatever their number.

use std::num::NonZeroUsize;
use std::ops::Range;

use crate::parallelism::Parallelism;

/// How accounts are cut up and worked on.
#[derive(Clone, Debug)]
pub struct Chunking {
    /// Accounts in a chunk.
    pub chunk_rows: NonZeroUsize,
    /// Threads that work on chunks.
    pub parallelism: Parallelism,
}

impl Chunking {
    /// Works on the chunks of `0..n_rows` in parallel and hands every result to `sink`, in the order of the rows.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use propensity::parallelism::Parallelism;
    /// use propensity::scoring::Chunking;
    ///
    /// let chunking = Chunking { chunk_rows: NonZeroUsize::MIN, parallelism: Parallelism::serial() };
    /// let mut seen = Vec::new();
    /// chunking.in_order(
    ///     3,
    ///     |rows| Ok::<_, ()>(rows.start * 10),
    ///     |result| {
    ///         seen.push(result);
    ///         Ok(())
    ///     },
    /// )?;
    /// assert_eq!(seen, [0, 10, 20]);
    /// # Ok::<(), ()>(())
    /// ```
    ///
    /// # Errors
    /// The error of the first chunk, in the order of the rows, whose work or sink fails; later chunks are dropped.
    pub fn in_order<R, E>(
        &self,
        n_rows: usize,
        work: impl Fn(Range<usize>) -> Result<R, E> + Sync + Send,
        mut sink: impl FnMut(R) -> Result<(), E>,
    ) -> Result<(), E>
    where
        R: Send,
        E: Send,
    {
        let chunk = self.chunk_rows.get();
        let window = chunk.saturating_mul(self.parallelism.n_threads());
        for start in (0..n_rows).step_by(window) {
            let end = start.saturating_add(window).min(n_rows);
            let chunks: Vec<Range<usize>> =
                (start..end).step_by(chunk).map(|from| from..from.saturating_add(chunk).min(end)).collect();
            for result in self.parallelism.map(&chunks, |_, rows| work(rows.clone())) {
                sink(result?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_depend_on_threads_or_chunks() {
        for threads in 1..4 {
            for chunk_rows in [1, 7, 100, usize::MAX] {
                let parallelism = Parallelism::threads(NonZeroUsize::new(threads).unwrap()).unwrap();
                let chunking = Chunking { chunk_rows: NonZeroUsize::new(chunk_rows).unwrap(), parallelism };
                let mut rows = Vec::new();
                let push = |chunk: Vec<usize>| {
                    rows.extend(chunk);
                    Ok::<_, ()>(())
                };
                chunking.in_order(50, |range| Ok(range.collect()), push).unwrap();
                assert_eq!(rows, (0..50).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_first_failing_chunk_speaks() {
        let chunking = Chunking {
            chunk_rows: NonZeroUsize::MIN,
            parallelism: Parallelism::threads(NonZeroUsize::new(3).unwrap()).unwrap(),
        };
        let failed =
            chunking.in_order(9, |rows| if rows.start < 4 { Ok(()) } else { Err(rows.start) }, |()| Ok(()));
        assert_eq!(failed, Err(4));
    }
}
