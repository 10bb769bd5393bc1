//! Progress: what long work tells whoever watches it, and what the watcher measured.

/// What a watcher measured, for the record of a run. The library reads no clock, so it asks whoever watches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Stages in order, with their seconds.
    pub stages: Vec<(String, f64)>,
    /// Highest memory in use so far, in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// Receives the progress of long work. The library prints nothing by itself.
pub trait Progress: Sync {
    /// A stage of `total` steps begins; the one before it is done.
    fn stage(&self, name: &str, total: u64);

    /// `steps` more steps of the stage are done.
    fn advance(&self, steps: u64);

    /// What was measured so far.
    fn measured(&self) -> Measured {
        Measured::default()
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn stage(&self, _: &str, _: u64) {}

    fn advance(&self, _: u64) {}
}
