//! How many threads a piece of work may use: an argument, never ambient.

use std::num::NonZeroUsize;
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
