//! Futures waited for by code that is none itself.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Runtime};

/// A runtime that works only while somebody waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// `None` only while this is dropped.
    runtime: Option<Runtime>,
}

impl Waiting {
    pub(super) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Waits on a thread of its own: on the caller's, which may belong to another runtime, waiting would panic.
    pub(super) fn wait<T: Send, E: From<io::Error> + Send>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let gone = |why: &str| E::from(io::Error::other(why.to_owned()));
        let Some(runtime) = &self.runtime else { return Err(gone("the runtime has ended")) };
        thread::scope(|scope| {
            let named = thread::Builder::new().name("registry".to_owned());
            let waiting = named.spawn_scoped(scope, || runtime.block_on(work))?;
            waiting.join().unwrap_or_else(|_| Err(gone("a request to the object store broke off")))
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // To wait for its end would panic within another runtime; nothing is under way here.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
