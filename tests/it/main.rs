//! The one integration-test binary: polars links slowly, so all themes share it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets what it does not expect must fail"
)]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod architecture;
mod bad_input;
mod bank_replay;
mod challengers;
mod cohorts;
mod concurrency;
mod crm;
mod documents;
mod drift;
mod evaluate;
mod explain;
mod families;
mod feature_store;
mod features;
mod feedback;
mod golden;
mod grid_vectors;
mod identity;
mod joint;
mod ladder;
mod leaks;
mod lookalike;
mod mapping;
mod outcome_labels;
mod page;
mod real_data;
mod registry;
mod renewals;
mod replay;
mod reports;
mod retraining;
mod revenue;
mod run;
mod scorers;
mod small_world;
mod surge;
mod tune;
mod wide_tables;
mod worklists;
mod world;
