//! Fit, intent and the propensity grid: from company tables to the list a sales team calls this week.

pub mod artifact;
pub mod error;
pub mod features;
pub mod grid;
pub mod job;
pub mod matrix;
pub mod metrics;
pub mod models;
pub mod output;
pub mod parallelism;
pub mod pipeline;
pub mod progress;
pub mod quantity;
pub mod report;
pub mod scoring;
pub mod seed;
pub mod spec;
pub mod tables;
pub mod targeting;
pub mod training;
pub mod wide;
pub mod world;
