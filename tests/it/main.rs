//! The one integration-test binary: polars links slowly, so all themes share it.

mod architecture;
mod bad_input;
mod documents;
mod features;
mod grid_vectors;
mod mapping;
mod run;
mod scorers;
mod surge;
mod wide_tables;
mod world;
