//! How many threads a piece of work may use: an argument, never ambient.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// How many threads a call may use. The result of every call is the same for every value.
#[derive(Clone, Debug)]
pub struct Parallelism {
    pool: Option<Arc<rayon::ThreadPool>>,
}

/// The thread pool could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {threads} worker threads: {source}; ask for fewer with --threads")]
pub struct ParallelismError {
    /// How many threads were asked for.
    pub threads: usize,
    /// What the operating system said.
    pub source: rayon::ThreadPoolBuildError,
}

impl crate::error::Coded for ParallelismError {
    fn code(&self) -> &'static str {
        "E_THREADS"
    }
}

impl Parallelism {
    /// Everything on the calling thread.
    pub const fn serial() -> Self {
        Self { pool: None }
    }

    /// A pool of `threads` workers.
    ///
    /// # Errors
    /// [`ParallelismError`] when the operating system refuses the threads.
    pub fn threads(threads: NonZeroUsize) -> Result<Self, ParallelismError> {
        if threads.get() == 1 {
            return Ok(Self::serial());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build()
            .map_err(|source| ParallelismError { threads: threads.get(), source })?;
        Ok(Self { pool: Some(Arc::new(pool)) })
    }

    /// How many threads work at once.
    pub fn n_threads(&self) -> usize {
        self.pool.as_ref().map_or(1, |pool| pool.current_num_threads())
    }

    /// Applies `work` to every item, and hands the results to `sink` in the order of the items while others are still
    /// in work; at most twice as many results as there are threads wait for it.
    ///
    /// # Errors
    /// The first error of `sink`; what is in work then is ended, and its results are dropped.
    pub fn pipe<T, R, E, F>(
        &self,
        items: &[T],
        work: F,
        mut sink: impl FnMut(R) -> Result<(), E>,
    ) -> Result<(), E>
    where
        T: Sync,
        R: Send,
        F: Fn(&T) -> R + Sync + Send,
    {
        let Some(pool) = &self.pool else {
            return items.iter().try_for_each(|item| sink(work(item)));
        };
        let at_once = 2 * pool.current_num_threads();
        pool.in_place_scope(|scope| {
            let (sender, receiver) = std::sync::mpsc::channel();
            let (work, mut next) = (&work, 0);
            let start = |place: usize| {
                let sender = sender.clone();
                scope.spawn(move |_| {
                    // A panic is handed on too: nobody would wait for it otherwise.
                    let result = catch_unwind(AssertUnwindSafe(|| work(&items[place])));
                    // Nobody listens any more once the sink has failed.
                    let _ = sender.send((place, result));
                });
            };
            let mut waiting = std::collections::BTreeMap::new();
            for place in 0..items.len().min(at_once) {
                start(place);
            }
            while next < items.len() {
                let Ok((place, result)) = receiver.recv() else { break };
                let result = result.unwrap_or_else(|panic| resume_unwind(panic));
                waiting.insert(place, result);
                while let Some(result) = waiting.remove(&next) {
                    if next + at_once < items.len() {
                        start(next + at_once);
                    }
                    next += 1;
                    sink(result)?;
                }
            }
            Ok(())
        })
    }

    /// [`Self::map`] over items that `work` takes.
    pub fn map_owned<T, R, F>(&self, items: Vec<T>, work: F) -> Vec<R>
    where
        T: Send,
        R: Send,
        F: Fn(T) -> R + Sync + Send,
    {
        use rayon::prelude::*;
        match &self.pool {
            None => items.into_iter().map(work).collect(),
            // One by one: the items of a list may differ a hundredfold in the work they are.
            Some(pool) => pool.install(|| items.into_par_iter().with_max_len(1).map(work).collect()),
        }
    }

    /// Applies `work` to every item and returns the results in the order of the items.
    pub fn map<T, R, F>(&self, items: &[T], work: F) -> Vec<R>
    where
        T: Sync,
        R: Send,
        F: Fn(usize, &T) -> R + Sync + Send,
    {
        use rayon::prelude::*;
        match &self.pool {
            None => items.iter().enumerate().map(|(i, item)| work(i, item)).collect(),
            Some(pool) => {
                pool.install(|| items.par_iter().enumerate().map(|(i, item)| work(i, item)).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_keeps_the_order_and_stops_at_the_first_error() {
        for threads in 1..4 {
            let parallelism = Parallelism::threads(NonZeroUsize::new(threads).unwrap()).unwrap();
            let items: Vec<u64> = (0..200).collect();
            let mut seen = Vec::new();
            let outcome = parallelism.pipe(
                &items,
                |item| (0..(item * 7919) % 1000).fold(*item, |sum, _| std::hint::black_box(sum)),
                |result| {
                    seen.push(result);
                    if result == 150 { Err("enough") } else { Ok(()) }
                },
            );
            assert_eq!(outcome, Err("enough"));
            assert_eq!(seen, (0..=150).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "in the middle")]
    fn a_panic_of_the_work_is_not_waited_for() {
        let parallelism = Parallelism::threads(NonZeroUsize::new(2).unwrap()).unwrap();
        let items: Vec<u64> = (0..50).collect();
        let work = |item: &u64| assert!(*item != 20, "in the middle");
        let _ = parallelism.pipe(&items, work, |()| Ok::<(), ()>(()));
    }
}
