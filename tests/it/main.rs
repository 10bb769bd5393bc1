//! The one integration-test binary: polars links slowly, so all themes share it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets what it does not expect must fail"
)]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod architecture;
mod bad_input;
mod cohorts;
mod documents;
mod evaluate;
mod families;
mod feature_store;
mod features;
mod golden;
mod grid_vectors;
mod identity;
mod leaks;
mod mapping;
mod pairs;
mod real_data;
mod replay;
mod reports;
mod revenue;
mod run;
mod scorers;
mod surge;
mod wide_tables;
mod worklists;
mod world;
