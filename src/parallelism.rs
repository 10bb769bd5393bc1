//! How many threads a piece of work may use: an argument, never ambient.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

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
    /// in work; at most four times as many items as there are threads are in work or wait for it, so that
    /// no worker stands idle while `sink` takes its time.
    ///
    /// # Errors
    /// The first error of `sink`; what is in work then is ended, and its results are dropped.
    pub fn pipe<T, R, E, F>(
        &self,
        items: impl IntoIterator<Item = T>,
        work: F,
        mut sink: impl FnMut(R) -> Result<(), E>,
    ) -> Result<(), E>
    where
        T: Send,
        R: Send,
        F: Fn(T) -> R + Sync + Send,
    {
        let Some(pool) = &self.pool else {
            return items.into_iter().try_for_each(|item| sink(work(item)));
        };
        let mut items = items.into_iter().enumerate();
        pool.in_place_scope(|scope| {
            let (sender, receiver) = std::sync::mpsc::channel();
            let work = &work;
            let mut start = || {
                let (place, item) = items.next()?;
                let sender = sender.clone();
                scope.spawn(move |_| {
                    // A panic is handed on too: nobody would wait for it otherwise.
                    let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                    // Nobody listens any more once the sink has failed.
                    let _ = sender.send((place, result));
                });
                Some(())
            };
            let mut in_work = (0..4 * pool.current_num_threads()).map_while(|_| start()).count();
            let (mut waiting, mut next) = (std::collections::BTreeMap::new(), 0);
            while in_work > 0 {
                let Some((place, result)) = receive(pool, &receiver) else { break };
                let result = result.unwrap_or_else(|panic| resume_unwind(panic));
                waiting.insert(place, result);
                while let Some(result) = waiting.remove(&next) {
                    next += 1;
                    in_work -= usize::from(start().is_none());
                    sink(result)?;
                }
            }
            Ok(())
        })
    }

    /// Does `aside` on a worker while `main` runs here, and returns when both are done; one after the other without
    /// workers.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use propensity::parallelism::Parallelism;
    /// for parallelism in [Parallelism::serial(), Parallelism::threads(NonZeroUsize::new(2).unwrap())?] {
    ///     let mut sum = 0;
    ///     let doubled = || parallelism.map(&[1, 2, 3], |_, number| 2 * number);
    ///     assert_eq!(parallelism.beside(|| sum = (1..=10).sum(), doubled), [2, 4, 6]);
    ///     assert_eq!(sum, 55);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn beside<R>(&self, aside: impl FnOnce() + Send, main: impl FnOnce() -> R) -> R {
        match &self.pool {
            None => {
                aside();
                main()
            }
            Some(pool) => pool.in_place_scope(|scope| {
                scope.spawn(|_| aside());
                main()
            }),
        }
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

/// Waits for a result. A worker of the pool lends a hand meanwhile: were all of them to wait, nobody would work.
fn receive<R>(pool: &rayon::ThreadPool, receiver: &Receiver<R>) -> Option<R> {
    if pool.current_thread_index().is_none() {
        return receiver.recv().ok();
    }
    loop {
        match receiver.try_recv() {
            Ok(result) => return Some(result),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {
                if pool.yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::yield_now();
                }
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
                |item: &u64| (0..(item * 7919) % 1000).fold(*item, |sum, _| std::hint::black_box(sum)),
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
    fn pipes_within_the_work_of_a_pool_come_to_an_end() {
        let parallelism = Parallelism::threads(NonZeroUsize::new(2).unwrap()).unwrap();
        let sums = parallelism.map(&[10_u64, 20, 30, 40], |_, end| {
            let mut sum = 0;
            let add = |item: u64| {
                sum += item;
                Ok::<(), std::convert::Infallible>(())
            };
            parallelism.pipe(0..*end, |item| 2 * item, add).map(|()| sum)
        });
        assert_eq!(sums, [Ok(90), Ok(380), Ok(870), Ok(1560)]);
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
